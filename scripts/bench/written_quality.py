"""How finely must a marked JPEG or WebP be written whose source was coarse?

`python -m scripts.bench.written_quality --corpus FOLDER --pictures 24` saves pictures (the test split, `--side` px,
seed 0) at quality 75, marks what is left of them, writes them at several qualities, and prints for each: how often the
mark is read from the file, and from what is made of it; how far it is from the source; and its size over the source's
and over that of the same file without a mark. It sets `JPEG_QUALITY_LEAST` and `WEBP_QUALITY_LEAST` of
`provenance.adapters.images.encode`. JSON comes last.
"""

import argparse
import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from provenance.core.errors import CannotHoldMark
from scripts.bench.image_sizes import Pixels, carries, marked, opened, read, saved
from scripts.models.copies import DEFAULT_CORPUS, list_corpus

SOURCE_QUALITY: Final = 75
QUALITIES: Final = (75, 80, 85, 90, 95)
_OPTIONS: Final[dict[str, dict[str, Any]]] = {"JPEG": {"optimize": True, "subsampling": "4:2:0"}, "WEBP": {"method": 4}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--side", type=int, default=768)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names = list_corpus(options.corpus, test=True)
    if not names:
        parser.error(f"there are no pictures in {options.corpus}")
    chosen = np.random.default_rng(options.seed).permutation(len(names))[: options.pictures]
    pictures = [read(options.corpus / names[row], options.side) for row in chosen]
    tables = {name: {str(quality): measured(pictures, name, quality) for quality in QUALITIES} for name in _OPTIONS}
    for name, table in tables.items():
        print(f"{name:6}" + "".join(f"{head:>20}" for head in next(iter(table.values()))))
        for quality, row in table.items():
            print(f"{quality:6}" + "".join(f"{value:>20g}" for value in row.values()))
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    settings = {"pictures": len(pictures), "side": options.side, "seed": options.seed, "machine": machine}
    print(json.dumps({"tables": tables, "settings": settings}))


def measured(pictures: Sequence[Pixels], name: str, quality: int) -> dict[str, float]:
    """Rates, dB and ratios, as means over all pictures that hold the mark."""
    rows = []
    for pixels in pictures:
        source = saved(pixels, name, quality=SOURCE_QUALITY, **_OPTIONS[name])
        owners = opened(source)
        try:
            new = marked(owners)
        except CannotHoldMark:
            continue
        written, plain = (saved(one, name, quality=quality, **_OPTIONS[name]) for one in (new, owners))
        shown = opened(written)
        error = float(np.mean((shown.astype(np.float64) - owners) ** 2))
        found = [float(carries(attack(shown))) for attack in ATTACKS.values()]
        sizes = (len(written) / len(source), len(written) / len(plain))
        rows.append((*found, 10 * np.log10(255**2 / error), *sizes))
    heads = (*ATTACKS, "PSNR", "over source", "over plain")
    return dict(zip(heads, np.array(rows).mean(axis=0).round(3).tolist(), strict=True))


def _middle(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return np.ascontiguousarray(pixels[height // 4 : height - height // 4, width // 4 : width - width // 4])


ATTACKS: Final[dict[str, Callable[[Pixels], Pixels]]] = {
    "as written": lambda pixels: pixels,
    "JPEG 50": lambda pixels: opened(saved(pixels, "JPEG", quality=50)),
    "WebP 50": lambda pixels: opened(saved(pixels, "WEBP", quality=50)),
    "middle": _middle,
    "middle, JPEG 50": lambda pixels: opened(saved(_middle(pixels), "JPEG", quality=50)),
}

if __name__ == "__main__":
    main()
