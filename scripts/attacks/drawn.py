"""Pictures that a program drew: repeating, striped, soft and noisy ones, of which corpora hold few and platforms many.

Two of one kind share their texture and nothing else, so each is a hard negative for the others: stripes lie on any
other stripes, and soft shapes agree wherever they overlap.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from generators.procedural import ProceduralGenerator
from scripts.attacks.families import Family
from scripts.attacks.scene import Pixels

_FOLDER: Final = "drawn"
_SIDES: Final = (256, 768)  # px, both ends
_Plane = NDArray[np.float64]


class DrawnPictures:
    """`per_kind` pictures of each kind on each side of the split, the numbers from `first` on; names are
    "drawn/<kind>/<number>", even numbers for tuning and odd ones for tests."""

    def __init__(self, per_kind: int, *, first: int = 0) -> None:
        self._numbers = range(first, first + per_kind)

    def names(self, *, test: bool) -> list[str]:
        """Sorted names of one side of the split."""
        return sorted(f"{_FOLDER}/{kind}/{2 * number + test}" for kind in KINDS for number in self._numbers)

    def family(self, name: str) -> Family:
        return Family(photo=False, style=name.split("/")[1])

    def read(self, name: str) -> Pixels:
        """uint8[H, W, 3], the same for the same name. Raises KeyError for a kind that nobody draws."""
        _, kind, number = name.split("/")
        return KINDS[kind](np.random.default_rng([int(number), *kind.encode()]))


def is_drawn(name: str) -> bool:
    return name.startswith(f"{_FOLDER}/")


def _size(rng: Generator) -> tuple[int, int]:
    """Width and height."""
    width, height = (round(side) for side in _anything(rng, *_SIDES, 2))
    return width, height


def _anything(rng: Generator, least: float, most: float, count: int) -> list[float]:
    """Sizes or frequencies: every octave between the two is as likely."""
    drawn: list[float] = np.exp(rng.uniform(np.log(least), np.log(most), count)).tolist()
    return drawn


def _places(rng: Generator) -> tuple[_Plane, _Plane]:
    """x and y of every px of a picture of random size; 1 is its longer side."""
    width, height = _size(rng)
    down, across = np.mgrid[0:height, 0:width] / max(width, height)
    return across, down


def _lit(rng: Generator, pixels: _Plane) -> Pixels:
    """Values 0..1, grey or of three colours, as pixels: with the light falling off to one side, and grain."""
    height, width = pixels.shape[:2]
    light = np.linspace(*rng.uniform(0.6, 1.2, 2), width) * np.linspace(*rng.uniform(0.6, 1.2, 2), height)[:, None]
    grain = rng.normal(0, rng.uniform(0, 8), (height, width, 1))
    return np.asarray(np.clip(255 * pixels * light[..., None] + grain, 0, 255), np.uint8)


def _turned(rng: Generator, x: _Plane, y: _Plane) -> tuple[_Plane, _Plane]:
    angle = rng.uniform(0, np.pi)
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def _wave(rng: Generator, plane: _Plane) -> _Plane:
    """-1..1, anything between a sine and hard stripes."""
    (often,), sharp = _anything(rng, 2, 40, 1), rng.uniform(0.3, 6)
    return np.asarray(np.tanh(np.sin(2 * np.pi * plane * often) * sharp) / np.tanh(sharp))


def _discs(rng: Generator, x: _Plane, y: _Plane) -> _Plane:
    """Soft discs of many colours over one, about 0..1."""
    total = np.ones((*x.shape, 3)) * rng.uniform(0.3, 0.7, 3)
    for _ in range(int(rng.integers(6, 24))):
        (left, top), radius, edge = rng.uniform(0, 1, 2), rng.uniform(0.03, 0.3), rng.uniform(1, 4)
        shape = 1 / (1 + (np.hypot(x - left, y - top) / radius) ** (2 * edge))
        total += shape[..., None] * rng.uniform(-0.3, 0.3, 3)
    return total


def _blobs(rng: Generator) -> Pixels:
    """Soft discs and nothing else."""
    return _lit(rng, _discs(rng, *_places(rng)))


def _rings(rng: Generator) -> Pixels:
    """Waves around a place over soft discs."""
    x, y = _places(rng)
    left, top = rng.uniform(-0.3, 1.3, 2)
    return _lit(rng, _discs(rng, x, y) + rng.uniform(0.03, 0.25) * _wave(rng, np.hypot(x - left, y - top))[..., None])


def _stripes(rng: Generator) -> Pixels:
    """Waves in one direction over soft discs."""
    x, y = _places(rng)
    wave = _wave(rng, _turned(rng, x, y)[0])
    return _lit(rng, _discs(rng, x, y) + rng.uniform(0.03, 0.25) * wave[..., None])


def _plaid(rng: Generator) -> Pixels:
    """Two waves across each other over soft discs."""
    x, y = _places(rng)
    waves = sum(_wave(rng, plane) for plane in _turned(rng, x, y))
    return _lit(rng, _discs(rng, x, y) + rng.uniform(0.02, 0.12) * np.asarray(waves)[..., None])


def _dots(rng: Generator) -> Pixels:
    """Dots on a lattice, moved a little off it."""
    width, height = _size(rng)
    step, radius = int(rng.integers(14, 60)), rng.uniform(0.15, 0.45)
    pixels = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    ink, stray = rng.integers(0, 256, 3).tolist(), rng.uniform(0, 0.3)
    for top in range(0, height + step, step):
        for left in range(0, width + step, step):
            x, y = (np.array([left, top]) + rng.normal(0, stray * step, 2)).round().astype(int).tolist()
            cv2.circle(pixels, (x, y), max(1, round(step * radius)), ink, -1, cv2.LINE_AA)
    return pixels


def _clouds(rng: Generator) -> Pixels:
    """Noise of a power spectrum like that of clouds, stone or skin."""
    width, height = _size(rng)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.normal(size=(height, width))) / frequency ** rng.uniform(0.8, 2.0)
    plane = np.fft.irfft2(spectrum, (height, width))
    plane = np.clip((plane - plane.mean()) / (5 * plane.std() + 1e-9) + 0.5, 0, 1)
    dark, light = rng.uniform(0, 0.5, 3), rng.uniform(0.3, 1, 3)
    return _lit(rng, dark + plane[..., None] * (light - dark))


def _artwork(kind: str) -> Callable[[Generator], Pixels]:
    """A work of the generator that comes with the project."""

    def draw(rng: Generator) -> Pixels:
        width, height = _size(rng)
        recipe = {"generator": ProceduralGenerator.name, "kind": kind, "width": width, "height": height}
        return np.asarray(ProceduralGenerator().make(recipe, seed=int(rng.integers(2**31))).pixels)

    return draw


KINDS: Final[dict[str, Callable[[Generator], Pixels]]] = {
    "blobs": _blobs,
    "stripes": _stripes,
    "rings": _rings,
    "plaid": _plaid,
    "dots": _dots,
    "clouds": _clouds,
    **{kind: _artwork(kind) for kind in ProceduralGenerator().kinds},
}
