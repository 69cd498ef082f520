"""What an attacker who knows the code, but not the key, does to the watermark, and what the check answers.

    python -m scripts.bench.watermark_security --images FOLDER --sample 40 --workers 2 --json out.json

Removal (`watermark_keyless.py`): a mark is *held* when it is still read, or when removing it cost the picture more
than 6 dB: PSNR of the marked picture minus PSNR of the attacked one, both against the unmarked original. `any
setting` lets the attacker choose, per picture, whichever setting removes the mark at the least cost. Copying: the
mark's estimate is put on another picture, which is then asked about as the service does; held means that the tag does
not verify, or that the content disagrees with the registered work and the answer is "copied mark"
(`core.policy.judge`). Marking again: what is read afterwards.
"""

import argparse
import functools
import json
import os
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from index import Matcher
from provenance.core.errors import CannotHoldMark
from provenance.core.policy import judge
from provenance.watermark import LatticeWatermarker
from provenance.watermark.embedder import to_canonical
from scripts.bench import watermark_runs
from scripts.bench.watermark_attacks import ATTACKS, Pixels
from scripts.bench.watermark_keyless import Plane, removals, transplanted, whitened_power
from scripts.bench.watermark_measures import psnr, rate_cells, table
from scripts.bench.watermark_pictures import Picture, choose
from scripts.bench.watermark_runs import Row
from scripts.bench.watermark_schemes import key_of, payload_of

COST: Final = 6.0
"""dB that an attack may take from the picture before the mark counts as held whatever is read."""
COLLUDERS: Final = 10
_COPY_DB: Final = (42, 40, 37, 34)
_ANSWERS: Final = ("first", "second", "none", "wrong", "refused")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, default=Path("../shared/corpus"), help="folder of pictures")
    parser.add_argument("--sample", type=int, default=40, help="how many pictures are attacked")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the report here; the checkpoint is beside it")
    options = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pictures = choose(options.images, "test", options.sample + COLLUDERS, options.seed)
    if len(pictures) < COLLUDERS + 2:
        raise SystemExit(f"at least {COLLUDERS + 2} pictures are needed")
    colluders, victims = pictures[-COLLUDERS:], pictures[:-COLLUDERS]
    jobs = {
        victim.name: functools.partial(measure, victim, victims[number - 1], tuple(colluders), options.seed)
        for number, victim in enumerate(victims)
    }
    setup = {"seed": options.seed, "sample": options.sample, "engine": watermark_runs.engine_digest()}
    checkpoint = options.json and options.json.with_suffix(".rows")
    rows = list(watermark_runs.run(jobs, setup, checkpoint=checkpoint, workers=options.workers).values())
    setup |= {"commit": watermark_runs.engine_commit(), "machine": watermark_runs.machine()}
    summary = summarise(rows)
    if options.json:
        options.json.write_text(json.dumps({"setup": setup, "summary": summary, "rows": rows}, indent=1) + "\n")
    print(", ".join(f"{name} {value}" for name, value in setup.items()), render(summary), sep="\n\n")
    return 0


def measure(victim: Picture, other: Picture, colluders: tuple[Picture, ...], seed: int) -> Row:
    """Every attack on one picture; `refused` where it can't be marked."""
    marker, payload = _marker(seed), payload_of(seed, victim.name)
    original = victim.load()[0]
    try:
        marked = marker.embed(original, payload)
    except CannotHoldMark as refusal:
        return {"picture": victim.name, "refused": refusal.reason}
    row: Row = {"picture": victim.name, "psnr": psnr(original, marked), "read": _reads(marker, marked) == payload}
    change = to_canonical(marked).astype(np.float32) - to_canonical(original)
    strength, power = float(np.sqrt(np.mean(change**2))), _colluded(colluders, seed)
    row["removal"] = {}
    for name, attack in removals().items():
        attacked = attack(marked, strength, power)
        cost = row["psnr"] - psnr(original, attacked)
        row["removal"][name] = {"read": _reads(marker, attacked) == payload, "cost": cost}
    row["copy"] = _copied(marker, marked, other, seed)
    row["again"] = _marked_again(marker, marked, payload, seed)
    return row


@functools.cache
def _marker(seed: int) -> LatticeWatermarker:
    return LatticeWatermarker(key_of(seed))


@functools.cache
def _colluded(colluders: tuple[Picture, ...], seed: int) -> Plane:
    """Mean spectrum of other works of the same key, each with its own payload."""
    works = []
    for picture in colluders:
        try:
            works.append(_marker(seed).embed(picture.load()[0], payload_of(seed, picture.name)))
        except CannotHoldMark:
            continue
    return whitened_power(works)


def _reads(marker: LatticeWatermarker, pixels: Pixels) -> int | None:
    found = marker.detect(pixels)
    return None if found is None else found.payload


