"""Drawn pictures for the watermark benchmarks: what photo and art collections lack. Fixed seeds, never tuned on.

Kinds: `text` (pages of print), `line-art` (ink on white), `dark` (night, down to near black), `flat` (a few plain
areas without any noise), `alpha` (cut-outs: a picture and its transparency), `work` (by the project's own
generators).
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from generators.procedural import ProceduralGenerator
from scripts.bench.watermark_attacks import Pixels

SIDES: Final = (256, 400, 640, 1024, 1536, 2048)
"""Long sides of the drawn kinds, one picture each."""
WORK_SIDES: Final = (256, 512, 640, 768, 1024, 1280, 1536, 2048)
WORKS_PER_KIND: Final = 4
_ASPECTS: Final = (1.0, 0.75, 0.7)
_SEED: Final = 730_000  # of everything drawn here
_LETTERS: Final = "aaabcdeeeefghiiklmnnooprrsstttuvwy"


def works() -> list[str]:
    """Names of the generators' works: kind, number."""
    return [f"{kind}-{number}" for kind in ProceduralGenerator().kinds for number in range(WORKS_PER_KIND)]


def draw(kind: str, name: str) -> tuple[Pixels, NDArray[np.uint8] | None]:
    """(uint8[H, W, 3] sRGB, uint8[H, W] alpha or None); `name` is one of `works()` or an index into SIDES."""
    if kind == "work":
        return _work(name), None
    index = int(name)
    side = SIDES[index]
    height, width = side, round(side * _ASPECTS[index % len(_ASPECTS)])
    if index % 2:
        height, width = width, height
    rng = np.random.default_rng([_SEED, list(KINDS).index(kind), index])
    return KINDS[kind](height, width, rng)


def _work(name: str) -> Pixels:
    generator = ProceduralGenerator()
    order = works().index(name)
    kind, number = name.rsplit("-", 1)
    side = WORK_SIDES[(order * 3 + order // len(WORK_SIDES)) % len(WORK_SIDES)]
    short = max(256, round(side * _ASPECTS[order % len(_ASPECTS)]))
    recipe = {"generator": generator.name, "kind": kind, "width": side, "height": short}
    return np.array(generator.make(recipe, seed=_SEED + int(number)).pixels)


def _text(height: int, width: int, rng: np.random.Generator) -> tuple[Pixels, None]:
    paper = int(rng.integers(245, 256))
    page = Image.new("RGB", (width, height), (paper, paper, paper - int(rng.integers(0, 8))))
    pen, margin = ImageDraw.Draw(page), width // 10
    size = max(9, height // int(rng.integers(36, 60)))
    font, heading = ImageFont.load_default(size), ImageFont.load_default(2 * size)
    pen.text((margin, margin), _words(2, rng).title(), fill=(20, 20, 30), font=heading)
    top = margin + 4 * size
    while top < height - margin:
        if rng.random() > 0.1:
            line = _words(30, rng)
            while pen.textlength(line, font=font) > width - 2 * margin:
                line = line.rpartition(" ")[0]
            pen.text((margin, top), line, fill=(25, 25, 25), font=font)
        top += round(1.5 * size)
    return np.array(page), None


def _words(count: int, rng: np.random.Generator) -> str:
    return " ".join("".join(rng.choice(list(_LETTERS), int(rng.integers(2, 10)))) for _ in range(count))


def _line_art(height: int, width: int, rng: np.random.Generator) -> tuple[Pixels, None]:
    sheet = np.full((height, width, 3), 255, np.uint8)
    thick, size = max(1, min(height, width) // 300), np.array([width, height])
    for _ in range(40):
        steps = np.cumsum(rng.normal(0, 0.04, (12, 2)), axis=0) + rng.uniform(0.1, 0.9, 2)
        fine = cv2.resize(steps, (2, 160), interpolation=cv2.INTER_CUBIC)
        cv2.polylines(sheet, [np.int32(fine * size)], False, (0, 0, 0), thick, cv2.LINE_AA)
    for _ in range(12):
        centre, axes = rng.uniform(0.1, 0.9, 2) * size, rng.uniform(0.02, 0.15, 2) * min(height, width)
        where = (int(centre[0]), int(centre[1])), (int(axes[0]) + 2, int(axes[1]) + 2)
        cv2.ellipse(sheet, *where, float(rng.uniform(0, 180)), 0, 360, (0, 0, 0), thick, cv2.LINE_AA)
    return sheet, None


def _dark(height: int, width: int, rng: np.random.Generator) -> tuple[Pixels, None]:
    level = float(rng.uniform(2, 22))
    glow = cv2.resize(rng.uniform(0, level, (6, 6, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, rng.uniform(0, 1.5), (height, width, 1))
    night = np.clip(np.rint(glow + grain), 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 12))):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        light = [int(c) for c in rng.integers(60, 220, 3)]
        cv2.circle(night, centre, max(1, min(height, width) // 120), light, -1, cv2.LINE_AA)
    return night, None


def _flat(height: int, width: int, rng: np.random.Generator) -> tuple[Pixels, None]:
    areas = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(int(rng.integers(2, 6))):
        colour = [int(c) for c in rng.integers(0, 256, 3)]
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        if rng.random() < 0.5:
            cv2.circle(areas, centre, int(rng.uniform(0.1, 0.35) * min(height, width)), colour, -1, cv2.LINE_AA)
        else:
            corner = (
                centre[0] + int(rng.integers(width // 8, width)),
                centre[1] + int(rng.integers(height // 8, height)),
            )
            cv2.rectangle(areas, centre, corner, colour, -1)
    return areas, None


def _alpha(height: int, width: int, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.uint8]]:
    """A work cut out: opaque inside a soft-edged blob that covers about two thirds, clear outside."""
    generator = ProceduralGenerator()
    kind = generator.kinds[int(rng.integers(0, len(generator.kinds)))]
    recipe = {"generator": generator.name, "kind": kind, "width": max(256, width), "height": max(256, height)}
    pixels = np.array(generator.make(recipe, seed=_SEED + int(rng.integers(0, 1000))).pixels)
    height, width = pixels.shape[:2]
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle, lobes = np.arctan2(rows, columns), int(rng.integers(3, 7))
    edge = 0.93 + 0.07 * np.cos(lobes * angle + rng.uniform(0, 6)) - np.hypot(rows, columns)
    return pixels, np.asarray(np.clip(255 * (0.5 + edge * 40), 0, 255), np.uint8)


KINDS: Final[dict[str, Callable[[int, int, np.random.Generator], tuple[Pixels, NDArray[np.uint8] | None]]]] = {
    "text": _text,
    "line-art": _line_art,
    "dark": _dark,
    "flat": _flat,
    "alpha": _alpha,
}
