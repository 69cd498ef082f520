"""From pixels to what is compared: a `Fingerprint` of a reference, a `Query` of a picture that is asked about."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index import hashes
from index.fingerprint import VERSION, Fingerprint, encode_thumbnail, quantise
from index.local.codebook import Codebook
from index.local.dense import SIDE
from index.local.features import SELECTION, WORKING_SIDE, LocalFeatures, extract, working_gray
from index.ports import Embedder, Pixels

REFERENCE_KEYPOINTS: Final = 350  # 40 bytes each
QUERY_KEYPOINTS: Final = 800  # not stored; a work pasted into a bigger picture has only some of them
_DARK: Final = 48  # luma of ink at most
_LIGHT: Final = 208  # and of paper at least
_TWO_TONE: Final = 0.75  # of all px are one or the other
_INK: Final = 0.03  # of all px are the rarer of the two
_PHASH: Final = "phash-64/1"
_PDQ: Final = "pdq-256/1"


@dataclass(frozen=True, slots=True, eq=False)
class ExtraVector:
    """A query's descriptor by an embedder beside the primary one: `vector` float32[dim] of unit length."""

    model: str
    threshold: float
    vector: NDArray[np.float32]


class Query:
    """One picture that is asked about. Each description is computed when it is first needed, for one thread's use.

    `embedders` are those of the index, the primary one first.
    """

    def __init__(self, pixels: Pixels, embedders: Sequence[Embedder]) -> None:
        self._pixels = pixels
        self._embedders = embedders

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
        return np.asarray(self._embedders[0].embed([self._pixels])[0], np.float32)

    @cached_property
    def extras(self) -> tuple[ExtraVector, ...]:
        """One for each embedder after the primary one."""
        return tuple(
            ExtraVector(extra.model, extra.threshold, np.asarray(extra.embed([self._pixels])[0], np.float32))
            for extra in self._embedders[1:]
        )

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """uint8[h, w] at working size."""
        return working_gray(self._pixels, by_area=True)

    @cached_property
    def two_tone(self) -> bool:
        return is_two_tone(self.luma)

    @cached_property
    def features(self) -> LocalFeatures:
        return extract(self.luma, QUERY_KEYPOINTS)


@dataclass(frozen=True, slots=True)
class Describer:
    """The models of one index. `embedder` may be any `index.ports.Embedder`; `extras` are further ones, which widen the
    shortlist and speak for themselves, but are no part of the calibrated score. Raises ValueError when one comes
    twice."""

    embedder: Embedder
    codebook: Codebook
    extras: tuple[Embedder, ...] = ()

    def __post_init__(self) -> None:
        names = [embedder.model for embedder in self.embedders]
        if len(set(names)) < len(names):
            raise ValueError(f"each embedder may come once, these are {', '.join(names)}")

    @property
    def embedders(self) -> tuple[Embedder, ...]:
        """The primary one first."""
        return self.embedder, *self.extras

    @property
    def models(self) -> tuple[str, ...]:
        """Names of everything whose change would change a fingerprint."""
        local = f"{self.codebook.name}/{WORKING_SIDE}px-{REFERENCE_KEYPOINTS}-{SELECTION}"
        extras = (extra.model for extra in self.extras)
        return self.embedder.model, _PHASH, _PDQ, local, f"fingerprint/{VERSION}", *extras

    def query(self, picture: Pixels) -> Query:
        return Query(checked(picture), self.embedders)

    def fingerprints(self, pictures: Sequence[Pixels]) -> list[Fingerprint]:
        """One for each uint8[H, W, 3] picture. Raises ValueError on any other array."""
        pictures = [checked(picture) for picture in pictures]
        rows = zip(*(embedder.embed(pictures) for embedder in self.embedders), strict=True)
        return [self._fingerprint(picture, row) for picture, row in zip(pictures, rows, strict=True)]

    def _fingerprint(self, picture: Pixels, vectors: Sequence[NDArray[np.float32]]) -> Fingerprint:
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
            vectors={e.model: v.astype(np.float16) for e, v in zip(self.embedders, vectors, strict=True)},
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


def is_two_tone(luma: NDArray[np.uint8]) -> bool:
    """Ink on paper or a screen: codes, pages of text, diagrams."""
    dark, light = float((luma < _DARK).mean()), float((luma > _LIGHT).mean())
    return dark + light >= _TWO_TONE and min(dark, light) >= _INK
