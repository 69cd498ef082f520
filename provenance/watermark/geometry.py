"""What may have happened to the picture, as maps of frequencies, and what a map says in plain terms.

A picture that is the canonical one moved by x' = G x + t has its frequencies moved by f' = B f with B = G^-T.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Maps = NDArray[np.float64]  # float64[h, 4], see kernels.py

TILE: Final = 128  # canonical pixels; the lattice's nominal period
_MAX_REACH: Final = 20.0  # typical radius of a sync point, in tiles^-1
_LENGTH_STEP: Final = 32  # hypotheses are made for lengths rounded to this
_ASPECT: Final = 0.37  # log of the largest change of aspect that the upright search covers
_TILT: Final = 0.06  # radians around upright
_COARSEST: Final = 0.02
_SMALLEST: Final = 28.0  # pixels a tile; under it fewer than five sync points stay under the Nyquist frequency


_RIGHT_ANGLES: Final = np.array([[1.0, 0, 0, 1], [0, -1, 1, 0], [-1, 0, 0, 1], [0, -1, -1, 0]])
"""Upright, on its side, and the same two mirrored. Half turns are the same maps: energy cannot tell B from -B."""


def resolution(length: int, scale: float) -> float:
    """Relative change of a map that moves a sync point by 0.9 bins of a picture `length` pixels long."""
    return min(_COARSEST, 0.9 / (_MAX_REACH * length / (TILE * scale)))


@dataclass(frozen=True, slots=True, eq=False)
class Hypotheses:
    """What is searched, likeliest first; read-only float64[h, 4] each.

    `scaled`: only scaled, by a factor; the right angles, mirrored or not. `upright`: those with changes of aspect of
    -31 % to +45 % or tilts of +-3.4 degrees. `turned`: similarities of any angle.
    """

    scaled: Maps
    upright: Maps
    turned: Maps


@lru_cache(maxsize=12)
def hypotheses(steps: int) -> Hypotheses:
    """For a picture about 32 * steps pixels long.

    Scales reach from the smallest that leaves sync points under the Nyquist frequency to the largest that leaves a
    usable part of a tile in the picture.
    """
    length = _LENGTH_STEP * steps
    scale, last = max(_SMALLEST, length / 11) / TILE, max(length / 0.9, 60.0) / TILE
    scaled: list[Maps] = []
    upright: list[Maps] = []
    turned: list[Maps] = []
    while scale < last:
        step = resolution(length, scale)
        scaled.extend(_RIGHT_ANGLES / (scale * fine) for fine in (1.0, 1.0 + step / 3, 1.0 + 2 * step / 3))
        upright.append(_upright(step) / scale)
        turns = math.ceil(math.pi / step)
        turned.append(_turned(np.arange(turns) * math.pi / turns, mirrored=False) / scale)
        turned.append(_turned(np.arange(turns) * math.pi / turns, mirrored=True) / scale)
        scale *= 1 + step
    found = Hypotheses(np.concatenate(scaled), np.concatenate(upright), np.concatenate(turned))
    for maps in (found.scaled, found.upright, found.turned):
        maps.flags.writeable = False
    return found


def hypotheses_for(length: int) -> Hypotheses:
    """The hypotheses for a picture whose longest analysed side is `length`."""
    return hypotheses(max(1, round(length / _LENGTH_STEP)))


def _upright(step: float) -> Maps:
    """Maps of scale 1: upright or on its side, mirrored or not, with a change of aspect or a small tilt. The half turns
    are the same maps, because energy cannot tell B from -B."""
    stretch = np.exp(np.arange(-_ASPECT, _ASPECT + 1e-9, step * 1.2) / 2)
    nothing = np.zeros_like(stretch)
    tilts = np.arange(1, int(_TILT / step) + 1) * step
    tilts = np.concatenate([tilts, -tilts])
    maps = []
    for mirrored in (False, True):
        x, y = (-stretch if mirrored else stretch), 1 / stretch
        maps.append(np.stack([x, nothing, nothing, y], axis=1))
        maps.append(np.stack([nothing, -y, x, nothing], axis=1))
        maps.append(_turned(tilts, mirrored=mirrored))
        maps.append(_turned(tilts + math.pi / 2, mirrored=mirrored))
    return np.concatenate(maps)


def _turned(angles: NDArray[np.floating], *, mirrored: bool) -> Maps:
    """Rotations by `angles` radians, after a horizontal flip where mirrored."""
    cos, sin = np.cos(angles), np.sin(angles)
    flip = -1.0 if mirrored else 1.0
    return np.stack([flip * cos, -sin, flip * sin, cos], axis=1)


@dataclass(frozen=True, slots=True)
class Placement:
    """How the canonical picture lies in this one: `mirrored` first, then `rotation`, degrees counter-clockwise."""

    scale: float
    rotation: float  # (-180, 180]
    mirrored: bool


def grid(
    candidate: NDArray[np.float64], half_turn: bool, offset: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """float64[2, 3]: from pixels of the analysed picture, [h, w] = shape, to the pattern's: X = B^T (x - centre) -
    offset, with -B for B where the phases say so."""
    back = candidate.reshape(2, 2).T * (-1.0 if half_turn else 1.0)
    centre = np.array([shape[1] // 2, shape[0] // 2], float)
    return np.column_stack([back, -offset - back @ centre])


def candidate_of(grid: NDArray[np.float64], shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(map float64[4], offset float64[2]) that `grid` was made of, for the same analysed picture; half turns undone."""
    back = grid[:, :2]
    centre = np.array([shape[1] // 2, shape[0] // 2], float)
    return back.T.reshape(4).copy(), -(grid[:, 2] + back @ centre)


def enlarged(analysed: NDArray[np.float64], reduction: float) -> NDArray[np.float64]:
    """The grid float64[2, 3] for a picture 1 / reduction as large; pixels are squares, so their centres move by half of
    one."""
    linear = analysed[:, :2]
    return np.column_stack([linear * reduction, analysed[:, 2] + linear.sum(axis=1) * (reduction - 1) / 2])


def placement(candidate: NDArray[np.float64], half_turn: bool, reduction: float) -> Placement:
    """Read a map. `half_turn`: the phases say that B stands for -B, which the energy alone cannot tell.

    The rotation is that of the nearest similarity (polar decomposition); the scale is the square root of the change of
    area, undoing the analysis' own `reduction`.
    """
    frequency_map = candidate.reshape(2, 2) * (-1.0 if half_turn else 1.0)
    spatial = np.linalg.inv(frequency_map).T
    determinant = float(np.linalg.det(spatial))
    if determinant < 0:
        spatial = spatial * np.array([-1.0, 1.0])  # undo the flip, which acts first
    angle = math.degrees(math.atan2(spatial[0, 1] - spatial[1, 0], spatial[0, 0] + spatial[1, 1]))
    return Placement(
        scale=math.sqrt(abs(determinant)) / reduction,
        rotation=180.0 if angle <= -180.0 else angle,
        mirrored=determinant < 0,
    )
