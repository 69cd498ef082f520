"""AVIF and other ISO base media files (ISO/IEC 14496-12, 4.2): a `uuid` box of purpose "manifest"."""

from typing import Final

from provenance.core.errors import MalformedManifest, UnsupportedFormat
from provenance.credentials.c2pa.carriers.spans import MAX_STEPS, Span, endless, number, several

_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_PURPOSE: Final = b"manifest\x00"
_PARTS: Final = (b"original\x00", b"update\x00")  # an updated file keeps its first store whole and adds a second
_VERSION_AND_FLAGS: Final = 4
_MERKLE_OFFSET: Final = 8


def locate(data: bytes) -> list[Span]:
    """Raises UnsupportedFormat for a store that lies in two boxes."""
    found: list[Span] = []
    at = 0
    for _ in range(MAX_STEPS):
        if at + 8 > len(data):
            return found
        start, end = _box(data, at)
        if data[at + 4 : at + 8] == b"uuid" and data[start : start + 16] == _UUID:
            spans = _manifest(data, start + 16 + _VERSION_AND_FLAGS, end)
            if spans and found:
                raise several()
            found += spans
        at = end
    raise endless("boxes")


def _box(data: bytes, at: int) -> tuple[int, int]:
    """(payload, end). Size 1 says that 64 bits of it follow, size 0 that the box reaches to the end of the file."""
    size, start = number(data, at, 4), at + 8
    if size == 1:
        size, start = number(data, at + 8, 8), at + 16
    return start, max(at + size, start) if size else len(data)


def _manifest(data: bytes, purpose: int, end: int) -> list[Span]:
    """Nothing for the boxes of other purposes, such as the Merkle trees of fragments."""
    if data.startswith(_PARTS, purpose):
        raise UnsupportedFormat("the file's manifest store lies in two parts", hint="give the store beside the file")
    if not data.startswith(_PURPOSE, purpose):
        return []
    start = purpose + len(_PURPOSE) + _MERKLE_OFFSET
    if start > end:
        raise MalformedManifest("the box of the manifest store is cut off")
    return [Span(start, end)]
