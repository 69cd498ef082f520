"""Where the pattern lies, for one geometric hypothesis: its translation, and how sure that is."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark import kernels
from provenance.watermark.demodulator import Demodulator, Samples
from provenance.watermark.layout import PERIOD, Layout
from provenance.watermark.spectrum import Spectrum

_GRID: Final = 256  # translations tried along each axis of a period: every 2 canonical pixels
_APART: Final = 3  # of these: nearer peaks are one
_REACH: Final = 1.25  # canonical pixels around the best of them,
_TICKS: Final = 5  # in so many steps to either side


@dataclass(frozen=True, slots=True, eq=False)
class Sync:
    """`candidate` float64[4] as in kernels.py; `half_turn`: it stands for -B. `offset` (x, y): the pattern's place in
    canonical pixels at the picture's centre, modulo 512. `z`: the correlation over its deviation under noise."""

    z: float
    half_turn: bool
    offset: NDArray[np.float64]
    candidate: NDArray[np.float64]


class Synchroniser:
    """Phase correlation with one key's sync constellation."""

    def __init__(self, layout: Layout, demodulator: Demodulator) -> None:
        self._layout = layout
        self._demodulator = demodulator
        self.points = layout.sync / PERIOD
        x = layout.sync[:, 0]
        self._columns, where = np.unique(np.concatenate([x, -x]), return_inverse=True)
        self._column_of = np.split(where, 2)

    def samples(self, spectrum: Spectrum, sync: Sync) -> Samples:
        """The sync points, turned back by the translation."""
        values, noise = kernels.sample(spectrum.values, spectrum.background, self.points, sync.candidate)
        return turned_back(values, noise, self.points, sync)

    def locate(self, spectrum: Spectrum, candidate: NDArray[np.float64]) -> Sync:
        """The best translation of float64[4] `candidate` or of its half turn."""
        values, noise = kernels.sample(spectrum.values, spectrum.background, self.points, candidate)
        straight, expected = self._demodulator.matched(Samples(values, noise))
        turned, _ = self._demodulator.matched(Samples(values.conj(), noise))
        surface = self._correlate(straight + 1j * turned, straight.conj() + 1j * turned.conj())
        peaks = int(np.argmax(surface.real)), int(np.argmax(surface.imag))
        # the real part is the surface of B, the imaginary one that of -B
        half_turn = bool(surface.imag.flat[peaks[1]] > surface.real.flat[peaks[0]])
        row, column = divmod(peaks[half_turn], _GRID)
        offset = np.array([column, row], float) * (PERIOD / _GRID)
        height = kernels.best_offset(turned if half_turn else straight, self.points, offset, _REACH, _TICKS)
        return Sync(height / (np.sqrt(2 * expected.sum()) + 1e-12), half_turn, offset, candidate)

    def move(self, spectrum: Spectrum, sync: Sync, candidate: NDArray[np.float64]) -> Sync:
        """The same place under a map nearby, or `sync` itself where that fits better."""
        values, noise = kernels.sample(spectrum.values, spectrum.background, self.points, candidate)
        matched, expected = self._demodulator.matched(Samples(values.conj() if sync.half_turn else values, noise))
        offset = sync.offset.copy()
        height = kernels.best_offset(matched, self.points, offset, _REACH, _TICKS)
        z = height / (np.sqrt(2 * expected.sum()) + 1e-12)
        return replace(sync, z=z, offset=offset, candidate=candidate) if z > sync.z else sync

    def likeliest_origins(self, sync: Samples, count: int) -> NDArray[np.float64]:
        """float64[count, 2] (x, y), whole canonical pixels, best first: where the pattern would be looked for in an
        upright picture of scale 1 that has these samples."""
        matched, _ = self._demodulator.matched(sync)
        surface = self._correlate(matched, matched.conj()).real
        wrapped = np.pad(surface, _APART, mode="wrap")
        around = cv2.dilate(wrapped, np.ones((2 * _APART + 1,) * 2, np.uint8))[_APART:-_APART, _APART:-_APART]
        peaks = np.flatnonzero(surface >= around)
        rows, columns = np.divmod(peaks[np.argsort(-surface.flat[peaks], kind="stable")[:count]], _GRID)
        return np.stack([columns, rows], axis=1) * (PERIOD / _GRID)

    def _correlate(self, points: NDArray[np.complex128], opposite: NDArray[np.complex128]) -> NDArray[np.complex64]:
        """complex64[256, 256]: the inverse transform of values at the sync points and at their negatives, over all
        translations. Only the columns that hold a sync point are transformed along y."""
        columns = np.zeros((_GRID, self._columns.size), np.complex64)
        y = self._layout.sync[:, 1]
        columns[y, self._column_of[0]] = points
        columns[-y, self._column_of[1]] = opposite
        grid = np.zeros((_GRID, _GRID), np.complex64)
        grid[:, self._columns] = scipy.fft.ifft(columns, axis=0, norm="forward", overwrite_x=True)
        return np.asarray(scipy.fft.ifft(grid, axis=1, norm="forward", overwrite_x=True), np.complex64)


def turned_back(
    values: NDArray[np.complex128], noise: NDArray[np.float64], points: NDArray[np.float64], sync: Sync
) -> Samples:
    """Values sampled at `points` as if the pattern's origin lay at the picture's centre, unturned."""
    return moved(Samples(values.conj() if sync.half_turn else values, noise), points, sync.offset)


def moved(samples: Samples, points: NDArray[np.float64], offset: NDArray[np.float64]) -> Samples:
    """The samples at `points`, cycles per canonical pixel, if what lies at `offset` lay at the origin."""
    return Samples(samples.values * np.exp(2j * np.pi * points @ offset), samples.noise)
