"""Pictures that nobody asks about, to fill the catalogue: distinct ones first, then tiles of distinct regions.

Nothing is synthesised. Whole pictures come from the fitting side of the split and from folders that the caller names;
one that is like a picture of the test, or like an earlier one, is left out, and so are photos of a series: the test has
a share of each, and tiles of the rest show the same wall and the same stain. When they run out, each is cut along a
grid into tiles that share no pixel.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from index.hashes import PDQ_MIN_QUALITY, pdq
from scripts.attacks.pictures import Pictures, list_pictures
from scripts.attacks.scene import Pixels
from scripts.bench.distinct_pictures import Distinct, scaled
from scripts.models.copies import read

TILE: Final = 256  # pixels of a side
_SIDE: Final = 1024  # a whole picture's longer side
_LEAST: Final = 128  # a whole picture's shorter side


@dataclass(slots=True)
class Count:
    pictures: int = 0
    tiles: int = 0

    def __str__(self) -> str:
        return f"{self.pictures} distinct pictures and {self.tiles} tiles of distinct regions"


class Distractors:
    """Iterates over (id, picture); `count` says what they were so far. The same sources give the same ones."""

    def __init__(self, pictures: Pictures, folders: Sequence[Path], wanted: int) -> None:
        self._pictures, self._folders, self._wanted = pictures, folders, wanted
        self.count = Count()

    def __iter__(self) -> Iterator[tuple[str, Pixels]]:
        self.count = Count()
        used: list[str] = []
        for name in self._distinct():
            if self.count.pictures >= self._wanted:
                return
            self.count.pictures += 1
            used.append(name)
            yield f"distractor/{name}", scaled(self._read(name), _SIDE)
        for name in used:
            for number, tile in enumerate(tiles(self._read(name))):
                if self.count.pictures + self.count.tiles >= self._wanted:
                    return
                self.count.tiles += 1
                yield f"tile-{number}/{name}", tile

    def _names(self) -> Iterator[str]:
        yield from (name for name in self._pictures.names(test=False) if not self._pictures.family(name).subject)
        for number, folder in enumerate(self._folders):
            yield from (f"{number}:{name}" for name in list_pictures(folder))

    def _read(self, name: str) -> Pixels:
        number, colon, path = name.partition(":")
        return read(self._folders[int(number)] / path) if colon else self._pictures.read(name)

    def _distinct(self) -> Iterator[str]:
        distinct = Distinct()
        for name in self._pictures.names(test=True):
            distinct.take(self._pictures.read(name))
        for name in self._names():
            try:
                picture = scaled(self._read(name), _SIDE)
            except ValueError:  # no picture after all
                continue
            if min(picture.shape[:2]) >= _LEAST and distinct.take(picture):
                yield name


def tiles(picture: Pixels) -> Iterator[Pixels]:
    """Squares of `TILE` pixels that share no pixel, without those that show almost nothing; none of a picture that has
    room for one only."""
    rows, columns = picture.shape[0] // TILE, picture.shape[1] // TILE
    if rows * columns < 2:
        return
    for y in range(rows):
        for x in range(columns):
            tile = np.ascontiguousarray(picture[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE])
            if pdq(tile)[1] >= PDQ_MIN_QUALITY:
                yield tile
