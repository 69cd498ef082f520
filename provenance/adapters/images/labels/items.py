"""The item tables of a HEIF file: `iinf`, `iloc` and `iref` (ISO/IEC 14496-12, 8.11), taken apart and put together."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provenance.adapters.images import avif
from provenance.adapters.images.container import damaged, piece

XMP_TYPE: Final = b"application/rdf+xml"
_MAX_ITEMS: Final = 10_000
NARROW: Final = 0xFFFF
_MAX_EXTENTS: Final = 100_000
IN_FILE, IN_IDAT = 0, 1  # construction methods
_ROWS_FROM: Final = {0: 6, 1: 6}  # where iinf's entries start; from version 2 on its count has 32 bits


@dataclass(frozen=True, slots=True)
class Box:
    """One box: the offset of its first byte, of its content, and of the byte after it."""

    name: bytes
    start: int
    content: int
    end: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where an item lies. `method` says what offsets are counted from. An extent is (offset, length)."""

    item: int
    method: int
    reference: int
    extents: tuple[tuple[int, int], ...]


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """The boxes that fill data[start:end]. Raises UnreadableImage."""
    for _ in range(_MAX_ITEMS):
        if start >= end:
            return
        name, header, size = avif.header(data, start)
        if start + size > end:
            raise damaged("a box is longer than the one around it")
        yield Box(name, start, start + header, start + size)
        start += size
    raise damaged("it has too many boxes")


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


class _Fields:
    """Big-endian fields one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> int:
        value = int.from_bytes(piece(self._data, self._at, size), "big")
        self._at += size
        return value


def items(iinf: bytes) -> dict[int, bool]:
    """The ids in an `iinf` box's content, and whether the item is an XMP packet."""
    start = _ROWS_FROM.get(iinf[0] if iinf else 0, 8)
    found = {}
    for entry in boxes(iinf, start, len(iinf)):
        body = iinf[entry.content : entry.end]
        fields = _Fields(body)
        version = fields.take(4) >> 24
        width = 2 if version < 3 else 4
        found[fields.take(width)] = version >= 2 and _is_xmp(body[4 + width + 2 :])
    return found


def _is_xmp(rest: bytes) -> bool:
    """`rest` of an entry: type, name, content type."""
    parts = rest[4:].split(b"\x00")
    return rest[:4] == b"mime" and len(parts) > 1 and parts[1] == XMP_TYPE


def with_item(iinf: bytes, item: int) -> bytes:
    """The content of an `iinf` box with one XMP item more."""
    version = iinf[0]
    start = _ROWS_FROM.get(version, 8)
    count = int.from_bytes(piece(iinf, 4, start - 4), "big") + 1
    wide = item > NARROW
    head = bytes([3 if wide else 2, 0, 0, 0]) + item.to_bytes(4 if wide else 2, "big") + b"\x00\x00"
    entry = box(b"infe", head + b"mime" + b"XMP\x00" + XMP_TYPE + b"\x00")
    return iinf[:4] + count.to_bytes(start - 4, "big") + iinf[start:] + entry


def locations(iloc: bytes) -> list[Location]:
    """The rows of an `iloc` box's content. Raises UnreadableImage, also for more extents than any picture has: fields
    may have no bytes, so that the file's size is no bound."""
    fields = _Fields(iloc)
    version = fields.take(4) >> 24
    sizes, more = fields.take(1), fields.take(1)
    index_size = more & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    rows: list[Location] = []
    left = _MAX_EXTENTS
    for _ in range(fields.take(wide)):
        item = fields.take(wide)
        method = fields.take(2) & 15 if version in (1, 2) else 0
        reference, base = fields.take(2), fields.take(more >> 4)
        count = fields.take(2)
        left -= count + 1
        if left < 0 or method not in (IN_FILE, IN_IDAT):
            raise damaged("its items are in too many pieces, or one inside another")
        extents = []
        for _ in range(count):
            fields.take(index_size)  # of items inside items only
            extents.append((base + fields.take(sizes >> 4), fields.take(sizes & 15)))
        rows.append(Location(item, method, reference, tuple(extents)))
    return rows


def location_table(rows: list[Location]) -> bytes:
    """The content of an `iloc` box without base offsets and indices, as version 1 where its 16-bit numbers do, else 2:
    the plainest form, because not every program that moves a file's parts understands all of them."""
    wide = len(rows) > NARROW or any(row.item > NARROW for row in rows)
    table = [bytes([2 if wide else 1, 0, 0, 0, 0x44, 0x00]), struct.pack(">I" if wide else ">H", len(rows))]
    for row in rows:
        head = ">IHHH" if wide else ">HHHH"
        table.append(struct.pack(head, row.item, row.method, row.reference, len(row.extents)))
        table += [struct.pack(">II", at, size) for at, size in row.extents]
    return b"".join(table)


def with_description(iref: bytes | None, item: int, of: int) -> bytes:
    """The content of an `iref` box that says, besides what it said, that `item` describes the item `of`."""
    iref = iref or bytes(4)
    form = ">HHH" if iref[0] == 0 else ">IHI"
    return iref + box(b"cdsc", struct.pack(form, item, 1, of))
