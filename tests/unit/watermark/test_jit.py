from types import SimpleNamespace
from typing import Any

import numba
import pytest

from provenance.watermark import jit
from provenance.watermark.jit import compiled


def double(value: int) -> int:
    return 2 * value


def test_kernels_are_compiled_and_cached_where_there_is_a_place() -> None:
    kernel: Any = compiled(double)
    assert kernel(21) == 42
    assert kernel.nopython_signatures


def test_without_a_writable_cache_kernels_still_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba refuses cache=True where neither the source's folder nor a user's cache can be written."""

    def without_cache(*, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(jit, "numba", SimpleNamespace(njit=without_cache))
    kernel: Any = compiled(double)
    assert kernel(4) == 8
    assert kernel.nopython_signatures
