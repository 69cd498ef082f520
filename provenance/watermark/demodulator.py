"""From values at the keyed frequencies to soft bits."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from provenance.watermark.layout import Layout

Complexes = NDArray[np.complex128]
Floats = NDArray[np.float64]

_RADIAL_SIGMA: Final = 12.0  # 1/512 cycle: how alike the fate of neighbouring radii is
_LEAST_GAIN: Final = 0.03  # of the overall gain; a radius is never given up on 28 points alone


class Samples(NamedTuple):
    """A spectrum at n points: complex values, and the power of the background there. A value of 0 was not seen."""

    values: Complexes
    noise: Floats


class Demodulator:
    """Maximum-ratio combining (Brennan 1959) with the channel's gain measured on the sync points.

    A blur, a median, a codec or a smaller size take the high frequencies and leave the low ones. What is left of the
    sync points, whose phases are known, tells how much of the message is left at their radius.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        radius, sync_radius = (np.hypot(*points.T) for points in (layout.message, layout.sync))
        self._nearness = np.exp(-0.5 * ((radius[:, None] - sync_radius) / _RADIAL_SIGMA) ** 2)

    def matched(self, sync: Samples) -> tuple[Complexes, Floats]:
        """(sync values times the conjugates of their symbols over the noise; what they would be at gain 1)."""
        symbols = self._layout.sync_symbols
        expected = np.where(sync.values != 0, np.abs(symbols) ** 2 / sync.noise, 0.0)
        return sync.values * symbols.conj() / sync.noise, expected

    def soft_bits(self, message: Samples, sync: Samples) -> Floats:
        """float64[1024], positive for bit 0, of samples that were turned back by the translation already."""
        matched, expected = self.matched(sync)
        overall = max(matched.real.sum() / max(expected.sum(), 1e-12), 1e-9)
        gain = np.maximum(self._nearness @ matched.real / (self._nearness @ expected + 1e-12), 0.0)
        weight = (gain + _LEAST_GAIN * overall) * self._layout.message_amplitudes / message.noise
        return self._layout.soft_bits(message.values * weight)
