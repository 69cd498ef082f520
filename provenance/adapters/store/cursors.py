"""The position in a listing, as a short opaque text.

It is checked, not signed: it grants nothing, since the owner's filter is applied beside it, and the worst that a
forged one does is to start the listing elsewhere. The check tells a mangled or foreign cursor from one of ours.
"""

import base64
import binascii
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import literal, tuple_
from sqlmodel import Session, col, select

from provenance.adapters.store.columns import UtcTime
from provenance.core.errors import InvalidRequest
from provenance.core.types import WorkId

_LAYOUT: Final = struct.Struct(">BqQ")  # version, microseconds since 1970, work id
_VERSION: Final = 1
_CHECK_BYTES: Final = 7  # 24 bytes in all: no base64 padding
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HINT: Final = "start again without a cursor"
_NAMED: Final = struct.Struct(">Bq")  # version, microseconds since 1970; the id as text follows
_NAMED_VERSION: Final = 2

AnyRow = TypeVar("AnyRow", bound=Any)


def encode(created_at: datetime, work_id: WorkId) -> str:
    """The cursor after this work: 32 characters of URL-safe base64."""
    body = _LAYOUT.pack(_VERSION, (created_at - _EPOCH) // timedelta(microseconds=1), work_id.payload)
    return base64.urlsafe_b64encode(body + _check(body)).decode("ascii")


def decode(cursor: str) -> tuple[datetime, WorkId]:
    """(created_at, id) of the last work seen. Raises InvalidRequest."""
    try:
        data = base64.b64decode(cursor, altchars=b"-_", validate=True)
        body, check = data[: _LAYOUT.size], data[_LAYOUT.size :]
        version, microseconds, payload = _LAYOUT.unpack(body)
        if version != _VERSION or check != _check(body):
            raise ValueError("not our cursor")
        return _EPOCH + timedelta(microseconds=microseconds), WorkId(payload)
    except (ValueError, OverflowError, struct.error, binascii.Error) as error:
        raise InvalidRequest("the page cursor is not one of ours", hint=_HINT) from error


def encode_named(created_at: datetime, name: str) -> str:
    """The same for rows whose ids are texts."""
    body = _NAMED.pack(_NAMED_VERSION, (created_at - _EPOCH) // timedelta(microseconds=1)) + name.encode()
    return base64.urlsafe_b64encode(body + _check(body)).decode("ascii")


def decode_named(cursor: str) -> tuple[datetime, str]:
    """(created_at, id) of the last row seen. Raises InvalidRequest."""
    try:
        data = base64.b64decode(cursor, altchars=b"-_", validate=True)
        body, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
        version, microseconds = _NAMED.unpack(body[: _NAMED.size])
        if version != _NAMED_VERSION or check != _check(body):
            raise ValueError("not our cursor")
        return _EPOCH + timedelta(microseconds=microseconds), body[_NAMED.size :].decode()
    except (ValueError, OverflowError, struct.error, binascii.Error) as error:
        raise InvalidRequest("the page cursor is not one of ours", hint=_HINT) from error


def newest(
    session: Session, table: type[AnyRow], *, after: str | None, limit: int, owner: str | None
) -> tuple[list[AnyRow], str | None]:
    """A page of a table with `created_at`, a text `id` and an `owner`: newest first, and the next cursor.

    Raises InvalidRequest.
    """
    if limit < 1:
        raise InvalidRequest("a page has at least one row")
    query = select(table).order_by(col(table.created_at).desc(), col(table.id).desc())
    if owner is not None:
        query = query.where(col(table.owner) == owner)
    if after is not None:
        created_at, name = decode_named(after)
        query = query.where(tuple_(col(table.created_at), col(table.id)) < tuple_(literal(created_at, UtcTime), name))
    rows = session.exec(query.limit(limit + 1)).all()  # one more tells whether a next page exists
    page = list(rows[:limit])
    return page, encode_named(page[-1].created_at, page[-1].id) if len(rows) > limit else None


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"provenance page cursor" + body).digest()[:_CHECK_BYTES]
