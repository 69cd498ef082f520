"""16 bits a sample, written as PNG and as TIFF: Pillow writes them for grey without alpha only."""

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.adapters.images import png

_COLOUR_TYPES: Final = {1: 0, 2: 4, 3: 2, 4: 6}  # PNG, by the number of samples
_LEVEL: Final = 6
_ROWS: Final = 128  # of a picture at a time, while filters are tried


def png_file(layers: NDArray[np.uint16]) -> bytes:
    """uint16[H, W, 1 to 4]: grey, grey and alpha, RGB, RGB and alpha."""
    height, width, count = layers.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[count], 0, 0, 0)
    rows = layers.astype(">u2").view(np.uint8).reshape(height, width * count * 2)
    packer = zlib.compressobj(_LEVEL)
    parts = []
    above = np.zeros((1, rows.shape[1]), np.uint8)
    for top in range(0, height, _ROWS):
        block = rows[top : top + _ROWS]
        parts.append(packer.compress(_filtered(block, np.vstack((above, block[:-1])), 2 * count).tobytes()))
        above = block[-1:]
    data = b"".join([*parts, packer.flush()])
    body = png.chunk(b"IHDR", header) + png.chunk(b"IDAT", data) + png.chunk(b"IEND", b"")
    return png.SIGNATURE + body


def _filtered(rows: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """uint8[h, 1 + bytes]: each row by the filter whose differences are smallest in sum (PNG, section 12.7)."""
    left, corner = (np.hstack((np.zeros((len(a), step), np.uint8), a[:, :-step])) for a in (rows, above))
    mean = ((left.astype(np.uint16) + above) // 2).astype(np.uint8)
    tried = np.stack([rows - guess for guess in (np.zeros_like(rows), left, above, mean, _paeth(left, above, corner))])
    sizes = np.minimum(tried, 0 - tried).sum(axis=2, dtype=np.int64)
    best = sizes.argmin(axis=0)
    chosen: NDArray[np.uint8] = tried[best, np.arange(len(rows))]
    return np.hstack((best.astype(np.uint8)[:, None], chosen))


def _paeth(left: NDArray[np.uint8], above: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    a, b, c = (part.astype(np.int16) for part in (left, above, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    first = np.where((to_a <= to_b) & (to_a <= to_c), a, np.where(to_b <= to_c, b, c))
    return first.astype(np.uint8)


def tiff_file(layers: NDArray[np.uint16]) -> bytes:
    """uint16[H, W, 1 to 4], little-endian, one Deflate strip with horizontal differencing (TIFF 6.0, section 14)."""
    height, width, count = layers.shape
    differences = layers.copy()
    differences[:, 1:] -= layers[:, :-1]
    data = zlib.compress(differences.astype("<u2").tobytes(), _LEVEL)
    data += bytes(len(data) % 2)
    bits_at = 8 + len(data)
    bits = struct.pack(f"<{count}H", *([16] * count))
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, count, {1: 16, 2: 16 | 16 << 16}.get(count, bits_at))]
    entries += [(259, 3, 1, 8), (262, 3, 1, 2 if count > 2 else 1), (273, 4, 1, 8), (277, 3, 1, count)]
    entries += [(278, 4, 1, height), (279, 4, 1, len(data)), (284, 3, 1, 1), (317, 3, 1, 2)]
    if count in (2, 4):
        entries.append((338, 3, 1, 2))  # alpha that is not multiplied in
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\x00" + struct.pack("<I", bits_at + len(bits)) + data + bits + directory + bytes(4)
