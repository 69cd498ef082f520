"""One place that says how kernels are compiled."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(function: Kernel) -> Kernel:
    """Compile with numba on first call, without the GIL, and keep the machine code on disk.

    numba caches beside the source, else in the user's cache directory, else in NUMBA_CACHE_DIR. Where none of them can
    be written (a read-only container without a home) it refuses to cache; the kernel then compiles once per process.
    """
    try:
        kernel = numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function)
    except RuntimeError:
        kernel = numba.njit(nogil=True, fastmath=True, error_model="numpy")(function)
    return cast(Kernel, kernel)
