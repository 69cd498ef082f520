"""Blind detection: find the constellation, read its phases, decode, and believe only a verified tag.

1. Energy. Every geometric hypothesis is scored by the whitened energy at the 28 sync points; the best climb.
2. Phase. One inverse FFT of the sync points' phases gives the translation (period 512 px) and tells B from -B. Its peak
   over its deviation under noise, z, ranks the candidates.
3. Message. The message points are turned back by that translation, combined to 1024 soft bits and list-decoded.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.watermark import kernels
from provenance.watermark.code import TAG_BITS, TaggedCode
from provenance.watermark.demodulator import Demodulator
from provenance.watermark.geometry import (
    TILE,
    Maps,
    Placement,
    candidate_of,
    enlarged,
    grid,
    hypotheses_for,
    placement,
    resolution,
)
from provenance.watermark.layout import PERIOD, layout_of
from provenance.watermark.polar import Bits
from provenance.watermark.spectrum import Analysis, Spectrum
from provenance.watermark.synchroniser import Sync, Synchroniser, turned_back

Grid = tuple[float, float, float, float, float, float]

_LIST: Final = 8
_WIDE_LIST: Final = 32
_LAST_LIST: Final = 128
_DECODED: Final = 4  # candidates a stage
_WIDE_DECODED: Final = 2  # of them also with the wide list
_SURE_Z: Final = 12.0  # over it the geometry is settled, decoded or not
_LAST_Z: Final = 7.0  # over it the best candidate of all gets the last list
_SCALED_CLIMBERS: Final = 60
_SCALED_CANDIDATES: Final = 16
_SHORT: Final = 512  # analysed pixels; shorter pictures are cheap, and crops are short:
_SHORT_CANDIDATES: Final = 40
_SCALED_HALVINGS: Final = 5
_CLIMBERS: Final = 120
_CANDIDATES: Final = 20
_CLIMB_STEP: Final = 0.5 / 20  # of a bin at a sync point's typical radius
_CLIMB_HALVINGS: Final = 4
_DISTINCT: Final = 0.6  # of a first climbing step: nearer maps are the same candidate


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """A family of hypotheses. The thresholds on z lie where the best candidate of an unmarked picture does: the more is
    searched, the higher."""

    search: Callable[[], list[NDArray[np.float64]]]
    decode_z: float
    wide_z: float


_STAGES: Final = 6  # three families in the whole picture, one in each of three parts

MAX_TAG_CHECKS: Final = _STAGES * ((1 + _DECODED) * _LIST + _WIDE_DECODED * _WIDE_LIST) + _LAST_LIST
"""Tags compared per key and picture, at most."""
FALSE_POSITIVE_BOUND: Final = MAX_TAG_CHECKS * 2.0**-TAG_BITS
"""Union bound on the probability that one key answers for a picture that it never marked."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A verified payload and how its pattern lies in the picture."""

    payload: int
    placement: Placement
    grid: Grid  # from the picture's pixels to the pattern's


