"""Chance from a seed, the same on every machine and NumPy release.

NumPy promises the raw stream of PCG64, but not the methods of `numpy.random.Generator` (NEP 19). So only `random_raw`
is used, and every distribution is built from it with operations that IEEE 754 rounds exactly.
"""

import zlib
from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Item = TypeVar("Item")

_TO_UNIT: Final = 2.0**-53


class Dice:
    """One stream of chance. `Dice(seed, "a", "b")` and `Dice(seed, "a", "c")` are independent."""

    def __init__(self, seed: int, *path: str) -> None:
        self._seed = seed
        self._path = path
        words = [seed & 0xFFFFFFFF, seed >> 32, *(zlib.crc32(name.encode()) for name in path)]
        self._source = np.random.PCG64(np.random.SeedSequence(words))

    def split(self, name: str) -> "Dice":
        """A new independent stream; drawing from it leaves this one where it is."""
        return Dice(self._seed, *self._path, name)

    def uniforms(self, count: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """float64[count], uniform in [low, high)."""
        raw: NDArray[np.uint64] = self._source.random_raw(count)
        return low + (high - low) * ((raw >> np.uint64(11)).astype(np.float64) * _TO_UNIT)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        return float(self.uniforms(1, low, high)[0])

    def integers(self, count: int, low: int, high: int) -> NDArray[np.int64]:
        """int64[count], low <= value < high."""
        return low + np.floor(self.uniforms(count) * (high - low)).astype(np.int64)

    def integer(self, low: int, high: int) -> int:
        return int(self.integers(1, low, high)[0])

    def bells(self, count: int) -> Floats:
        """float64[count], bell-shaped, mean 0, deviation 1, within +-3.47: Irwin-Hall of four (no logarithm needed)."""
        first, second, third, fourth = self.uniforms(4 * count).reshape(4, count)
        return np.asarray((first + second + third + fourth - 2.0) * 3.0**0.5)

    def bell(self) -> float:
        return float(self.bells(1)[0])

    def chance(self, probability: float) -> bool:
        return self.uniform() < probability

    def pick(self, items: Sequence[Item]) -> Item:
        return items[self.integer(0, len(items))]

    def order(self, count: int) -> NDArray[np.int64]:
        """int64[count], a random permutation."""
        return np.argsort(self._source.random_raw(count), kind="stable").astype(np.int64)

    def octets(self, count: int) -> NDArray[np.uint8]:
        """uint8[count]: eight to a draw, little end first."""
        return self._source.random_raw(-(-count // 8)).astype("<u8").view(np.uint8)[:count]
