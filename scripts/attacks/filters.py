"""Attacks that change colours and leave every pixel where it was: uint8[H, W, 3] and a generator in, the same out."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from scripts.attacks.lettering import Ink, colour, emoji, strokes, words, write
from scripts.attacks.scene import Pixels

Filter = Callable[[Pixels, Generator], Pixels]


def encoded(picture: Pixels, suffix: str, quality: int) -> Pixels:
    """Through a JPEG or WEBP file and back."""
    flag = cv2.IMWRITE_JPEG_QUALITY if suffix == ".jpg" else cv2.IMWRITE_WEBP_QUALITY
    _, data = cv2.imencode(suffix, np.ascontiguousarray(picture[..., ::-1]), [flag, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def clipped(values: NDArray[np.floating]) -> Pixels:
    return np.clip(values, 0, 255).astype(np.uint8)


def gray(picture: Pixels) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def jpeg(picture: Pixels, rng: Generator) -> Pixels:
    """JPEG of quality 4-14, or WEBP of quality 1-8."""
    if rng.random() < 0.3:
        return encoded(picture, ".webp", int(rng.integers(1, 9)))
    return encoded(picture, ".jpg", int(rng.integers(4, 15)))


def text(picture: Pixels, rng: Generator) -> Pixels:
    """Three to six lines of large letters across the picture."""
    for _ in range(int(rng.integers(3, 7))):
        line, place = words(rng, int(rng.integers(2, 5))), (rng.uniform(0, 0.3), rng.uniform(0.02, 0.92))
        if rng.random() < 0.5:
            picture = write(picture, line, place, rng.uniform(0.05, 0.12), Ink(colour(rng), 2))
        else:
            picture = strokes(picture, line, place, rng)
    return picture


def stock_watermark(picture: Pixels, rng: Generator) -> Pixels:
    """A word and lines, half transparent, repeated over the whole picture at a slant."""
    height, width = picture.shape[:2]
    side = int(1.5 * max(height, width))
    layer = np.zeros((side, side, 3), np.uint8)
    step, word = int(side * rng.uniform(0.09, 0.14)), words(rng, 1)
    for number, y in enumerate(range(0, side, step)):
        line = (word + "     ") * 8
        layer = write(layer, line, (-0.1 * (number % 2), y / side), rng.uniform(0.03, 0.04), Ink((255, 255, 255), 0))
        cv2.line(layer := layer.copy(), (0, y), (side, y), (255, 255, 255), 2)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(15, 45) * rng.choice([-1, 1]), 1.0)
    turned = cv2.warpAffine(layer, turn, (side, side))[(side - height) // 2 :, (side - width) // 2 :][:height, :width]
    strength = turned.astype(np.float32) / 255 * rng.uniform(0.35, 0.6)
    return clipped(picture * (1 - strength) + 255 * strength)


def emojis(picture: Pixels, rng: Generator) -> Pixels:
    """Two to five faces, hearts or stars, each 12-32 % of the short side across."""
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(2, 6))):
        centre = (int(rng.uniform(0.1, 0.9) * width), int(rng.uniform(0.1, 0.9) * height))
        picture = emoji(picture, centre, max(4, int(rng.uniform(0.06, 0.16) * min(height, width))), rng)
    return picture


def stripes(picture: Pixels, rng: Generator) -> Pixels:
    """Straight bars at an angle, 15-35 % of the picture, of 60-100 % opacity."""
    height, width = picture.shape[:2]
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.06, 0.2) * max(height, width)
    y, x = np.mgrid[:height, :width]
    across = (x * np.cos(angle) + y * np.sin(angle)) / period
    bar = ((across % 1) < rng.uniform(0.15, 0.35))[..., None] * rng.uniform(0.6, 1.0)
    return clipped(picture * (1 - bar) + np.array(colour(rng)) * bar)


def recolour(picture: Pixels, rng: Generator) -> Pixels:
    """Hue by up to 180 degrees, saturation 0-2, brightness 0.6-1.4, contrast 0.5-1.6, a tint."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 180)) % 180
    hsv[..., 1] *= rng.uniform(0, 2)
    values = cv2.cvtColor(clipped(hsv), cv2.COLOR_HSV2RGB).astype(np.float32)
    values = (values - 128) * rng.uniform(0.5, 1.6) + 128 * rng.uniform(0.6, 1.4)
    return clipped(values + rng.uniform(-30, 30, 3))


