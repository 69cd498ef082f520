"""Measure what the watermark costs beyond its benchmark: start-up, the self-check, memory on a large picture.

    python scripts/bench/watermark_cost.py --megapixels 100

CPU seconds of one process each; prints JSON. The pictures are smooth noise of seed 0.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from unittest import mock

import cv2
import numpy as np

_START_UP = """
import time
begin = time.process_time()
import numpy
from provenance.watermark import LatticeWatermarker
imported = time.process_time()
marker = LatticeWatermarker(bytes(32))
pixels = numpy.random.default_rng(0).integers(90, 160, (256, 256, 3), dtype=numpy.uint8)
marker.detect(marker.embed(pixels, 1))
print(imported - begin, time.process_time() - imported)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--megapixels", type=float, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        report = {"cold": start_up(cache), "warm": start_up(cache)}
    print(json.dumps(report | {"self_check": self_check()} | {"large": large(options.megapixels)}, indent=1))


def start_up(cache: str) -> dict[str, float]:
    """A fresh process with numba's cache in that folder."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    command = [sys.executable, "-c", _START_UP]
    out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    imported, first_use = map(float, out.split())
    return {"import_s": imported, "first_mark_and_detection_s": first_use}


def smooth_noise(height: int, width: int) -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def self_check() -> dict[str, float]:
    """Median CPU time of marking a 1024 x 1024 picture, with the check and without it."""
    from provenance.watermark import LatticeWatermarker

    marker, pixels = LatticeWatermarker(bytes(32)), smooth_noise(1024, 1024)
    marker.embed(pixels, 1)
    checked = _median_ms(lambda: marker.embed(pixels, 1))
    with mock.patch.object(LatticeWatermarker, "_survives", return_value=True):
        unchecked = _median_ms(lambda: marker.embed(pixels, 1))
    return {"embed_ms": checked, "embed_without_check_ms": unchecked}


def large(megapixels: float) -> dict[str, float]:
    """Peak resident memory over that of the process with the picture in it, in units of the picture's bytes."""
    from provenance.watermark import LatticeWatermarker

    side = 8 * round((megapixels * 1e6) ** 0.5 / 8)
    marker, pixels = LatticeWatermarker(bytes(32)), smooth_noise(side, side)
    base = _peak_bytes()
    started = time.process_time()
    marked = marker.embed(pixels, 1)
    middle, over = time.process_time(), _peak_bytes() - base
    found = marker.detect(marked)
    seconds = time.process_time() - middle
    if found is None:
        raise SystemExit("the large picture was not read back")
    return {"embed_s": middle - started, "detect_s": seconds, "extra_memory_per_input_byte": over / pixels.nbytes}


def _peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _median_ms(act: Callable[[], object]) -> float:
    times = []
    for _ in range(9):
        started = time.process_time()
        act()
        times.append(1e3 * (time.process_time() - started))
    return float(np.median(times))


if __name__ == "__main__":
    main()
