"""Where the pattern lies, for one geometric hypothesis: its translation, and how sure that is."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from provenance.watermark import kernels
from provenance.watermark.demodulator import Demodulator, Samples
from provenance.watermark.layout import PERIOD, Layout
from provenance.watermark.spectrum import Spectrum

_GRID: Final = 256  # translations tried along each axis of a period: every 2 canonical pixels
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
        surface = self._correlate(straight, turned)
        peaks = int(np.argmax(surface.real)), int(np.argmax(surface.imag))
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

    def _correlate(self, straight: NDArray[np.complex128], turned: NDArray[np.complex128]) -> NDArray[np.complex64]:
        """complex64[256, 256]: the correlation surfaces over all translations, of B in the real part, of -B in the
        imaginary. Only the columns that hold a sync point are transformed along y."""
        columns = np.zeros((_GRID, self._columns.size), np.complex64)
        y = self._layout.sync[:, 1]
        columns[y, self._column_of[0]] = straight + 1j * turned
        columns[-y, self._column_of[1]] = straight.conj() + 1j * turned.conj()
        grid = np.zeros((_GRID, _GRID), np.complex64)
        grid[:, self._columns] = scipy.fft.ifft(columns, axis=0, norm="forward", overwrite_x=True)
        return np.asarray(scipy.fft.ifft(grid, axis=1, norm="forward", overwrite_x=True), np.complex64)


def turned_back(
    values: NDArray[np.complex128], noise: NDArray[np.float64], points: NDArray[np.float64], sync: Sync
) -> Samples:
    """Values sampled at `points` as if the pattern's origin lay at the picture's centre, unturned."""
    straight = values.conj() if sync.half_turn else values
    return Samples(straight * np.exp(2j * np.pi * points @ sync.offset), noise)
