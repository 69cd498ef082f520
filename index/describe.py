"""From pixels to what is compared: a `Fingerprint` of a reference, a `Query` of a picture that is asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index import hashes
from index.fingerprint import Fingerprint, encode_thumbnail, quantise
from index.local.codebook import Codebook
from index.local.dense import SIDE
from index.local.features import WORKING_SIDE, LocalFeatures, extract, working_gray
from index.ports import Embedder, Pixels

REFERENCE_KEYPOINTS: Final = 350  # 40 bytes each
QUERY_KEYPOINTS: Final = 600  # not stored; a work pasted into a bigger picture has only some of them
_PHASH: Final = "phash-64/1"
_PDQ: Final = "pdq-256/1"


class Query:
    """One picture that is asked about. Each description is computed when it is first needed, for one thread's use."""

    def __init__(self, pixels: Pixels, embedder: Embedder) -> None:
        self._pixels = pixels
        self._embedder = embedder

    @cached_property
    def pixels_sha256(self) -> bytes:
        return bytes.fromhex(hashes.sha256_pixels(self._pixels))

    @cached_property
    def pdq(self) -> tuple[NDArray[np.uint8], int]:
        """uint8[8, 32] in the order of `hashes.ORIENTATIONS`, and the quality 0..100."""
        return hashes.pdq_dihedral(self._pixels)

    @cached_property
    def phash(self) -> NDArray[np.uint8]:
        return hashes.phash(self._pixels)

    @cached_property
    def vector(self) -> NDArray[np.float32]:
        """float32[dim], unit length."""
        return np.asarray(self._embedder.embed([self._pixels])[0], np.float32)

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """uint8[h, w] at working size."""
        return working_gray(self._pixels, by_area=True)

    @cached_property
    def features(self) -> LocalFeatures:
        return extract(self.luma, QUERY_KEYPOINTS)


@dataclass(frozen=True, slots=True)
class Describer:
    """The models of one index. `embedder` may be any `index.ports.Embedder`."""

    embedder: Embedder
    codebook: Codebook

    @property
    def models(self) -> tuple[str, ...]:
        """Names of everything whose change would change a fingerprint."""
        local = f"{self.codebook.name}/{WORKING_SIDE}px-{REFERENCE_KEYPOINTS}"
        return self.embedder.model, _PHASH, _PDQ, local

    def query(self, picture: Pixels) -> Query:
        return Query(checked(picture), self.embedder)

    def fingerprints(self, pictures: Sequence[Pixels]) -> list[Fingerprint]:
        """One for each uint8[H, W, 3] picture. Raises ValueError on any other array."""
        pictures = [checked(picture) for picture in pictures]
        vectors = self.embedder.embed(pictures)
        return [self._fingerprint(picture, vector) for picture, vector in zip(pictures, vectors, strict=True)]

    def _fingerprint(self, picture: Pixels, vector: NDArray[np.float32]) -> Fingerprint:
        luma = working_gray(picture)
        found = extract(luma, REFERENCE_KEYPOINTS)
        points, scales, angles = quantise(found)
        pdq, quality = hashes.pdq(picture)
        cells = self.codebook.assign(found.descriptors)[1][:, 0] if len(found) else np.zeros(0)
        return Fingerprint(
            models=self.models,
            pixels_sha256=bytes.fromhex(hashes.sha256_pixels(picture)),
            phash=hashes.phash(picture),
            pdq=pdq,
            pdq_quality=quality,
            shape=found.shape,
            vector=vector.astype(np.float16),
            points=points,
            scales=scales,
            angles=angles,
            cells=cells.astype(np.uint16),
            codes=self.codebook.encode(found.descriptors),
            thumbnail=encode_thumbnail(working_gray(picture, SIDE)),
        )


def checked(picture: Pixels) -> Pixels:
    """The picture, if it is one: uint8[H, W, 3] with at least one pixel. Raises ValueError otherwise."""
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is uint8[H, W, 3], this is {picture.dtype}{list(picture.shape)}")
    return picture
