"""The position in a listing, as a short opaque text.

It is checked, not signed: it grants nothing, since the owner's filter is applied beside it, and the worst that a
forged one does is to start the listing elsewhere. The check tells a mangled or foreign cursor from one of ours.
"""

import base64
import binascii
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Final

from provenance.core.errors import InvalidRequest
from provenance.core.types import WorkId

_LAYOUT: Final = struct.Struct(">BqQ")  # version, microseconds since 1970, work id
_VERSION: Final = 1
_CHECK_BYTES: Final = 7  # 24 bytes in all: no base64 padding
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


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
        raise InvalidRequest("the page cursor is not one of ours", hint="start again without a cursor") from error


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"provenance page cursor" + body).digest()[:_CHECK_BYTES]
