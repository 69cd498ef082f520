"""Attacks that move, cut or frame the picture: a scene and a generator in, a scene out."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scripts.attacks import scene as at
from scripts.attacks.filters import clipped
from scripts.attacks.lettering import Ink, colour, words, write, write_to_fit
from scripts.attacks.scene import Colour, Pixels, Scene

Move = Callable[[Scene, Generator], Scene]


def _cut_sides(scene: Scene, rng: Generator, width: float, height: float) -> Scene:
    w, h = max(1, round(scene.width * min(1.0, width))), max(1, round(scene.height * min(1.0, height)))
    return at.cut(scene, int(rng.integers(0, scene.width - w + 1)), int(rng.integers(0, scene.height - h + 1)), w, h)


def crop(scene: Scene, rng: Generator) -> Scene:
    """40-75 % of each side."""
    return _cut_sides(scene, rng, rng.uniform(0.4, 0.75), rng.uniform(0.4, 0.75))


def crop_part(scene: Scene, rng: Generator) -> Scene:
    """10-40 % of the area, up to 1.4 times as wide or high as the picture's own shape."""
    side, shape = np.sqrt(rng.uniform(0.1, 0.4)), np.exp(rng.uniform(-1, 1) * np.log(1.4) / 2)
    return _cut_sides(scene, rng, side * shape, side / shape)


def resize(scene: Scene, rng: Generator) -> Scene:
    """15-50 % of each side, or up to twice."""
    factor = rng.uniform(0.15, 0.5) if rng.random() < 0.75 else rng.uniform(1.3, 2.0)
    return at.scaled(scene, factor)


def aspect(scene: Scene, rng: Generator) -> Scene:
    """One side 45-75 % of what it was."""
    factor = rng.uniform(0.45, 0.75)
    x, y = (factor, 1.0) if rng.random() < 0.5 else (1.0, factor)
    return at.resized(scene, round(scene.width * x), round(scene.height * y))


def _turned(scene: Scene, degrees: float, fill: Colour, *, whole: bool) -> Scene:
    """About the middle; with the whole picture in the new frame, or the old frame kept and the corners lost."""
    matrix = np.vstack([cv2.getRotationMatrix2D((scene.width / 2, scene.height / 2), degrees, 1.0), (0, 0, 1)])
    width, height = scene.width, scene.height
    if whole:
        cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
        width, height = round(scene.width * cos + scene.height * sin), round(scene.width * sin + scene.height * cos)
        matrix[:2, 2] += (width - scene.width) / 2, (height - scene.height) / 2
    return at.warped(scene, matrix, (width, height), fill)


def small_rotation(scene: Scene, rng: Generator) -> Scene:
    """6-25 degrees either way."""
    return _turned(scene, rng.uniform(6, 25) * rng.choice([-1, 1]), colour(rng), whole=rng.random() < 0.5)


def big_rotation(scene: Scene, rng: Generator) -> Scene:
    """A quarter or half turn, or any angle from 30 degrees."""
    if rng.random() < 0.5:
        turns = int(rng.integers(1, 4))
        return at.rearranged(scene, lambda values: np.rot90(values, turns))
    return _turned(scene, rng.uniform(30, 330), colour(rng), whole=True)


def flip_horizontal(scene: Scene, _: Generator) -> Scene:
    return at.rearranged(scene, lambda values: values[:, ::-1])


def flip_vertical(scene: Scene, _: Generator) -> Scene:
    return at.rearranged(scene, lambda values: values[::-1])


def _tilted(scene: Scene, rng: Generator, reach: float, backdrop: Colour | Pixels, margin: float = 0.0) -> Scene:
    """Every corner moves inward by up to `reach` of the sides, from `margin` on."""
    width, height = scene.width, scene.height
    before = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    inward = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    after = before + inward * (rng.uniform(0, reach, (4, 2)) + margin) * (width, height)
    matrix = cv2.getPerspectiveTransform(before, after.astype(np.float32))
    return at.warped(scene, matrix, (width, height), backdrop)


def perspective(scene: Scene, rng: Generator) -> Scene:
    """Seen from the side: corners move in by up to 28 % of the side."""
    return _tilted(scene, rng, 0.28, colour(rng))


def padding(scene: Scene, rng: Generator) -> Scene:
    """Bars of 5-45 % of the side on each of two to four edges, of one colour or noisy."""
    left, top, right, bottom = rng.uniform(0.05, 0.45, 4) * rng.permutation([1, 1, *rng.integers(0, 2, 2)])
    width, height = round(scene.width * (1 + left + right)), round(scene.height * (1 + top + bottom))
    page = at.plain(width, height, colour(rng))
    if rng.random() < 0.3:
        page = clipped(page + rng.normal(0, 40, page.shape))
    return at.laid_on(scene, page, int(scene.width * left), int(scene.height * top))


def meme(scene: Scene, rng: Generator) -> Scene:
    """Large captions on the picture, or in a bar above it."""
    if rng.random() < 0.5:
        picture = write_to_fit(scene.pixels, words(rng, 4), 0.02, Ink((255, 255, 255), 3))
        return at.painted(scene, write_to_fit(picture, words(rng, 3), 0.83, Ink((255, 255, 255), 3)))
    bar = round(scene.height * rng.uniform(0.16, 0.3))
    page = at.plain(scene.width, scene.height + bar, (255, 255, 255))
    page = write_to_fit(page, words(rng, 5), 0.01, Ink((0, 0, 0), 0))
    return at.laid_on(scene, page, 0, bar)


