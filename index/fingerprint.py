"""The fingerprint of one reference picture: all that matching needs of it, in about 20 kB that a database can keep.

Little-endian, no padding, version 2 (version 1 had one descriptor, without a name):

    4s  magic "PVFP"          u8  version
    u16 n, n bytes            names of the models, UTF-8, joined by line feeds
    32s sha256 of the pixels  8s pHash  32s PDQ  u8 PDQ quality
    u16 height, u16 width     working size in px
    u8 v, then v times        global descriptors, the primary one first:
      u16 n, n bytes          name of its model, UTF-8
      u16 d, f16[d]           unit vector
    u16 k, u16[k, 2]          keypoints x, y in 1/128 px
    u8[k] u8[k]               scale as 16 log2(px), angle in 1/256 turn
    u16[k] u8[k, 32]          cell and code of the descriptor (`index.local.codebook`)
    u32 n, n bytes            luma thumbnail, long side 240 px, WebP
    u32                       CRC-32 of everything before it
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from index.hashes import PDQ_BYTES, PHASH_BYTES
from index.local.codebook import PARTS, Codebook
from index.local.features import LocalFeatures, ReferenceFeatures

VERSION: Final = 2
_MAGIC: Final = b"PVFP"
_HEAD: Final = struct.Struct("<4sB")
_FIXED: Final = struct.Struct(f"<32s{PHASH_BYTES}s{PDQ_BYTES}sBHH")
_SUBPIXEL: Final = 128.0
_OCTAVE: Final = 16.0
_TURN: Final = 256.0 / (2 * np.pi)
_WEBP: Final = (40, 20, 8)  # qualities, tried in turn: the dense check blurs more than they lose
_THUMBNAIL: Final = 5000  # bytes that end the trying


class DamagedFingerprint(ValueError):
    """The bytes are no fingerprint, were cut short, or changed: their CRC-32 is wrong."""


class ForeignFingerprint(ValueError):
    """A whole fingerprint, but of another version or made by other models: its numbers can't be compared with ours."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """`vectors` float16[dim] of unit length by the name of their model, the primary one first; `points` uint16[k, 2],
    `scales` and `angles` uint8[k], `cells` uint16[k], `codes` uint8[k, 32] as they are packed; `shape` (height, width)
    of the working size; `thumbnail` WebP bytes."""

    models: tuple[str, ...]
    pixels_sha256: bytes
    phash: NDArray[np.uint8]
    pdq: NDArray[np.uint8]
    pdq_quality: int
    shape: tuple[int, int]
    vectors: Mapping[str, NDArray[np.float16]]
    points: NDArray[np.uint16]
    scales: NDArray[np.uint8]
    angles: NDArray[np.uint8]
    cells: NDArray[np.uint16]
    codes: NDArray[np.uint8]
    thumbnail: bytes

    def features(self, codebook: Codebook) -> ReferenceFeatures:
        """The keypoints as numbers again: positions to 1/128 px, scales to 4 %, angles to 1.4 degrees."""
        return ReferenceFeatures(
            points=self.points.astype(np.float32) / np.float32(_SUBPIXEL),
            scales=np.exp2(self.scales.astype(np.float32) / np.float32(_OCTAVE)),
            angles=self.angles.astype(np.float32) / np.float32(_TURN),
            descriptors=codebook.decode(self.codes),
            shape=self.shape,
        )

    @property
    def vector(self) -> NDArray[np.float16]:
        """The primary descriptor."""
        return next(iter(self.vectors.values()))

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """The thumbnail, uint8[h, w]. Raises DamagedFingerprint when it can't be decoded."""
        image = cv2.imdecode(np.frombuffer(self.thumbnail, np.uint8), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise DamagedFingerprint("the thumbnail in a fingerprint can't be decoded")
        return np.asarray(image, np.uint8)

    def pack(self) -> bytes:
        body = b"".join(
            (
                _HEAD.pack(_MAGIC, VERSION),
                _text("\n".join(self.models)),
                _FIXED.pack(
                    self.pixels_sha256, self.phash.tobytes(), self.pdq.tobytes(), self.pdq_quality, *self.shape
                ),
                struct.pack("<B", len(self.vectors)),
                *(_text(name) + _halves(vector) for name, vector in self.vectors.items()),
                struct.pack("<H", len(self.points)),
                self.points.astype("<u2").tobytes(),
                self.scales.tobytes(),
                self.angles.tobytes(),
                self.cells.astype("<u2").tobytes(),
                self.codes.tobytes(),
                struct.pack("<I", len(self.thumbnail)),
                self.thumbnail,
            )
        )
        return body + struct.pack("<I", zlib.crc32(body))


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("<H", len(encoded)) + encoded


def _halves(vector: NDArray[np.float16]) -> bytes:
    return struct.pack("<H", len(vector)) + vector.astype("<f2").tobytes()


def quantise(features: LocalFeatures) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint8]]:
    """Points, scales and angles of keypoints in the units of the packed form."""
    points = np.clip(np.rint(features.points * _SUBPIXEL), 0, 65535).astype(np.uint16)
    scales = np.clip(np.rint(np.log2(np.maximum(features.scales, 1.0)) * _OCTAVE), 0, 255).astype(np.uint8)
    angles = (np.rint(features.angles * _TURN).astype(np.int64) % 256).astype(np.uint8)
    return points, scales, angles


