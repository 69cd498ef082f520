"""What the watermark costs: start-up, marking and reading at 1024 px, time and memory on a large picture.

    python -m scripts.bench.watermark_cost --images FOLDER --sample 12 --megapixels 100

CPU time of one core; prints a table. Start-up and the large picture get a process of their own; the large picture is
smooth noise of seed 0. Times at 1024 px are medians over test pictures scaled to that long side.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from provenance.core.errors import CannotHoldMark
from provenance.watermark import LatticeWatermarker
from provenance.watermark.code import TaggedCode
from provenance.watermark.embedder import LatticeEmbedder, apply, to_canonical
from provenance.watermark.gauntlet import Choice
from scripts.bench.watermark_attacks import Pixels
from scripts.bench.watermark_measures import table
from scripts.bench.watermark_pictures import Picture, choose

SIDE: Final = 1024
_REPEATS: Final = 3
_KEY: Final = bytes(range(32))
_START_UP = """
import time
begin = time.process_time()
import numpy
from provenance.watermark import LatticeWatermarker
imported = time.process_time()
marker = LatticeWatermarker(bytes(range(32)))
pixels = numpy.random.default_rng(0).integers(90, 160, (256, 256, 3), dtype=numpy.uint8)
marker.detect(marker.embed(pixels, 1))
print(imported - begin, time.process_time() - imported)
"""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=Path, default=Path("../shared/corpus"), help="folder of pictures")
    parser.add_argument("--sample", type=int, default=12, help="how many pictures are timed")
    parser.add_argument("--megapixels", type=float, default=100)
    options = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if options.megapixels < 1:
        parser.error("--megapixels must be 1 or more")
    report = measure(options.megapixels, choose(options.images, "test", options.sample, 0))
    print(table(("cost", "value"), report.items()))
    return 0


def measure(megapixels: float, pictures: Sequence[Picture]) -> dict[str, float]:
    """Everything: seconds, milliseconds, and bytes per byte, as the names say."""
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = start_up(cache), start_up(cache)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        heavy = pool.submit(large, megapixels).result()
    return {
        "import, s": warm[0],
        "first mark and detection, empty kernel cache, s": cold[1],
        "first mark and detection, filled kernel cache, s": warm[1],
        **medians([_scaled(picture) for picture in pictures[:12]]),
        **heavy,
    }


def start_up(cache: str) -> tuple[float, float]:
    """CPU seconds of (importing, first use) in a fresh process with numba's cache in that folder."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", _START_UP]
    out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    imported, first_use = map(float, out.split())
    return imported, first_use


def medians(pictures: Sequence[Pixels]) -> dict[str, float]:
    """CPU milliseconds per picture on one core: the median over pictures of the best of three."""
    cv2.setNumThreads(1)
    marker, embedder = LatticeWatermarker(_KEY), LatticeEmbedder(_KEY)
    clocks: dict[str, list[float]] = {name: [] for name in ("embed", "embed, no check", "found", "not found")}
    for pixels in pictures:
        try:
            marked = marker.embed(pixels, 1)
        except CannotHoldMark:
            continue
        actions: dict[str, Callable[[], object]] = {
            "embed": lambda p=pixels: marker.embed(p, 1),
            "embed, no check": lambda p=pixels: unchecked(embedder, p),
            "found": lambda p=marked: marker.detect(p),
            "not found": lambda p=pixels: marker.detect(p),
        }
        for name, act in actions.items():
            clocks[name].append(_best_ms(act))
    return {f"{name} at {SIDE} px, CPU ms": statistics.median(times) for name, times in clocks.items() if times}


def unchecked(embedder: LatticeEmbedder, pixels: Pixels) -> Pixels:
    """Marked at the strength of equal visibility, without the gauntlet and its choices."""
    shape = embedder.shape(to_canonical(pixels), Choice((0, 0), TaggedCode(_KEY).encode(1)))
    return apply(pixels, shape.residual(shape.start))


def large(megapixels: float) -> dict[str, float]:
    """CPU seconds, and peak memory over that of the process with the picture in it, in units of the picture's bytes.

    Raises SystemExit where the picture is not read back.
    """
    side = 8 * round((megapixels * 1e6) ** 0.5 / 8)
    marker, pixels = LatticeWatermarker(_KEY), smooth_noise(side, side)
    base, started = _peak_bytes(), time.process_time()
    marked = marker.embed(pixels, 1)
    middle = time.process_time()
    found = marker.detect(marked)
    detected, over = time.process_time() - middle, _peak_bytes() - base
    if found is None:
        raise SystemExit("the large picture was not read back")
    return {
        f"embed at {megapixels:g} MP, s": middle - started,
        f"found at {megapixels:g} MP, s": detected,
        f"memory over the input at {megapixels:g} MP, bytes per byte": over / pixels.nbytes,
    }


def smooth_noise(height: int, width: int) -> Pixels:
    small = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _scaled(picture: Picture) -> Pixels:
    pixels = picture.load()[0]
    factor = SIDE / max(pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _best_ms(act: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        started = time.process_time()
        act()
        times.append(1e3 * (time.process_time() - started))
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
