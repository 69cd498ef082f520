"""Sizes, coordinates, sampling and the last step from light to pixels.

Coordinates are in units of the short side: x right and y down from the top left, so that a recipe gives the same
composition at any size. Polygons are drawn by OpenCV at twice the size in 8 bits, where its arithmetic is integer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from generators.procedural.dice import Dice
from generators.procedural.noise import Field, Noise

Pixels = NDArray[np.uint8]
Image = NDArray[np.float32]

BLACK: Final[Image] = np.zeros(3, np.float32)
WHITE: Final[Image] = np.ones(3, np.float32)
_SUBPIXEL_BITS: Final = 4
_FULL_OVERSAMPLING: Final = 2048  # longest side that is still drawn at twice its size


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture's size in pixels, and its extent in units of the short side."""

    width: int
    height: int

    @property
    def unit(self) -> int:
        """Pixels of the short side."""
        return min(self.width, self.height)

    @property
    def right(self) -> float:
        return self.width / self.unit

    @property
    def bottom(self) -> float:
        return self.height / self.unit

    @property
    def oversampling(self) -> int:
        return 2 if max(self.width, self.height) <= _FULL_OVERSAMPLING else 1

    def grid(self, halvings: int = 0) -> tuple[Field, Field]:
        """Sample points, x float32[1, w] and y float32[h, 1], of the picture halved `halvings` times.

        Without halvings these are the pixel centres; with them there is a rim of one sample for `enlarge`.
        """
        step = 1 << halvings
        columns, rows = -(-self.width // step) + 2 * (halvings > 0), -(-self.height // step) + 2 * (halvings > 0)
        shift = 0.5 - (halvings > 0)  # the rim is one sample before and one after
        x = (np.arange(columns) + shift) * (step / self.unit)
        y = (np.arange(rows) + shift) * (step / self.unit)
        return x.astype(np.float32)[None, :], y.astype(np.float32)[:, None]

    def enlarge(self, field: NDArray[np.floating[Any]], halvings: int) -> Field:
        """A field sampled on `grid(halvings)` at full size, float32[height, width] (quadratic B-spline, IEEE-exact)."""
        for _ in range(halvings):
            field = double(double(np.asarray(field, np.float32)).T).T
        rim = int(halvings > 0)
        return np.ascontiguousarray(field[rim : rim + self.height, rim : rim + self.width], np.float32)


def double(field: Field) -> Field:
    """Twice the rows minus two: each new sample lies a quarter step from an old one (Chaikin's corner cutting)."""
    out = np.empty((2 * len(field) - 2, *field.shape[1:]), np.float32)
    out[0::2] = np.float32(0.75) * field[:-1] + np.float32(0.25) * field[1:]
    out[1::2] = np.float32(0.25) * field[:-1] + np.float32(0.75) * field[1:]
    return out


class Sheet:
    """A painted surface: uint8 sRGB at `frame.oversampling` times the size.

    Points are float[n, 2] in units, colours float[3] 0..1.
    """

    def __init__(self, frame: Frame, ground: Image) -> None:
        """`ground` is one colour float32[3], or a picture float32[height, width, 3]."""
        self._frame = frame
        self._scale = frame.unit * frame.oversampling
        size = (frame.height * frame.oversampling, frame.width * frame.oversampling)
        base = to_bytes(ground)
        if base.ndim == 3:
            base = base.repeat(frame.oversampling, axis=0).repeat(frame.oversampling, axis=1)
        self.pixels: Pixels = np.empty((*size, 3), np.uint8)
        self.pixels[:] = base

    def polygon(self, points: NDArray[np.float64], colour: Image) -> None:
        """Fill one closed polygon (even-odd where it crosses itself)."""
        cv2.fillPoly(self.pixels, [self._fixed(points)], _scalar(colour), cv2.LINE_AA, _SUBPIXEL_BITS)

    def ring(self, outlines: Sequence[NDArray[np.float64]], colour: Image) -> None:
        """Fill several outlines at once, even-odd: inner ones are holes."""
        fixed = [self._fixed(points) for points in outlines]
        cv2.fillPoly(self.pixels, fixed, _scalar(colour), cv2.LINE_AA, _SUBPIXEL_BITS)

    def line(self, points: NDArray[np.float64], colour: Image, width: float, *, closed: bool = False) -> None:
        """An open or closed line, `width` in units, at least a hair wide."""
        thickness = max(1, round(width * self._scale))
        cv2.polylines(
            self.pixels, [self._fixed(points)], closed, _scalar(colour), thickness, cv2.LINE_AA, _SUBPIXEL_BITS
        )

    def disc(self, centre: tuple[float, float], radius: float, colour: Image) -> None:
        x, y = self._fixed(np.array([centre]))[0]
        reach = max(1, round(radius * self._scale * (1 << _SUBPIXEL_BITS)))
        cv2.circle(self.pixels, (int(x), int(y)), reach, _scalar(colour), -1, cv2.LINE_AA, _SUBPIXEL_BITS)

    def image(self) -> Image:
        """The painting at the frame's size, float32[height, width, 3] 0..1."""
        if self._frame.oversampling == 1:
            return self.pixels.astype(np.float32) * np.float32(1 / 255)
        rows = self.pixels[0::2].astype(np.uint16) + self.pixels[1::2]
        return (rows[:, 0::2] + rows[:, 1::2]).astype(np.float32) * np.float32(1 / 1020)

    def _fixed(self, points: NDArray[np.float64]) -> NDArray[np.int32]:
        steps = np.round((np.asarray(points, np.float64) * self._scale - 0.5) * (1 << _SUBPIXEL_BITS))
        return np.clip(steps, -(1 << 20), 1 << 20).astype(np.int32)


def _scalar(colour: Image) -> tuple[int, int, int]:
    red, green, blue = to_bytes(colour).tolist()
    return red, green, blue


def to_bytes(values: Image) -> Pixels:
    """0..1 to 0..255, rounded and clipped."""
    return np.asarray(np.clip(values * np.float32(255) + np.float32(0.5), 0, 255), np.uint8)


def lerp(a: Image, b: Image, t: NDArray[np.floating[Any]] | float) -> Image:
    """From `a` (t = 0) to `b` (t = 1); `t` float32[h, w] is spread over the colour channels."""
    weight = np.asarray(t, np.float32)
    return np.asarray(a + (b - a) * (weight[..., None] if weight.ndim else weight), np.float32)


def smoothstep(low: float, high: float, values: Field) -> Field:
    """0 below `low`, 1 above `high`, a smooth S between."""
    t = np.clip((values - np.float32(low)) * np.float32(1.0 / (high - low)), 0, 1)
    return np.asarray(t * t * (np.float32(3) - np.float32(2) * t), np.float32)


def tooth(frame: Frame, dice: Dice) -> Field:
    """Paper: soft clouds and fine fibre, float32[height, width], about -1..1."""
    x, y = frame.grid(2)
    noise = Noise(dice.split("tooth"))
    turn = dice.uniform(-0.6, 0.6)
    along, across = x + np.float32(turn) * y, y - np.float32(turn) * x
    clouds = noise.fractal(along * np.float32(4), across * np.float32(4), 2)
    fibre = noise.at(along * np.float32(40), across * np.float32(110))
    return frame.enlarge(np.float32(0.6) * clouds + np.float32(0.5) * fibre, 2)


def develop(image: Image, dice: Dice, *, grain: float = 0.03, texture: Field | None = None) -> Pixels:
    """The finished picture, uint8[h, w, 3]: film grain of the given strength (0..1), and paper `texture` as strong."""
    height, width = image.shape[:2]
    octets = dice.split("grain").octets(2 * height * width).reshape(2, height, width).astype(np.float32)
    light = (octets[0] + octets[1] - np.float32(255)) * np.float32(grain / 255)
    if texture is not None:
        light += texture * np.float32(grain)
    return to_bytes(image + light[..., None])
