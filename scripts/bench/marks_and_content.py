"""How far apart are true copies and strangers, where a watermark names a work? It sets `core.policy.MARK_AGREEMENT`.

`python -m scripts.bench.marks_and_content` marks the sample artworks, attacks some of them in every way of
`watermark_attacks` and keeps what still decodes; their content probability stands against that of unrelated pictures
(`examples/innocent`) compared with every artwork, as they are and with an artwork's mark copied onto them. Prints the
lowest of the one and the highest of the other.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image

from index import Matcher
from provenance.core.policy import MARK_AGREEMENT
from provenance.watermark import LatticeWatermarker
from scripts.bench.watermark_attacks import ATTACKS

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
KEY: Final = b"a key for this measurement alone"
EVERY: Final = 3  # each third artwork is attacked


def _pixels(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def copies(matcher: Matcher, marker: LatticeWatermarker, seed: int) -> Iterator[dict[str, Any]]:
    """Attacked artworks whose mark still decodes, with the probability that content alone gives."""
    rng = np.random.default_rng(seed)
    for path in sorted((EXAMPLES / "artworks").glob("*.jpg"))[::EVERY]:
        marked = marker.embed(_pixels(path), 1)
        for name, attack in ATTACKS.items():
            upload = attack(marked, rng)
            if marker.detect(upload) is None:
                continue
            [match] = [match for match in matcher.match(upload, candidates=[path.stem]) if match.id == path.stem]
            yield {"work": path.stem, "attack": name, "probability": match.probability}


def strangers(matcher: Matcher, works: list[str]) -> Iterator[dict[str, Any]]:
    for path in sorted((EXAMPLES / "innocent").glob("*.jpg")):
        for match in matcher.match(_pixels(path), candidates=works):
            yield {"work": match.id, "picture": path.stem, "probability": match.probability}


def forged(matcher: Matcher, marker: LatticeWatermarker, works: list[str]) -> Iterator[dict[str, Any]]:
    """The copy attack: what marking added to an artwork, added to an unrelated picture."""
    for work in works:
        original = _pixels(EXAMPLES / "artworks" / f"{work}.jpg")
        added = marker.embed(original, 1).astype(int) - original
        height, width = added.shape[:2]
        for path in sorted((EXAMPLES / "innocent").glob("*.jpg")):
            below = cv2.resize(_pixels(path), (width, height), interpolation=cv2.INTER_AREA)
            upload = np.clip(below + added, 0, 255).astype(np.uint8)
            for match in matcher.match(upload, candidates=[work]):
                if match.id == work:
                    yield {"work": work, "picture": path.stem, "probability": match.probability}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    marker, matcher = LatticeWatermarker(KEY), Matcher()
    paths = sorted((EXAMPLES / "artworks").glob("*.jpg"))
    works = [path.stem for path in paths]
    for path in paths:
        matcher.add([path.stem], [marker.embed(_pixels(path), 1)])
    true = sorted(copies(matcher, marker, arguments.seed), key=lambda row: float(row["probability"]))
    unrelated = [*strangers(matcher, works), *forged(matcher, marker, works[::EVERY])]
    false = sorted(unrelated, key=lambda row: -float(row["probability"]))
    print(f"{len(true)} marked copies; lowest content probabilities:")
    for row in true[:5]:
        print(f"  {row['probability']:.4f}  {row['work']}  {row['attack']}")
    print(f"{len(false)} unrelated pairs, with and without a copied mark; highest:")
    for row in false[:5]:
        print(f"  {row['probability']:.4f}  {row['work']}  {row['picture']}")
    missed = sum(row["probability"] < MARK_AGREEMENT for row in true)
    believed = sum(row["probability"] >= MARK_AGREEMENT for row in false)
    print(json.dumps({"agreement": MARK_AGREEMENT, "copies_disbelieved": missed, "strangers_believed": believed}))


if __name__ == "__main__":
    main()
