"""WebP (RFC 9649): the packet is the "XMP " chunk. Only the extended format has one; a simple file becomes extended."""

import struct
from typing import Final

from provenance.adapters.images import webp
from provenance.adapters.images.container import damaged, piece
from provenance.adapters.images.labels.relabel import Relabel

_HAS_XMP: Final = 0x04
_XMP: Final = b"XMP "
_BEFORE: Final = frozenset({b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"EXIF", *webp.BITSTREAMS})
_RIFF_HEADER: Final = 12


def write(data: bytes, relabel: Relabel) -> bytes:
    """Raises UnreadableImage, TooLarge."""
    end = 8 + int.from_bytes(piece(data, 4, 4), "little")
    body = piece(data, _RIFF_HEADER, end - _RIFF_HEADER)
    packet: bytes | None = None
    kept: list[tuple[bytes, bytes]] = []
    at = 0
    for name, content in webp.chunks(body):
        after = at + 8 + len(content) + len(content) % 2
        if name == _XMP:
            packet = packet or content
        else:
            kept.append((name, body[at:after].ljust(after - at, b"\x00")))
        at = after
    kept[:1] = _extended(kept)
    place = 1 + max(index for index, (name, _) in enumerate(kept) if name in _BEFORE)
    chunks = [chunk for _, chunk in kept]
    chunks.insert(place, webp.chunk(_XMP, relabel.packet(packet)))
    content = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(content)) + b"WEBP" + content + data[end:]


def _extended(chunks: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What takes the first chunk's place: the header with the XMP flag, made where there was none."""
    if not chunks:
        raise damaged("it has no image data")
    name, chunk = chunks[0]
    if name == b"VP8X":
        return [(name, chunk[:8] + bytes([piece(chunk, 8, 1)[0] | _HAS_XMP]) + chunk[9:])]
    if name not in webp.BITSTREAMS:
        raise damaged("its header is missing")
    width, height = webp.bitstream_size(name, chunk[8:])
    alpha = webp.ALPHA if name == b"VP8L" and piece(chunk, 12, 1)[0] & 0x10 else 0  # RFC 9649, 3.4: alpha_is_used
    return [(b"VP8X", webp.extended(width, height, _HAS_XMP | alpha)), chunks[0]]
