"""The pictures that models are fitted on and the ones they are reported on, by one fixed rule over their paths."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "corpus"
_TYPES = {".jpg", ".jpeg", ".png", ".webp"}


def is_test(path: str) -> bool:
    """True for the quarter that is only reported on: first byte of sha256 of the path relative to the corpus < 0x40."""
    return hashlib.sha256(path.encode()).digest()[0] < 0x40


def paths(corpus: Path, *, test: bool) -> list[str]:
    """Paths of one split, relative to the corpus, sorted."""
    found = (p.relative_to(corpus).as_posix() for p in corpus.rglob("*") if p.suffix.lower() in _TYPES)
    return sorted(path for path in found if is_test(path) == test)


def read(corpus: Path, path: str) -> NDArray[np.uint8]:
    """uint8[H, W, 3] sRGB; transparency is laid on white."""
    picture = Image.open(corpus / path)
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return np.asarray(picture.convert("RGB"))
