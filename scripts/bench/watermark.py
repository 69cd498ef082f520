"""Measure the watermark: exact-payload rate per attack, quality, CPU time; its peers on the same pictures.

    python -m scripts.bench.watermark --images FOLDER --attacks all --workers 2 --json out.json
    python -m scripts.bench.watermark --images FOLDER --attacks all --peers all --peer-sample 8 --json out.json

Pictures: `watermark_pictures.py`, those that were never tuned on, all of them or `--sample`. Exact means that the
payload is right to the last bit (and, for the lattice, that its tag verified). Hard attacks count on pictures of at
least 512 px, quarter size of at least 1024. A picture that a scheme declines is named, and the rates are given both
without it and with it as lost. Deterministic for one seed; `--json` keeps a checkpoint beside the report (`.rows`),
from which an interrupted run goes on.
"""

import argparse
import functools
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scripts.bench import watermark_report, watermark_runs
from scripts.bench.watermark_attacks import ATTACKS, HARD, STANDARD, applies
from scripts.bench.watermark_measures import psnr, ssim
from scripts.bench.watermark_pictures import SPLITS, Picture, choose, flattened
from scripts.bench.watermark_runs import Row
from scripts.bench.watermark_schemes import PEERS, NotMarked, Scheme, payload_of, scheme

_SETS = {"standard": list(STANDARD), "hard": list(HARD), "all": list(ATTACKS)}
_PEER_SIDES = (256, 768)  # least short side, largest long side: some decline smaller ones, some take minutes on larger


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    attacks = _attacks(options.attacks)
    peers = _peers(options.peers)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    chosen = choose(options.images, options.split, options.sample, options.seed, original_sizes=options.original_sizes)
    peered = for_peers(chosen, options.peer_sample) if peers else []
    started, setup = time.monotonic(), _setup(options, attacks)
    engine = {"engine": watermark_runs.engine_digest()}
    run = functools.partial(watermark_runs.run, workers=options.workers)
    ours = _jobs(["lattice"], chosen, attacks, options.seed)
    rows = list(run(ours, setup | engine, checkpoint=options.json and options.json.with_suffix(".rows")).values())
    if peers:
        # What peers do does not depend on our engine: their rows have their own checkpoint and outlive its changes.
        beside = options.peer_rows or (options.json and options.json.with_suffix(".peers.rows"))
        rows += run(_jobs(peers, peered, attacks, options.seed), setup, checkpoint=beside).values()
    setup |= engine | {"commit": watermark_runs.engine_commit(), "machine": watermark_runs.machine()}
    setup["minutes_of_this_session"] = round((time.monotonic() - started) / 60, 1)
    report = watermark_report.summarise(rows, attacks, [picture.name for picture in peered])
    if options.json:
        options.json.write_text(json.dumps({"setup": setup, "summary": report, "rows": rows}, indent=1) + "\n")
    print(watermark_report.render(setup, report))
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, default=Path("../shared/corpus"), help="folder of pictures")
    parser.add_argument("--sample", type=int, default=0, help="how many pictures; 0 is all")
    parser.add_argument("--seed", type=int, default=0, help="of the order, the payloads, the key and the attacks")
    parser.add_argument("--attacks", default="standard", help="standard, hard, all, or names, comma-separated")
    parser.add_argument("--split", choices=SPLITS, default="test", help="test is never tuned on")
    parser.add_argument("--original-sizes", action="store_true", help="do not spread the folder's sizes to 256-2048 px")
    parser.add_argument("--peers", default="", help="all, or names, comma-separated")
    parser.add_argument("--peer-sample", type=int, default=8, help="how many pictures the peers get")
    parser.add_argument("--peer-rows", type=Path, help="checkpoint of the peers, instead of the one beside the report")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, help="write the report here; the checkpoint is beside it")
    return parser.parse_args(argv)


