"""JPEG: the packet is an APP1 segment after the EXIF one; what is over a segment's size goes to extended segments
(ISO 16684-1 part 3, 1.1.3)."""

import struct
from collections.abc import Sequence
from typing import Final

from provenance.adapters.images import jpeg
from provenance.adapters.images.container import damaged
from provenance.adapters.images.labels.relabel import Relabel
from provenance.credentials.labels.packet import extended_digest

_SCAN: Final = 0xDA
_MAX_MAIN: Final = 65_502
_MAX_PART: Final = 65_400
_DIGEST: Final = 32
_PART_HEADER: Final = struct.Struct(">II")  # bytes of the whole, offset of this part


def write(data: bytes, relabel: Relabel) -> bytes:
    """Raises UnreadableImage, TooLarge."""
    main: bytes | None = None
    parts: list[bytes] = []
    kept: list[tuple[bytes, bool]] = []  # a segment as it stands; whether the packet comes after it
    start = len(jpeg.SOI)
    scans = 0
    for marker, body, _, end in jpeg.segments(data):
        if marker == jpeg.APP1 and body.startswith(jpeg.XMP):
            main = main or body[len(jpeg.XMP) :]
        elif marker == jpeg.APP1 and body.startswith(jpeg.EXTENDED_XMP):
            parts.append(body[len(jpeg.EXTENDED_XMP) :])
        else:
            leading = marker == jpeg.APP0 or (marker == jpeg.APP1 and body.startswith(jpeg.EXIF))
            kept.append((data[start:end], leading))
        scans += marker == _SCAN
        start = end
    if not scans:
        raise damaged("it has no image data")
    packets = _segments(*relabel.split(main, _joined(main, parts), _MAX_MAIN))
    place = next(index for index, (_, leading) in enumerate(kept) if not leading)
    pieces = [piece for piece, _ in kept]
    return b"".join([jpeg.SOI, *pieces[:place], *packets, *pieces[place:], data[start:]])


def _segments(main: bytes, extended: bytes | None) -> list[bytes]:
    segments = [jpeg.segment(jpeg.APP1, jpeg.XMP + main)]
    if extended is not None:
        head = jpeg.EXTENDED_XMP + extended_digest(extended).encode()
        for at in range(0, len(extended), _MAX_PART):
            part = _PART_HEADER.pack(len(extended), at) + extended[at : at + _MAX_PART]
            segments.append(jpeg.segment(jpeg.APP1, head + part))
    return segments


def _joined(main: bytes | None, parts: Sequence[bytes]) -> bytes | None:
    """The extended packet that the main one names, if all of it is there. Parts may come in any order."""
    found: dict[int, bytes] = {}
    for part in parts:
        digest, body = part[:_DIGEST], part[_DIGEST:]
        if main is not None and digest in main and len(body) >= _PART_HEADER.size:
            found[_PART_HEADER.unpack_from(body)[1]] = body[_PART_HEADER.size :]
    whole = b"".join(found[offset] for offset in sorted(found))
    return whole if whole and main is not None and extended_digest(whole).encode() in main else None
