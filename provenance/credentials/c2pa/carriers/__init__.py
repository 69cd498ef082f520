"""Where a file of each format holds its manifest store, byte for byte (C2PA 2.4, "Embedding manifests").

A store is one run of bytes in most formats, many in JPEG and GIF. A store of the same length can be written over it
without moving anything else, so the file's hash binding stays true.
"""

import zlib
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from provenance.core.errors import InvalidRequest, MalformedManifest, UnsupportedFormat
from provenance.credentials.c2pa.carriers import bmff, gif, jpeg, png, riff, tiff
from provenance.credentials.c2pa.carriers.spans import Ended, Span

Locator: TypeAlias = Callable[[bytes], Sequence[Span]]

_LOCATORS: Final = MappingProxyType[str, Locator]({
    "image/avif": bmff.locate,
    "image/gif": gif.locate,
    "image/jpeg": jpeg.locate,
    "image/png": png.locate,
    "image/tiff": tiff.locate,
    "image/webp": riff.locate,
})  # fmt: skip
CARRIERS: Final = frozenset(_LOCATORS)
"""The media types whose files hold a manifest store that can be taken out and put back."""


def extract(asset: bytes, media_type: str) -> bytes | None:
    """The manifest store in the file; None when there is none. Raises MalformedManifest, UnsupportedFormat."""
    spans = _locate(asset, media_type)
    return b"".join(asset[span.start : span.end] for span in spans) if spans else None


def replace(asset: bytes, media_type: str, store: bytes) -> bytes:
    """The same file with another store of the same length in the old one's place.

    Raises InvalidRequest when the length differs, MalformedManifest, UnsupportedFormat.
    """
    spans = _locate(asset, media_type)
    if sum(span.end - span.start for span in spans) != len(store):
        raise InvalidRequest("a manifest store is replaced by one of the same length only")
    target = bytearray(asset)
    at = 0
    for span in spans:
        size = span.end - span.start
        target[span.start : span.end] = store[at : at + size]
        at += size
        if span.crc_from is not None:
            checksum = zlib.crc32(memoryview(target)[span.crc_from : span.end])
            target[span.end : span.end + 4] = checksum.to_bytes(4, "big")
    return bytes(target)


def _locate(asset: bytes, media_type: str) -> Sequence[Span]:
    locate = _LOCATORS.get(media_type)
    if locate is None:
        raise UnsupportedFormat(f"{media_type[:80]!r} files are not known to hold a manifest store")
    try:
        spans = locate(asset)
    except Ended:
        return ()
    if any(not 0 <= span.start <= span.end <= len(asset) for span in spans):
        raise MalformedManifest("the file ends in the middle of its manifest store")
    return spans


__all__ = ["CARRIERS", "extract", "replace"]
