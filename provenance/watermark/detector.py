"""Blind detection: find the constellation, read its phases, decode, and believe only a verified tag.

1. Energy. Every geometric hypothesis is scored by the whitened energy at the 28 sync points; the best 120 climb.
2. Phase. One inverse FFT of the sync points' phases gives the translation (period 512 px) and tells B from -B. Its peak
   over its deviation under noise, z, ranks the candidates.
3. Message. The message points are turned back by that translation, weighted by amplitude / background power
   (maximum-ratio combining, Brennan 1959), summed to 1024 soft bits and list-decoded.
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

_CLIMBERS: Final = 120
_CANDIDATES: Final = 20
_DECODED: Final = 4
_WIDE_DECODED: Final = 2
_LIST: Final = 8
_WIDE_LIST: Final = 32
_SYNC_Z: Final = 5.8  # under it a candidate is not decoded
_WIDE_Z: Final = 6.8  # over it the wide list may try too
_SURE_Z: Final = 12.0  # over it the geometry is settled, decoded or not
_CLIMB_STEP: Final = 0.5 / 20  # of a bin at a sync point's typical radius
_CLIMB_HALVINGS: Final = 4
_DISTINCT: Final = 0.6  # of a first climbing step: nearer maps are the same candidate
_STAGES: Final = 2

MAX_TAG_CHECKS: Final = _STAGES * ((1 + _DECODED) * _LIST + _WIDE_DECODED * _WIDE_LIST)
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
        x = self._layout.sync[:, 0]
        self._columns, where = np.unique(np.concatenate([x, -x]), return_inverse=True)
        self._column_of = np.split(where, 2)

    def read(self, spectrum: Spectrum) -> Reading | None:
        """Search all hypotheses. Checks at most MAX_TAG_CHECKS tags."""
        for maps in maps_for(spectrum.length):
            synced: list[_Sync] = []
            for candidate in self._search(spectrum, maps):
                sync = self._synchronise(spectrum, candidate)
                if sync.z > _SURE_Z and all(other.z <= _SURE_Z for other in synced):
                    reading = self._decode(spectrum, self._refine(spectrum, sync), _LIST)
                    if reading is not None:
                        return reading
                synced.append(sync)
            synced.sort(key=lambda sync: -sync.z)
            reading = self._decode_best(spectrum, synced)
            if reading is not None or synced[0].z > _SURE_Z:
                return reading
        return None

    def read_at(self, spectrum: Spectrum, frequency_map: NDArray[np.float64]) -> Reading | None:
        """Decode where the geometry is known, float64[4] as in kernels.py, and so clear that a search would find it too
        (z over 12). None otherwise, which says nothing about what `read` would find."""
        sync = self._synchronise(spectrum, frequency_map)
        return self._decode(spectrum, self._refine(spectrum, sync), _LIST) if sync.z > _SURE_Z else None

    def _search(self, spectrum: Spectrum, maps: Maps) -> list[NDArray[np.float64]]:
        """The best distinct maps after climbing, best first; at least one."""
        points = self._sync_points
        coarse = kernels.coarse_scores(spectrum.levels, spectrum.mean_level, points, maps)
        step = _CLIMB_STEP * TILE / spectrum.length
        climbed = []
        for index in np.argpartition(-coarse, min(_CLIMBERS, len(maps) - 1))[:_CLIMBERS]:
            candidate = maps[index].copy()
            climbed.append((kernels.climb(spectrum.power, points, candidate, step, _CLIMB_HALVINGS), candidate))
        climbed.sort(key=lambda item: -item[0])
        kept: list[NDArray[np.float64]] = []
        for _, candidate in climbed:
            if all(np.abs(candidate - other).max() > _DISTINCT * step for other in kept):
                kept.append(candidate)
            if len(kept) == _CANDIDATES:
                break
        return kept

    def _synchronise(self, spectrum: Spectrum, candidate: NDArray[np.float64]) -> _Sync:
        """Translation by phase correlation with the sync constellation, for B and -B in one complex inverse FFT."""
        straight, deviation = self._turned(spectrum, candidate, half_turn=False)
        turned, _ = self._turned(spectrum, candidate, half_turn=True)
        surface = self._correlate(straight, turned)
        peaks = int(np.argmax(surface.real)), int(np.argmax(surface.imag))
        heights = surface.real.flat[peaks[0]], surface.imag.flat[peaks[1]]
        half_turn = bool(heights[1] > heights[0])
        row, column = divmod(peaks[half_turn], PERIOD)
        return _Sync(float(heights[half_turn]) / deviation, half_turn, np.array([column, row], float), candidate)

    def _turned(
        self, spectrum: Spectrum, candidate: NDArray[np.float64], *, half_turn: bool
    ) -> tuple[NDArray[np.complex128], float]:
        """(complex128[28] sync values times the conjugate of their symbols, over the background; deviation of twice the
        real part of their sum under noise)."""
        values, noise = kernels.sample(spectrum.values, spectrum.background, self._sync_points, candidate)
        if half_turn:
            values = values.conj()
        matched = values * self._layout.sync_symbols.conj() / noise
        power = np.where(values != 0, np.abs(self._layout.sync_symbols) ** 2 / noise, 0.0)
        return matched, float(np.sqrt(2 * power.sum()) + 1e-12)

    def _correlate(self, straight: NDArray[np.complex128], turned: NDArray[np.complex128]) -> NDArray[np.complex64]:
        """complex64[512, 512]: the correlation surfaces over all translations, of B in the real part, of -B in the
        imaginary.

        Only the columns that hold a sync point are transformed along y.
        """
        columns = np.zeros((PERIOD, self._columns.size), np.complex64)
        y = self._layout.sync[:, 1]
        columns[y, self._column_of[0]] = straight + 1j * turned
        columns[-y, self._column_of[1]] = straight.conj() + 1j * turned.conj()
        grid = np.zeros((PERIOD, PERIOD), np.complex64)
        grid[:, self._columns] = scipy.fft.ifft(columns, axis=0, norm="forward", overwrite_x=True)
        return np.asarray(scipy.fft.ifft(grid, axis=1, norm="forward", overwrite_x=True), np.complex64)

    def _decode_best(self, spectrum: Spectrum, synced: list[_Sync]) -> Reading | None:
        """Decode the best four that are synchronised, each with the short list, the two surest with the long one
        too."""
        wide = 0
        for rough in synced[:_DECODED]:
            if rough.z < _SYNC_Z:
                break
            sync = self._refine(spectrum, rough)
            reading = self._decode(spectrum, sync, _LIST)
            if reading is None and sync.z > _WIDE_Z and wide < _WIDE_DECODED:
                wide += 1
                reading = self._decode(spectrum, sync, _WIDE_LIST)
            if reading is not None:
                return reading
        return None

    def _refine(self, spectrum: Spectrum, rough: _Sync) -> _Sync:
        """Search the offset to a quarter of a pixel around the peak of the correlation surface."""
        turned, deviation = self._turned(spectrum, rough.candidate, half_turn=rough.half_turn)
        ticks = np.arange(-4, 5) / 4
        trials = rough.offset + np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
        surface = 2 * (np.exp(2j * np.pi * trials @ self._sync_points.T) @ turned).real
        best = int(np.argmax(surface))
        return _Sync(float(surface[best]) / deviation, rough.half_turn, trials[best], rough.candidate)

    def _decode(self, spectrum: Spectrum, sync: _Sync, list_size: int) -> Reading | None:
        payload = self._code.decode(self._soft_bits(spectrum, sync), list_size)
        if payload is None:
            return None
        return Reading(payload, placement(sync.candidate, sync.half_turn, spectrum.reduction), sync.z)

    def _soft_bits(self, spectrum: Spectrum, sync: _Sync) -> NDArray[np.float64]:
        values, noise = kernels.sample(spectrum.values, spectrum.background, self._message_points, sync.candidate)
        if sync.half_turn:
            values = values.conj()
        aligned = values * np.exp(2j * np.pi * self._message_points @ sync.offset)
        return self._layout.soft_bits(aligned * self._layout.message_amplitudes / noise)
