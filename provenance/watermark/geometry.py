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


def resolution(length: int, scale: float) -> float:
    """Relative change of a map that moves a sync point by 0.9 bins of a picture `length` pixels long."""
    return min(_COARSEST, 0.9 / (_MAX_REACH * length / (TILE * scale)))


@lru_cache(maxsize=12)
def hypotheses(steps: int) -> tuple[Maps, Maps]:
    """(upright, any angle) maps for a picture about 32 * steps pixels long, read-only.

    Upright: the four right angles, mirrored or not, each with aspect changes of -31 % to +45 % or tilts of +-3.4
    degrees. Any angle: similarities only. Scales reach from the smallest that leaves sync points under the Nyquist
    frequency to the largest that leaves a usable part of a tile in the picture.
    """
    length = _LENGTH_STEP * steps
    scale, last = max(28.0, length / 11) / TILE, max(length / 0.9, 60.0) / TILE
    upright: list[tuple[float, float, float, float]] = []
    every: list[Maps] = []
    while scale < last:
        step = resolution(length, scale)
        upright += _upright(1 / scale, step)
        angles = np.arange(math.ceil(math.pi / step)) * math.pi / math.ceil(math.pi / step)
        cos, sin = np.cos(angles) / scale, np.sin(angles) / scale
        every += [np.stack([cos, -sin, sin, cos], 1), np.stack([-cos, -sin, -sin, cos], 1)]
        scale *= 1 + step
    pair = np.array(upright), np.concatenate(every)
    for maps in pair:
        maps.flags.writeable = False
    return pair


def maps_for(length: int) -> tuple[Maps, Maps]:
    """The hypotheses for a picture whose longest analysed side is `length`."""
    return hypotheses(max(1, round(length / _LENGTH_STEP)))


def _upright(size: float, step: float) -> list[tuple[float, float, float, float]]:
    maps = []
    aspects = np.exp(np.arange(-_ASPECT, _ASPECT + 1e-9, step * 1.2) / 2)
    tilts = np.arange(1, int(_TILT / step) + 1) * step
    for flip in (1.0, -1.0):
        for aspect in aspects:
            x, y = flip * size * aspect, size / aspect
            maps += [(x, 0.0, 0.0, y), (0.0, -y, x, 0.0)]
        for tilt in np.concatenate([tilts, -tilts]):
            cos, sin = size * math.cos(tilt), size * math.sin(tilt)
            # R(tilt) @ diag(flip, 1), and R(tilt) @ [[0, -1], [flip, 0]]
            maps += [(flip * cos, -sin, flip * sin, cos), (-flip * sin, -cos, flip * cos, -sin)]
    return maps


@dataclass(frozen=True, slots=True)
class Placement:
    """How the canonical picture lies in this one: `mirrored` first, then `rotation`, degrees counter-clockwise."""

    scale: float
    rotation: float  # (-180, 180]
    mirrored: bool


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
