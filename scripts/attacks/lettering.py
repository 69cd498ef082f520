"""Words, emoji and emblems, drawn here: letters are Pillow's own Aileron (CC0) and OpenCV's Hershey strokes."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from scripts.attacks.scene import Colour, Pixels

_WORDS: Final = (
    *("FOLLOW", "MORE", "ART", "SALE", "ORIGINAL", "PRINT", "STUDIO", "DAILY", "ONLINE", "SHOP", "GALLERY", "SHARE"),
    *("WHEN", "YOU", "SEE", "THE", "LAST", "ONE", "NOBODY", "EVER", "LOOKED", "AT", "THIS", "MONDAY", "AGAIN", "PHOTO"),
    *("FREE", "NOW", "LINK", "TODAY", "BEST"),
)
_HERSHEY: Final = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX)


def words(rng: Generator, count: int) -> str:
    return " ".join(rng.choice(_WORDS, count))


def colour(rng: Generator) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour, and how many pixels wide the outline of the letters is."""

    colour: Colour
    outline: int = 1


def write(picture: Pixels, text: str, place: tuple[float, float], size: float, ink: Ink) -> Pixels:
    """`place` (x, y) in shares of the picture, letters `size` of the width high."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    at = (place[0] * picture.shape[1], place[1] * picture.shape[0])
    around = (0, 0, 0) if sum(ink.colour) > 300 else (255, 255, 255)
    font = ImageFont.load_default(max(8.0, size * picture.shape[1]))
    ImageDraw.Draw(image).text(at, text, fill=ink.colour, font=font, stroke_width=ink.outline, stroke_fill=around)
    return np.asarray(image)


def write_to_fit(picture: Pixels, text: str, top: float, ink: Ink) -> Pixels:
    """One line across the middle, as large as fits 94 % of the width and 14 % of the height."""
    height, width = picture.shape[:2]
    probe = ImageFont.load_default(100).getlength(text)
    size = min(94 * width / max(probe, 1), 0.14 * height) / width
    left = (1 - probe * size / 100) / 2
    return write(picture, text, (left, top), size, ink)


def strokes(picture: Pixels, text: str, place: tuple[float, float], rng: Generator) -> Pixels:
    """In one of OpenCV's stroke fonts, thick."""
    result = np.ascontiguousarray(picture).copy()
    width = picture.shape[1]
    at = (int(place[0] * width), int(place[1] * picture.shape[0]))
    face = int(rng.choice(_HERSHEY))
    cv2.putText(result, text, at, face, width / 360, colour(rng), max(2, width // 200), cv2.LINE_AA)
    return result


def emoji(picture: Pixels, centre: tuple[int, int], radius: int, rng: Generator) -> Pixels:
    """A round face, a heart or a star."""
    result = np.ascontiguousarray(picture).copy()
    shape = int(rng.integers(0, 3))
    if shape == 0:
        _face(result, centre, radius, rng)
    else:
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        if shape == 1:
            x = 16 * np.sin(angles) ** 3 / 17
            y = -(13 * np.cos(angles) - 5 * np.cos(2 * angles) - 2 * np.cos(3 * angles) - np.cos(4 * angles)) / 17
            ink: Colour = (225, 30, 60)
        else:
            reach = np.where(np.arange(60) // 6 % 2 == 0, 1.0, 0.45)
            x, y, ink = reach * np.sin(angles), -reach * np.cos(angles), (250, 200, 30)
        points = np.int32(np.column_stack([x, y]) * radius + centre)
        cv2.fillPoly(result, [points], ink, cv2.LINE_AA)
        cv2.polylines(result, [points], True, (60, 20, 10), max(1, radius // 20), cv2.LINE_AA)
    return result


def _face(result: Pixels, centre: tuple[int, int], radius: int, rng: Generator) -> None:
    x, y = centre
    dark = (70, 45, 10)
    cv2.circle(result, centre, radius, (255, int(rng.integers(195, 225)), 60), -1, cv2.LINE_AA)
    cv2.circle(result, centre, radius, (200, 140, 20), max(1, radius // 18), cv2.LINE_AA)
    for side in (-1, 1):
        eye = (x + side * radius * 2 // 5, y - radius // 4)
        cv2.ellipse(result, eye, (max(1, radius // 8), max(1, radius // 6)), 0, 0, 360, dark, -1, cv2.LINE_AA)
    mouth = (x, y + radius // 6)
    cv2.ellipse(result, mouth, (radius // 2, radius * 2 // 5), 0, 10, 170, dark, max(2, radius // 12), cv2.LINE_AA)
    if rng.random() < 0.5:  # a tear
        tear = (x + radius * 2 // 5, y + radius // 10)
        cv2.ellipse(
            result, tear, (max(1, radius // 9), max(1, radius // 5)), 0, 0, 360, (80, 160, 250), -1, cv2.LINE_AA
        )
