"""TIFF 6.0: the first page, and its owner's tags."""

import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Final, TypeAlias

from provenance.adapters.images.container import Container, damaged, frame_note
from provenance.adapters.images.ifd import LONG, Directory, Tag, TiffStructure
from provenance.adapters.images.limits import ImageLimits, MetadataBudget
from provenance.core.errors import UnreadableImage, UnsupportedFormat

Field: TypeAlias = tuple[int, int, int, bytes]
"""(code, type, count, value bytes in little-endian order)"""

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES = 256, 257, 258, 259, 262, 277
_SUBFILE, _TILE_WIDTH, _TILE_HEIGHT, _SAMPLE_FORMAT = 254, 322, 323, 339
_STRIP_OFFSETS, _STRIP_SIZES, _TILE_OFFSETS, _TILE_SIZES = 273, 279, 324, 325
_ORIENTATION, _XMP, _ICC, _EXIF, _GPS, _INTEROP, _DNG = 274, 700, 34675, 34665, 34853, 40965, 50706
_COMPRESSIONS: Final = frozenset((1, 2, 3, 4, 5, 7, 8, 32773, 32946, 50000))
# What pixels need (TIFF 6.0; 292, 293: CCITT options; 347: JPEG tables; 530..532: YCbCr).
_PIXEL_TAGS: Final = frozenset((
    _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, 266, _STRIP_OFFSETS, _SAMPLES, 278, _STRIP_SIZES, 284, 292, 293,
    317, 320, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES, 338, _SAMPLE_FORMAT, 347, 529, 530, 531, 532,
))  # fmt: skip
# What the owner wrote: title, camera, resolution, software, date, artist, host, rating, copyright, IPTC, Windows' own.
_OWNER_TAGS: Final = frozenset((
    269, 270, 271, 272, _ORIENTATION, 282, 283, 285, 296, 305, 306, 315, 316, 18246, 18249, 33432, 33723,
    *range(40091, 40096),
))  # fmt: skip
_SUBDIRECTORIES: Final = (_EXIF, _GPS)
_DEPTHS: Final = frozenset((1, 2, 4, 8, 16))
_MAX_SAMPLES: Final = 6
_WHITE_IS_ZERO: Final = 0
_LITTLE_ENDIAN: Final = b"II*\x00\x00\x00\x00\x00"


def read(data: bytes, limits: ImageLimits) -> Container:
    """Raises UnreadableImage, UnsupportedFormat, TooLarge."""
    structure = TiffStructure(data)
    pages = list(structure.chain(limits.frames + 1))
    limits.check_frames(len(pages))
    if not pages:
        raise damaged("it has no pages")
    page = structure.directory(pages[0])
    width, height = structure.integer(page, _WIDTH), structure.integer(page, _HEIGHT)
    limits.check_size(width, height)
    _check_layout(structure, page, limits)
    budget = MetadataBudget(limits)
    return Container(
        format="TIFF",
        media_type="image/tiff",
        width=width,
        height=height,
        decodable=_one_page(structure, page),
        frames=len(pages),
        depth=structure.integer(page, _BITS, 1),
        exif=_owner_block(structure, page, budget),
        xmp=_value(structure, page, _XMP, budget),
        icc=_value(structure, page, _ICC, budget),
        notes=frame_note(len(pages), unit="pages"),
    )


def splice(encoded: bytes, container: Container) -> bytes:
    """The owner's tags put into a freshly encoded little-endian TIFF of one page. The metadata is upright already."""
    target = TiffStructure(encoded)
    page = target.directory(target.first())
    fields = {code: _field(target, tag) for code, tag in page.tags.items() if code in _PIXEL_TAGS}
    tail = _Tail(encoded)
    if container.exif is not None:
        source = TiffStructure(container.exif)
        fields.update(_owner_fields(source, source.directory(source.first()), tail, None))
    if container.xmp is not None:
        fields[_XMP] = (_XMP, 1, len(container.xmp), container.xmp)
    if container.icc is not None:
        fields[_ICC] = (_ICC, 7, len(container.icc), container.icc)
    return tail.finish(tail.directory(fields.values()))