def _copied(marker: LatticeWatermarker, marked: Pixels, other: Picture, seed: int) -> Row:
    """Per strength: whether the transplanted mark decodes, and what the check then says about the work it names."""
    target, payload = other.load()[0], payload_of(seed, "forged")
    work = f"work-{payload}"
    matcher = Matcher()
    matcher.add([work], [marked])
    answers: Row = {}
    for decibels in _COPY_DB:
        forged = transplanted(marked, target, decibels)
        found = marker.detect(forged)
        verdicts = judge(matcher.match(forged, candidates=[work]), found, work) if found else []
        copied = any(verdict.work_id == work and verdict.copied_mark for verdict in verdicts)
        answers[f"{decibels} dB"] = {"decodes": found is not None, "said_copied": copied}
    return answers


def _marked_again(marker: LatticeWatermarker, marked: Pixels, payload: int, seed: int) -> Row:
    """What is read after marking again, plain and after JPEG 75; `refused` where the embedder declines."""
    second = payload ^ 0xFFFF
    rivals = [LatticeWatermarker(key_of(seed, f"rival {number}")) for number in range(2)]
    tries = {"another key": rivals[:1], "two other keys": rivals, "same key, other payload": [marker]}
    answers: Row = {}
    for name, markers in tries.items():
        try:
            picture = functools.reduce(lambda pixels, one: one.embed(pixels, second), markers, marked)
        except CannotHoldMark:
            answers[name] = answers[f"{name}, JPEG 75"] = "refused"
            continue
        for end, shown in {"": picture, ", JPEG 75": ATTACKS["jpeg-75"](picture, np.random.default_rng(seed))}.items():
            read = _reads(marker, shown)
            answers[name + end] = {payload: "first", second: "second", None: "none"}.get(read, "wrong")
    return answers


def is_held(outcome: Row) -> bool:
    return bool(outcome["read"]) or outcome["cost"] > COST


def summarise(rows: Sequence[Row]) -> Row:
    """Shares over the pictures that could be marked."""
    marked = [row for row in rows if "refused" not in row]
    summary: Row = {"pictures": len(rows), "refused": len(rows) - len(marked), "removal": {}, "copy": {}, "again": {}}
    if not marked:
        return summary
    for name in marked[0]["removal"]:
        summary["removal"][name] = _removal([row["removal"][name] for row in marked])
    for family in dict.fromkeys(name.partition(":")[0] for name in marked[0]["removal"]):
        best = [_best([o for name, o in row["removal"].items() if name.startswith(family)]) for row in marked]
        summary["removal"][f"{family}: any setting"] = _removal(best)
    summary["removal"]["any attack"] = _removal([_best(list(row["removal"].values())) for row in marked])
    for name in marked[0]["copy"]:
        outcomes = [row["copy"][name] for row in marked]
        decoded = [outcome for outcome in outcomes if outcome["decodes"]]
        said = sum(outcome["said_copied"] for outcome in decoded)
        summary["copy"][name] = {"of": len(outcomes), "decoded": len(decoded), "said_copied": said}
    for name in marked[0]["again"]:
        read = [row["again"][name] for row in marked]
        summary["again"][name] = {answer: read.count(answer) for answer in _ANSWERS}
    return summary


def _best(outcomes: Sequence[Row]) -> Row:
    """The attacker's choice: what removes the mark at the least cost; else what costs least."""
    return min(outcomes, key=lambda outcome: (outcome["read"], outcome["cost"]))


def _removal(outcomes: Sequence[Row]) -> Row:
    removed = [outcome["cost"] for outcome in outcomes if not outcome["read"]]
    return {
        "held": sum(map(is_held, outcomes)),
        "read": sum(outcome["read"] for outcome in outcomes),
        "of": len(outcomes),
        "cost_median": statistics.median(outcome["cost"] for outcome in outcomes),
        "cost_least_removed": min(removed) if removed else None,
    }


def render(summary: Row) -> str:
    """Three markdown tables."""
    removal = []
    for name, row in sorted(summary["removal"].items()):
        least = "-" if row["cost_least_removed"] is None else format(row["cost_least_removed"], ".1f")
        read = f"{row['read'] / row['of']:.3f}"
        removal.append((name, *rate_cells(row["held"], row["of"]), read, f"{row['cost_median']:.1f}", least))
    copies = []
    for name, row in summary["copy"].items():
        held = row["of"] - row["decoded"] + row["said_copied"]
        copies.append((name, *rate_cells(held, row["of"]), row["decoded"], row["said_copied"]))
    head = ("removal", "held", "95 %", "pictures", "read", "cost dB, median", "least cost of a removal, dB")
    return "\n\n".join(
        [
            f"{summary['pictures']} pictures, {summary['refused']} refused",
            table(head, removal),
            table(("copied at PSNR", "held", "95 %", "pictures", "tag verified", "answered copied mark"), copies),
            table(
                ("marked again with", "first read", "second read", "nothing", "wrong", "declined"),
                [(name, *row.values()) for name, row in summary["again"].items()],
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
