"""How a registered picture lies in a query: the transform, the regions on both sides, and a map of where they agree.

The same witnesses as in a check, so what is drawn is what was judged.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.compare import Pair, compare
from index.describe import Query
from index.fingerprint import Fingerprint
from index.grading import regions
from index.local import dense
from index.local.codebook import Codebook
from index.ports import Aligned

HEAT_CELLS: Final = 32  # along the longer side of the query
_DIGITS: Final = 6


def align(query: Query, reference: Fingerprint, codebook: Codebook) -> Aligned | None:
    """None where no transform explains the two, or nothing agrees under it."""
    pair = compare(query, reference, codebook)
    if pair.same_pixels:
        transform = np.eye(3)
    elif pair.transform is None or not pair.agreement.agreeing:
        return None
    else:
        transform = pair.transform
    in_query, in_reference = regions(pair)
    return Aligned(
        transform=_rows(transform),
        mirrored=float(np.linalg.det(transform[:2, :2])) < 0,
        inliers=pair.inliers,
        share=1.0 if pair.same_pixels else _share(pair),
        region_query=in_query,
        region_reference=in_reference,
        heat=tuple(
            tuple(int(cell) for cell in row) for row in dense.heat(query.luma, reference.luma, transform, HEAT_CELLS)
        ),
    )


def _share(pair: Pair) -> float:
    return round(pair.agreement.share, _DIGITS)


def _rows(transform: NDArray[np.float64]) -> tuple[tuple[float, float, float], ...]:
    scaled = transform / transform[2, 2]
    a, b, c = ((round(float(x), _DIGITS), round(float(y), _DIGITS), round(float(z), _DIGITS)) for x, y, z in scaled)
    return a, b, c
