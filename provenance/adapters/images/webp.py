"""WebP (RFC 9649): RIFF chunks in; libwebp writes them."""

import struct
from collections.abc import Iterator
from typing import Final

from provenance.adapters.images import exif, sniff, vp8
from provenance.adapters.images.container import CARRIES_MANIFEST, Container, damaged, piece
from provenance.adapters.images.limits import ImageLimits, MetadataBudget

_RIFF_HEADER: Final = 12
ANIMATION, ALPHA = 0x02, 0x10
BITSTREAMS: Final = (b"VP8 ", b"VP8L")
_MAX_CHUNKS: Final = 20_000
_METADATA: Final = (b"EXIF", b"XMP ", b"ICCP")


def read(data: bytes, limits: ImageLimits) -> Container:
    """Raises UnreadableImage, TooLarge."""
    end = 8 + int.from_bytes(piece(data, 4, 4), "little")
    notes = list(sniff.trailing_note(data[end:]))
    body = piece(data, _RIFF_HEADER, end - _RIFF_HEADER)
    budget = MetadataBudget(limits)
    metadata: dict[bytes, bytes] = {}
    pixels: list[tuple[bytes, bytes]] = []
    frames: list[bytes] = []
    for name, content in chunks(body):
        if name in _METADATA:
            budget.spend(len(content))
            metadata.setdefault(name, content)
        elif name == b"ANMF":
            frames.append(content)
            limits.check_frames(len(frames))
        elif name == b"C2PA":
            notes.append(CARRIES_MANIFEST)
        elif name in (b"VP8X", b"ANIM", b"ALPH", *BITSTREAMS):
            pixels.append((name, content))
    width, height, decodable, lossless = _still(pixels, limits) if not frames else _animation(pixels, frames[0], limits)
    first = pixels if not frames else list(chunks(frames[0][16:]))
    quality = next((vp8.quality(content) for name, content in first if name == b"VP8 "), None)
    return Container(
        format="WEBP",
        media_type="image/webp",
        width=width,
        height=height,
        decodable=decodable,
        frames=max(1, len(frames)),
        lossless=lossless,
        quality=quality,
        exif=exif.strip_prefix(metadata[b"EXIF"]) if b"EXIF" in metadata else None,
        xmp=metadata.get(b"XMP "),
        icc=metadata.get(b"ICCP"),
        notes=tuple(notes),
    )


def chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(_MAX_CHUNKS):
        if at >= len(body):
            return
        name, size = struct.unpack("<4sI", piece(body, at, 8))
        yield name, piece(body, at + 8, size)
        at += 8 + size + size % 2
    raise damaged("it has too many chunks")


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def riff(*chunks: bytes) -> bytes:
    """A file of these chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _bitstream(chunks: list[tuple[bytes, bytes]], limits: ImageLimits) -> tuple[int, int, bytes, bytes]:
    """(width, height, alpha chunk or nothing, image chunk) of one frame."""
    alpha = b""
    for name, content in chunks:
        if name == b"ALPH":
            alpha = chunk(name, content)
        elif name in BITSTREAMS:
            width, height = bitstream_size(name, content)
            limits.check_size(width, height)
            return width, height, alpha, chunk(name, content)
    raise damaged("it has no image data")


def bitstream_size(name: bytes, content: bytes) -> tuple[int, int]:
    if name == b"VP8 ":
        if content[3:6] != b"\x9d\x01\x2a":
            raise damaged("its frame header is missing")
        width, height = struct.unpack("<HH", piece(content, 6, 4))
        return width & 0x3FFF, height & 0x3FFF
    if content[:1] != b"\x2f":
        raise damaged("its frame header is missing")
    bits = int.from_bytes(piece(content, 1, 4), "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _canvas(pixels: list[tuple[bytes, bytes]]) -> tuple[int, int] | None:
    for name, content in pixels:
        if name == b"VP8X":
            raw = piece(content, 4, 6)
            return int.from_bytes(raw[:3], "little") + 1, int.from_bytes(raw[3:], "little") + 1
    return None


def extended(width: int, height: int, flags: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return chunk(b"VP8X", bytes([flags, 0, 0, 0]) + size)


def still(chunks: list[tuple[bytes, bytes]], limits: ImageLimits) -> bytes:
    """A file of one frame's chunks. Raises UnreadableImage, TooLarge."""
    return _still(chunks, limits)[2]


def _still(pixels: list[tuple[bytes, bytes]], limits: ImageLimits) -> tuple[int, int, bytes, bool]:
    width, height, alpha, image = _bitstream(pixels, limits)
    if _canvas(pixels) not in (None, (width, height)):
        raise damaged("its two size fields differ")
    head = (extended(width, height, ALPHA), alpha) if alpha else ()
    return width, height, riff(*head, image), image.startswith(b"VP8L")


def _animation(pixels: list[tuple[bytes, bytes]], frame: bytes, limits: ImageLimits) -> tuple[int, int, bytes, bool]:
    """An animation of one frame: the decoder places it on the canvas."""
    canvas = _canvas(pixels)
    if canvas is None:
        raise damaged("it is animated but names no canvas")
    limits.check_size(*canvas)
    header = piece(frame, 0, 16)
    _, _, alpha, image = _bitstream(list(chunks(frame[16:])), limits)
    control = next((content for name, content in pixels if name == b"ANIM"), bytes(6))
    decodable = riff(
        extended(*canvas, ALPHA | ANIMATION), chunk(b"ANIM", control), chunk(b"ANMF", header + alpha + image)
    )
    return *canvas, decodable, image.startswith(b"VP8L")
