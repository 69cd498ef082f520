"""The pictures of the watermark benchmarks, and the rule that keeps what is reported apart from what is tuned on.

A picture of the folder is for TEST when the last byte of the sha256 of its relative path (POSIX) is 0 mod 4; the rest
is for tuning. The last but one byte mod 16 decides its size, so that 256 to 2048 px are covered (`_RESIZED`): 6 of 16
keep theirs. Test adds pictures drawn by `watermark_drawn.py`. Half of the order is generated art: `ai-art` of the
folder and works of the project's generators take turns with everything else, whose kinds take turns among themselves;
the seed draws each kind's order.
"""

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scripts.bench import watermark_drawn
from scripts.bench.watermark_attacks import Pixels

SPLITS: Final = {"test": {0}, "tuning": {1, 2, 3}}
_GENERATED: Final = {"ai-art", "work"}
_SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".webp"}
_RESIZED: Final = {
    0: ("short", 256),
    1: ("short", 320),
    2: ("short", 384),
    3: ("long", 512),
    4: ("long", 512),
    5: ("long", 896),
    6: ("long", 1024),
    7: ("long", 1280),
    8: ("long", 1536),
    9: ("long", 2048),
}
"""Last but one byte of the hash mod 16: the side that is set, and to how many pixels. Others keep their size."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the set: `kind/...`, from a file of `folder` or, where that is None, drawn."""

    name: str
    folder: Path | None = None
    resize: bool = True

    @property
    def kind(self) -> str:
        return self.name.partition("/")[0]

    @property
    def is_generated(self) -> bool:
        return self.kind in _GENERATED

    def load(self) -> tuple[Pixels, NDArray[np.uint8] | None]:
        """(uint8[H, W, 3] sRGB, uint8[H, W] alpha or None)."""
        if self.folder is None:
            return watermark_drawn.draw(self.kind, self.name.partition("/")[2])
        with Image.open(self.folder / self.name) as image:
            clear = "A" in image.getbands() or "transparency" in image.info
            picture = image.convert("RGBA" if clear else "RGB")
        if self.resize:
            picture = _resized(picture, self.name)
        layers = np.asarray(picture)
        return np.ascontiguousarray(layers[..., :3]), (layers[..., 3].copy() if clear else None)


def choose(folder: Path, split: str, count: int, seed: int, *, original_sizes: bool = False) -> list[Picture]:
    """The first `count` pictures of the split, all where it is 0. See the module for the order."""
    pictures = [Picture(name, folder, not original_sizes) for name in _names(folder) if is_in(name, split)]
    if split == "test":
        pictures += [Picture(f"work/{name}") for name in watermark_drawn.works()]
        pictures += [
            Picture(f"{kind}/{index}") for kind in watermark_drawn.KINDS for index in range(len(watermark_drawn.SIDES))
        ]
    pictures.sort(key=lambda picture: hashlib.sha256(f"{seed}/{picture.name}".encode()).digest())
    generated = [picture for picture in pictures if picture.is_generated]
    kinds = sorted({picture.kind for picture in pictures if not picture.is_generated})
    others = _in_turn([picture for picture in pictures if picture.kind == kind] for kind in kinds)
    return _in_turn([generated, others])[: count or None]


def is_in(name: str, split: str) -> bool:
    """Whether the fixed rule puts a relative path into that split."""
    return hashlib.sha256(name.encode()).digest()[-1] % 4 in SPLITS[split]


def flattened(pixels: Pixels, alpha: NDArray[np.uint8] | None) -> Pixels:
    """What a viewer shows, and what a re-encoding without alpha keeps: the picture on white."""
    if alpha is None:
        return pixels
    share = alpha[..., None].astype(np.float32) / 255
    return np.asarray(np.rint(pixels * share + 255 * (1 - share)), np.uint8)


def _names(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return [path.relative_to(folder).as_posix() for path in paths]


def _resized(picture: Image.Image, name: str) -> Image.Image:
    rule = _RESIZED.get(hashlib.sha256(name.encode()).digest()[-2] % 16)
    if rule is None:
        return picture
    which, side = rule
    factor = side / (min(picture.size) if which == "short" else max(picture.size))
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _in_turn(columns: Iterable[list[Picture]]) -> list[Picture]:
    turns = itertools.chain.from_iterable(itertools.zip_longest(*columns))
    return [picture for picture in turns if picture is not None]