class LatticeDetector:
    """Everything that one key needs to read pictures. Immutable, so safe to share between threads."""

    def __init__(self, key: bytes) -> None:
        layout = layout_of(key)
        self._code = TaggedCode(key)
        self._demodulator = Demodulator(layout)
        self._synchroniser = Synchroniser(layout, self._demodulator)
        self._message_points = layout.message / PERIOD

    def read(self, analysis: Analysis) -> Reading | None:
        """Search the whole picture; then what is left of it when somebody subtracted an estimate of the mark, by the
        likeliest hypotheses. Checks at most MAX_TAG_CHECKS tags."""
        return (
            self._search_all(analysis.whole)
            or self._search_scale(analysis.textured)
            or self._search_scale(analysis.busiest)
            or self._search_scale(analysis.contrary)
        )

    def _search_scale(self, spectrum: Spectrum) -> Reading | None:
        return self._read_stage(spectrum, self._scaled_stage(spectrum))[0]

    def _search_all(self, spectrum: Spectrum) -> Reading | None:
        """All hypotheses, likeliest first."""
        best: Sync | None = None
        for stage in self._stages(spectrum):
            reading, synced = self._read_stage(spectrum, stage)
            if reading is not None:
                return reading
            if best is None or synced[0].z > best.z:
                best = synced[0]
            if best.z > _SURE_Z:
                break
        if best is None or best.z < _LAST_Z:
            return None
        return self._decode(spectrum, self._polish(spectrum, best), _LAST_LIST)

    def _stages(self, spectrum: Spectrum) -> Iterator[_Stage]:
        maps = hypotheses_for(spectrum.length)
        yield self._scaled_stage(spectrum)
        yield _Stage(lambda: self._search(spectrum, maps.upright), decode_z=6.6, wide_z=7.2)
        yield _Stage(lambda: self._search(spectrum, maps.turned), decode_z=6.6, wide_z=7.2)

    def _scaled_stage(self, spectrum: Spectrum) -> _Stage:
        maps = hypotheses_for(spectrum.length).scaled
        return _Stage(lambda: self._search_scaled(spectrum, maps), decode_z=5.6, wide_z=5.8)

    def _read_stage(self, spectrum: Spectrum, stage: _Stage) -> tuple[Reading | None, list[Sync]]:
        """What the stage reads, and its candidates by falling z. The first sure one is decoded at once."""
        synced: list[Sync] = []
        for candidate in stage.search():
            sync = self._synchroniser.locate(spectrum, candidate)
            if sync.z > _SURE_Z and all(other.z <= _SURE_Z for other in synced):
                sync = self._polish(spectrum, sync)
                reading = self._decode(spectrum, sync, _LIST)
                if reading is not None:
                    return reading, []
            synced.append(sync)
        synced.sort(key=lambda sync: -sync.z)
        return self._decode_best(spectrum, synced, stage), synced

    def _search_scaled(self, spectrum: Spectrum, maps: Maps) -> list[NDArray[np.float64]]:
        """The best distinct maps when only the scale may vary, best first. A crop, a copy or a thumbnail is one of so
        few hypotheses that sync too weak for the large searches stands out here."""
        points = self._synchroniser.points
        scores = kernels.scores(spectrum.power, points, maps)
        climbed = []
        for index in np.argsort(-scores)[:_SCALED_CLIMBERS]:
            candidate = maps[index].copy()
            scale = 1 / math.sqrt(abs(candidate[0] * candidate[3] - candidate[1] * candidate[2]))
            step = resolution(spectrum.length, scale) / 3
            climbed.append((kernels.climb_scale(spectrum.power, points, candidate, step, _SCALED_HALVINGS), candidate))
        count = _SCALED_CANDIDATES if spectrum.length > _SHORT else _SHORT_CANDIDATES
        return _distinct(climbed, _step(spectrum), count)

    def _search(self, spectrum: Spectrum, maps: Maps) -> list[NDArray[np.float64]]:
        """The best distinct maps after climbing over all four entries, best first."""
        points = self._synchroniser.points
        coarse = kernels.coarse_scores(spectrum.levels, spectrum.mean_level, points, maps)
        step = _step(spectrum)
        climbed = []
        for index in np.argpartition(-coarse, min(_CLIMBERS, len(maps) - 1))[:_CLIMBERS]:
            candidate = maps[index].copy()
            climbed.append((kernels.climb(spectrum.power, points, candidate, step, _CLIMB_HALVINGS), candidate))
        return _distinct(climbed, step, _CANDIDATES)

    def _decode_best(self, spectrum: Spectrum, synced: list[Sync], stage: _Stage) -> Reading | None:
        """Decode the best four that are synchronised, each with the short list, the two surest with the long one
        too."""
        wide = 0
        for rough in synced[:_DECODED]:
            if rough.z < stage.decode_z:
                break
            sync = self._polish(spectrum, rough)
            reading = self._decode(spectrum, sync, _LIST)
            if reading is None and sync.z > stage.wide_z and wide < _WIDE_DECODED:
                wide += 1
                reading = self._decode(spectrum, sync, _WIDE_LIST)
            if reading is not None:
                return reading
        return None

    def _polish(self, spectrum: Spectrum, sync: Sync) -> Sync:
        """Climb over all four entries of the map; kept where the phases agree."""
        candidate = sync.candidate.copy()
        kernels.climb(spectrum.power, self._synchroniser.points, candidate, _step(spectrum), _CLIMB_HALVINGS)
        return self._synchroniser.move(spectrum, sync, candidate)

    def _decode(self, spectrum: Spectrum, sync: Sync, list_size: int) -> Reading | None:
        soft = self._soft_bits(spectrum, sync)
        payload = self._code.decode(soft, list_size)
        if payload is None:
            return None
        return Reading(
            payload,
            placement(sync.candidate, sync.half_turn, spectrum.reduction),
            _flat(enlarged(grid(sync.candidate, sync.half_turn, sync.offset, spectrum.shape), spectrum.reduction)),
        )

    def codeword(self, spectrum: Spectrum, payload: int, grid: NDArray[np.float64]) -> Bits:
        """uint8[1024]: which of the payload's codewords a picture carries, whose analysed pixels lie on the pattern as
        `grid` float64[2, 3] says."""
        candidate, offset = candidate_of(grid, spectrum.shape)
        return self._code.nearest(payload, self._soft_bits(spectrum, Sync(0.0, False, offset, candidate)))

    def _soft_bits(self, spectrum: Spectrum, sync: Sync) -> NDArray[np.float64]:
        values, noise = kernels.sample(spectrum.values, spectrum.background, self._message_points, sync.candidate)
        message = turned_back(values, noise, self._message_points, sync)
        return self._demodulator.soft_bits(message, self._synchroniser.samples(spectrum, sync))


def _flat(grid: NDArray[np.float64]) -> Grid:
    (a, b, c), (d, e, f) = grid.tolist()
    return a, b, c, d, e, f


def _step(spectrum: Spectrum) -> float:
    """A climb's first step."""
    return _CLIMB_STEP * TILE / spectrum.length


def _distinct(climbed: list[tuple[float, NDArray[np.float64]]], step: float, count: int) -> list[NDArray[np.float64]]:
    """The best `count` maps that are not the same as a better one, best first."""
    kept: list[NDArray[np.float64]] = []
    for _, candidate in sorted(climbed, key=lambda item: -item[0]):
        if all(np.abs(candidate - other).max() > _DISTINCT * step for other in kept):
            kept.append(candidate)
        if len(kept) == count:
            break
    return kept
