"""The pairs that a calibration is fitted to: what the shortlist proposes for the queries of tuning trials, measured."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.calibration import features
from index.catalogue import Catalogue
from index.compare import compare
from index.describe import Describer
from index.embedders.lite0 import Lite0Embedder
from index.local.codebook import bundled
from scripts.attacks.drawn import DrawnPictures, is_drawn
from scripts.attacks.pictures import Pictures
from scripts.attacks.trial import Ask, Sizes, Trial

SIZES: Final = Sizes(references=240, positives=240, negatives=200, shared=100)
PER_KIND: Final = 12  # of a trial of drawn pictures
DRAWN_SIZES: Final = Sizes(references=109, positives=60, negatives=112, shared=0)
HYPOTHESIS: Final = 80  # as `index.matcher`
Rows = dict[str, NDArray[Any]]


def measure(trial: Trial) -> Rows:
    """One row for each proposed pair: features, whether it is right, which query, the two pictures that it is made of;
    and what each query was."""
    describer = Describer(Lite0Embedder(), bundled())
    catalogue = Catalogue({describer.embedder.model: describer.embedder.dim}, describer.codebook)
    for id_, picture in trial.references():
        (fingerprint,) = describer.fingerprints([picture])
        catalogue.change([], [(id_, fingerprint, fingerprint.pack())])
    keys = ("x", "right", "query", "pdq", "phash", "votes", "id", "ours", "theirs")
    columns: dict[str, list[Any]] = {key: [] for key in keys}
    asks = trial.asks()
    for number, ask in enumerate(asks):
        query = describer.query(trial.make(ask).pixels)
        candidates = [*catalogue.shortlist(query), *catalogue.near_hash(query, HYPOTHESIS)]
        for candidate in {c.id: c for c in reversed(candidates)}.values():
            pair = compare(query, candidate.fingerprint, describer.codebook)
            row = (features(pair), candidate.id == ask.owner, number, pair.pdq, pair.phash, candidate.votes or 0.0)
            row += (candidate.id, ask.source, picture_of(candidate.id))
            for key, value in zip(columns, row, strict=True):
                columns[key].append(value)
    return {
        **{key: np.array(value) for key, value in columns.items()},
        "kind": np.array([kind_of(ask) for ask in asks]),
        "owner": np.array([ask.owner for ask in asks]),
    }


def kind_of(ask: Ask) -> str:
    """What is reported together: attacks of one kind, all chains, negatives of one relation; drawn pictures apart."""
    if is_drawn(ask.source):
        return "drawn copy" if ask.owner else "drawn stranger"
    return ask.kinds[0] if ask.group in ("single", "partial") else ask.group


def picture_of(reference: str) -> str:
    """The picture that a reference is made of: "frame-0/photos/0120.jpg" carries an element."""
    return reference if is_drawn(reference) else "/".join(reference.split("/")[-2:])


def origin_of(picture: str) -> str:
    """What is unseen as a whole: a picture of the corpus, or all that a program drew of one kind."""
    return picture.rpartition("/")[0] if is_drawn(picture) else picture


def all_trials(corpus: Path, seed: int, count: int) -> Iterator[Trial]:
    """`count` trials of the corpus, then as many of drawn pictures."""
    for number in range(count):
        yield Trial(Pictures(corpus), SIZES, edition="all", test=False, seed=seed + number)
    for number in range(count):
        drawn = DrawnPictures(PER_KIND, first=PER_KIND * (seed + number))
        yield Trial(drawn, DRAWN_SIZES, edition="all", test=False, seed=seed + number)


def measure_all(trials: Iterable[Trial]) -> Rows:
    """The rows of several trials, whose queries are numbered on."""
    parts = []
    for number, trial in enumerate(trials, 1):
        parts.append(measure(trial))
        print(f"trial {number}: {len(parts[-1]['right'])} pairs", file=sys.stderr, flush=True)
    before = 0
    for part in parts:
        part["query"] = part["query"] + before
        before += len(part["kind"])
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def domains(rows: Rows) -> NDArray[np.str_]:
    """Where the picture of each query is from: a folder of the corpus, or drawn."""
    folder = np.full(len(rows["kind"]), "", "U20")
    folder[rows["query"]] = [str(name).split("/")[0] for name in rows["ours"]]
    return folder
