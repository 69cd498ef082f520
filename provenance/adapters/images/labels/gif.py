"""GIF 89a: the packet is an application extension, not cut into sub-blocks, with a trailer that leads a reader who does
not know it back to the block's end (ISO 16684-1 part 3, 1.1.2)."""

from typing import Final

from provenance.adapters.images import gif
from provenance.adapters.images.container import piece
from provenance.adapters.images.labels.relabel import Relabel

_APPLICATION: Final = b"\x21\xff"
_HEAD: Final = _APPLICATION + b"\x0bXMP DataXMP"
_LEADING_BACK: Final = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


def write(data: bytes, relabel: Relabel) -> bytes:
    """Raises UnreadableImage, TooLarge."""
    start = 13 + gif.table_size(piece(data, 10, 1)[0])
    head = b"GIF89a" + piece(data, 6, start - 6)  # 87a knows no extensions
    packet: bytes | None = None
    kept = []
    for end in gif.blocks(data, start):
        block = data[start:end]
        if block.startswith(_HEAD):
            packet = packet or block[len(_HEAD) : -len(_LEADING_BACK)]
        else:
            kept.append(block)
        start = end
    place = next((index for index, block in enumerate(kept) if not block.startswith(_APPLICATION)), len(kept))
    kept.insert(place, block_of(relabel.packet(packet)))  # readers of the first frame stop at it
    return b"".join([head, *kept, data[start:]])


def block_of(packet: bytes) -> bytes:
    """The application extension that holds a packet."""
    return _HEAD + packet + _LEADING_BACK
