"""Measure matching on the test split, next to pHash and PDQ on the same queries.

    python -m scripts.bench.matching [--corpus FOLDER] [--seed 1] [--json out.json]

Registers a part of the pictures that nothing was fitted on (`scripts/models/copies.py` has the rule), asks for
misuses of them, for unrelated pictures of the same families, and for pictures that share only an element with a
registered one.

muAP: micro average precision over all answers. FAR: share of unrelated queries (unknown and shared) with an answer at
the threshold; R: share of misuses whose own work is answered at it. `strict` is the threshold that comes with the
package, fixed on other pictures. Prints JSON and tables; the same corpus and seed give the same numbers, times apart.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from index import Matcher, hashes
from index.matcher import is_content
from scripts.models.copies import DEFAULT_CORPUS, Pixels
from scripts.models.trials import Ask, Sizes, Trial, micro_average_precision, wilson_upper

SIZES = Sizes(references=150, positives=168, unknown=110, shared=60)
Answers = dict[str, float]  # reference -> score, larger is closer


@dataclass(slots=True)
class Method:
    """What a method answered to each query, and what that cost."""

    name: str
    answer: Callable[[Pixels], Answers]
    answers: list[Answers] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def ask(self, picture: Pixels) -> None:
        started = time.process_time()
        self.answers.append(self.answer(picture))
        self.seconds.append(time.process_time() - started)


class HashSearch:
    """Exhaustive search by Hamming distance."""

    def __init__(
        self, of_reference: Callable[[Pixels], NDArray[Any]], of_query: Callable[[Pixels], NDArray[Any]]
    ) -> None:
        self._of_reference, self._of_query = of_reference, of_query
        self._names: list[str] = []
        self._rows: list[NDArray[Any]] = []

    def add(self, name: str, picture: Pixels) -> None:
        self._names.append(name)
        self._rows.append(self._of_reference(picture))

    def __call__(self, picture: Pixels) -> Answers:
        asked = np.atleast_2d(self._of_query(picture))
        distance = hashes.hamming(asked[:, None], np.stack(self._rows)[None]).min(axis=0)
        return {self._names[i]: -float(distance[i]) for i in np.argsort(distance, kind="stable")[:10]}


def run(trial: Trial) -> tuple[list[Method], list[Ask], list[set[str]]]:
    """The methods with their answers, the queries (without pictures), and what the matcher claimed as content."""
    rivals = {
        "pHash": HashSearch(hashes.phash, hashes.phash),
        "PDQ": HashSearch(lambda p: hashes.pdq(p)[0], lambda p: hashes.pdq(p)[0]),
        "PDQ, 8 orientations": HashSearch(lambda p: hashes.pdq(p)[0], lambda p: hashes.pdq_dihedral(p)[0]),
    }
    matcher, claims = Matcher(), []

    def fused(picture: Pixels) -> Answers:
        considered = matcher.explain(picture)
        claims.append({match.id for match in considered if is_content(match)})
        return {match.id: match.probability for match in considered}

    for name, picture in trial.references():
        matcher.add([name], [picture])
        for rival in rivals.values():
            rival.add(name, picture)
    methods = [Method(name, rival) for name, rival in rivals.items()] + [Method("index.Matcher", fused)]
    asks = []
    for ask in trial.asks():
        for method in methods:
            method.ask(ask.picture)
        asks.append(Ask(np.zeros((1, 1, 3), np.uint8), ask.kind, ask.owner))
    return methods, asks, claims


def recall(method: Method, asks: Sequence[Ask], far: float) -> float:
    """Share of misuses whose work scores above what the fraction `far` of unrelated queries reach."""
    alarms = sorted(
        (max(a.values(), default=-np.inf) for a, q in zip(method.answers, asks, strict=True) if not q.owner),
        reverse=True,
    )
    limit = alarms[int(far * len(alarms))]
    return float(
        np.mean([a.get(q.owner, -np.inf) > limit for a, q in zip(method.answers, asks, strict=True) if q.owner])
    )


def summarise(method: Method, asks: Sequence[Ask]) -> dict[str, Any]:
    pairs = [(s, i == q.owner) for a, q in zip(method.answers, asks, strict=True) for i, s in a.items()]
    first = [
        max(a, key=lambda i: a[i], default=None) == q.owner
        for a, q in zip(method.answers, asks, strict=True)
        if q.owner
    ]
    return {
        "muAP": round(micro_average_precision(*zip(*pairs, strict=True), len(first)), 3),
        "R@1": round(float(np.mean(first)), 3),
        "R at FAR 1 %": round(recall(method, asks, 0.01), 3),
        "R at FAR 0": round(recall(method, asks, 0.0), 3),
        "CPU ms": round(1000 * float(np.median(method.seconds)), 1),
    }


def at_strict(asks: Sequence[Ask], claims: Sequence[set[str]]) -> dict[str, Any]:
    """How the packaged thresholds do: by kind of misuse, and false alarms by kind of unrelated query."""
    kinds: dict[str, list[bool]] = {}
    for ask, claimed in zip(asks, claims, strict=True):
        kinds.setdefault(ask.kind, []).append(ask.owner in claimed if ask.owner else bool(claimed))
    found = [
        hit for kind, hits in kinds.items() if kind != "unknown" and not kind.startswith("shared-") for hit in hits
    ]
    alarms = {
        name: [hit for kind, hits in kinds.items() if kind.startswith(name) for hit in hits]
        for name in ("unknown", "shared-")
    }
    wrong = [bool(claimed - {ask.owner}) for ask, claimed in zip(asks, claims, strict=True) if ask.owner]
    return {
        "recall": round(float(np.mean(found)), 3),
        "also claims another work": round(float(np.mean(wrong)), 3),
        **{
            f"FAR {name.rstrip('-')}": f"{np.mean(hits):.3f} (95 %: up to {wilson_upper(sum(hits), len(hits)):.3f})"
            for name, hits in alarms.items()
        },
        "by kind": {kind: f"{sum(hits)} of {len(hits)}" for kind, hits in kinds.items()},
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    columns = list(next(iter(rows.values())))
    lines = ["| method | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    return "\n".join(
        [*lines, *(f"| {name} | " + " | ".join(str(row[c]) for c in columns) + " |" for name, row in rows.items())]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    methods, asks, claims = run(Trial(options.corpus, SIZES, test=True, seed=options.seed))
    body = {
        "script": "scripts/bench/matching.py",
        "seed": options.seed,
        "machine": f"{platform.machine()}, {platform.processor() or platform.system()}, one thread",
        "data": f"test split: {SIZES}",
        "methods": {method.name: summarise(method, asks) for method in methods},
        "at the packaged thresholds": at_strict(asks, claims),
    }
    text = json.dumps(body, indent=2)
    if options.json:
        options.json.write_text(text + "\n")
    print(text)
    print(table(body["methods"]))
    print("\n| kind | found, or alarmed |\n|---|---|")
    print("\n".join(f"| {kind} | {hits} |" for kind, hits in body["at the packaged thresholds"]["by kind"].items()))


if __name__ == "__main__":
    main()
