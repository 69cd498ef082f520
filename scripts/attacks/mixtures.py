"""Attacks that need a second picture: it lies over, under, beside or inside the work."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator

from scripts.attacks import scene as at
from scripts.attacks.lettering import colour
from scripts.attacks.scene import Pixels, Scene

Mixture = Callable[[Scene, Generator, Callable[[], Pixels]], Scene]  # the last draws a picture that is no work
_CANVAS: Final = 900  # pixels of the longer side of a picture that carries the work


def _fitted(picture: Pixels, width: int, height: int) -> Pixels:
    """The middle of a picture, cut to the shape that is wanted."""
    factor = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * factor)), max(height, round(picture.shape[0] * factor)))
    grown = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(grown[top : top + height, left : left + width], np.uint8)


def collage(scene: Scene, rng: Generator, draw: Callable[[], Pixels]) -> Scene:
    """One tile of two to six on a page; a third at most of each side of the work is cut to fit its tile."""
    rows, columns = ((1, 2), (2, 1), (1, 3), (2, 2), (2, 3))[int(rng.integers(0, 5))]
    gap, side = int(rng.integers(0, 16)), 420 if rows * columns > 2 else 560
    shape = float(np.clip(scene.width / scene.height, 0.67, 1.5))
    w, h = round(side * np.sqrt(shape)), round(side / np.sqrt(shape))
    page = at.plain(columns * (w + gap) + gap, rows * (h + gap) + gap, colour(rng))
    mine = int(rng.integers(0, rows * columns))
    places = [(gap + x * (w + gap), gap + y * (h + gap)) for y in range(rows) for x in range(columns)]
    for number, (x, y) in enumerate(places):
        if number != mine:
            page[y : y + h, x : x + w] = _fitted(draw(), w, h)
    grown = at.scaled(scene, max(w / scene.width, h / scene.height))
    tile = at.cut(grown, max(0, (grown.width - w) // 2), max(0, (grown.height - h) // 2), w, h)
    return at.laid_on(tile, page, *places[mine])


def paste(scene: Scene, rng: Generator, draw: Callable[[], Pixels]) -> Scene:
    """The whole of it over 20-60 % of another picture's area."""
    share, other = rng.uniform(0.2, 0.6), draw()
    shape = other.shape[1] / other.shape[0]
    mine = scene.width / scene.height
    shape = float(np.clip(shape, mine * share * 1.1, mine / share / 1.1))  # so that it fits at that share
    width, height = round(_CANVAS * min(1.0, shape)), round(_CANVAS * min(1.0, 1 / shape))
    page = _fitted(other, width, height)
    area = share * width * height
    small = at.resized(scene, min(width, round(np.sqrt(area * mine))), min(height, round(np.sqrt(area / mine))))
    left, top = (int(rng.integers(0, room + 1)) for room in (width - small.width, height - small.height))
    return at.laid_on(small, page, left, top)


def overlay(scene: Scene, rng: Generator, draw: Callable[[], Pixels]) -> Scene:
    """Another picture covers 15-40 % of it."""
    side = np.sqrt(rng.uniform(0.15, 0.4))
    layer = _fitted(draw(), max(1, int(scene.width * side)), max(1, int(scene.height * side)))
    left, top = (
        int(rng.integers(0, room + 1)) for room in (scene.width - layer.shape[1], scene.height - layer.shape[0])
    )
    return at.covered(scene, layer, left, top)


def blend(scene: Scene, rng: Generator, draw: Callable[[], Pixels]) -> Scene:
    """25-50 % of another picture laid over the whole."""
    share = rng.uniform(0.25, 0.5)
    mixed = cv2.addWeighted(scene.pixels, 1 - share, _fitted(draw(), scene.width, scene.height), share, 0)
    return at.painted(scene, np.asarray(mixed, np.uint8))


MIXTURES: Final[dict[str, Mixture]] = {"collage": collage, "paste": paste, "overlay": overlay, "blend": blend}
