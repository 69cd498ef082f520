"""Where the pictures of a trial come from: the corpus, on the two sides of its split, and photos of other origin."""

from pathlib import Path
from typing import Final, Protocol

from scripts.attacks.families import Family, read_families
from scripts.attacks.scene import Pixels
from scripts.models.copies import list_corpus, read

_MORE: Final = "more/"
_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})


class Collection(Protocol):
    """Pictures by name, on two sides of one split: what a trial draws from."""

    def names(self, *, test: bool) -> list[str]:
        """Sorted names of one side."""

    def family(self, name: str) -> Family:
        """What the picture has in common with others."""

    def read(self, name: str) -> Pixels:
        """uint8[H, W, 3]."""


class Pictures:
    """Pictures by name: the path relative to the corpus, or "more/" and the path relative to `photos`.

    `photos` is a folder of photos of other origin. Nothing was ever fitted on them: all of them are on the test side.
    """

    def __init__(self, corpus: Path, photos: Path | None = None) -> None:
        self._corpus, self._photos = corpus, photos
        self._families = read_families(corpus)

    def names(self, *, test: bool) -> list[str]:
        """Sorted names of one side of the split."""
        more = list_pictures(self._photos) if test and self._photos else []
        return sorted([*list_corpus(self._corpus, test=test), *(_MORE + name for name in more)])

    def family(self, name: str) -> Family:
        return self._families.get(name, Family())

    def read(self, name: str) -> Pixels:
        """uint8[H, W, 3]. Raises ValueError on a file that is no picture."""
        if self._photos and name.startswith(_MORE):
            return read(self._photos / name.removeprefix(_MORE))
        return read(self._corpus / name)


def list_pictures(folder: Path) -> list[str]:
    """Sorted relative POSIX paths of the pictures in a folder and below."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    return sorted(path.relative_to(folder).as_posix() for path in found)
