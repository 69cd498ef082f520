"""What people do to pictures that are not theirs: screenshots, collages, laundering. More and harder kinds than
`copies`.

Every function takes uint8[H, W, 3] and a generator, and the same seed gives the same picture.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from scripts.models import copies
from scripts.models.copies import Pixels

WORDS: Final = (
    "FOLLOW",
    "MORE",
    "ART",
    "SALE",
    "ORIGINAL",
    "PRINT",
    "STUDIO",
    "DAILY",
    "ONLINE",
    "SHOP",
    "GALLERY",
    "SHARE",
)


def text(picture: Pixels, words: str, box: tuple[float, float], size: float, colour: tuple[int, int, int]) -> Pixels:
    """Draw words at `box` (x, y as shares) with letters `size` of the width high."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    font = ImageFont.load_default(max(8, size * picture.shape[1]))
    place = (box[0] * picture.shape[1], box[1] * picture.shape[0])
    ImageDraw.Draw(image).text(place, words, fill=colour, font=font, stroke_width=1, stroke_fill=(0, 0, 0))
    return np.asarray(image)


def words(rng: Generator, count: int) -> str:
    return " ".join(rng.choice(WORDS, count))


def colour(rng: Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


def crop_half(picture: Pixels, rng: Generator) -> Pixels:
    """Half of each side, anywhere."""
    return crop_to(picture, rng, 0.5)


def crop_to(picture: Pixels, rng: Generator, side: float) -> Pixels:
    height, width = picture.shape[:2]
    h, w = max(1, int(height * side)), max(1, int(width * side))
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    return np.ascontiguousarray(picture[y : y + h, x : x + w])


def small_crop(picture: Pixels, rng: Generator) -> Pixels:
    """10-40 % of the area."""
    return crop_to(picture, rng, float(np.sqrt(rng.uniform(0.1, 0.4))))


def rotate_10(picture: Pixels, rng: Generator) -> Pixels:
    turned = Image.fromarray(picture).rotate(
        float(rng.choice([-10, 10])), Image.Resampling.BICUBIC, expand=True, fillcolor=colour(rng)
    )
    return np.asarray(turned)


def rotate_90(picture: Pixels, rng: Generator) -> Pixels:
    return np.ascontiguousarray(np.rot90(picture, int(rng.choice([1, 3]))))


def screenshot(picture: Pixels, rng: Generator) -> Pixels:
    """An application's frame around it, with caption and logo laid over."""
    height, width = picture.shape[:2]
    top, bottom, side = int(0.12 * height), int(0.2 * height), int(rng.uniform(0, 0.15) * width)
    shade = int(rng.choice([18, 240]))
    page = cv2.copyMakeBorder(picture, top, bottom, side, side, cv2.BORDER_CONSTANT, value=[shade] * 3)
    ink = (128, 128, 128)
    page = text(page, "Gallery    " + words(rng, 2), (0.04, 0.02), 0.035, ink)
    page = text(page, words(rng, 5).lower(), (0.05, 0.87), 0.04, ink)
    page = text(page, words(rng, 2), (0.2, 0.7), 0.07, (255, 255, 255))
    centre = (int(page.shape[1] * 0.88), int(page.shape[0] * 0.2))
    cv2.circle(page := page.copy(), centre, page.shape[1] // 16, colour(rng), -1)
    return page


def collage(picture: Pixels, rng: Generator, other: Pixels) -> Pixels:
    """One of three tiles of a page; the other two are from `other`, cut differently."""
    tiles = [copies.crop(other, rng), picture, copies.crop(other, rng)]
    tiles = [tiles[i] for i in rng.permutation(3)]
    resized = [cv2.resize(t, (round(600 * t.shape[1] / t.shape[0]), 600), interpolation=cv2.INTER_AREA) for t in tiles]
    return np.hstack([np.pad(t, ((10, 10), (10, 10), (0, 0)), constant_values=255) for t in resized]).astype(np.uint8)


def small_paste(picture: Pixels, rng: Generator, other: Pixels) -> Pixels:
    """Over 20-30 % of another picture."""
    height, width = other.shape[:2]
    scale = float(np.sqrt(rng.uniform(0.2, 0.3) * height * width / (picture.shape[0] * picture.shape[1])))
    scale = min(scale, height / picture.shape[0], width / picture.shape[1])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    y, x = (int(rng.integers(0, room + 1)) for room in (height - small.shape[0], width - small.shape[1]))
    result = other.copy()
    result[y : y + small.shape[0], x : x + small.shape[1]] = small
    return result


def laundered(picture: Pixels, rng: Generator) -> Pixels:
    """Heavy crop (45-60 % of each side), a filter, and text over it."""
    part = copies.recolour(crop_to(picture, rng, float(rng.uniform(0.45, 0.6))), rng)
    part = text(part, words(rng, 2), (0.05, 0.1), 0.09, (255, 255, 255))
    return text(part, words(rng, 3), (0.05, 0.8), 0.06, (255, 230, 80))


def webp(picture: Pixels, rng: Generator) -> Pixels:
    quality = int(rng.integers(20, 60))
    _, data = cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def turned_mirror_crop(picture: Pixels, rng: Generator) -> Pixels:
    """Mirrored, turned, cropped and filtered: the adversary who knows what hashes miss."""
    return copies.recolour(copies.crop(rotate_10(copies.mirror(picture, rng), rng), rng), rng)


ALONE: Final[dict[str, Callable[[Pixels, Generator], Pixels]]] = {
    **copies.ALONE,
    "crop-half": crop_half,
    "small-crop": small_crop,
    "rotate-10": rotate_10,
    "rotate-90": rotate_90,
    "screenshot": screenshot,
    "laundered": laundered,
    "webp": webp,
    "mirror-turn-crop": turned_mirror_crop,
}
WITH_ANOTHER: Final = {**copies.WITH_ANOTHER, "collage": collage, "small-paste": small_paste}
KINDS: Final = (*ALONE, *WITH_ANOTHER, "composed")


def misuse(picture: Pixels, kind: str, rng: Generator, other: Pixels) -> Pixels:
    """One misuse of this kind, re-encoded as an upload; `other` is a different picture for what needs one."""
    if kind == "composed":
        return copies.make_copy(picture, kind, rng, other)
    made = WITH_ANOTHER[kind](picture, rng, other) if kind in WITH_ANOTHER else ALONE[kind](picture, rng)
    return copies.jpeg(np.ascontiguousarray(made), rng, 60, 90)
