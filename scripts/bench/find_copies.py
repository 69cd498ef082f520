"""Find the copies inside one folder: `index.Matcher`, PDQ and imagededup on the same files, in one run.

    python -m scripts.bench.find_copies [--corpus FOLDER] [--images 120] [--copies 200] [--seed 3] [--json out.json]

Writes a folder of pictures of the test split and attacked copies of them (`scripts/attacks`: three tenths of one kind,
half composed of two to four, two tenths partial), as JPEG. Each tool gets that folder and its own default threshold,
and names pairs. A pair of a copy and its original is right. Two copies of one original are neither right nor wrong
(two crops may share nothing), and so are two copies that a second picture was mixed into (it may be the same one). Any
other pair is wrong.

imagededup (Apache-2.0) is compared where it can be imported. It is no dependency: `pip install --target PEERS --no-deps
imagededup matplotlib contourpy cycler kiwisolver pyparsing python-dateutil six scikit-learn joblib threadpoolctl
cloudpickle narwhals` beside torch and torchvision, then PYTHONPATH=PEERS. Its CNN methods download weights: `--cnn`
runs the default one. Times are CPU times, everything included, of one thread where a tool can be told so.
"""

import argparse
import importlib.util
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np

from index import Matcher, hashes
from index.matcher import is_content
from scripts.attacks.mixtures import MIXTURES
from scripts.attacks.pictures import Pictures
from scripts.attacks.trial import Sizes, Trial
from scripts.bench.matching_report import table
from scripts.models.copies import DEFAULT_CORPUS, read

Pair = frozenset[str]
NEAR = 31  # bits of 256: PDQ's recommended distance


def fill(folder: Path, trial: Trial) -> tuple[dict[str, str], set[str]]:
    """Writes the pictures. File name -> the name of the original that it is or was made of; and the files that a second
    picture was mixed into."""
    sources: dict[str, str] = {}
    mixed: set[str] = set()

    def write(picture: np.ndarray, source: str) -> str:
        name = f"{len(sources):05}.jpg"
        cv2.imwrite(str(folder / name), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        sources[name] = source
        return name

    for name in trial.registered:
        write(trial.pictures.read(name), name)
    for ask in trial.asks():
        name = write(trial.make(ask).pixels, ask.source)
        if {*MIXTURES, "part-paste"} & set(ask.kinds):
            mixed.add(name)
    return sources, mixed


def by_matcher(folder: Path) -> set[Pair]:
    """As `examples/find_copies.py`."""
    matcher, pairs = Matcher(), set()
    for path in sorted(folder.iterdir()):
        pixels = read(path)
        pairs |= {frozenset((path.name, match.id)) for match in matcher.match(pixels) if is_content(match)}
        matcher.add([path.name], [pixels])
    return pairs


def by_pdq(folder: Path, *, orientations: bool) -> set[Pair]:
    names: list[str] = []
    rows: list[hashes.Hash] = []
    pairs = set()
    for path in sorted(folder.iterdir()):
        turned, quality = hashes.pdq_dihedral(read(path))
        if quality < hashes.PDQ_MIN_QUALITY:
            continue
        if rows:
            asked = turned if orientations else turned[:1]
            distance = hashes.hamming(asked[:, None], np.stack(rows)[None]).min(axis=0)
            pairs |= {frozenset((path.name, names[i])) for i in np.flatnonzero(distance <= NEAR)}
        names.append(path.name)
        rows.append(turned[0])
    return pairs


def by_imagededup(folder: Path, method: str) -> set[Pair]:
    from imagededup import methods

    finder = getattr(methods, method)(verbose=False)
    workers = {"num_enc_workers": 0} if method == "CNN" else {"num_enc_workers": 0, "num_dist_workers": 0}
    found = finder.find_duplicates(image_dir=str(folder), **workers)
    return {frozenset((name, other)) for name, others in found.items() for other in others}


def tools(*, cnn: bool) -> dict[str, Callable[[Path], set[Pair]]]:
    known: dict[str, Callable[[Path], set[Pair]]] = {
        "index.Matcher": by_matcher,
        "PDQ, 31 bits": lambda folder: by_pdq(folder, orientations=False),
        "PDQ, 31 bits, 8 orientations": lambda folder: by_pdq(folder, orientations=True),
    }
    if importlib.util.find_spec("imagededup"):
        for method in ("PHash", "DHash", "WHash", *(["CNN"] if cnn else [])):
            title = f"imagededup {version('imagededup')} {method}"
            known[title] = lambda folder, method=method: by_imagededup(folder, method)  # type: ignore[misc]
    return known


def judge(pairs: Iterable[Pair], sources: dict[str, str], mixed: set[str], originals: int) -> dict[str, Any]:
    """`originals` is how many of the first files are originals."""
    order = {name: number for number, name in enumerate(sources)}
    right, wrong, possible = 0, 0, len(sources) - originals
    for pair in pairs:
        one, other = sorted(pair, key=lambda name: order[name])
        if sources[one] != sources[other]:
            wrong += not {one, other} <= mixed
        elif order[one] < originals <= order[other]:
            right += 1
    return {
        "copies found": f"{right} of {possible}",
        "recall": round(right / possible, 3),
        "wrong pairs": wrong,
        "precision": round(right / (right + wrong), 3) if right + wrong else None,
    }


def cpu_seconds() -> float:
    """Of this process and of the ones that it started and that have ended: imagededup starts some."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--images", type=int, default=120, help="originals with copies, at most")
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--cnn", action="store_true", help="imagededup's CNN too, which downloads weights")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)
    sizes = Sizes(options.images, options.copies, negatives=0, shared=0)
    trial = Trial(Pictures(options.corpus), sizes, edition="all", test=True, seed=options.seed)
    told = {}
    with tempfile.TemporaryDirectory() as name:
        sources, mixed = fill(Path(name), trial)
        originals = len(sources) - options.copies
        for title, tool in tools(cnn=options.cnn).items():
            started = cpu_seconds()
            pairs = tool(Path(name))
            seconds = cpu_seconds() - started
            told[title] = {
                **judge(pairs, sources, mixed, originals),
                "CPU ms a picture": round(1000 * seconds / len(sources)),
            }
    body = {
        "script": "scripts/bench/find_copies.py",
        "seed": options.seed,
        "machine": f"{platform.machine()}, {platform.system()}, one thread",
        "folder": f"{originals} originals, {options.copies} copies of {len(trial.registered)} of them",
        "tools": told,
    }
    if options.json:
        options.json.write_text(json.dumps(body, indent=1) + "\n")
    print(f"{body['folder']}, seed {options.seed}, {body['machine']}\n")
    columns = list(next(iter(told.values())))
    print(table(["tool", *columns], [[title, *(str(row[c]) for c in columns)] for title, row in told.items()]))


if __name__ == "__main__":
    main()
