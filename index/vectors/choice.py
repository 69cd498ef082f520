"""Which index for how many vectors. The reasons and the measurements are in docs/index.md."""

from dataclasses import dataclass
from typing import Final

FLAT_LIMIT: Final = 20_000
SCAN_LIMIT: Final = 2_000_000
LIMIT: Final = 100_000_000

_PQ_DIM: Final = 384  # up to here 4 dimensions a sub-quantiser; above, RaBitQ loses less


@dataclass(frozen=True, slots=True)
class Choice:
    """A FAISS factory string for the coarse stage, or None for exact search without one.

    `rerank` candidates are scored exactly; `nprobe` inverted lists are visited (0: there are none).
    """

    factory: str | None
    rerank: int = 0
    nprobe: int = 0


EXACT: Final = Choice(None)


def choose(count: int, dim: int) -> Choice:
    """The default for `count` vectors of `dim` dimensions: exact, exhaustive scan of codes, inverted lists of codes.

    Probing loses copies and codes do not, so lists come only where a scan takes too long, and 1 of 16 is visited.
    Raises ValueError over 100 million: that needs an engine that spans machines.
    """
    if count < 0 or dim < 1:
        raise ValueError("a count is not negative and a dimension is positive")
    if count > LIMIT:
        raise ValueError(f"{count} vectors are too many for one machine; use a distributed engine (docs/index.md)")
    if count <= FLAT_LIMIT:
        return EXACT
    if count <= SCAN_LIMIT:
        return Choice(code(dim), rerank=100)
    return Choice(f"IVF16384_HNSW32,{code(dim)}", rerank=200, nprobe=1024)


def code(dim: int) -> str:
    """The fast-scan code for a dimension: product quantiser of 4 bits for each 4 dimensions, or RaBitQ (1 bit each)."""
    return f"PQ{dim // 4}x4fs" if dim <= _PQ_DIM and dim % 4 == 0 else "RaBitQfs"
