"""Synthetic copies of a picture for fitting and measuring descriptors, and the rule that keeps the two apart.

A picture whose path (relative to the corpus, POSIX) has a sha256 that starts with a byte under 64 is for TEST: it is
only reported on. The rest is for fitting and tuning.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Attack = Callable[[Pixels, Generator], Pixels]

DEFAULT_CORPUS: Final = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def is_test(relative: str) -> bool:
    return hashlib.sha256(relative.encode()).digest()[0] < 64


def list_corpus(corpus: Path, *, test: bool) -> list[str]:
    """Sorted relative paths of one side of the split."""
    paths = (path.relative_to(corpus).as_posix() for path in corpus.rglob("*.jpg"))
    return sorted(path for path in paths if is_test(path) == test)


def read(path: Path) -> Pixels:
    """uint8[H, W, 3]. Raises ValueError on a file that is no picture."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"cannot read {path}")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def jpeg(picture: Pixels, rng: Generator, low: int = 10, high: int = 40) -> Pixels:
    quality = int(rng.integers(low, high))
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def crop(picture: Pixels, rng: Generator) -> Pixels:
    """40-75 % of each side."""
    height, width = picture.shape[:2]
    h, w = (int(side * rng.uniform(0.4, 0.75)) for side in (height, width))
    y, x = rng.integers(0, height - h), rng.integers(0, width - w)
    return picture[y : y + h, x : x + w]


def shrink(picture: Pixels, rng: Generator) -> Pixels:
    scale = rng.uniform(0.2, 0.5)
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def stretch(picture: Pixels, rng: Generator) -> Pixels:
    x, y = (1.0, rng.uniform(0.6, 0.8)) if rng.random() < 0.5 else (rng.uniform(0.6, 0.8), 1.0)
    return np.asarray(cv2.resize(picture, None, fx=x, fy=y, interpolation=cv2.INTER_AREA), np.uint8)


def rotate(picture: Pixels, rng: Generator) -> Pixels:
    """6-25 degrees either way, corners grey."""
    height, width = picture.shape[:2]
    angle = rng.uniform(6, 25) * rng.choice([-1, 1])
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderValue=(128, 128, 128)), np.uint8)


def mirror(picture: Pixels, _: Generator) -> Pixels:
    return np.ascontiguousarray(picture[:, ::-1])


def recolour(picture: Pixels, rng: Generator) -> Pixels:
    """A photo filter: tint, contrast, saturation."""
    values = picture.astype(np.float32)
    grey = values.mean(axis=2, keepdims=True)
    values = grey + (values - grey) * rng.uniform(0.0, 1.8)
    values = (values - 128) * rng.uniform(0.6, 1.5) + 128 + rng.uniform(-35, 35, size=3)
    return np.clip(values, 0, 255).astype(np.uint8)


def blur(picture: Pixels, rng: Generator) -> Pixels:
    sigma = min(picture.shape[:2]) * rng.uniform(0.004, 0.012)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def noise(picture: Pixels, rng: Generator) -> Pixels:
    return np.clip(picture + rng.normal(0, rng.uniform(15, 35), picture.shape), 0, 255).astype(np.uint8)


def caption(picture: Pixels, rng: Generator) -> Pixels:
    """Two to four lines of large text across the picture."""
    result = picture.copy()
    height, width = picture.shape[:2]
    for _ in range(int(rng.integers(2, 5))):
        text = "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVW   "), 14))
        origin = (int(width * rng.uniform(0, 0.2)), int(height * rng.uniform(0.15, 0.95)))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.putText(result, text, origin, cv2.FONT_HERSHEY_DUPLEX, width / 350, colour, max(2, width // 160))
    return result


def frame(picture: Pixels, rng: Generator) -> Pixels:
    """A screenshot: bars and margins of an application around the picture."""
    height, width = picture.shape[:2]
    top, bottom, left, right = (int(rng.uniform(0.03, 0.25) * side) for side in (height, height, width, width))
    shade = [int(v) for v in rng.integers(0, 256, 1).repeat(3)]
    result = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=shade)
    cv2.putText(result, "Photos   Edit   Share", (left, max(12, top - 4)), 0, width / 700, (90, 90, 90), 2)
    return np.asarray(result, np.uint8)


def blend(picture: Pixels, rng: Generator, other: Pixels) -> Pixels:
    """25-45 % of another picture laid over the whole."""
    share = rng.uniform(0.25, 0.45)
    layer = cv2.resize(other, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.addWeighted(picture, 1 - share, layer, share, 0), np.uint8)


def paste(picture: Pixels, rng: Generator, other: Pixels) -> Pixels:
    """The picture covers 30-60 % of another one."""
    height, width = other.shape[:2]
    side = np.sqrt(rng.uniform(0.3, 0.6))
    scale = side * min(height / picture.shape[0], width / picture.shape[1])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    y, x = (int(rng.integers(0, room + 1)) for room in (height - small.shape[0], width - small.shape[1]))
    result = other.copy()
    result[y : y + small.shape[0], x : x + small.shape[1]] = small
    return result


ALONE: Final[dict[str, Attack]] = {
    "jpeg": jpeg,
    "crop": crop,
    "shrink": shrink,
    "stretch": stretch,
    "rotate": rotate,
    "mirror": mirror,
    "recolour": recolour,
    "blur": blur,
    "noise": noise,
    "caption": caption,
    "frame": frame,
}
WITH_ANOTHER: Final = {"blend": blend, "paste": paste}
KINDS: Final = (*ALONE, *WITH_ANOTHER, "composed")


def make_copy(picture: Pixels, kind: str, rng: Generator, other: Pixels) -> Pixels:
    """One copy, always re-encoded. `composed` chains two or three kinds; `other` is a different picture."""
    kinds = rng.choice(KINDS[:-1], int(rng.integers(2, 4)), replace=False) if kind == "composed" else [kind]
    for name in kinds:
        picture = WITH_ANOTHER[name](picture, rng, other) if name in WITH_ANOTHER else ALONE[name](picture, rng)
    return jpeg(np.ascontiguousarray(picture), rng, 60, 90)