def photo_filter(picture: Pixels, rng: Generator) -> Pixels:
    """One of a telephone's strong filters: duotone, hard black and white, faded, cross-processed, burnt out."""
    height, width = picture.shape[:2]
    level = gray(picture).astype(np.float32)[..., None] / 255
    style = int(rng.integers(0, 5))
    if style == 0:
        dark, light = rng.uniform(0, 110, 3), rng.uniform(150, 255, 3)
        values = dark + (light - dark) * level
    elif style == 1:
        values = 255 / (1 + np.exp(-rng.uniform(8, 16) * (level - float(np.median(level))))) + np.zeros(3)
    elif style == 2:
        values = picture * rng.uniform(0.3, 0.5) + rng.uniform(70, 130, 3)
    elif style == 3:
        curves = rng.uniform(0.4, 2.5, 3)
        values = 255 * (picture / 255.0) ** curves
    else:
        values = (picture.astype(np.float32) - 90) * rng.uniform(1.6, 2.4) + 110
    y, x = np.mgrid[:height, :width]
    far = np.hypot((x / width - 0.5) * 2, (y / height - 0.5) * 2)[..., None]
    vignette = 1 - rng.uniform(0, 0.6) * np.clip(far, 0, 1.2) ** 2
    return clipped(values * vignette + rng.normal(0, rng.uniform(0, 14), (height, width, 1)))


def stylise(picture: Pixels, rng: Generator) -> Pixels:
    """Edges, posterised flats, or a pencil sketch."""
    style = int(rng.integers(0, 3))
    if style == 0:
        smooth = cv2.GaussianBlur(gray(picture), (0, 0), 1.2).astype(np.float32)
        edge = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
        ink = np.clip(edge / max(float(np.percentile(edge, 97)), 1e-3), 0, 1)[..., None]
        return clipped(255 * (1 - ink if rng.random() < 0.5 else ink) + np.zeros(3))
    if style == 1:
        flat = cv2.bilateralFilter(picture, 9, 60, 9).astype(np.float32)
        levels = int(rng.integers(3, 5))
        return clipped(np.round(flat / 255 * (levels - 1)) * 255 / (levels - 1))
    level = gray(picture).astype(np.float32)
    soft = cv2.GaussianBlur(255 - level, (0, 0), min(picture.shape[:2]) * rng.uniform(0.008, 0.02))
    return clipped((level / np.maximum(255 - soft, 1) * 255)[..., None] + np.zeros(3))


def blur(picture: Pixels, rng: Generator) -> Pixels:
    """Gaussian of 0.7-1.6 % of the short side, or motion of 3-6 %."""
    side = min(picture.shape[:2])
    if rng.random() < 0.6:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.5, side * rng.uniform(0.007, 0.016))), np.uint8)
    length = max(3, int(side * rng.uniform(0.03, 0.06)))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), rng.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def pixelate(picture: Pixels, rng: Generator) -> Pixels:
    """Blocks, 60-140 along the short side."""
    height, width = picture.shape[:2]
    factor = min(1.0, rng.uniform(60, 140) / min(height, width))
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def noise(picture: Pixels, rng: Generator) -> Pixels:
    """Gaussian with a deviation of 25-60, or 6-18 % of the pixels black and white."""
    height, width = picture.shape[:2]
    if rng.random() < 0.7:
        return clipped(picture + rng.normal(0, rng.uniform(25, 60), picture.shape))
    lost = rng.random((height, width)) < rng.uniform(0.06, 0.18)
    salt = rng.integers(0, 2, (height, width)) * 255
    return np.where(lost[..., None], salt[..., None], picture).astype(np.uint8)


FILTERS: Final[dict[str, Filter]] = {
    "jpeg": jpeg,
    "text": text,
    "stock-watermark": stock_watermark,
    "emoji": emojis,
    "stripes": stripes,
    "colour": recolour,
    "photo-filter": photo_filter,
    "stylise": stylise,
    "blur": blur,
    "pixelate": pixelate,
    "noise": noise,
}
