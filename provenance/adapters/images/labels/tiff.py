"""TIFF: the packet is tag 700 of the first page (ISO 16684-1 part 3, 1.1.4).

Packet and directory are appended, because the old ones have no room; offsets into the file stay what they were. The old
packet's bytes are blanked where they can be nothing else, so that nobody who scans the file finds two.
"""

import struct
from typing import Final

from provenance.adapters.images.container import damaged, piece
from provenance.adapters.images.ifd import Directory, Tag, TiffStructure
from provenance.adapters.images.labels.relabel import Relabel

_XMP: Final = 700
_BYTE: Final = 1
_UNDEFINED: Final = 7
_EXTENTS: Final = ((273, 279), (324, 325))  # strips, tiles: offsets and sizes
_MAX_ENTRIES: Final = 65_535


def write(data: bytes, relabel: Relabel) -> bytes:
    """Raises UnreadableImage, TooLarge."""
    structure = TiffStructure(data)
    first = structure.first()
    page = structure.directory(first)
    old = page.tags.get(_XMP)
    packet = relabel.packet(structure.raw(old) if old and old.type in (_BYTE, _UNDEFINED) else None)
    file = bytearray(data)
    if old is not None and _is_only_a_packet(structure, page, old):
        file[old.at : old.at + old.size] = bytes(old.size)
    file += bytes(len(file) % 2)
    packet_at = len(file)
    file += packet + bytes(len(packet) % 2)
    struct.pack_into(structure.order + "I", file, 4, len(file))
    return bytes(file) + _directory(structure, first, (packet_at, len(packet)))


def _directory(structure: TiffStructure, first: int, packet: tuple[int, int]) -> bytes:
    """The first page's directory with another packet; all other entries as they stand."""
    order = structure.order
    count = structure.number(first, "H")
    entries = [piece(structure.data, first + 2 + 12 * index, 12) for index in range(count)]
    kept = [entry for entry in entries if _code(structure, entry) != _XMP]
    if len(kept) >= _MAX_ENTRIES:
        raise damaged("its first page has too many tags")
    kept.append(struct.pack(order + "HHII", _XMP, _BYTE, packet[1], packet[0]))
    following = piece(structure.data, first + 2 + 12 * count, 4)
    kept.sort(key=lambda entry: _code(structure, entry))
    return struct.pack(order + "H", len(kept)) + b"".join(kept) + following


def _code(structure: TiffStructure, entry: bytes) -> int:
    return int(struct.unpack_from(structure.order + "H", entry)[0])


def _is_only_a_packet(structure: TiffStructure, page: Directory, tag: Tag) -> bool:
    """Whether the tag's bytes are XML and no part of the only page's image data."""
    single = structure.number(page.next_at, "I") == 0
    start, end = tag.at, tag.at + tag.size
    if not single or tag.size <= 4 or not structure.raw(tag).startswith(b"<"):
        return False
    for offsets, sizes in _EXTENTS:
        if offsets in page.tags and sizes in page.tags:
            extents = zip(structure.integers(page.tags[offsets]), structure.integers(page.tags[sizes]), strict=False)
            if any(at < end and start < at + size for at, size in extents):
                return False
    return True
