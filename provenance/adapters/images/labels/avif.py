"""AVIF: the packet is an item of the file-level `meta` box that describes the primary image (ISO/IEC 23008-12, A.3).

Its bytes go to a new `mdat` at the end. The `meta` box grows, so that offsets that lead behind it are moved on.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from provenance.adapters.images import avif
from provenance.adapters.images.container import damaged
from provenance.adapters.images.labels import items
from provenance.adapters.images.labels.items import IN_FILE, IN_IDAT, NARROW, Box, Location, box, boxes
from provenance.adapters.images.labels.relabel import Relabel
from provenance.core.errors import TooLarge
from provenance.credentials.labels.markup import MAX_BYTES

_TO_CHUNKS: Final = (b"trak", b"mdia", b"minf", b"stbl")
_CHUNKS: Final = {b"stco": ">I", b"co64": ">Q"}


def write(data: bytes, relabel: Relabel) -> bytes:
    """Raises UnreadableImage, TooLarge."""
    end = avif.end_of_boxes(data)
    top = list(boxes(data, 0, end))
    meta = next((item for item in top if item.name == b"meta"), None)
    if meta is None:
        raise damaged("it has no items")
    table = _Table(data, meta)
    packet = relabel.packet(table.packet())
    growth = len(table.rebuilt(0, 0, len(packet))) - (meta.end - meta.start)
    rebuilt = table.rebuilt(growth, end + growth + 8, len(packet))
    body = bytearray(data[:end])
    table.blank(body)
    _close(body, top[-1])
    tables = _chunk_tables(data, [item for item in top if item.name == b"moov"], _TO_CHUNKS)
    for found in tables:
        _move_table(body, found, meta.end, growth)
    return b"".join([body[: meta.start], rebuilt, body[meta.end :], box(b"mdat", packet), data[end:]])


class _Table:
    """The items of one `meta` box."""

    def __init__(self, data: bytes, meta: Box) -> None:
        self._data = data
        self._meta = meta
        self._boxes = list(boxes(data, meta.content + 4, meta.end))
        self._iinf = self._content(b"iinf")
        self._rows = items.locations(self._content(b"iloc"))
        known = items.items(self._iinf)
        found = [item for item, is_xmp in known.items() if is_xmp]
        self._is_new = not found
        self._item = found[0] if found else 1 + max([*known, *(row.item for row in self._rows)], default=0)

    def packet(self) -> bytes | None:
        """The packet that is there. Raises TooLarge: extents may overlap, so that the file's size is no bound."""
        idat = next((item for item in self._boxes if item.name == b"idat"), None)
        extents = [
            (at + (idat.content if row.method == IN_IDAT and idat else 0), size)
            for row in self._own()
            for at, size in row.extents
        ]
        if sum(size for _, size in extents) > MAX_BYTES:
            raise TooLarge("the XMP packet is over its limit", hint="remove embedded previews or histories")
        return b"".join(self._data[at : at + size] for at, size in extents) or None

    def rebuilt(self, growth: int, packet_at: int, packet_size: int) -> bytes:
        """The `meta` box for a packet of that place and size, after the box itself has grown by `growth` bytes."""
        rows = [self._moved(row, growth) for row in self._rows if row.item != self._item]
        rows.append(Location(self._item, IN_FILE, 0, ((packet_at, packet_size),)))
        changed = {b"iloc": items.location_table(rows)}
        if self._is_new:
            changed |= {b"iinf": items.with_item(self._iinf, self._item), b"iref": self._references()}
        parts = [self._data[self._meta.content : self._meta.content + 4]]
        for child in self._boxes:
            new = changed.pop(child.name, None)
            parts.append(self._data[child.start : child.end] if new is None else box(child.name, new))
        parts += [box(name, content) for name, content in changed.items()]
        return box(b"meta", b"".join(parts))

    def blank(self, body: bytearray) -> None:
        """The old packet's bytes, if it is in one piece that no other item has: nobody who scans the file finds two."""
        own = [(row.method, *extent) for row in self._own() for extent in row.extents]
        if len(own) != 1 or own[0][0] != IN_FILE:
            return
        _, at, size = own[0]
        others = (extent for row in self._rows if row.item != self._item for extent in row.extents)
        free = all(at + size <= start or start + length <= at for start, length in others)
        if free and bytes(body[at : at + 1]) == b"<" and at + size <= len(body):
            body[at : at + size] = bytes(size)

    def _own(self) -> Iterator[Location]:
        return (row for row in self._rows if row.item == self._item and not self._is_new)

    def _moved(self, row: Location, growth: int) -> Location:
        if row.method != IN_FILE:
            return row
        moved = ((at + growth if at >= self._meta.end else at, size) for at, size in row.extents)
        return replace(row, extents=tuple(moved))

    def _references(self) -> bytes:
        pitm = self._content(b"pitm")
        primary = int.from_bytes(pitm[4:8] if pitm[0] else pitm[4:6], "big")
        iref = next((self._data[item.content : item.end] for item in self._boxes if item.name == b"iref"), None)
        if self._item > NARROW and (iref is None or iref[0] == 0):
            raise damaged("its item numbers are out of range")
        return items.with_description(iref, self._item, primary)

    def _content(self, name: bytes) -> bytes:
        found = next((item for item in self._boxes if item.name == name), None)
        if found is None or found.end - found.content < 6:
            raise damaged("its tables of items are incomplete")
        return self._data[found.content : found.end]


def _close(body: bytearray, last: Box) -> None:
    """A box that runs to the end of the file would take in what is appended."""
    if body[last.start : last.start + 4] == bytes(4):
        struct.pack_into(">I", body, last.start, last.end - last.start)


def _chunk_tables(data: bytes, parents: Sequence[Box], path: Sequence[bytes]) -> Iterator[Box]:
    """The tables of offsets in the tracks of an animation."""
    for parent in parents:
        inner = list(boxes(data, parent.content, parent.end))
        if path:
            yield from _chunk_tables(data, [child for child in inner if child.name == path[0]], path[1:])
        else:
            yield from (child for child in inner if child.name in _CHUNKS)


def _move_table(body: bytearray, table: Box, start: int, growth: int) -> None:
    """Move on the offsets that lead behind `start`."""
    form = _CHUNKS[table.name]
    size = struct.calcsize(form)
    for at in range(table.content + 8, table.end - size + 1, size):
        offset = struct.unpack_from(form, body, at)[0]
        if offset >= start:
            struct.pack_into(form, body, at, offset + growth)