def _check_layout(structure: TiffStructure, page: Directory, limits: ImageLimits) -> None:
    if _DNG in page.tags or structure.integer(page, _SUBFILE, 0) & 1:
        raise UnsupportedFormat("it is a camera's raw file, or its first page is a preview", hint="develop it first")
    compression = structure.integer(page, _COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        raise UnsupportedFormat(f"TIFF compression {compression} is not read", hint="save it with LZW or Deflate")
    bits = set(structure.integers(page.tags[_BITS])) if _BITS in page.tags else {1}
    samples = structure.integer(page, _SAMPLES, 1)
    form = structure.integer(page, _SAMPLE_FORMAT, 1)
    inverted = bits == {16} and structure.integer(page, _PHOTOMETRIC) == _WHITE_IS_ZERO
    if not 1 <= samples <= _MAX_SAMPLES or len(bits) != 1 or not bits <= _DEPTHS or form != 1 or inverted:
        depths = " and ".join(map(str, sorted(bits)[:4]))
        raise UnsupportedFormat(
            f"a TIFF with {samples} samples of {depths} bits (sample format {form}) is not read",
            hint="save it with 8 or 16 bits of grey, RGB or CMYK",
        )
    if _TILE_WIDTH in page.tags:
        limits.check_size(structure.integer(page, _TILE_WIDTH), structure.integer(page, _TILE_HEIGHT))
    _check_extents(structure, page)


def _check_extents(structure: TiffStructure, page: Directory) -> None:
    """Every strip or tile lies inside the file. The decoder could not tell: its file has a directory behind."""
    offsets, sizes = (_TILE_OFFSETS, _TILE_SIZES) if _TILE_OFFSETS in page.tags else (_STRIP_OFFSETS, _STRIP_SIZES)
    if offsets not in page.tags or sizes not in page.tags:
        raise damaged("it does not say where its image data is")
    starts, counts = structure.integers(page.tags[offsets]), structure.integers(page.tags[sizes])
    if len(starts) != len(counts):
        raise damaged("it does not say where all its image data is")
    if any(start + count > len(structure.data) for start, count in zip(starts, counts, strict=True)):
        raise damaged("it ends in the middle of the image")


def _value(structure: TiffStructure, page: Directory, code: int, budget: MetadataBudget) -> bytes | None:
    tag = page.tags.get(code)
    if tag is None:
        return None
    budget.spend(tag.size)
    return structure.raw(tag)


def _owner_block(structure: TiffStructure, page: Directory, budget: MetadataBudget) -> bytes | None:
    """The owner's tags with their EXIF and GPS directories, as a TIFF structure of its own."""
    tail = _Tail(_LITTLE_ENDIAN)
    fields = _owner_fields(structure, page, tail, budget)
    return tail.finish(tail.directory(fields.values())) if fields else None


def _owner_fields(
    source: TiffStructure, page: Directory, tail: "_Tail", budget: MetadataBudget | None
) -> dict[int, Field]:
    """The owner's tags of `page`; their directories are copied to `tail`. A damaged EXIF directory is left out."""
    fields = {code: _field(source, tag, budget) for code, tag in page.tags.items() if code in _OWNER_TAGS}
    for code in _SUBDIRECTORIES:
        if code in page.tags:
            with suppress(UnreadableImage):
                fields[code] = _pointer(code, _copy_directory(source, page.tags[code], tail, budget))
    return fields


def _copy_directory(source: TiffStructure, pointer: Tag, tail: "_Tail", budget: MetadataBudget | None) -> int:
    """Copy the directory that `pointer` names, with the interoperability directory in it. Answers the new offset."""
    directory = source.directory(source.integers(pointer)[0])
    interop = directory.tags.pop(_INTEROP, None) if pointer.code == _EXIF else None
    fields = [_field(source, tag, budget) for tag in directory.tags.values()]
    if interop is not None:
        fields.append(_pointer(_INTEROP, _copy_directory(source, interop, tail, budget)))
    return tail.directory(fields)


def _one_page(structure: TiffStructure, page: Directory) -> bytes:
    """The same file whose only directory, a new one at the end, holds only what pixels need."""
    order, data = structure.order, structure.data
    entries = [data[tag.entry : tag.entry + 12] for code, tag in sorted(page.tags.items()) if code in _PIXEL_TAGS]
    start = len(data) + len(data) % 2
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + bytes(4)
    return data[:4] + struct.pack(order + "I", start) + data[8:] + bytes(len(data) % 2) + directory


def _field(structure: TiffStructure, tag: Tag, budget: MetadataBudget | None = None) -> Field:
    if budget is not None:
        budget.spend(tag.size + 12)  # before the copy: many tags may point at the same bytes
    return tag.code, tag.type, tag.count, structure.little(tag)


def _pointer(code: int, offset: int) -> Field:
    return code, LONG, 1, struct.pack("<I", offset)


class _Tail:
    """Directories and values appended to a little-endian TIFF."""

    def __init__(self, data: bytes) -> None:
        self._data = bytearray(data)

    def directory(self, fields: Iterable[Field]) -> int:
        """Append the values, then the directory, sorted as TIFF 6.0 asks. Answers its offset."""
        entries = []
        for code, kind, count, value in sorted(fields):
            place = value.ljust(4, b"\x00") if len(value) <= 4 else struct.pack("<I", self._append(value))
            entries.append(struct.pack("<HHI", code, kind, count) + place)
        return self._append(struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4))

    def finish(self, first: int) -> bytes:
        """The file, its first directory the one at `first`."""
        struct.pack_into("<I", self._data, 4, first)
        return bytes(self._data)

    def _append(self, value: bytes) -> int:
        self._data += bytes(len(self._data) % 2)  # word boundary
        at = len(self._data)
        self._data += value
        return at
