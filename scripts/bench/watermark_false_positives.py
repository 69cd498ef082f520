"""Count answers where there is no mark of this key: the measured side of the bound in docs/watermark.md.

    python -m scripts.bench.watermark_false_positives --images FOLDER --detections 20000 --minutes 60 --json out.json

Four sources in turn, in batches: crops and variants of unmarked pictures; the same of pictures marked with another
key; noise, rasters and gratings, some of them inside the mark's band; pictures of this key damaged until little is
left, where only another payload counts. False: a payload that was never embedded there. Deterministic by `--seed`;
resumable; sides are 96 to 320 px, every eighth picture 768, to afford many.
"""

import argparse
import functools
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from provenance.core.errors import CannotHoldMark
from provenance.watermark import LatticeWatermarker
from scripts.bench import watermark_runs
from scripts.bench.watermark_attacks import ATTACKS, Pixels
from scripts.bench.watermark_measures import table, wilson
from scripts.bench.watermark_pictures import Picture, choose
from scripts.bench.watermark_runs import Row
from scripts.bench.watermark_schemes import key_of, payload_of

BATCH: Final = 40
_VARIANTS: Final = (
    "none",
    "jpeg-50",
    "webp-50",
    "blur-1",
    "noise-5",
    "sharpen",
    "gamma-0.7",
    "equalise",
    "mirror",
    "palette-64",
)
_DAMAGE: Final = ("blur-3", "median-7", "jpeg-10", "noise-10", "crop-25")
_SIDES: Final = (96, 320)
_LARGE: Final = 768
Draw = Callable[[np.random.Generator], Pixels]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, default=Path("../shared/corpus"), help="folder of pictures")
    parser.add_argument("--detections", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, help="begin no batch after that long; run again to go on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the report here; the checkpoint is beside it")
    options = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    pictures = tuple(choose(options.images, "test", 0, options.seed))
    jobs = {
        f"{number}": functools.partial(measure, number, pictures[number // len(SOURCES) % len(pictures)], options.seed)
        for number in range(-(-options.detections // BATCH))
    }
    setup = {"seed": options.seed, "batch": BATCH, "engine": watermark_runs.engine_digest()}
    bounds = {"workers": options.workers, "minutes": options.minutes}
    checkpoint = options.json and options.json.with_suffix(".rows")
    rows = list(watermark_runs.run(jobs, setup, checkpoint=checkpoint, **bounds).values())
    setup |= {"commit": watermark_runs.engine_commit(), "machine": watermark_runs.machine()}
    summary = summarise(rows)
    if options.json:
        options.json.write_text(json.dumps({"setup": setup, "summary": summary, "rows": rows}, indent=1) + "\n")
    print(", ".join(f"{name} {value}" for name, value in setup.items()), render(summary), sep="\n\n")
    return 0


def measure(number: int, picture: Picture, seed: int) -> Row:
    """One batch of BATCH detections from one source."""
    source = list(SOURCES)[number % len(SOURCES)]
    rng = np.random.default_rng(np.frombuffer(hashlib.sha256(f"{seed}/batch/{number}".encode()).digest(), "<u4"))
    embedded = payload_of(seed, str(number))
    try:
        draw = SOURCES[source](picture, embedded, seed)
    except CannotHoldMark:
        return {"source": source, "detections": 0, "read": 0, "false": [], "cpu_s": 0.0}
    marker, false, read = _marker(seed), [], 0
    shown = [draw(rng) for _ in range(BATCH)]
    started = time.process_time()
    for pixels in shown:
        found = marker.detect(pixels)
        if found is not None and source == "damaged" and found.payload == embedded:
            read += 1
        elif found is not None:
            false.append({"payload": found.payload, "picture": picture.name, "size": list(pixels.shape[:2])})
    return {
        "source": source,
        "detections": BATCH,
        "read": read,
        "false": false,
        "cpu_s": time.process_time() - started,
    }


@functools.cache
def _marker(seed: int) -> LatticeWatermarker:
    return LatticeWatermarker(key_of(seed, "false positives"))


def _unmarked(picture: Picture, _payload: int, _seed: int) -> Draw:
    pixels = picture.load()[0]
    return lambda rng: _variant(pixels, _VARIANTS, rng)


def _other_key(picture: Picture, payload: int, seed: int) -> Draw:
    marked = LatticeWatermarker(key_of(seed, f"somebody else's {payload}")).embed(_moderate(picture.load()[0]), payload)
    return lambda rng: _variant(marked, _VARIANTS, rng)


def _damaged(picture: Picture, payload: int, seed: int) -> Draw:
    marked = _marker(seed).embed(_moderate(picture.load()[0]), payload)

    def draw(rng: np.random.Generator) -> Pixels:
        once = ATTACKS[str(rng.choice(_DAMAGE))](marked, rng)
        return _variant(once, _DAMAGE[:-1], rng)

    return draw


def _variant(pixels: Pixels, attacks: Sequence[str], rng: np.random.Generator) -> Pixels:
    """A random window, scaled to a random affordable size, attacked in one of the ways."""
    whole = pixels.shape[:2]
    height, width = (max(16, round(side * share)) for side, share in zip(whole, rng.uniform(0.3, 1.0, 2), strict=True))
    top, left = (int(rng.integers(0, side - part + 1)) for side, part in zip(whole, (height, width), strict=True))
    window = pixels[top : top + height, left : left + width]
    factor = _side(rng) / max(window.shape[:2])
    size = (max(40, round(window.shape[1] * factor)), max(40, round(window.shape[0] * factor)))
    small = np.asarray(cv2.resize(window, size, interpolation=cv2.INTER_AREA), np.uint8)
    return ATTACKS[str(rng.choice(attacks))](small, rng)


def _side(rng: np.random.Generator) -> int:
    return _LARGE if rng.random() < 1 / 8 else int(rng.integers(*_SIDES))


def _noise(_picture: Picture, _payload: int, _seed: int) -> Draw:
    """White, coloured and periodic patterns, and sums of them."""

    def draw(rng: np.random.Generator) -> Pixels:
        height, width = _side(rng), _side(rng)
        slope, contrast = rng.uniform(-1, 2), rng.uniform(2, 80)
        spectrum = np.fft.rfft2(rng.normal(0, 1, (height, width)))
        radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
        plane = np.fft.irfft2(spectrum * np.maximum(radius, 1 / width) ** -slope, s=(height, width))
        plane *= contrast / max(plane.std(), 1e-9)
        rows, columns = np.mgrid[:height, :width]
        for _ in range(int(rng.integers(0, 40))):
            fy, fx = rng.uniform(-0.3, 0.3, 2)
            plane += contrast / 4 * np.cos(2 * np.pi * (fy * rows + fx * columns + rng.random()))
        grey = np.clip(np.rint(plane + rng.uniform(40, 215)), 0, 255).astype(np.uint8)
        return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)

    return draw


def _moderate(pixels: Pixels) -> Pixels:
    factor = min(1.0, _LARGE / max(pixels.shape[:2]))
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


SOURCES: Final[dict[str, Callable[[Picture, int, int], Draw]]] = {
    "unmarked": _unmarked,
    "other key": _other_key,
    "noise": _noise,
    "damaged": _damaged,
}


def summarise(rows: Sequence[Row]) -> Row:
    """Counts by source and in all; `upper_95` is Wilson's upper end of the rate of false answers."""
    summary: Row = {}
    for source in (*SOURCES, "all"):
        some = [row for row in rows if source in (row["source"], "all")]
        count, false = sum(row["detections"] for row in some), [one for row in some for one in row["false"]]
        summary[source] = {
            "detections": count,
            "false": false,
            "read": sum(row["read"] for row in some),
            "upper_95": wilson(len(false), count)[1],
            "cpu_ms": 1e3 * sum(row["cpu_s"] for row in some) / max(count, 1),
        }
    return summary


def render(summary: Row) -> str:
    head = ("source", "detections", "false answers", "95 % upper end of the rate", "true readings", "CPU ms each")
    rows = [
        (name, row["detections"], len(row["false"]), f"{row['upper_95']:.2e}", row["read"], f"{row['cpu_ms']:.0f}")
        for name, row in summary.items()
    ]
    return table(head, rows)


if __name__ == "__main__":
    sys.exit(main())
