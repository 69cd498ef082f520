"""GIF 89a: the packet is an application extension, not cut into sub-blocks, with a trailer that leads a reader who does
not know it back to the block's end (ISO 16684-1 part 3, 1.1.2)."""

from collections.abc import Iterator
from typing import Final

from provenance.adapters.images.container import damaged, piece
from provenance.adapters.images.labels.relabel import Relabel

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_APPLICATION: Final = b"\x21\xff"
_HEAD: Final = _APPLICATION + b"\x0bXMP DataXMP"
_LEADING_BACK: Final = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
_MAX_BLOCKS: Final = 1_000_000


def write(data: bytes, relabel: Relabel) -> bytes:
    """Raises UnreadableImage, TooLarge."""
    start = 13 + _table_size(piece(data, 10, 1)[0])
    head = b"GIF89a" + piece(data, 6, start - 6)  # 87a knows no extensions
    packet: bytes | None = None
    kept = []
    for end in _blocks(data, start):
        block = data[start:end]
        if block.startswith(_HEAD):
            packet = packet or block[len(_HEAD) : -len(_LEADING_BACK)]
        else:
            kept.append(block)
        start = end
    place = next((index for index, block in enumerate(kept) if not block.startswith(_APPLICATION)), len(kept))
    kept.insert(place, _HEAD + relabel.packet(packet) + _LEADING_BACK)  # readers of the first frame stop at it
    return b"".join([head, *kept, data[start:]])


def _blocks(data: bytes, at: int) -> Iterator[int]:
    """The offset after each block before the trailer."""
    blocks = 0
    while (kind := piece(data, at, 1)[0]) != _TRAILER:
        if kind == _IMAGE:
            at += 11 + _table_size(piece(data, at + 9, 1)[0])
        elif kind == _EXTENSION:
            at += 2
        else:
            raise damaged("a block has an unknown kind")
        while size := piece(data, at, 1)[0]:
            at += 1 + size
            blocks += 1
        blocks += 1
        if blocks > _MAX_BLOCKS:
            raise damaged("it has too many blocks")
        at += 1
        yield at


def _table_size(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
