"""Measure the watermark: exact-payload rate per attack, quality, CPU time. Deterministic and resumable.

    python scripts/bench/watermark.py --images FOLDER --sample 24 --seed 0 --json out.json

Pictures are the held-out quarter of the folder (sha256 of the relative path, mod 4, is 0), in an order drawn by the
seed, kinds (the first folder of the path) in turn. Exact means: the tag verified and all 64 bits are right. A finished
picture is kept in the JSON file and not measured again, as long as seed, attacks and scheme are the same.
"""

import argparse
import hashlib
import itertools
import json
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from watermark_attacks import ATTACKS, HARD, STANDARD, Pixels

from provenance.core.errors import CannotHoldMark
from provenance.watermark import LatticeWatermarker

Row = dict[str, Any]
_SETS = {"standard": list(STANDARD), "hard": list(HARD), "all": list(ATTACKS)}
_SPLITS = {"test": {0}, "tuning": {1, 2, 3}}


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    attacks = [name for part in options.attacks.split(",") for name in _SETS.get(part, [part])]
    unknown = sorted(set(attacks) - set(ATTACKS))
    if unknown:
        raise SystemExit(f"unknown attacks: {', '.join(unknown)}")
    setup = {"seed": options.seed, "split": options.split, "attacks": attacks, "alg": _marker(options.seed).alg}
    kept = _resume(options.json, setup)
    pictures = choose(options.images, options.split, options.sample, options.seed)
    rows = []
    for path in pictures:
        name = path.relative_to(options.images).as_posix()
        rows.append(kept.get(name) or measure(path, name, attacks, options.seed))
        report = {"setup": setup, "summary": summarise(rows, attacks), "pictures": rows}
        if options.json:
            options.json.write_text(json.dumps(report, indent=1) + "\n")
    print_table(summarise(rows, attacks))
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, default=Path("../shared/corpus"), help="folder of pictures")
    parser.add_argument("--sample", type=int, default=24, help="how many pictures")
    parser.add_argument("--seed", type=int, default=0, help="of the sample, the payloads, the key and the attacks")
    parser.add_argument("--attacks", default="standard", help="standard, hard, all, or names, comma-separated")
    parser.add_argument("--split", choices=_SPLITS, default="test", help="test is never tuned on")
    parser.add_argument("--json", type=Path, help="write the report here, and resume from it")
    return parser.parse_args(argv)


def choose(folder: Path, split: str, count: int, seed: int) -> list[Path]:
    """`count` pictures of the split: kinds in turn, each kind in an order that the seed draws."""
    kinds: dict[str, list[tuple[str, Path]]] = {}
    for path in folder.rglob("*"):
        if path.suffix.lower() not in {".jpg", ".jpeg", ".png", ".webp"}:
            continue
        name = path.relative_to(folder).as_posix()
        if hashlib.sha256(name.encode()).digest()[-1] % 4 in _SPLITS[split]:
            order = hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
            kinds.setdefault(name.partition("/")[0], []).append((order, path))
    columns = [sorted(kinds[kind]) for kind in sorted(kinds)]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*columns))
    return [item[1] for item in turns if item is not None][:count]


def measure(path: Path, name: str, attacks: list[str], seed: int) -> Row:
    """One picture: quality, times, and 1 or 0 for every attack. `error` where it can't hold the mark."""
    pixels = np.asarray(Image.open(path).convert("RGB"))
    marker = _marker(seed)
    payload = int.from_bytes(hashlib.sha256(f"{seed}/payload/{name}".encode()).digest()[:8], "big")
    _warm_up(marker)
    started = time.process_time()
    row: Row = {"picture": name, "size": [pixels.shape[1], pixels.shape[0]]}
    try:
        marked = marker.embed(pixels, payload)
    except CannotHoldMark as refusal:
        return row | {"error": refusal.reason}
    row["embed_ms"] = 1e3 * (time.process_time() - started)
    row |= {"psnr": psnr(pixels, marked), "ssim": ssim(pixels, marked)}
    started = time.process_time()
    row["false_alarm"] = marker.detect(pixels) is not None
    row["miss_ms"] = 1e3 * (time.process_time() - started)
    started = time.process_time()
    marker.detect(marked)
    row["found_ms"] = 1e3 * (time.process_time() - started)
    row["exact"], row["wrong"] = {}, 0
    for attack in attacks:
        rng = np.random.default_rng(np.frombuffer(hashlib.sha256(f"{seed}/{name}/{attack}".encode()).digest(), "<u4"))
        found = marker.detect(ATTACKS[attack](marked, rng))
        row["exact"][attack] = int(found is not None and found.payload == payload)
        row["wrong"] += int(found is not None and found.payload != payload)
    return row


