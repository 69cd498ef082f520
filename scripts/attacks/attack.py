"""One upload made of a work: a chain of attacks, re-encoded, with the truth about where the work is in it.

29 kinds (the list of AugLy, Papakipos & Bitton 2022, and of DISC21, Douze et al. 2021, with strong parameters) and two
partial copies. The same picture, chain and generator state give the same upload.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from numpy.random import Generator

from scripts.attacks import scene as at
from scripts.attacks.filters import FILTERS, encoded
from scripts.attacks.mixtures import MIXTURES, paste
from scripts.attacks.moves import MOVES, crop_part
from scripts.attacks.scene import Pixels, Scene, Truth

KINDS: Final = (*MOVES, *FILTERS, *MIXTURES)
PARTIAL: Final = ("part-crop", "part-paste")  # 10-40 % of the work's area; the work on 20-60 % of the query's area
DEEPEST: Final = 4

_LARGEST: Final = 1024  # pixels of the longer side of an upload
_SMALLEST: Final = 96  # and of its shorter side: less is enlarged, as a site would show it
_LEAST_SEEN: Final = 0.08  # of the work
_LEAST_FILLED: Final = 0.05  # of the upload: less is a logo, and nobody claims a match there


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    pixels: Pixels
    kinds: tuple[str, ...]
    truth: Truth


def draw_chain(rng: Generator, depth: int) -> tuple[str, ...]:
    """`depth` different kinds in any order; no two mixtures, so that the work stays the subject of its upload."""
    while True:
        chain = tuple(str(kind) for kind in rng.choice(KINDS, depth, replace=False))
        if sum(kind in MIXTURES for kind in chain) <= 1:
            return chain


def attack(picture: Pixels, kinds: Sequence[str], rng: Generator, draw: Callable[[], Pixels]) -> Upload | None:
    """The upload after this chain (none: re-encoded only); `draw` gives pictures that are no work.

    None where the chain left less than 8 % of the work, or of the work on less than 5 % of the upload. Raises KeyError
    for a kind that is not in KINDS or PARTIAL.
    """
    scene = at.whole(picture)
    for kind in kinds:
        scene = _step(scene, kind, rng, draw)
    scene = _as_upload(scene, rng)
    found = at.truth(scene)
    if found is None or found.seen_share < _LEAST_SEEN or found.query_share < _LEAST_FILLED:
        return None
    return Upload(scene.pixels, tuple(kinds), found)


def _step(scene: Scene, kind: str, rng: Generator, draw: Callable[[], Pixels]) -> Scene:
    if kind in FILTERS:
        return at.painted(scene, FILTERS[kind](scene.pixels, rng))
    if kind in MOVES:
        return MOVES[kind](scene, rng)
    if kind == "part-crop":
        return crop_part(scene, rng)
    return (paste if kind == "part-paste" else MIXTURES[kind])(scene, rng, draw)


def _as_upload(scene: Scene, rng: Generator) -> Scene:
    """Scaled as sites scale, and re-encoded: JPEG of quality 55-90, one in five WEBP."""
    longest, shortest = max(scene.width, scene.height), min(scene.width, scene.height)
    factor = min(_LARGEST / longest, max(1.0, _SMALLEST / shortest))
    if factor != 1:
        scene = at.scaled(scene, factor)
    quality = int(rng.integers(55, 91))
    return at.painted(scene, encoded(scene.pixels, ".webp" if rng.random() < 0.2 else ".jpg", quality))
