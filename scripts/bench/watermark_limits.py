"""The watermark at its limits: the smallest pictures, perfectly flat colours, and what it costs at 1024 px and at 100
megapixels.

    python -m scripts.bench.watermark_limits --images FOLDER --sample 60 --megapixels 100 --json out.json

Small: squares cut from the middle of test pictures, scaled to the side, marked, JPEG 75. Flat: one colour on 512 x
512, a grid over RGB, marked, JPEG 50. Cost: `watermark_cost.py`, one core, CPU time.
"""

import argparse
import functools
import itertools
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from scripts.bench import watermark_cost, watermark_runs
from scripts.bench.watermark_attacks import Pixels, jpeg
from scripts.bench.watermark_measures import psnr, rate_cells, ssim, table
from scripts.bench.watermark_pictures import Picture, choose
from scripts.bench.watermark_runs import Row
from scripts.bench.watermark_schemes import NotMarked, payload_of, scheme

SMALL_SIDES: Final = (128, 160, 192, 256)
SMALL_QUALITY: Final = 75
FLAT_SIDE: Final = 512
FLAT_QUALITY: Final = 50


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, default=Path("../shared/corpus"), help="folder of pictures")
    parser.add_argument("--sample", type=int, default=60, help="how many pictures for the small sides")
    parser.add_argument("--levels", type=int, default=6, help="levels of each channel in the grid of flat colours")
    parser.add_argument("--megapixels", type=float, default=100, help="of the large picture; 0 leaves the cost out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the report here; the checkpoint is beside it")
    options = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pictures = choose(options.images, "test", options.sample, options.seed)
    setup = {
        "seed": options.seed,
        "sample": options.sample,
        "levels": options.levels,
        "engine": watermark_runs.engine_digest(),
    }
    checkpoint = options.json and options.json.with_suffix(".rows")
    jobs = small_jobs(pictures, options.seed) | flat_jobs(options.levels, options.seed)
    rows = list(watermark_runs.run(jobs, setup, checkpoint=checkpoint, workers=options.workers).values())
    report: Row = {"setup": setup | {"commit": watermark_runs.engine_commit(), "machine": watermark_runs.machine()}}
    report |= {"limits": summarise(rows)}
    if options.megapixels:
        report["cost"] = watermark_cost.measure(options.megapixels, pictures)
    if options.json:
        options.json.write_text(json.dumps(report | {"rows": rows}, indent=1) + "\n")
    print(render(report))
    return 0


def small_jobs(pictures: Sequence[Picture], seed: int) -> dict[str, functools.partial[Row]]:
    return {
        f"{side} px: {picture.name}": functools.partial(_small, picture, side, seed)
        for side in SMALL_SIDES
        for picture in pictures
    }


def flat_jobs(levels: int, seed: int) -> dict[str, functools.partial[Row]]:
    values = [int(value) for value in np.linspace(0, 255, levels).round()]
    return {
        f"flat: {red} {green} {blue}": functools.partial(_flat, (red, green, blue), seed)
        for red, green, blue in itertools.product(values, repeat=3)
    }


def _small(picture: Picture, side: int, seed: int) -> Row:
    pixels = picture.load()[0]
    short = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - short) // 2, (pixels.shape[1] - short) // 2
    square = pixels[top : top + short, left : left + short]
    small = np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    return _trial(f"{side} px, JPEG {SMALL_QUALITY}", picture.name, small, SMALL_QUALITY, seed)


def _flat(colour: tuple[int, int, int], seed: int) -> Row:
    pixels = np.full((FLAT_SIDE, FLAT_SIDE, 3), colour, np.uint8)
    return _trial(f"flat colour, JPEG {FLAT_QUALITY}", str(colour), pixels, FLAT_QUALITY, seed)


def _trial(group: str, name: str, pixels: Pixels, quality: int, seed: int) -> Row:
    """Marked, compressed, read: 1 or 0, or `refused`."""
    tested, payload = scheme("lattice", seed), payload_of(seed, name)
    row: Row = {"group": group, "name": name}
    try:
        marked = tested.embed(pixels, payload)
    except NotMarked as refusal:
        return row | {"refused": str(refusal)}
    exact = tested.detect(jpeg(marked, quality)) == payload
    return row | {"exact": int(exact), "psnr": psnr(pixels, marked), "ssim": ssim(pixels, marked)}


def summarise(rows: Sequence[Row]) -> dict[str, Row]:
    summary = {}
    for group in dict.fromkeys(row["group"] for row in rows):
        some = [row for row in rows if row["group"] == group]
        marked = [row for row in some if "refused" not in row]
        summary[group] = {
            "of": len(some),
            "refused": len(some) - len(marked),
            "exact": sum(row["exact"] for row in marked),
            "psnr_mean": float(np.mean([row["psnr"] for row in marked])) if marked else 0.0,
            "psnr_min": min((row["psnr"] for row in marked), default=0.0),
            "ssim_mean": float(np.mean([row["ssim"] for row in marked])) if marked else 0.0,
            "lost": [row["name"] for row in marked if not row["exact"]],
        }
    return summary


def render(report: Row) -> str:
    head = (
        "limit",
        "exact, of all",
        "95 %",
        "pictures",
        "refused",
        "marked but lost",
        "PSNR mean",
        "least",
        "SSIM mean",
    )
    rows = []
    for name, row in report["limits"].items():
        quality = (f"{row['psnr_mean']:.1f}", f"{row['psnr_min']:.1f}", f"{row['ssim_mean']:.4f}")
        rows.append((name, *rate_cells(row["exact"], row["of"]), row["refused"], len(row["lost"]), *quality))
    parts = [", ".join(f"{name} {value}" for name, value in report["setup"].items()), table(head, rows)]
    if "cost" in report:
        parts.append(table(("cost", "value"), report["cost"].items()))
    return "\n\n".join(parts)


if __name__ == "__main__":
    sys.exit(main())
