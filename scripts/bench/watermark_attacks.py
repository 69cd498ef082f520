# ruff: noqa: ARG001 - attacks share one signature
"""What happens to pictures on their way: the 46 standard attacks and a set of hard ones.

An attack is `f(pixels uint8[H, W, 3], rng) -> uint8[h, w, 3]`; all randomness comes from `rng`, which most do not need.
"""

from collections.abc import Callable
from functools import partial
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Attack = Callable[[Pixels, np.random.Generator], Pixels]


def _clipped(values: NDArray[np.floating]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def unchanged(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return pixels


def encoded(pixels: Pixels, rng: np.random.Generator, *, codec: str, quality: int) -> Pixels:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, codec, quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    return encoded(pixels, np.random.default_rng(0), codec="JPEG", quality=quality)


def resized(pixels: Pixels, rng: np.random.Generator, *, x: float, y: float) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * x)), max(1, round(height * y)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def social(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    factor = 512 / max(pixels.shape[:2])
    return jpeg(resized(pixels, rng, x=factor, y=factor), 75)


def cropped(pixels: Pixels, rng: np.random.Generator, *, side: float, centred: bool = True) -> Pixels:
    height, width = pixels.shape[:2]
    rows, columns = round(height * side), round(width * side)
    top, left = (height - rows) // 2, (width - columns) // 2
    if not centred:
        top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    return pixels[top : top + rows, left : left + columns].copy()


def rotated_inside(pixels: Pixels, rng: np.random.Generator, *, degrees: float) -> Pixels:
    """Rotated and cropped to the largest centred rectangle of the same shape without corners of the canvas."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    turned = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    angle, aspect = np.radians(degrees), max(width / height, height / width)
    return cropped(turned, rng, side=float(1 / (np.cos(angle) + aspect * np.sin(angle))))


def rotated_grown(pixels: Pixels, rng: np.random.Generator, *, degrees: float) -> Pixels:
    """Rotated on a white canvas that grew to hold it."""
    turned = Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255))
    return np.asarray(turned)


def right_angle(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.rot90(pixels).copy()


def mirrored(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return pixels[:, ::-1].copy()


def noisy(pixels: Pixels, rng: np.random.Generator, *, sigma: float) -> Pixels:
    return _clipped(pixels + rng.normal(0, sigma, pixels.shape))


def blurred(pixels: Pixels, rng: np.random.Generator, *, sigma: float) -> Pixels:
    return cv2.GaussianBlur(pixels, (0, 0), sigma)


def median(pixels: Pixels, rng: np.random.Generator, *, size: int) -> Pixels:
    return cv2.medianBlur(pixels, size)


def brightness(pixels: Pixels, rng: np.random.Generator, *, factor: float) -> Pixels:
    return _clipped(pixels.astype(float) * factor)


def contrast(pixels: Pixels, rng: np.random.Generator, *, factor: float) -> Pixels:
    mean = pixels.mean()
    return _clipped((pixels - mean) * factor + mean)


def saturation(pixels: Pixels, rng: np.random.Generator, *, factor: float) -> Pixels:
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    return _clipped(grey[..., None] + (pixels - grey[..., None]) * factor)


def gamma(pixels: Pixels, rng: np.random.Generator, *, exponent: float) -> Pixels:
    return _clipped(255 * (pixels / 255.0) ** exponent)


def hue(pixels: Pixels, rng: np.random.Generator, *, turn: float) -> Pixels:
    space = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    space[..., 0] = (space[..., 0].astype(int) + round(180 * turn)) % 180
    return cv2.cvtColor(space, cv2.COLOR_HSV2RGB)


def greyscale(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def overlaid(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A line of text across the picture and an opaque logo in a corner."""
    out = pixels.copy()
    height, width = out.shape[:2]
    size, thick = width / 400, max(1, width // 200)
    where = (width // 20, height // 2)
    cv2.putText(out, "SAMPLE TEXT", where, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), thick, cv2.LINE_AA)
    cv2.circle(out, (width - width // 7, height - height // 7), width // 10, (200, 30, 30), -1, cv2.LINE_AA)
    return out


def screenshot(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """In a window: title bar, margins, shown at 0.8x, saved as JPEG 80."""
    small = resized(pixels, rng, x=0.8, y=0.8)
    height, width = small.shape[:2]
    bar, margin = max(24, height // 12), max(12, width // 20)
    out = np.full((height + bar + 2 * margin, width + 2 * margin, 3), 245, np.uint8)
    out[:bar] = (60, 63, 65)
    cv2.putText(out, "viewer - picture", (margin, bar - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1)
    out[bar + margin : bar + margin + height, margin : margin + width] = small
    return jpeg(out, 80)


def combination(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return jpeg(resized(cropped(pixels, rng, side=0.8, centred=False), rng, x=0.7, y=0.7), 70)


def perspective(pixels: Pixels, rng: np.random.Generator, *, amount: float) -> Pixels:
    """Every corner moves inwards by up to `amount` of the side."""
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    inwards = (1 - 2 * corners) * rng.uniform(0, amount, (4, 2))
    size = np.array([width, height])
    source = ((corners + inwards) * size).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, (corners * size).astype(np.float32))
    return cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def print_scan(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Slight perspective, optics, a warm cast, sensor noise, JPEG 85."""
    scanned = cv2.GaussianBlur(perspective(pixels, rng, amount=0.008), (0, 0), 0.7)
    tinted = scanned * np.array([1.05, 1.0, 0.92]) * 0.93 + 8
    return jpeg(_clipped(tinted + rng.normal(0, 3, pixels.shape)), 85)


def palette(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    return np.asarray(Image.fromarray(pixels).quantize(64).convert("RGB"))


def sharpened(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    values = pixels.astype(np.float32)
    return _clipped(values + 1.0 * (values - cv2.GaussianBlur(values, (0, 0), 1.5)))


def collage(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """At 60 % of its size inside another, textured picture of the original size."""
    height, width = pixels.shape[:2]
    out = np.zeros((height, width, 3))
    for cell in (4, 16, 64):
        noise = rng.uniform(-1, 1, (height // cell + 2, width // cell + 2, 3))
        out += cell**0.5 * 12 * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    canvas = _clipped(out + 120)
    small = resized(pixels, rng, x=0.6, y=0.6)
    rows, columns = small.shape[:2]
    top, left = int(rng.integers(0, height - rows)), int(rng.integers(0, width - columns))
    canvas[top : top + rows, left : left + columns] = small
    return canvas


def equalised(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    space = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    space[..., 0] = cv2.equalizeHist(space[..., 0])
    return cv2.cvtColor(space, cv2.COLOR_YCrCb2RGB)


def bent(pixels: Pixels, rng: np.random.Generator, *, amplitude: float) -> Pixels:
    """A smooth random displacement field of that many pixels RMS per axis."""
    height, width = pixels.shape[:2]
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    field = cv2.resize(rng.normal(0, 1, (5, 5, 2)), (width, height), interpolation=cv2.INTER_CUBIC)
    field *= amplitude / np.sqrt((field**2).mean())
    warp = (grid + field).astype(np.float32)
    return cv2.remap(pixels, warp[..., 0], warp[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


STANDARD: dict[str, Attack] = {
    "none": unchanged,
    **{f"jpeg-{q}": partial(encoded, codec="JPEG", quality=q) for q in (90, 75, 50, 30)},
    **{f"webp-{q}": partial(encoded, codec="WEBP", quality=q) for q in (80, 50)},
    **{f"resize-{f}": partial(resized, x=f, y=f) for f in (0.5, 0.75, 1.5)},
    "social-512": social,
    **{f"crop-{s}": partial(cropped, side=s / 100) for s in (90, 70, 50)},
    "random-crop-75": partial(cropped, side=0.75, centred=False),
    **{f"rotate-{d}-inside": partial(rotated_inside, degrees=d) for d in (2, 5)},
    **{f"rotate-{d}-grown": partial(rotated_grown, degrees=d) for d in (15, 45)},
    "rotate-90": right_angle,
    "mirror": mirrored,
    **{f"noise-{s}": partial(noisy, sigma=s) for s in (5, 10)},
    **{f"blur-{s}": partial(blurred, sigma=s) for s in (1, 2)},
    "median-3": partial(median, size=3),
    **{f"brightness-{f}": partial(brightness, factor=f) for f in (0.7, 1.3)},
    **{f"contrast-{f}": partial(contrast, factor=f) for f in (0.7, 1.3)},
    **{f"saturation-{f}": partial(saturation, factor=f) for f in (0.7, 1.3)},
    **{f"gamma-{g}": partial(gamma, exponent=g) for g in (0.7, 1.3)},
    "hue-10": partial(hue, turn=0.1),
    "greyscale": greyscale,
    "overlay": overlaid,
    "screenshot": screenshot,
    "crop-resize-jpeg": combination,
    "print-scan": print_scan,
    "palette-64": palette,
    "sharpen": sharpened,
    "aspect-0.9": partial(resized, x=0.9, y=1.0),
    "aspect-1.1": partial(resized, x=1.1, y=1.0),
    "collage-60": collage,
    "equalise": equalised,
}

HARD: dict[str, Attack] = {
    **{f"crop-{s}": partial(cropped, side=s / 100) for s in (35, 25)},
    "resize-0.25": partial(resized, x=0.25, y=0.25),
    **{f"perspective-{p}": partial(perspective, amount=p / 100) for p in (3, 6)},
    "bend-2px": partial(bent, amplitude=2.0),
    **{f"aspect-{a}": partial(resized, x=a, y=1.0) for a in (0.7, 1.3)},
    "blur-3": partial(blurred, sigma=3),
    "median-7": partial(median, size=7),
    "jpeg-10": partial(encoded, codec="JPEG", quality=10),
}

ATTACKS: dict[str, Attack] = STANDARD | HARD

LEAST_SIDE: dict[str, int] = dict.fromkeys(HARD, 512) | {"resize-0.25": 1024}
"""Long side, in pixels, from which a picture counts for a hard attack; the standard ones count for every size."""


def applies(attack: str, height: int, width: int) -> bool:
    """Whether a picture of that size counts for the attack."""
    return max(height, width) >= LEAST_SIDE.get(attack, 0)
