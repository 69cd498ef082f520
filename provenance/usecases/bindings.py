"""Soft bindings as they are written: names of algorithms, and values as base64."""

import base64
import binascii
import re
from typing import Final

from provenance.core.errors import InvalidRequest
from provenance.core.ports import Unit
from provenance.core.records import Work
from provenance.core.types import WorkId

ANY_ALG: Final = ""
"""A binding whose owner did not say which algorithm made it; C2PA's own document has no field for it."""

MAX_ALG: Final = 200  # characters
MAX_VALUE: Final = 64 << 10  # characters of base64
PAYLOAD_BYTES: Final = 8
_ALG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_DECODED_ALIKE: Final = str.maketrans(" -_", "++/")


def check_alg(text: str) -> str:
    """A name such as those of the C2PA soft binding algorithm list. Raises InvalidRequest."""
    if len(text) > MAX_ALG or not _ALG.fullmatch(text):
        raise InvalidRequest(
            f"an algorithm's name has 1 to {MAX_ALG} letters, digits or . _ + -", hint="such as io.iscc.v0"
        )
    return text


def read_value(text: str) -> bytes:
    """The bytes of a value: base64 (RFC 4648 section 4, or the URL-safe alphabet of section 5), padded or not.

    A `+` that was not escaped in a query arrives as a space, and counts as the `+` that it was. Raises InvalidRequest.
    """
    body = text.translate(_DECODED_ALIKE).rstrip("=")
    try:
        value = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("the value of a soft binding is base64", hint="RFC 4648, section 4") from error
    if not value:
        raise InvalidRequest("the value of a soft binding is empty")
    return value


def written_value(value: bytes) -> str:
    """Padded standard base64, the one form that is stored and compared."""
    return base64.b64encode(value).decode("ascii")


def mark_value(work_id: WorkId) -> bytes:
    """The soft binding of a registered work's watermark: its payload, 8 bytes, big endian."""
    return work_id.payload.to_bytes(PAYLOAD_BYTES, "big")


def work_marked(unit: Unit, alg: str, value: bytes) -> Work | None:
    """The work, withdrawn or not, that was registered with this very watermark: only its manifests stand behind it."""
    if len(value) != PAYLOAD_BYTES:
        return None
    work_id = marked_work(value)
    work = unit.works.find([work_id]).get(work_id)
    return work if work is not None and work.mark_alg == alg else None


def marked_work(value: bytes) -> WorkId:
    """Whose watermark it is. Raises InvalidRequest."""
    if len(value) != PAYLOAD_BYTES:
        raise InvalidRequest(f"the value of this service's watermark has {PAYLOAD_BYTES} bytes")
    return WorkId(int.from_bytes(value, "big"))
