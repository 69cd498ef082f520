"""EXIF (CIPA DC-008, version 2.32): the orientation, and a block made true again for upright pixels.

The block is patched in place. Writing it anew would move the maker note, whose offsets point into the old layout.
"""

import struct
from typing import Final

from provenance.adapters.images.ifd import LONG, SHORT, Directory, TiffStructure
from provenance.core.errors import UnreadableImage

ORIENTATION: Final = 0x0112
_EXIF_DIRECTORY: Final = 0x8769
_COLOUR_SPACE: Final = 0xA001
_PIXEL_WIDTH: Final = 0xA002
_PIXEL_HEIGHT: Final = 0xA003
_THUMBNAIL_OFFSET: Final = 0x0201
_THUMBNAIL_SIZE: Final = 0x0202
_IMAGE_WIDTH: Final = 0x0100
_IMAGE_HEIGHT: Final = 0x0101
_STRIP_OFFSETS: Final = 0x0111
_STRIP_SIZES: Final = 0x0117
_SRGB: Final = 1


def strip_prefix(block: bytes) -> bytes:
    """The TIFF structure of an EXIF block that may carry the JPEG prefix."""
    return block[6:] if block.startswith(b"Exif\x00") else block


def orientation(block: bytes) -> int:
    """1..8 as in the standard, 1 where the tag is missing or senseless. Raises UnreadableImage for a damaged block."""
    structure = TiffStructure(block)
    value = structure.integer(structure.directory(structure.first()), ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def upright(block: bytes, width: int, height: int, *, srgb: bool) -> bytes:
    """The block for pixels of `width` x `height` in viewing orientation: orientation 1, no thumbnail of the old pixels,
    and the name of the colour space where they became `srgb`. Same length or shorter. Raises UnreadableImage for a
    damaged block."""
    structure = TiffStructure(block)
    main = structure.directory(structure.first())
    patched = bytearray(block)
    _set(structure, patched, main, {ORIENTATION: 1, _IMAGE_WIDTH: width, _IMAGE_HEIGHT: height})
    details = structure.integer(main, _EXIF_DIRECTORY, 0)
    if details:
        values = {_PIXEL_WIDTH: width, _PIXEL_HEIGHT: height} | ({_COLOUR_SPACE: _SRGB} if srgb else {})
        _set(structure, patched, structure.directory(details), values)
    return _without_thumbnail(structure, patched, main)


def _set(structure: TiffStructure, patched: bytearray, directory: Directory, values: dict[int, int]) -> None:
    for code, value in values.items():
        tag = directory.tags.get(code)
        if tag is not None and tag.count == 1 and tag.type in (SHORT, LONG):
            form = "H" if tag.type == SHORT else "I"
            struct.pack_into(structure.order + form, patched, tag.at, min(value, 0xFFFF) if form == "H" else value)


def _without_thumbnail(structure: TiffStructure, patched: bytearray, main: Directory) -> bytes:
    offset = structure.number(main.next_at, "I")
    if not offset:
        return bytes(patched)
    struct.pack_into("I", patched, main.next_at, 0)
    try:
        second = structure.directory(offset)
        spans = _thumbnail_spans(structure, second)
    except UnreadableImage:
        return bytes(patched)  # unlinked; nothing that a reader would find
    for start, size in spans:
        end = min(start + size, len(patched))
        if start + size >= len(patched) and start > second.next_at:
            del patched[start:]
        elif start < end:
            patched[start:end] = bytes(end - start)
    return bytes(patched)


def _thumbnail_spans(structure: TiffStructure, second: Directory) -> list[tuple[int, int]]:
    """(offset, size) of the thumbnail's bytes: one JPEG, or strips."""
    spans: list[tuple[int, int]] = []
    for offsets, sizes in ((_THUMBNAIL_OFFSET, _THUMBNAIL_SIZE), (_STRIP_OFFSETS, _STRIP_SIZES)):
        if offsets in second.tags and sizes in second.tags:
            starts = structure.integers(second.tags[offsets])
            spans.extend(zip(starts, structure.integers(second.tags[sizes]), strict=False))
    return spans
