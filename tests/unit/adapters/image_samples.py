"""Files for the image tests, made on the spot, and what they are taken apart with."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def photo(width: int = 96, height: int = 64, seed: int = 0) -> np.ndarray:
    """uint8[H, W, 3] with smooth colours and some grain: every corner different, nothing saturated."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(40, 216, (6, 8, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    return np.clip(smooth + rng.integers(-3, 4, smooth.shape), 0, 255).astype(np.uint8)


def saved(pixels: np.ndarray | Image.Image, name: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    """What an independent reader (plain Pillow) sees."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB."""
    error = np.mean((first.astype(np.float64) - second) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_with(data: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG with chunks put right after its header."""
    return data[:33] + b"".join(png_chunk(*chunk) for chunk in chunks) + data[33:]


def png_chunks(data: bytes) -> dict[bytes, bytes]:
    """The last body of each kind of chunk."""
    found = {}
    at = 8
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found[data[at + 4 : at + 8]] = data[at + 8 : at + 8 + size]
        at += 12 + size
    return found


def raw_png(header: tuple[int, int, int, int], rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG from (width, height, depth, colour type) and filtered rows: for what Pillow can't write."""
    body = png_chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0))
    middle = b"".join(png_chunk(*chunk) for chunk in chunks)
    return PNG_SIGNATURE + body + middle + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def exif_block(orientation: int, *, thumbnail: bytes = b"", artist: str = "Ada L.") -> bytes:
    """A little-endian EXIF structure: orientation and artist, colour space and sizes, and perhaps a thumbnail."""
    name = artist.encode() + b"\x00"
    details_at = 8 + 2 + 3 * 12 + 4
    second_at = details_at + 2 + 3 * 12 + 4
    name_at = second_at + 2 + 2 * 12 + 4
    thumbnail_at = name_at + len(name)
    main = _directory(
        [(0x0112, 3, 1, orientation), (0x013B, 2, len(name), name_at), (0x8769, 4, 1, details_at)],
        second_at if thumbnail else 0,
    )
    details = _directory([(0xA001, 3, 1, 0xFFFF), (0xA002, 4, 1, 96), (0xA003, 4, 1, 64)], 0)
    second = _directory([(0x0201, 4, 1, thumbnail_at), (0x0202, 4, 1, len(thumbnail))], 0)
    return b"II*\x00" + struct.pack("<I", 8) + main + details + second + name + thumbnail


def _directory(entries: list[tuple[int, int, int, int]], following: int) -> bytes:
    return (
        struct.pack("<H", len(entries))
        + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        + struct.pack("<I", following)
    )


def rgb_profile(primaries: tuple[tuple[float, float], ...], gamma: float, description: str = "test") -> bytes:
    """An ICC v2 matrix profile for a D65 RGB space: `primaries` are (x, y) of red, green, blue."""
    matrix = _to_pcs(primaries)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = description.encode() + b"\x00"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78 + (-(12 + len(text) + 78)) % 4),
        b"cprt": b"text" + bytes(4) + b"none",
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
        b"rXYZ": _xyz(matrix[:, 0]),
        b"gXYZ": _xyz(matrix[:, 1]),
        b"bXYZ": _xyz(matrix[:, 2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, bodies = b"", b""
    at = 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += name + struct.pack(">II", at + len(bodies), len(body))
        bodies += body
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, at + len(bodies), b"lcms", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head[36:40] = b"acsp"
    head[68:80] = b"".join(struct.pack(">i", round(v * 65536)) for v in (0.9642, 1.0, 0.8249))
    return bytes(head) + struct.pack(">I", len(tags)) + table + bodies


BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D65 = np.array([0.95047, 1.0, 1.08883])
D50 = np.array([0.9642, 1.0, 0.8249])
SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_PRIMARIES = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
P3_PRIMARIES = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))


def to_xyz_d65(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    """float64[3, 3]: linear RGB to XYZ relative to D65."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    return columns * np.linalg.solve(columns, D65)


def _to_pcs(primaries: tuple[tuple[float, float], ...]) -> np.ndarray:
    scale = np.diag((BRADFORD @ D50) / (BRADFORD @ D65))
    return np.linalg.inv(BRADFORD) @ scale @ BRADFORD @ to_xyz_d65(primaries)


def _xyz(values: object) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(float(v) * 65536)) for v in values)


def expected_srgb(pixels: np.ndarray, primaries: tuple[tuple[float, float], ...], gamma: float) -> np.ndarray:
    """float64[H, W, 3], 0..255, from the textbook formulas (IEC 61966-2-1), with no colour engine in between."""
    linear = (pixels / 255.0) ** gamma
    matrix = np.linalg.inv(to_xyz_d65(SRGB_PRIMARIES)) @ to_xyz_d65(primaries)
    light = np.clip(linear @ matrix.T, 0, 1)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return encoded * 255
