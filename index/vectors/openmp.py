"""How many OpenMP threads FAISS takes: one for a search, since a service brings its own threads and two teams on
the same cores spin against each other; more where a build asks for them."""

from collections.abc import Iterator
from contextlib import contextmanager

import faiss


@contextmanager
def openmp_threads(count: int = 1) -> Iterator[None]:
    """FAISS calls inside use `count` threads. The setting is the calling thread's own, and is put back."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
