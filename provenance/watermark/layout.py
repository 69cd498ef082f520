"""Where a key puts its energy: a jittered constellation of frequencies.

Frequencies are integers in 1/512 cycle per canonical pixel. They start from the lattice of a 128 px tile (multiples of
4) and each is moved by a keyed jitter of -2..1, so that there is no tile to average: the pattern's only common period
is 512 px. A few strong points (sync) with keyed phases give geometry and translation; all others carry code bits, one
in the real and one in the imaginary part.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.watermark.code import CODE_LENGTH
from provenance.watermark.keystream import permutation, words

PERIOD: Final = 512
"""Common period of every pattern, in canonical pixels."""
SYNC_POINTS: Final = 28

_PITCH: Final = 4  # lattice pitch in 1/512 cycle per pixel: a 128 px tile
_RADIUS: Final = (6.0, 34.0)  # of the lattice, in pitches
_SYNC_RINGS: Final = (7.0, 12.0, 17.0, 22.0, 27.0)  # seven points in each: some stay after a blur, some after a crop
_POINTS_A_RING: Final = SYNC_POINTS // (len(_SYNC_RINGS) - 1)
_SYNC_OFF_AXIS: Final = 2  # block edges, text and frames put their energy on the axes
_SYNC_SPACING: Final = 3
_GUARD: Final = 2.4  # message points this near a sync point (1/512 cycle) are left out
_SYNC_ENERGY: Final = 0.30
_AMPLITUDE_SLOPE: Final = -0.7  # amplitude ~ radius^slope, like the spectrum of pictures but flatter

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Everything that one key fixes. n = 28 sync points, m message points; arrays are read-only.

    The pattern of a codeword is the real part of the sum of `amplitude * symbol * exp(2 pi i f.x / 512)` times
    sqrt(2), of variance 1. Dimension 2j is the real part of message point j, 2j+1 its imaginary part.
    """

    sync: Ints  # int64[n, 2] (x, y) in 1/512 cycle per canonical pixel, x > 0
    sync_symbols: NDArray[np.complex128]  # complex128[n], amplitude and phase
    message: Ints  # int64[m, 2]
    message_amplitudes: Floats  # float64[m]
    bit_of_dimension: Ints  # int64[2m], which code bit a dimension carries
    sign_of_dimension: Floats  # float64[2m], +-1

    def message_symbols(self, codeword: NDArray[np.uint8]) -> NDArray[np.complex128]:
        """complex128[m]: bit 0 is +1, bit 1 is -1, times the dimension's keyed sign and the point's amplitude."""
        values = (1.0 - 2.0 * codeword[self.bit_of_dimension]) * self.sign_of_dimension
        return np.asarray((values[0::2] + 1j * values[1::2]) * self.message_amplitudes)

    def soft_bits(self, symbols: NDArray[np.complex128]) -> Floats:
        """float64[1024]: the repeats of every code bit summed up; positive for 0. `symbols` come weighted for
        combining."""
        values = np.empty(2 * symbols.size)
        values[0::2], values[1::2] = symbols.real, symbols.imag
        return np.asarray(np.bincount(self.bit_of_dimension, values * self.sign_of_dimension, CODE_LENGTH), np.float64)


@lru_cache(maxsize=64)
def layout_of(key: bytes) -> Layout:
    """The layout of a key."""
    lattice = _half_plane()
    moved = _PITCH * lattice + (words(key, "jitter", lattice.size) & np.uint64(3)).astype(np.int64).reshape(-1, 2) - 2
    chosen = _choose_sync(lattice, permutation(key, "sync-order", len(lattice)))
    sync = moved[chosen]
    message = np.delete(moved, chosen, axis=0)
    distance = np.hypot(*np.moveaxis(message[:, None] - sync[None], -1, 0)).min(axis=1)
    message = message[distance >= _GUARD]
    sync_shape, message_shape = _shape(sync), _shape(message)
    sync_shape *= np.sqrt(_SYNC_ENERGY / (sync_shape**2).sum())
    message_shape *= np.sqrt((1 - _SYNC_ENERGY) / (2 * (message_shape**2).sum()))
    phases = words(key, "sync-phase", len(sync)).astype(np.float64) * (2 * np.pi / 2.0**64)
    layout = Layout(
        sync=sync,
        sync_symbols=sync_shape * np.exp(1j * phases),
        message=message,
        message_amplitudes=message_shape,
        bit_of_dimension=_deal_bits(key, message),
        sign_of_dimension=1.0 - 2.0 * (words(key, "sign", 2 * len(message)) & np.uint64(1)).astype(np.float64),
    )
    for name in Layout.__slots__:
        getattr(layout, name).flags.writeable = False
    return layout


def _half_plane() -> Ints:
    """Lattice points (x, y) with x >= 1 inside the ring, ordered by x, then y. The other half is their conjugate."""
    reach = int(_RADIUS[1])
    x, y = np.meshgrid(np.arange(1, reach + 1), np.arange(-reach, reach + 1), indexing="ij")
    radius = np.hypot(x, y)
    inside = (radius >= _RADIUS[0]) & (radius <= _RADIUS[1])
    return np.stack([x[inside], y[inside]], axis=1).astype(np.int64)


def _choose_sync(lattice: Ints, order: Ints) -> Ints:
    """Indices of the first lattice points in `order`, seven in each ring, that lie off the axes and apart."""
    ring = np.digitize(np.hypot(lattice[:, 0], lattice[:, 1]), _SYNC_RINGS) - 1
    fits = (ring >= 0) & (ring < len(_SYNC_RINGS) - 1) & (np.abs(lattice).min(axis=1) >= _SYNC_OFF_AXIS)
    room = [_POINTS_A_RING] * (len(_SYNC_RINGS) - 1)
    chosen: list[int] = []
    for index in order[fits[order]]:
        gaps = np.abs(lattice[chosen] - lattice[index]).max(axis=1)
        if room[ring[index]] and (gaps >= _SYNC_SPACING).all():
            room[ring[index]] -= 1
            chosen.append(int(index))
    return np.array(chosen, dtype=np.int64)


def _shape(points: Ints) -> Floats:
    return np.asarray(np.hypot(points[:, 0], points[:, 1]) ** _AMPLITUDE_SLOPE, np.float64)


def _deal_bits(key: bytes, message: Ints) -> Ints:
    """Dimensions in order of radius get code bits in rounds of 1024, each round in its own keyed order: so the repeats
    of a bit lie at different radii, and what a blur or a crop takes is taken from all bits alike."""
    squared = (message**2).sum(axis=1).repeat(2)
    by_radius = np.argsort(squared, kind="stable")
    rounds = -(-squared.size // CODE_LENGTH)
    dealt = np.concatenate([permutation(key, f"bits-{turn}", CODE_LENGTH) for turn in range(rounds)])
    bits = np.empty(squared.size, np.int64)
    bits[by_radius] = dealt[: squared.size]
    return bits
