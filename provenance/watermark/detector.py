"""Blind detection: find the constellation, read its phases, decode, and believe only a verified tag.

1. Energy. Every geometric hypothesis is scored by the whitened energy at the 28 sync points; the best 60 climb.
2. Phase. One inverse FFT of the sync points' phases gives the translation (period 512 px) and tells B from -B. Its peak
   over its deviation under noise, z, ranks the candidates.
3. Message. The message points are turned back by that translation, weighted by amplitude / background power (maximum-ratio
   combining, Brennan 1959), summed to 1024 soft bits and list-decoded.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark import kernels
from provenance.watermark.code import TAG_BITS, TaggedCode
from provenance.watermark.geometry import TILE, Maps, Placement, maps_for, placement
from provenance.watermark.layout import PERIOD, layout_of
from provenance.watermark.spectrum import Spectrum

FREQUENCY_LIMIT: Final = 0.46
"""Cycles per pixel; over it there is little but quantisation noise."""

_CLIMBERS: Final = 60
_CANDIDATES: Final = 12
_DECODED: Final = 4
_WIDE_DECODED: Final = 2
_LIST: Final = 8
_WIDE_LIST: Final = 32
_SYNC_Z: Final = 5.8  # under it a candidate is not decoded
_WIDE_Z: Final = 6.8  # over it the wide list may try too
_SURE_Z: Final = 12.0  # over it the geometry is settled, decoded or not
_CLIMB_STEP: Final = 0.5 / 20  # of a bin at a sync point's typical radius
_CLIMB_LEVELS: Final = 4
_STAGES: Final = 2

MAX_TAG_CHECKS: Final = _STAGES * (_DECODED * _LIST + _WIDE_DECODED * _WIDE_LIST)
"""Tags compared per key and picture, at most."""
FALSE_POSITIVE_BOUND: Final = MAX_TAG_CHECKS * 2.0**-TAG_BITS
"""Union bound on the probability that one key answers for a picture that it never marked."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A verified payload and how its pattern lies in the picture."""

    payload: int
    placement: Placement
    sync_z: float


@dataclass(frozen=True, slots=True, eq=False)
class _Sync:
    """A candidate's translation: z, the pattern's offset (x, y) in canonical pixels at the picture's centre."""

    z: float
    half_turn: bool
    offset: NDArray[np.float64]
    candidate: NDArray[np.float64]


