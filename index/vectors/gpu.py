"""The GPU as accelerator of a sealed index (needs `faiss-gpu` in place of `faiss-cpu`; see docs/index.md).

FAISS's GPU indexes have no `remove_ids` and its resources serve one thread at a time. So the CPU keeps the master
(codes, ids, vectors), the GPU gets a float16 copy of the vectors that is scanned exactly, deletions stay tombstones of
the `LayeredIndex`, and one lock stands for the one owner.
"""

import threading
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from index.ports import Vectors
from index.vectors.rows import Ids
from index.vectors.sealed import SealedIndex

MAX_K: Final = 2048  # FAISS's GPU k-selection
_CHUNK: Final = 65_536


class NoGpu(RuntimeError):
    """This FAISS has no GPU support, or sees no device."""


class GpuScan:
    """A copy of a sealed index's vectors on a device, in the same positions. An `index.vectors.sealed.Accelerator`."""

    def __init__(self, index: Any, rows: NDArray[np.float16]) -> None:
        """`index` is an empty inner-product index, on a GPU in earnest; it is filled in chunks."""
        self._index = index
        self._owner = threading.Lock()
        for start in range(0, len(rows), _CHUNK):
            index.add(rows[start : start + _CHUNK].astype(np.float32))

    @property
    def max_k(self) -> int:
        return MAX_K

    def search(self, vectors: Vectors, k: int, /) -> tuple[NDArray[np.float32], Ids]:
        with self._owner:
            scores, positions = self._index.search(vectors, k)
        return scores, positions


def move_to_gpu(sealed: SealedIndex, *, device: int = 0) -> None:
    """Accelerate this index by a float16 copy on a device: 2 bytes a dimension and vector of its memory.

    Raises NoGpu where there is none; the index then goes on as it was.
    """
    if not hasattr(faiss, "GpuIndexFlatIP") or faiss.get_num_gpus() <= device:
        raise NoGpu(f"no GPU {device}: install faiss-gpu in place of faiss-cpu and check the driver")
    configuration = faiss.GpuIndexFlatConfig()
    configuration.device = device
    configuration.useFloat16 = True
    index = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), sealed.dim, configuration)
    sealed.accelerate(GpuScan(index, sealed.rows))
