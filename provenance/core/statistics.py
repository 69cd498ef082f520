"""Counting, and how sure a count is."""

import math
from typing import Final

_Z95: Final = 1.959963984540054  # of the normal distribution: 95 % lie within


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson 1927); (0, 1) where nothing was counted."""
    if of == 0:
        return (0.0, 1.0)
    rate, square = hits / of, _Z95 * _Z95
    middle = rate + square / (2 * of)
    half = _Z95 * math.sqrt(rate * (1 - rate) / of + square / (4 * of * of))
    return (max(0.0, (middle - half) / (1 + square / of)), min(1.0, (middle + half) / (1 + square / of)))
