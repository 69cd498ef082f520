"""Digests and perceptual hashes: sha256 of bytes and of pixels, pHash (64 bits), PDQ (256 bits), Hamming distances.

A hash is a packed uint8 array, first bit in the highest place of the first byte: `hash.tobytes().hex()` is its usual
text form.
"""

import hashlib
import struct
from typing import Final, TypeAlias

import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from index.ports import Pixels

Hash: TypeAlias = NDArray[np.uint8]  # uint8[bytes]
Hashes: TypeAlias = NDArray[np.uint8]  # uint8[..., bytes]

PHASH_BYTES: Final = 8
PDQ_BYTES: Final = 32
PDQ_MIN_QUALITY: Final = 50  # below it PDQ's own paper calls a hash meaningless: too little structure
ORIENTATIONS: Final = ("as-is", "90", "180", "270", "flip-vertical", "flip-horizontal", "transpose", "anti-transpose")

_PIXELS_DOMAIN: Final = b"provenance:pixels:rgb8:1\0"


def sha256_bytes(data: bytes) -> str:
    """Lower-case hex digest of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_pixels(pixels: Pixels) -> str:
    """Lower-case hex digest of what a picture shows, the same for every lossless file of it.

    sha256 over a domain tag (which names the layout), height and width as big-endian uint32, then the rows of RGB
    bytes from the top. Height and width are in it because 2 x 8 and 4 x 4 pixels may hold the same bytes.
    """
    _require_rgb(pixels)
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(_PIXELS_DOMAIN + struct.pack(">II", height, width))
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def phash(pixels: Pixels) -> Hash:
    """uint8[8]: imagehash's pHash, the signs of the 8 x 8 lowest DCT coefficients against their median."""
    _require_rgb(pixels)
    bits = imagehash.phash(Image.fromarray(np.ascontiguousarray(pixels))).hash
    return np.packbits(np.asarray(bits, dtype=bool).ravel())


def pdq(pixels: Pixels) -> tuple[Hash, int]:
    """(uint8[32], quality 0..100): PDQ (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
    Algorithm", 2019).

    A distance up to 31 of 256 means near-duplicates; hashes under `PDQ_MIN_QUALITY` should not be compared.
    """
    _require_rgb(pixels)
    bits, quality = pdqhash.compute(np.ascontiguousarray(pixels))
    return _pack(bits), int(quality)


def pdq_dihedral(pixels: Pixels) -> tuple[Hashes, int]:
    """(uint8[8, 32], quality): PDQ of the picture in its eight orientations, in the order of `ORIENTATIONS`.

    For the query's side: the reference stays as it is, so a rotated or mirrored copy costs the index nothing.
    """
    _require_rgb(pixels)
    bits, quality = pdqhash.compute_dihedral(np.ascontiguousarray(pixels))
    return _pack(bits), int(quality)


def hamming(left: Hashes, right: Hashes) -> NDArray[np.int32]:
    """int32: differing bits along the last axis; the other axes broadcast (`left[:, None]` and `right` give a table).

    Raises ValueError when the hashes differ in length or are not uint8.
    """
    if left.dtype != np.uint8 or right.dtype != np.uint8 or left.shape[-1:] != right.shape[-1:]:
        raise ValueError(f"can't compare {left.dtype}{list(left.shape)} with {right.dtype}{list(right.shape)}")
    return np.asarray(np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.int32))


def _pack(bits: object) -> Hashes:
    return np.packbits(np.asarray(bits, dtype=np.uint8), axis=-1)


def _require_rgb(pixels: Pixels) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise ValueError(f"expected uint8[H, W, 3], got {pixels.dtype}{list(pixels.shape)}")
