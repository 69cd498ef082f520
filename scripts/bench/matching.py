"""Measure matching: the engine and its peers on the same attacked queries, with intervals, beside the goals.

    python -m scripts.bench.matching [--edition both] [--images 150] [--sample 240] [--peers engine,phash,...]
        [--photos FOLDER] [--distractors N --pictures FOLDER ...] [--sscd model.onnx]
        [--clip-arch ViT-B-32 --clip-weights FILE] [--seed 1] [--json out.json] [--again]

Registers up to `--images` pictures that nothing was fitted on (and four for each shared element), asks `--sample`
attacked copies of them and as many negatives, and as many negatives of the calibration side, where the threshold of
"FAR 1 %" is fixed (`scripts/attacks` makes both). `--edition drawn` draws its pictures and needs no corpus. Every
answer is kept in `<json>.rows/` before the next query, so a stopped run goes on where it was. Rows of another engine,
seed or set of pictures are refused, or with `--again` measured anew. Run with OMP_NUM_THREADS=1; times are CPU times
of one thread.

Prints tables; `--json` holds the same numbers. The same corpus, seed and engine give the same ones, times apart.
"""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import faiss

from scripts.attacks.drawn import DrawnPictures
from scripts.attacks.pictures import Collection, Pictures
from scripts.attacks.trial import Sizes
from scripts.bench.matching_distractors import Distractors
from scripts.bench.matching_peers import PEERS, Method, engine_digest, with_weights
from scripts.bench.matching_report import Answers, report_edition, tables
from scripts.bench.matching_rows import OtherRows, Rows
from scripts.bench.matching_run import CALIBRATION, DISTRACTORS, TEST, Pass, Runner
from scripts.models.copies import DEFAULT_CORPUS

EDITIONS = {"photo": ("photo",), "art": ("art",), "both": ("photo", "art"), "drawn": ("drawn",)}
DRAWN = 18  # pictures of each kind in the edition of drawn ones
SHARED = 5  # one negative in so many more shares only an element


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    parser.add_argument("--photos", type=Path, help="photos of other origin, for the test (distinct_pictures.py)")
    parser.add_argument("--edition", choices=EDITIONS, default="both")
    parser.add_argument("--images", type=int, default=150, help="registered pictures at most")
    parser.add_argument("--sample", type=int, default=240, help="positive queries, and negative ones")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"of {', '.join(PEERS)}, sscd, clip")
    parser.add_argument("--distractors", type=int, default=0)
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="folders of pictures for distractors")
    parser.add_argument("--sscd", type=Path, help="SSCD weights, ONNX or TorchScript")
    parser.add_argument("--clip-arch", default="ViT-B-32")
    parser.add_argument("--clip-weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("matching.json"))
    parser.add_argument("--again", action="store_true", help="measure anew what other engines or seeds left")
    return parser.parse_args()


def makers(options: argparse.Namespace) -> dict[str, Callable[[], Method]]:
    """Raises SystemExit for a peer that is unknown, or needs weights that are not given."""
    clip = (options.clip_arch, options.clip_weights) if options.clip_weights else None
    extra = with_weights(options.sscd, clip)
    known = {**PEERS, **extra}
    wanted = [*dict.fromkeys([*options.peers.split(","), *extra])]
    if unknown := [name for name in wanted if name not in known]:
        raise SystemExit(f"no peer {', '.join(unknown)}: there are {', '.join(known)}; sscd and clip need weights")
    return {name: known[name] for name in wanted}


def measure(options: argparse.Namespace, runner: Runner, pictures: Pictures) -> dict[str, Any]:
    """Each edition's passes, then its report."""
    sizes = Sizes(options.images, options.sample, options.sample, options.sample // SHARED)
    chosen, editions = EDITIONS[options.edition], {}
    methods = makers(options)
    negatives = replace(sizes, positives=0)
    calibrations = {
        edition: runner.run(Pass(edition, CALIBRATION, negatives, options.seed), methods)
        for edition in dict.fromkeys(("photo", *chosen) if "art" in chosen else chosen)
    }
    for edition in chosen:
        test = runner.run(Pass(edition, TEST, sizes, options.seed), methods)
        crowd: dict[str, Rows] = {}
        distractors = Distractors(pictures, options.pictures, options.distractors)
        if options.distractors:
            run = Pass(edition, DISTRACTORS, sizes, options.seed, options.distractors)
            crowd = runner.run(run, methods, distractors)
        answers = {
            name: Answers(
                calibration=list(calibrations[edition][name].rows.values()),
                test=list(test[name].rows.values()),
                registrations=list(test[name].registrations.values()),
                photo=list(calibrations["photo"][name].rows.values()) if "photo" in calibrations else (),
                crowded=list(crowd[name].rows.values()) if crowd else (),
            )
            for name in methods
        }
        titles = {name: maker().name for name, maker in methods.items()}
        editions[edition] = {
            "registered": len(next(iter(test.values())).registrations),
            "queries": len(next(iter(answers.values())).test),
            "distractors": registered_distractors(crowd),
            **report_edition(answers, titles, options.seed),
        }
    return editions


def registered_distractors(crowd: dict[str, Rows]) -> str:
    if not crowd:
        return "none"
    ids = next(iter(crowd.values())).registrations
    whole, tiles = (sum(id_.startswith(prefix) for id_ in ids) for prefix in ("distractor/", "tile-"))
    return f"{whole} distinct pictures and {tiles} tiles of distinct regions"


def commit() -> str:
    """The checkout's commit, with "+" where files differ from it."""
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+", "--exclude=*"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "no checkout"


def main() -> None:
    options = parse()
    cv2.setNumThreads(1)
    faiss.omp_set_num_threads(1)
    pictures = Pictures(options.corpus, options.photos)
    editions: dict[str, Collection] = {"photo": pictures, "art": pictures, "drawn": DrawnPictures(DRAWN)}
    runner = Runner(options.json.with_name(options.json.name + ".rows"), editions, again=options.again)
    try:
        told = measure(options, runner, pictures)
    except OtherRows as error:
        sys.exit(str(error))
    body = {
        "script": "scripts/bench/matching.py",
        "seed": options.seed,
        "machine": f"{platform.machine()}, {platform.system()}, one thread",
        "commit": commit(),
        "engine": engine_digest(),
        "editions": told,
    }
    options.json.write_text(json.dumps(body, indent=1) + "\n")
    for edition, said in told.items():
        print(
            f"{edition}: {said['registered']} registered, {said['queries']} queries, distractors: {said['distractors']}"
        )
    print(f"seed {options.seed}, {body['machine']}, commit {body['commit']}, engine {body['engine']}\n")
    print(tables(body))


if __name__ == "__main__":
    main()
