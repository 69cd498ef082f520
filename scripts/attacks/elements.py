"""Hard negatives: different pictures that share only a frame, a logo, an application's window, an inset, a caption."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator

from scripts.attacks.lettering import Ink, colour, words, write
from scripts.attacks.scene import Pixels

Element = Callable[[Pixels], Pixels]


def frame(rng: Generator, _: Pixels) -> Element:
    """An ornamented border of 5-13 % of the side."""
    share, period = rng.uniform(0.05, 0.13), int(rng.integers(18, 60))
    tile = rng.integers(0, 256, (period, period, 3)).astype(np.uint8)
    tile = cv2.GaussianBlur(np.concatenate([tile, tile[:, ::-1]], axis=1), (0, 0), period / 12)
    tile = cv2.normalize(tile, None, 0, 255, cv2.NORM_MINMAX)
    marks = [(words(rng, 1), rng.uniform(0.1, 0.7)) for _ in range(2)]

    def apply(picture: Pixels) -> Pixels:
        height, width = picture.shape[:2]
        band = int(share * min(height, width))
        pattern = np.tile(tile, (height // tile.shape[0] + 1, width // tile.shape[1] + 1, 1))[:height, :width].copy()
        inner = cv2.resize(picture, (width - 2 * band, height - 2 * band), interpolation=cv2.INTER_AREA)
        pattern[band : height - band, band : width - band] = inner
        for word, place in marks:
            pattern = write(pattern, word, (place, 1 - share * 0.9), share * 0.6, Ink((255, 240, 200)))
        return pattern

    return apply


def logo(rng: Generator, _: Pixels) -> Element:
    """An emblem with letters in a corner, 12-25 % of the side."""
    share, x, y = rng.uniform(0.12, 0.25), float(rng.choice([0.03, 0.72])), float(rng.choice([0.03, 0.72]))
    shapes = [(rng.uniform(0, 1, (int(rng.integers(3, 7)), 2)), colour(rng)) for _ in range(6)]
    word = words(rng, 1)

    def apply(picture: Pixels) -> Pixels:
        result = picture.copy()
        size = share * min(picture.shape[:2])
        corner = np.array([x * picture.shape[1], y * picture.shape[0]])
        for points, ink in shapes:
            cv2.fillPoly(result, [np.int32(corner + points * size)], ink, cv2.LINE_AA)
        return write(result, word, (x, y + share * 0.6), share * 0.25, Ink((255, 255, 255)))

    return apply


def window(rng: Generator, _: Pixels) -> Element:
    """The same application: bars with words and buttons above and below."""
    shade, lines = int(rng.choice([20, 235])), [words(rng, int(rng.integers(2, 5))) for _ in range(4)]
    buttons = [(rng.uniform(0.05, 0.95), colour(rng)) for _ in range(6)]

    def apply(picture: Pixels) -> Pixels:
        square = cv2.resize(picture, (720, 720), interpolation=cv2.INTER_AREA)
        page = cv2.copyMakeBorder(square, 110, 190, 0, 0, cv2.BORDER_CONSTANT, value=[shade] * 3)
        for line, y in zip(lines, (0.01, 0.05, 0.84, 0.88), strict=True):
            page = write(page, line, (0.04, y), 0.035, Ink((130, 130, 130)))
        page = page.copy()
        for x, ink in buttons:
            cv2.rectangle(page, (int(x * 720) - 20, 965), (int(x * 720) + 20, 1000), ink, -1)
        return page

    return apply


def inset(rng: Generator, other: Pixels) -> Element:
    """The same third picture over 4-12 % of the area."""
    side = float(np.sqrt(rng.uniform(0.04, 0.12)))
    x, y = rng.uniform(0, 1 - side, 2)

    def apply(picture: Pixels) -> Pixels:
        result = picture.copy()
        height, width = picture.shape[:2]
        small = cv2.resize(other, (int(width * side), int(height * side)), interpolation=cv2.INTER_AREA)
        top, left = int(y * height), int(x * width)
        result[top : top + small.shape[0], left : left + small.shape[1]] = small
        return result

    return apply


def meme(rng: Generator, _: Pixels) -> Element:
    """The same captions in large letters."""
    above, below = words(rng, 3), words(rng, 2)

    def apply(picture: Pixels) -> Pixels:
        once = write(picture, above, (0.05, 0.03), 0.09, Ink((255, 255, 255)))
        return write(once, below, (0.1, 0.85), 0.09, Ink((255, 255, 255)))

    return apply


KINDS: Final = (frame, logo, window, inset, meme)