def encode_thumbnail(luma: NDArray[np.uint8]) -> bytes:
    """WebP bytes of uint8[h, w], about 5 kB at most: what is finely textured all over is compressed harder."""
    encoded = b""
    for quality in _WEBP:
        done, data = cv2.imencode(".webp", luma, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if not done:
            raise ValueError(f"could not encode a thumbnail of {luma.shape[1]} x {luma.shape[0]} px")
        encoded = bytes(data.tobytes())
        if len(encoded) <= _THUMBNAIL:
            break
    return encoded


def unpack(data: bytes | memoryview) -> Fingerprint:
    """Read the packed form. Raises DamagedFingerprint, or ForeignFingerprint on another version."""
    view = memoryview(data)
    if len(view) < _HEAD.size + 4 or bytes(view[:4]) != _MAGIC:
        raise DamagedFingerprint("these bytes are not a fingerprint")
    if zlib.crc32(view[:-4]) != struct.unpack("<I", view[-4:])[0]:
        raise DamagedFingerprint("a fingerprint was changed or cut short: its CRC-32 is wrong")
    if view[4] != VERSION:
        raise ForeignFingerprint(f"a fingerprint has version {view[4]}, this program reads {VERSION}")
    try:
        return _read(_Reader(view[_HEAD.size : -4]))
    except (struct.error, UnicodeDecodeError) as error:
        raise DamagedFingerprint(f"a fingerprint's fields don't add up: {error}") from error


class _Reader:
    def __init__(self, view: memoryview) -> None:
        self._view = view

    def take(self, size: int) -> memoryview:
        if size > len(self._view):
            raise DamagedFingerprint("a fingerprint ends inside a field")
        taken, self._view = self._view[:size], self._view[size:]
        return taken

    def number(self, kind: str) -> int:
        layout = struct.Struct("<" + kind)
        return int(layout.unpack(self.take(layout.size))[0])

    def text(self) -> str:
        return bytes(self.take(self.number("H"))).decode()

    def vectors(self) -> dict[str, NDArray[np.float16]]:
        found = {}
        for _ in range(self.number("B")):
            name = self.text()
            found[name] = np.asarray(self.array("<f2", self.number("H")), np.float16)
        if not found:
            raise DamagedFingerprint("a fingerprint has no global descriptor")
        return found

    def array(self, dtype: str, count: int) -> NDArray[np.generic]:
        return np.frombuffer(self.take(count * np.dtype(dtype).itemsize), dtype)

    def finish(self) -> None:
        if len(self._view):
            raise DamagedFingerprint(f"a fingerprint has {len(self._view)} bytes too many")


def _read(reader: _Reader) -> Fingerprint:
    models = tuple(reader.text().split("\n"))
    sha, phash, pdq, quality, height, width = _FIXED.unpack(reader.take(_FIXED.size))
    vectors = reader.vectors()
    count = reader.number("H")
    found = Fingerprint(
        models=models,
        pixels_sha256=sha,
        phash=np.frombuffer(phash, np.uint8),
        pdq=np.frombuffer(pdq, np.uint8),
        pdq_quality=quality,
        shape=(height, width),
        vectors=vectors,
        points=np.asarray(reader.array("<u2", 2 * count), np.uint16).reshape(count, 2),
        scales=np.asarray(reader.array("u1", count), np.uint8),
        angles=np.asarray(reader.array("u1", count), np.uint8),
        cells=np.asarray(reader.array("<u2", count), np.uint16),
        codes=np.asarray(reader.array("u1", PARTS * count), np.uint8).reshape(count, PARTS),
        thumbnail=bytes(reader.take(reader.number("I"))),
    )
    reader.finish()
    return found
