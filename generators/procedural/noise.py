"""Gradient noise (Perlin, "Improving Noise", 2002) and fractal sums of it, on arrays of coordinates.

Only floor, +, - and * touch the values, which IEEE 754 rounds the same everywhere; the gradients come from a rounded
table.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.procedural.dice import Dice

Field = NDArray[np.float32]

_TURN: Final = np.arange(256) * (2.0 * np.pi / 256)
_GRADIENT_X: Final = (np.round(np.cos(_TURN) * 32768) / 32768).astype(np.float32)
_GRADIENT_Y: Final = (np.round(np.sin(_TURN) * 32768) / 32768).astype(np.float32)
_GAIN: Final = np.float32(1.5)  # 2-D gradient noise with unit gradients stays within +-0.71


class Noise:
    """One random noise plane, period 256 in x and y; values about -1..1, 0 on the integer lattice."""

    def __init__(self, dice: Dice) -> None:
        order = dice.order(256).astype(np.int32)
        self._order = np.concatenate([order, order])

    def at(self, x: Field, y: Field) -> Field:
        """float32, the shape of `x` and `y` broadcast; one unit is one lattice cell."""
        x, y = np.broadcast_arrays(np.asarray(x, np.float32), np.asarray(y, np.float32))
        left, top = np.floor(x), np.floor(y)
        fx, fy = x - left, y - top
        column, row = left.astype(np.int32) & 255, top.astype(np.int32) & 255
        west, east = self._order[column], self._order[column + 1]
        u, v = _fade(fx), _fade(fy)
        north = _mix(self._corner(west + row, fx, fy), self._corner(east + row, fx - 1, fy), u)
        south = _mix(self._corner(west + row + 1, fx, fy - 1), self._corner(east + row + 1, fx - 1, fy - 1), u)
        return np.asarray(_mix(north, south, v) * _GAIN, np.float32)

    def fractal(self, x: Field, y: Field, octaves: int, *, gain: float = 0.5) -> Field:
        """Sum of octaves, each twice as fine and `gain` as strong, scaled back to about -1..1."""
        total = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(y)), np.float32)
        weight, weights, scale = 1.0, 0.0, 1.0
        for octave in range(octaves):
            shift = np.float32(17.31 * octave)  # keeps the zeros of the lattices apart
            total += np.float32(weight) * self.at(x * np.float32(scale) + shift, y * np.float32(scale) - shift)
            weights += weight * weight
            weight, scale = weight * gain, scale * 2.0
        return np.asarray(total * np.float32(1.0 / weights**0.5), np.float32)

    def _corner(self, index: NDArray[np.int32], dx: Field, dy: Field) -> Field:
        hashed = self._order[index & 511]
        corner: Field = _GRADIENT_X[hashed] * dx + _GRADIENT_Y[hashed] * dy
        return corner


def _fade(t: Field) -> Field:
    return np.asarray(t * t * t * (t * (t * np.float32(6) - np.float32(15)) + np.float32(10)), np.float32)


def _mix(a: Field, b: Field, t: Field) -> Field:
    return np.asarray(a + t * (b - a), np.float32)
