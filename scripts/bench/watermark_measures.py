"""Measures and tables of the watermark benchmarks: PSNR, SSIM, Wilson intervals, markdown."""

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from provenance.core.statistics import wilson
from scripts.bench.watermark_attacks import Pixels


def psnr(reference: Pixels, other: Pixels) -> float:
    """dB over all channels of two uint8[H, W, 3]; 139 for equal pictures (error floor 1e-9)."""
    error = float(np.mean((reference.astype(np.float32) - other) ** 2, dtype=np.float64))
    return 10 * math.log10(255**2 / max(error, 1e-9))


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


def bootstrap_mean(values: Sequence[float], *, seed: int, rounds: int = 2000) -> tuple[float, float]:
    """95 % percentile interval of a mean, resampling `values` (Efron 1979). Raises ValueError where there are none."""
    if not values:
        raise ValueError("no values to resample")
    drawn = np.random.default_rng(seed).choice(np.asarray(values, float), (rounds, len(values)))
    low, high = np.quantile(drawn.mean(axis=1), (0.025, 0.975))
    return (float(low), float(high))


def rate_cells(hits: int, of: int) -> tuple[str, str, str]:
    """(rate, interval, count) of a table's row."""
    low, high = wilson(hits, of)
    return (f"{hits / of:.3f}" if of else "-", f"{low:.3f}-{high:.3f}", str(of))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table; floats with four significant digits."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return format(value, ".4g") if isinstance(value, float) else str(value)