def screenshot(scene: Scene, rng: Generator) -> Scene:
    """In the window of an application: bars, an author, buttons, a caption; sometimes most of the screen is not it."""
    shade = int(rng.choice([16, 40, 236, 255]))
    ink: Colour = (40, 40, 40) if shade > 128 else (225, 225, 225)
    top, side, bottom = rng.uniform(0.08, 0.3), rng.uniform(0, 0.35), rng.uniform(0.12, 0.5)
    width, height = round(scene.width * (1 + side)), round(scene.height * (1 + top + bottom))
    page = at.plain(width, height, (shade, shade, shade))
    start = top * scene.height / height
    page = write(page, "12:41", (0.03, 0.005), 0.03, Ink(ink, 0))
    page = write(page, words(rng, 2).title(), (0.14, start * 0.4), 0.04, Ink(ink, 0))
    page = write(page, words(rng, 6).lower(), (0.04, 1 - bottom * 0.5 * scene.height / height), 0.035, Ink(ink, 0))
    page = page.copy()
    cv2.circle(page, (int(0.07 * width), int(start * 0.6 * height)), max(3, int(0.035 * width)), colour(rng), -1)
    for number in range(5):
        place = (int((0.1 + 0.2 * number) * width), height - max(4, int(0.04 * height)))
        cv2.circle(page, place, max(3, int(0.02 * width)), ink, 2, cv2.LINE_AA)
    return at.laid_on(scene, page, int(scene.width * side * rng.random()), int(scene.height * top))


def shuffle_blocks(scene: Scene, rng: Generator) -> Scene:
    """A grid of 2 x 2 to 4 x 4 blocks, dealt anew."""
    rows, columns = (int(n) for n in rng.integers(2, 5, 2))
    order = rng.permutation(rows * columns)
    h, w = scene.height // rows, scene.width // columns

    def deal(values: NDArray[np.generic]) -> NDArray[np.generic]:
        result = values[: h * rows, : w * columns].copy()
        for new, old in enumerate(order):
            (y, x), (v, u) = divmod(new, columns), divmod(int(old), columns)
            result[y * h : y * h + h, x * w : x * w + w] = values[v * h : v * h + h, u * w : u * w + w]
        return result

    return at.rearranged(scene, deal) if min(h, w) > 0 else scene


def print_scan(scene: Scene, rng: Generator) -> Scene:
    """Printed with coarse dots, scanned a little askew on its white sheet, with dull colours and dust."""
    sheet = at.plain(scene.width, scene.height, (250, 249, 244))
    margin = rng.uniform(0.02, 0.12)
    askew = _tilted(scene, rng, 0.015, sheet, margin)
    askew = _turned(askew, rng.uniform(-4, 4), (250, 249, 244), whole=False)
    y, x = np.mgrid[: askew.height, : askew.width]
    period = rng.uniform(3.2, 5.5)
    dots = np.sin(2 * np.pi * (x + y) / period) * np.sin(2 * np.pi * (x - y) / period)
    values = askew.pixels.astype(np.float32) * rng.uniform(0.6, 0.85) + rng.uniform(20, 60) + (-6, 0, -14)
    values = values + dots[..., None] * rng.uniform(8, 22) + rng.normal(0, rng.uniform(4, 12), values.shape)
    values = cv2.GaussianBlur(values.astype(np.float32), (0, 0), rng.uniform(0.7, 1.5))
    return at.painted(askew, clipped(values))


def screen_photo(scene: Scene, rng: Generator) -> Scene:
    """A telephone's picture of a monitor: tilted, moiré, a glare, a dim room, out of focus."""
    shade = int(rng.integers(10, 70))
    room = clipped(rng.normal(shade, 6, scene.pixels.shape))
    tilted = _tilted(scene, rng, 0.14, room, rng.uniform(0.02, 0.1))
    height, width = tilted.height, tilted.width
    y, x = np.mgrid[:height, :width]
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 14)
    rings = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + 4 * np.sin(x / width * 3))
    values = tilted.pixels.astype(np.float32) * (1 + rings[..., None] * rng.uniform(0.05, 0.16))
    spot = rng.uniform(0, 1, 2) * (width, height)
    glare = np.exp(-(((x - spot[0]) / width) ** 2 + ((y - spot[1]) / height) ** 2) / rng.uniform(0.01, 0.06))
    values = values * rng.uniform(0.7, 1.1) * rng.uniform(0.8, 1.2, 3) + glare[..., None] * rng.uniform(40, 150)
    values = cv2.GaussianBlur(values.astype(np.float32), (0, 0), rng.uniform(0.8, 2.0))
    return at.painted(tilted, clipped(values + rng.normal(0, rng.uniform(4, 12), values.shape)))


MOVES: Final[dict[str, Move]] = {
    "crop": crop,
    "resize": resize,
    "aspect": aspect,
    "small-rotation": small_rotation,
    "big-rotation": big_rotation,
    "flip-horizontal": flip_horizontal,
    "flip-vertical": flip_vertical,
    "perspective": perspective,
    "padding": padding,
    "meme": meme,
    "screenshot": screenshot,
    "block-shuffle": shuffle_blocks,
    "print-scan": print_scan,
    "screen-photo": screen_photo,
}
