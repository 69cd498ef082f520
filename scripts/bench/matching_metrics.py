"""How good a matcher's answers were, with 95 % intervals."""

import numpy as np


def wilson_upper(hits: int, of: int) -> float:
    """Upper end of the 95 % Wilson interval of a rate."""
    z, rate = 1.96, hits / of
    middle = rate + z * z / (2 * of)
    return float((middle + z * np.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))) / (1 + z * z / of))