class LatticeDetector:
    """Everything that one key needs to read pictures. Immutable, so safe to share between threads."""

    def __init__(self, key: bytes) -> None:
        self._layout = layout_of(key)
        self._code = TaggedCode(key)
        self._sync_points = self._layout.sync / PERIOD
        self._message_points = self._layout.message / PERIOD

    def read(self, spectrum: Spectrum) -> Reading | None:
        """Search all hypotheses. Checks at most MAX_TAG_CHECKS tags."""
        for maps in maps_for(spectrum.length):
            candidates = self._search(spectrum, maps)
            synced = [self._synchronise(spectrum, candidate) for candidate in candidates]
            synced.sort(key=lambda sync: -sync.z)
            reading = self._decode_best(spectrum, synced)
            if reading is not None or synced[0].z > _SURE_Z:
                return reading
        return None

    def read_at(self, spectrum: Spectrum, frequency_map: NDArray[np.float64]) -> Reading | None:
        """Decode at a known geometry, float64[4] as in kernels.py, without any search."""
        return self._decode_best(spectrum, [self._synchronise(spectrum, frequency_map)])

    def _search(self, spectrum: Spectrum, maps: Maps) -> list[NDArray[np.float64]]:
        """The best distinct maps after climbing, best first; at least one."""
        coarse = kernels.coarse_scores(
            spectrum.levels, spectrum.columns, spectrum.mean_level, self._sync_points, maps, FREQUENCY_LIMIT
        )
        best = np.argpartition(-coarse, min(_CLIMBERS, len(maps) - 1))[:_CLIMBERS]
        step = _CLIMB_STEP * TILE / spectrum.length
        climbed = []
        for index in best:
            candidate = maps[index].copy()
            value = kernels.climb(
                spectrum.power, spectrum.columns, self._sync_points, candidate, FREQUENCY_LIMIT, step, _CLIMB_LEVELS
            )
            climbed.append((value, candidate))
        climbed.sort(key=lambda item: -item[0])
        kept: list[NDArray[np.float64]] = []
        for _, candidate in climbed:
            if all(np.abs(candidate - other).max() > 0.6 * step for other in kept):
                kept.append(candidate)
            if len(kept) == _CANDIDATES:
                break
        return kept

    def _synchronise(self, spectrum: Spectrum, candidate: NDArray[np.float64]) -> _Sync:
        """Translation by phase correlation with the sync constellation, for B and -B in one complex inverse FFT."""
        values, noise = self._sample(spectrum, self._sync_points, candidate)
        weight = np.where(values != 0, np.abs(self._layout.sync_symbols) / noise, 0.0)
        matched = np.conj(self._layout.sync_symbols) / np.abs(self._layout.sync_symbols) * weight
        turns = np.stack([matched * values, matched * values.conj()])
        x, y = self._layout.sync.T
        grid = np.zeros((PERIOD, PERIOD), np.complex64)
        grid[y, x] = turns[0] + 1j * turns[1]
        grid[-y, -x] = turns[0].conj() + 1j * turns[1].conj()
        surface = scipy.fft.ifft2(grid, overwrite_x=True, norm="forward")
        peaks = [int(np.argmax(surface.real)), int(np.argmax(surface.imag))]
        heights = [surface.real.flat[peaks[0]], surface.imag.flat[peaks[1]]]
        which = int(heights[1] > heights[0])
        row, column = divmod(peaks[which], PERIOD)
        deviation = np.sqrt(2 * (weight**2 * noise).sum()) + 1e-12
        return self._refine_offset(turns[which], deviation, bool(which), np.array([column, row]), candidate)

    def _refine_offset(self, turned, deviation, half_turn, offset, candidate):  # type: ignore[no-untyped-def]
        """Quarter-pixel search around the peak of the correlation surface."""
        ticks = np.arange(-4, 5) / 4
        trials = offset + np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
        surface = 2 * (np.exp(2j * np.pi * trials @ self._sync_points.T) @ turned).real
        best = int(np.argmax(surface))
        return _Sync(float(surface[best] / deviation), half_turn, trials[best], candidate)

    def _decode_best(self, spectrum: Spectrum, synced: list[_Sync]) -> Reading | None:
        wide = 0
        for sync in synced[:_DECODED]:
            if sync.z < _SYNC_Z:
                break
            soft = self._soft_bits(spectrum, sync)
            payload = self._code.decode(soft, _LIST)
            if payload is None and sync.z > _WIDE_Z and wide < _WIDE_DECODED:
                wide += 1
                payload = self._code.decode(soft, _WIDE_LIST)
            if payload is not None:
                where = placement(sync.candidate, sync.half_turn, spectrum.reduction)
                return Reading(payload, where, sync.z)
        return None

    def _soft_bits(self, spectrum: Spectrum, sync: _Sync) -> NDArray[np.float64]:
        values, noise = self._sample(spectrum, self._message_points, sync.candidate)
        if sync.half_turn:
            values = values.conj()
        aligned = values * np.exp(2j * np.pi * self._message_points @ sync.offset)
        return self._layout.soft_bits(aligned * self._layout.message_amplitudes / noise)

    def _sample(
        self, spectrum: Spectrum, points: NDArray[np.float64], candidate: NDArray[np.float64]
    ) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
        values, noise = kernels.sample(
            spectrum.values, spectrum.background, spectrum.columns, points, candidate, FREQUENCY_LIMIT
        )
        return values, noise
