"""Distances between all descriptors of two pictures, or to all cells of a codebook."""

import numpy as np
from numpy.typing import NDArray


def squared_distances(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared Euclidean distances float32[n, m] of float32[n, d] and float32[m, d], by one matrix product."""
    cross = ours @ theirs.T
    cross *= -2
    cross += np.einsum("ij,ij->i", ours, ours)[:, None]
    cross += np.einsum("ij,ij->i", theirs, theirs)[None]
    return cross
