"""One picture with 20 test pictures before and after marking, and the difference 16 times as strong.

    python -m scripts.bench.watermark_pairs --images FOLDER --out docs/images/watermark-pairs.jpg

The first 20 pictures of the benchmark's order that can be marked, at their own pixels: the middle of each, original,
marked, and 128 + 16 x difference. Two triples a row.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from scripts.bench.watermark_attacks import Pixels
from scripts.bench.watermark_pictures import Picture, choose
from scripts.bench.watermark_schemes import NotMarked, payload_of, scheme

AMPLIFIED: Final = 16
LIMIT: Final = 600_000
"""Bytes of the file, at most."""
_GAP: Final = 4


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, default=Path("../shared/corpus"), help="folder of pictures")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--cell", type=int, default=160, help="side of each crop, pixels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("docs/images/watermark-pairs.jpg"))
    parser.add_argument("--lossless", type=Path, help="write the sheet as PNG too, to look at")
    options = parser.parse_args(argv)
    names, triples = pairs(choose(options.images, "test", 0, options.seed), options.count, options.cell, options.seed)
    whole = sheet(triples)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(compressed(whole))
    if options.lossless:
        cv2.imwrite(str(options.lossless), whole[..., ::-1])
    for number, name in enumerate(names, start=1):
        print(f"{number}. {name}")
    print(f"{options.out}: {whole.shape[1]} x {whole.shape[0]}, {options.out.stat().st_size // 1000} kB")
    return 0


def pairs(pictures: Sequence[Picture], count: int, cell: int, seed: int) -> tuple[list[str], list[Pixels]]:
    """(names, uint8[cell, 3 cell + 2 gaps, 3] each) of the first pictures that can be marked."""
    tested, names, triples = scheme("lattice", seed), [], []
    for picture in pictures:
        if len(names) == count:
            break
        pixels = picture.load()[0]
        try:
            marked = tested.embed(pixels, payload_of(seed, picture.name))
        except NotMarked:
            continue
        names.append(picture.name)
        triples.append(triple(*(_middle(one, cell) for one in (pixels, marked))))
    return names, triples


def triple(original: Pixels, marked: Pixels) -> Pixels:
    """Original, marked and amplified difference side by side."""
    difference = marked.astype(np.int32) - original
    amplified = np.clip(128 + AMPLIFIED * difference, 0, 255).astype(np.uint8)
    gap = np.full((original.shape[0], _GAP, 3), 255, np.uint8)
    return np.hstack([original, gap, marked, gap, amplified])


def sheet(triples: Sequence[Pixels]) -> Pixels:
    """Two triples a row, white between them; a last odd one stands beside white."""
    framed = [cv2.copyMakeBorder(t, 0, 2 * _GAP, 0, 4 * _GAP, cv2.BORDER_CONSTANT, value=(255,) * 3) for t in triples]
    framed += [np.full_like(framed[0], 255)] * (len(framed) % 2)
    return np.vstack([np.hstack(framed[start : start + 2]) for start in range(0, len(framed), 2)])


def compressed(picture: Pixels) -> bytes:
    """JPEG at the highest quality (from 92 down by 3) that stays under LIMIT. Raises ValueError where none does."""
    for quality in range(92, 10, -3):
        data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        if data.size <= LIMIT:
            return data.tobytes()
    raise ValueError(f"{picture.shape[1]} x {picture.shape[0]} does not fit into {LIMIT} bytes")


def _middle(pixels: Pixels, cell: int) -> Pixels:
    """The cell x cell pixels around the middle, mirrored outwards where the picture is smaller."""
    height, width = pixels.shape[:2]
    down, right = max(0, cell - height), max(0, cell - width)
    grown = cv2.copyMakeBorder(pixels, 0, down, 0, right, cv2.BORDER_REFLECT) if down or right else pixels
    top, left = (grown.shape[0] - cell) // 2, (grown.shape[1] - cell) // 2
    return np.asarray(grown[top : top + cell, left : left + cell], np.uint8)


if __name__ == "__main__":
    sys.exit(main())
