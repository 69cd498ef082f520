"""Make a folder of distinct pictures from folders of any pictures: no picture twice in another size, cut or turn.

    python -m scripts.bench.distinct_pictures SOURCE... --to FOLDER [--side 1024] [--least 300]

Every picture whose short side has at least `--least` pixels, scaled down to `--side`, as JPEG. One whose PDQ is within
90 of 256 bits of an earlier one's, in any of eight orientations, is left out, and so is one that is flat. `sources.csv`
in the folder says where each came from. For `scripts/bench/matching.py --photos`.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from index import hashes
from scripts.attacks.pictures import list_pictures
from scripts.models.copies import Pixels, read

ALIKE: Final = 90  # bits of 256


class Distinct:
    """Says of each picture whether one like it came before."""

    def __init__(self) -> None:
        self._seen: list[hashes.Hash] = []

    def take(self, picture: Pixels) -> bool:
        """True for a picture that is new (and remembered from now on); False for a flat one too."""
        turned, quality = hashes.pdq_dihedral(picture)
        if quality < hashes.PDQ_MIN_QUALITY:
            return False
        if self._seen and hashes.hamming(turned[:, None], np.stack(self._seen)[None]).min() <= ALIKE:
            return False
        self._seen.append(turned[0])
        return True


def scaled(picture: Pixels, side: int) -> Pixels:
    """Down to `side` pixels of its longer side; never up."""
    factor = side / max(picture.shape[:2])
    if factor >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--least", type=int, default=300)
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    distinct, rows = Distinct(), []
    for source in options.sources:
        for name in list_pictures(source):
            try:
                picture = read(source / name)
            except ValueError as error:
                sys.stderr.write(f"{error}\n")
                continue
            if min(picture.shape[:2]) < options.least or not distinct.take(picture := scaled(picture, options.side)):
                continue
            path = options.to / f"{len(rows):04}.jpg"
            cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
            rows.append((path.name, source.name, name))
    with (options.to / "sources.csv").open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("path", "source", "original_name"), *rows])
    print(f"{len(rows)} distinct pictures in {options.to}")


if __name__ == "__main__":
    main()
