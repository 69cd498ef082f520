"""How far apart are ISCC Image-Codes of copies and of strangers, and what does a search for near ones cost?

`python -m scripts.bench.iscc_distances --corpus FOLDER` prints the Hamming distances (of 256 bits) between pictures and
their copies by kind of change, and between all pairs of pictures: they set `iscc.NEAR_BITS`. Then it times
searches among that many bound values, in a SQLite database on disk.
"""

import argparse
import itertools
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from provenance.adapters.store import SqlStore
from provenance.core.records import Binding, ManifestRecord
from provenance.credentials.c2pa import iscc
from provenance.usecases.bindings import written_value
from provenance.usecases.resolve import near_iscc
from scripts.models.copies import DEFAULT_CORPUS, list_corpus

SIDE: Final = 512
_HEADER: Final = bytes.fromhex("2107")  # an Image-Code of 256 bits
_PERCENTILES: Final = (0, 0.01, 1, 50, 99, 100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--bindings", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    names = list_corpus(options.corpus, test=True)
    chosen = np.random.default_rng(options.seed).permutation(len(names))[: options.pictures]
    pictures = [_read(options.corpus / names[row]) for row in chosen]
    rows = distances(pictures)
    for name, row in rows.items():
        print(f"{name:28}", "  ".join(f"{key} {value:g}" for key, value in row.items()))
    costs = {count: search_ms(count, options.seed) for count in options.bindings}
    for count, median in costs.items():
        print(f"search among {count:,}: {median:.1f} ms")
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    print(json.dumps({"near_bits": iscc.NEAR_BITS, "distances": rows, "search_ms": costs, "machine": machine}))


def distances(pictures: Sequence[Image.Image]) -> Mapping[str, Mapping[str, float]]:
    """By kind of change: percentiles of the distance in bits, and the share of pairs that count as near."""
    codes = [_code(picture) for picture in pictures]
    rows = {
        name: _summary([iscc.distance(code, _code(change(one))) for code, one in zip(codes, pictures, strict=True)])
        for name, change in CHANGES.items()
    }
    return rows | {"strangers": _summary([iscc.distance(*pair) for pair in itertools.combinations(codes, 2)])}


def search_ms(count: int, seed: int) -> float:
    """The median wall time of a search among `count` values that nothing is near to."""
    rng = np.random.default_rng(seed)
    record = ManifestRecord("urn:c2pa:00000000-0000-0000-0000-000000000000", "0" * 64, "bench", datetime.now(UTC))
    values = [_HEADER + rng.bytes(32) + bytes.fromhex("4007") + rng.bytes(32) for _ in range(count)]
    query = iscc.image_bits(_HEADER + rng.bytes(32))
    assert query is not None
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(f"sqlite:///{folder}/bench.db")
        store.migrate()
        with store.unit() as unit:
            unit.manifests.add(record, [Binding(iscc.ALG, written_value(value), record.id) for value in values])
        times = []
        for _ in range(7):
            start = time.perf_counter()
            with store.read() as unit:
                assert not list(near_iscc(unit, query))
            times.append((time.perf_counter() - start) * 1000)
        store.close()
    return round(statistics.median(times), 1)


def _summary(found: Sequence[int]) -> Mapping[str, float]:
    row = {f"p{point:g}": round(float(np.percentile(found, point)), 1) for point in _PERCENTILES}
    return {"pairs": len(found), **row, "near": round(float(np.mean(np.array(found) <= iscc.NEAR_BITS)), 6)}


def _code(picture: Image.Image) -> str:
    return iscc.image_code(np.asarray(picture))


def _read(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    return picture


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    body = BytesIO()
    picture.save(body, "JPEG", quality=quality)
    return Image.open(body).convert("RGB")


def _scaled(picture: Image.Image, factor: float) -> Image.Image:
    return picture.resize((round(picture.width * factor), round(picture.height * factor)))


def _cropped(picture: Image.Image, share: float) -> Image.Image:
    dx, dy = round(picture.width * share / 2), round(picture.height * share / 2)
    return picture.crop((dx, dy, picture.width - dx, picture.height - dy))


CHANGES: Final[Mapping[str, Callable[[Image.Image], Image.Image]]] = {
    "JPEG 80": lambda picture: _jpeg(picture, 80),
    "JPEG 30": lambda picture: _jpeg(picture, 30),
    "half size, JPEG 50": lambda picture: _jpeg(_scaled(picture, 0.5), 50),
    "2 % cropped": lambda picture: _cropped(picture, 0.02),
    "5 % cropped": lambda picture: _cropped(picture, 0.05),
    "10 % cropped, JPEG 80": lambda picture: _jpeg(_cropped(picture, 0.1), 80),
}


if __name__ == "__main__":
    main()