def _marker(seed: int) -> LatticeWatermarker:
    return LatticeWatermarker(hashlib.sha256(f"benchmark key {seed}".encode()).digest())


def _warm_up(marker: LatticeWatermarker) -> None:
    """Compile or load the kernels outside of the clock."""
    texture = np.random.default_rng(0).integers(90, 160, (256, 256, 3), dtype=np.uint8)
    marker.detect(marker.embed(texture, 1))


def psnr(reference: Pixels, other: Pixels) -> float:
    """dB over all channels."""
    error = float(np.mean((reference.astype(float) - other) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def ssim(reference: Pixels, other: Pixels) -> float:
    """Mean structural similarity of the luma, Gaussian window of sigma 1.5 (Wang et al. 2004)."""
    one, two = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (reference, other))
    mean_1, mean_2, square_1, square_2, product = (
        cv2.GaussianBlur(plane, (0, 0), 1.5) for plane in (one, two, one * one, two * two, one * two)
    )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    covariance = product - mean_1 * mean_2
    spread = square_1 - mean_1**2 + square_2 - mean_2**2
    index = (2 * mean_1 * mean_2 + c1) * (2 * covariance + c2) / ((mean_1**2 + mean_2**2 + c1) * (spread + c2))
    return float(index.mean())


def summarise(rows: list[Row], attacks: list[str]) -> Row:
    marked = [row for row in rows if "error" not in row]
    if not marked:
        return {"pictures": len(rows), "refused": len(rows)}
    rates = {attack: statistics.fmean(row["exact"][attack] for row in marked) for attack in attacks}
    return {
        "pictures": len(rows),
        "refused": len(rows) - len(marked),
        "machine": f"{platform.machine()}, python {platform.python_version()}",
        "exact": rates,
        "exact_mean": statistics.fmean(rates.values()),
        "wrong": sum(row["wrong"] for row in marked),
        "false_alarms": sum(row["false_alarm"] for row in marked),
        "psnr_mean": statistics.fmean(row["psnr"] for row in marked),
        "psnr_min": min(row["psnr"] for row in marked),
        "ssim_mean": statistics.fmean(row["ssim"] for row in marked),
        **{f"{what}_median": statistics.median(row[what] for row in marked) for what in _CLOCKS},
    }


_CLOCKS = ("embed_ms", "found_ms", "miss_ms")


def _resume(path: Path | None, setup: Row) -> dict[str, Row]:
    if path is None or not path.exists():
        return {}
    report = json.loads(path.read_text())
    return {row["picture"]: row for row in report["pictures"]} if report["setup"] == setup else {}


def print_table(summary: Row) -> None:
    if "exact" not in summary:
        print("no picture could be marked")
        return
    print("| attack | exact |\n|---|---|")
    for attack, rate in summary["exact"].items():
        print(f"| {attack} | {rate:.3f} |")
    print(f"| **mean** | {summary['exact_mean']:.4f} |\n\n| measure | value |\n|---|---|")
    for name, value in summary.items():
        if name != "exact":
            print(f"| {name} | {value if isinstance(value, str | int) else format(value, '.4g')} |")


if __name__ == "__main__":
    sys.exit(main())
