"""Compare global descriptors: copies of registered pictures against copies of pictures that nobody registered.

    python -m scripts.bench.embedders --corpus <folder of pictures>

A third each of the test split (`scripts/models/copies.py`): registered, unknown, and material that is blended in or
pasted under, so that an unknown query never contains a registered picture. Reports micro average precision over all
query-reference pairs, and the recall at rank 1 at the threshold where 1 % of the unknown queries raise a false alarm,
for every variant of the descriptor and every kind of copy. Prints JSON and a table.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedders.lite0 import MODELS, NETWORK, WHITENING, GemFeatures, unit_rows, whiten
from scripts.models.copies import DEFAULT_CORPUS, KINDS, list_corpus, make_copy, read

FAR = 0.01
Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Pooled features float32[n, 1280]: `positive` copies reference `owner`; `negative` copies nothing registered."""

    references: Features
    positive: Features
    owner: NDArray[np.int64]
    kind: NDArray[np.str_]
    negative: Features


def make_trial(corpus: Path, names: Sequence[str], *, copies: int, seed: int) -> Trial:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(names))
    registered, unknown, material = (order[part::3] for part in range(3))
    network = GemFeatures(MODELS / NETWORK)

    def copy_all(rows: NDArray[np.int64], kinds: NDArray[np.str_]) -> Features:
        features = []
        for row, wanted in zip(rows, kinds, strict=True):
            picture = read(corpus / names[row])
            others = [read(corpus / names[other]) for other in rng.choice(material, copies)]
            features.append(network([make_copy(picture, k, rng, o) for k, o in zip(wanted, others, strict=True)]))
        return np.concatenate(features)

    def draw(rows: NDArray[np.int64]) -> NDArray[np.str_]:
        return np.array([rng.choice(KINDS, copies, replace=False) for _ in rows])

    references = np.concatenate([network([read(corpus / names[row])]) for row in registered])
    kinds = draw(registered)
    positive = copy_all(registered, kinds)
    owner = np.repeat(np.arange(len(registered)), copies)
    return Trial(references, positive, owner, kinds.ravel(), copy_all(unknown, draw(unknown)))


def measure(trial: Trial, transform: Callable[[Features], Features]) -> dict[str, object]:
    """muAP, recall at rank 1 at FAR 1 %, and that recall for each kind of copy."""
    references = transform(trial.references)
    positive, negative = (transform(queries) @ references.T for queries in (trial.positive, trial.negative))
    threshold = np.quantile(negative.max(axis=1), 1 - FAR)
    found = (positive.argmax(axis=1) == trial.owner) & (positive.max(axis=1) > threshold)
    by_kind = {kind: round(float(found[trial.kind == kind].mean()), 3) for kind in KINDS}
    precision = _micro_average_precision(positive, negative, trial.owner)
    return {"muAP": round(precision, 3), "recall_at_far_1": round(float(found.mean()), 3), "by_kind": by_kind}


def _micro_average_precision(positive: Features, negative: Features, owner: NDArray[np.int64]) -> float:
    """All pairs in one ranking (Douze et al., "The 2021 Image Similarity Dataset and Challenge", section 4)."""
    truth = np.zeros(positive.shape, bool)
    truth[np.arange(len(owner)), owner] = True
    hits = np.concatenate([truth.ravel(), np.zeros(negative.size, bool)])
    hits = hits[np.argsort(-np.concatenate([positive.ravel(), negative.ravel()]), kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].sum() / len(owner))


def variants() -> dict[str, Callable[[Features], Features]]:
    with np.load(MODELS / WHITENING, allow_pickle=False) as stored:
        mean, projection = stored["mean"], stored["projection"].astype(np.float32)
    return {
        "GeM, 1280-d": lambda features: features,
        "GeM, centred, 1280-d": lambda features: unit_rows(features - mean),
        "GeM, within-copy whitened, 256-d": lambda features: whiten(features, mean, projection),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--split", choices=["test", "tuning"], default="test", help="tuning: while choosing parameters")
    parser.add_argument("--copies", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    names = list_corpus(options.corpus, test=options.split == "test")
    trial = make_trial(options.corpus, names, copies=options.copies, seed=options.seed)
    results = {name: measure(trial, transform) for name, transform in variants().items()}
    counts = {"references": len(trial.references), "positive": len(trial.positive), "negative": len(trial.negative)}
    print(json.dumps({"split": options.split, "seed": options.seed, **counts, "results": results}, indent=1))
    print("| descriptor | muAP | recall at FAR 1 % |\n|---|---|---|")
    for name, row in results.items():
        print(f"| {name} | {row['muAP']} | {row['recall_at_far_1']} |")


if __name__ == "__main__":
    main()