def _attacks(asked: str) -> list[str]:
    names = [name for part in asked.split(",") for name in _SETS.get(part, [part])]
    return _known(list(dict.fromkeys(names)), ATTACKS, "attacks")


def _peers(asked: str) -> list[str]:
    names = list(PEERS) if asked == "all" else [name for name in asked.split(",") if name]
    return _known(names, PEERS, "peers")


def _setup(options: argparse.Namespace, attacks: list[str]) -> Row:
    return {name: vars(options)[name] for name in ("seed", "split", "original_sizes")} | {"attacks": attacks}


def _known(names: list[str], all_names: Sequence[str] | dict[str, object], what: str) -> list[str]:
    unknown = sorted(set(names) - set(all_names))
    if unknown:
        raise SystemExit(f"unknown {what}: {', '.join(unknown)}")
    return names


def _jobs(
    schemes: Sequence[str], pictures: Sequence[Picture], attacks: list[str], seed: int
) -> dict[str, functools.partial[Row]]:
    return {
        f"{name}:{picture.name}": functools.partial(measure, picture, name, attacks, seed)
        for name in schemes
        for picture in pictures
    }


def for_peers(pictures: list[Picture], count: int) -> list[Picture]:
    """The first pictures of a size that every scheme takes, and takes in bearable time."""
    least, most = _PEER_SIDES
    sized = ((picture, picture.load()[0].shape[:2]) for picture in pictures)
    fitting = (picture for picture, shape in sized if min(shape) >= least and max(shape) <= most)
    return [picture for picture, _ in zip(fitting, range(count), strict=False)]


def measure(picture: Picture, name: str, attacks: list[str], seed: int) -> Row:
    """One picture under one scheme: quality, CPU times, 1 or 0 for every attack that applies to its size.

    `refused` with the reason where the scheme declines it. Transparency is kept aside, as the service does: the colours
    are marked, the attacks get the picture flattened on white.
    """
    pixels, alpha = picture.load()
    tested, height, width = scheme(name, seed), *pixels.shape[:2]
    row: Row = {"scheme": name, "picture": picture.name, "kind": picture.kind, "size": [width, height]}
    row |= {"payload_bits": tested.payload_bits, "check_bits": tested.check_bits}
    payload = payload_of(seed, picture.name, tested.payload_bits)
    started = time.process_time()
    try:
        marked = tested.embed(pixels, payload)
    except NotMarked as refusal:
        counted = [attack for attack in attacks if applies(attack, height, width)]
        return row | {"refused": str(refusal), "lost": counted}
    row["embed_ms"] = 1e3 * (time.process_time() - started)
    row |= {"psnr": psnr(pixels, marked), "ssim": ssim(pixels, marked)}
    shown = flattened(marked, alpha)
    row["unmarked_answer"], row["miss_ms"] = _timed(tested, flattened(pixels, alpha))
    _, row["found_ms"] = _timed(tested, shown)
    return row | _attacked(tested, picture, shown, payload, [a for a in attacks if applies(a, height, width)], seed)


def _timed(tested: Scheme, pixels: np.ndarray) -> tuple[bool, float]:
    """(whether anything is answered, CPU ms)."""
    started = time.process_time()
    answer = tested.detect(pixels)
    return answer is not None, 1e3 * (time.process_time() - started)


def _attacked(  # noqa: PLR0913 - one picture's whole state
    tested: Scheme, picture: Picture, shown: np.ndarray, payload: int, attacks: list[str], seed: int
) -> Row:
    exact, wrong = {}, 0
    for attack in attacks:
        chance = hashlib.sha256(f"{seed}/{picture.name}/{attack}".encode()).digest()
        found = tested.detect(ATTACKS[attack](shown, np.random.default_rng(np.frombuffer(chance, "<u4"))))
        exact[attack] = int(found == payload)
        wrong += found is not None and found != payload
    return {"exact": exact, "wrong": wrong}


if __name__ == "__main__":
    sys.exit(main())
