"""Animations for the image tests: some by Pillow, some put together byte by byte, and what Pillow shows of them."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from tests.unit.adapters.image_samples import PNG_SIGNATURE, png_chunk

NAMES = ("GIF", "PNG", "WEBP")


@dataclass(frozen=True)
class Part:
    """One stored frame: uint8[h, w, 4] whose alpha is 0 or 255, its place, and the numbers that the format gives it."""

    layers: np.ndarray
    left: int = 0
    top: int = 0
    delay: int = 7
    disposal: int = 0
    blend: int = 1


def moving(count: int, *, width: int = 96, height: int = 64, seed: int = 0) -> list[np.ndarray]:
    """uint8[H, W, 3] frames: a block of other colours that walks over a picture that stands still."""
    rng = np.random.default_rng(seed)
    ground = rng.integers(40, 216, (60, 3), dtype=np.uint8)[rng.integers(0, 60, (height, width))]
    frames = []
    for number in range(count):
        frame = ground.copy()
        left = number * (width - 16) // max(1, count - 1)
        frame[8:40, left : left + 16] = rng.integers(0, 256, (1, 1, 3), dtype=np.uint8)
        frames.append(frame)
    return frames


def by_pillow(frames: list[np.ndarray], name: str, **options: Any) -> bytes:
    """Lossless, but for a GIF's colours."""
    images = [Image.fromarray(frame) for frame in frames]
    if name == "GIF":
        images = [image if image.mode == "RGBA" else image.quantize(200) for image in images]
    extra = {"lossless": True, "exact": True} if name == "WEBP" else {}
    buffer = BytesIO()
    images[0].save(
        buffer, name, save_all=True, append_images=images[1:], **{"duration": 70, "loop": 0, **extra, **options}
    )
    return buffer.getvalue()


def seen_by_pillow(data: bytes) -> list[np.ndarray]:
    """uint8[H, W, 4] of every frame."""
    shown = []
    with Image.open(BytesIO(data)) as image:
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            shown.append(np.asarray(image.convert("RGBA")).copy())
    return shown


def timing(data: bytes) -> tuple[list[float], int | None]:
    """(milliseconds of every frame, rounds) as Pillow reads them."""
    with Image.open(BytesIO(data)) as image:
        delays = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            delays.append(float(image.info.get("duration", 0)))
        return delays, image.info.get("loop")


def raw_gif(size: tuple[int, int], parts: list[Part]) -> bytes:
    """Every part with a colour table of its own: at most 7 colours and the transparent one."""
    blocks = [b"GIF89a" + struct.pack("<HHBBB", *size, 0x70, 0, 0), b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x05\x00\x00"]
    for part in parts:
        height, width = part.layers.shape[:2]
        opaque = part.layers[..., 3] == 255
        colours = np.unique(part.layers[opaque][:, :3], axis=0)
        assert len(colours) <= 7
        indices = np.full((height, width), 7, np.uint8)
        for index, colour in enumerate(colours):
            indices[opaque & (part.layers[..., :3] == colour).all(axis=2)] = index
        table = colours.astype(np.uint8).tobytes().ljust(24, b"\x00")
        blocks.append(b"\x21\xf9\x04" + struct.pack("<BHBB", part.disposal << 2 | 1, part.delay, 7, 0))
        blocks.append(b"\x2c" + struct.pack("<HHHHB", part.left, part.top, width, height, 0x82) + table)
        blocks.append(_uncompressed_lzw(indices))
    return b"".join(blocks) + b"\x3b"


def _uncompressed_lzw(indices: np.ndarray) -> bytes:
    """Code size 3, a clear code before the table ever grows: each code has 4 bits."""
    codes = [8]
    for number, value in enumerate(indices.ravel()):
        if number and number % 6 == 0:
            codes.append(8)
        codes.append(int(value))
    codes.append(9)
    packed = bytes(low | high << 4 for low, high in zip(codes[::2], [*codes[1::2], 0][: len(codes[::2])], strict=True))
    chain = b"".join(bytes([len(packed[at : at + 255])]) + packed[at : at + 255] for at in range(0, len(packed), 255))
    return b"\x03" + chain + b"\x00"


def raw_apng(size: tuple[int, int], parts: list[Part], *, hidden: np.ndarray | None = None, rounds: int = 5) -> bytes:
    """RGBA. `hidden`: a default image that is no part of the animation."""
    chunks = [png_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0))]
    chunks.append(png_chunk(b"acTL", struct.pack(">II", len(parts), rounds)))
    sequence = 0
    if hidden is not None:
        chunks.append(png_chunk(b"IDAT", _rows(hidden)))
    for number, part in enumerate(parts):
        height, width = part.layers.shape[:2]
        place = (width, height, part.left, part.top)
        control = struct.pack(">IIIIIHHBB", sequence, *place, part.delay, 100, part.disposal, part.blend)
        chunks.append(png_chunk(b"fcTL", control))
        sequence += 1
        if number or hidden is not None:
            chunks.append(png_chunk(b"fdAT", struct.pack(">I", sequence) + _rows(part.layers)))
            sequence += 1
        else:
            chunks.append(png_chunk(b"IDAT", _rows(part.layers)))
    return PNG_SIGNATURE + b"".join(chunks) + png_chunk(b"IEND", b"")


def _rows(layers: np.ndarray) -> bytes:
    rows = np.zeros((layers.shape[0], 1 + layers.shape[1] * layers.shape[2]), np.uint8)
    rows[:, 1:] = layers.reshape(layers.shape[0], -1)
    return zlib.compress(rows.tobytes())


def raw_webp(size: tuple[int, int], parts: list[Part]) -> bytes:
    """Lossless frames. `disposal` 1 clears, `blend` 1 lays over."""
    body = _chunk(b"VP8X", b"\x12\x00\x00\x00" + _three(size[0] - 1) + _three(size[1] - 1))
    body += _chunk(b"ANIM", b"\x00\x00\x00\x00\x05\x00")
    for part in parts:
        height, width = part.layers.shape[:2]
        numbers = (part.left // 2, part.top // 2, width - 1, height - 1, part.delay * 10)
        buffer = BytesIO()
        Image.fromarray(part.layers).save(buffer, "WEBP", lossless=True, exact=True)
        still = buffer.getvalue()[12:]
        flags = bytes([(part.disposal == 1) | (0 if part.blend else 2)])
        body += _chunk(b"ANMF", b"".join(map(_three, numbers)) + flags + still)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _three(value: int) -> bytes:
    return value.to_bytes(3, "little")


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


RAW = {"GIF": raw_gif, "PNG": raw_apng, "WEBP": raw_webp}
