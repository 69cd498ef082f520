"""What every backend checks about the rows and queries that it is given."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.int64]

NO_ID = -1  # stands in a result where there are fewer than k


def checked_ids(ids: Ids, rows: int | None = None) -> Ids:
    """Contiguous int64[n]. Raises ValueError on a duplicate, a negative id, or another number of them than `rows`."""
    ids = np.ascontiguousarray(ids, np.int64)
    if ids.ndim != 1 or (rows is not None and len(ids) != rows):
        raise ValueError(f"expected one id a row, got {list(ids.shape)} ids for {rows} rows")
    if len(ids) and int(ids.min()) < 0:
        raise ValueError("ids are not negative")
    if len(np.unique(ids)) != len(ids):
        raise ValueError("an id stands twice in one call")
    return ids


def checked_vectors(vectors: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    """Contiguous float32[n, dim]. Raises ValueError on another shape, and on NaN or infinity: they poison rankings."""
    vectors = np.ascontiguousarray(vectors, np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise ValueError(f"expected vectors [n, {dim}], got {list(vectors.shape)}")
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds NaN or infinity")
    return vectors


def checked_codes(codes: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Contiguous uint8[n, width]. Raises ValueError on another shape or type."""
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != width:
        raise ValueError(f"expected uint8[n, {width}] codes, got {codes.dtype}{list(codes.shape)}")
    return np.ascontiguousarray(codes)


def checked_k(k: int) -> int:
    if k < 1:
        raise ValueError("k is at least 1")
    return k
