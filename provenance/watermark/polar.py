"""Polar code (Arikan 2009) with successive-cancellation list decoding (Tal & Vardy 2015).

The information set is the polarisation-weight order with beta = 2^(1/4) (He et al. 2017), so that code and decoder
need no channel estimate. Log-likelihood ratios are positive for bit 0; path metrics are the hardware-friendly ones of
Balatsoukas-Stimming et al. 2015 (smaller is better). The decoder answers the whole list: which path is the message is
for the caller's tag to say.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from provenance.watermark.jit import compiled

Bits = NDArray[np.uint8]

_BETA: Final = 2.0**0.25


def information_set(length: int, dimension: int) -> NDArray[np.int64]:
    """The `dimension` most reliable of `length` synthetic channels, ascending. `length` is a power of two."""
    if length < 2 or length & (length - 1) or not 0 < dimension <= length:
        raise ValueError("a polar code needs a length that is a power of two and 0 < dimension <= length")
    order = length.bit_length() - 1
    index = np.arange(length)[:, None] >> np.arange(order) & 1
    weight = (index * _BETA ** np.arange(order)).sum(axis=1)
    return np.sort(np.argsort(weight, kind="stable")[-dimension:])


def encode(source: Bits) -> Bits:
    """x = u F^(tensor n) over GF(2), F = [[1, 0], [1, 1]], in natural order. uint8[N] of 0/1; an involution."""
    word = source.astype(np.uint8)
    half = 1
    while half < word.size:
        pairs = word.reshape(-1, 2 * half)
        pairs[:, :half] ^= pairs[:, half:]
        half *= 2
    return word


def generators(length: int, positions: NDArray[np.int64]) -> Bits:
    """uint8[n, length]: the codeword of each single information bit."""
    return np.stack([encode(row) for row in np.eye(length, dtype=np.uint8)[positions]])


@compiled
def walsh_hadamard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[2^k] of sum over i of values[i] (-1)^(number of ones in i & j)."""
    out = values.copy()
    half = 1
    while half < out.size:
        for start in range(0, out.size, 2 * half):
            for i in range(start, start + half):
                out[i], out[i + half] = out[i] + out[i + half], out[i] - out[i + half]
        half *= 2
    return out


def decode_list(llr: NDArray[np.float32], frozen: NDArray[np.bool_], size: int) -> Bits:
    """The up to `size` most likely source words, best first: uint8[paths, N].

    `llr` float32[N], `frozen` bool[N] marks positions fixed to 0.
    """
    return _successive_cancellation_list(llr, frozen, size)


class _Paths(NamedTuple):
    """Storage for 2 * list size paths. Level d of a tree, 2^d values, starts at index 2^d - 1."""

    llrs: NDArray[np.float32]  # float32[slots, 2N - 1]
    sums: Bits  # uint8[slots, N], partial sums of the left branches
    words: Bits  # uint8[slots, N], decided bits
    metrics: NDArray[np.float32]  # float32[slots]


@compiled
def _update_llrs(llrs: NDArray[np.float32], sums: Bits, phase: int, order: int) -> None:
    """Bring one path's LLR tree to the leaf `phase`."""
    depth = order
    if phase > 0:
        depth = 0
        while (phase >> depth) & 1 == 0:
            depth += 1
        half = 1 << depth
        for i in range(half):
            left, right = llrs[2 * half - 1 + i], llrs[3 * half - 1 + i]
            llrs[half - 1 + i] = right - left if sums[half - 1 + i] else right + left
    for level in range(depth - 1, -1, -1):
        half = 1 << level
        for i in range(half):
            left, right = llrs[2 * half - 1 + i], llrs[3 * half - 1 + i]
            least = min(abs(left), abs(right))
            llrs[half - 1 + i] = least if (left < 0) == (right < 0) else -least


@compiled
def _update_sums(sums: Bits, phase: int, bit: int, scratch: Bits) -> None:
    """Fold the decided bit into one path's partial sums."""
    scratch[0] = bit
    half = 1
    while half < sums.size and (phase // half) & 1:
        for i in range(half):
            scratch[half + i] = scratch[i]
            scratch[i] ^= sums[half - 1 + i]
        half *= 2
    if half < sums.size:
        for i in range(half):
            sums[half - 1 + i] = scratch[i]


@compiled
def _fork(paths: _Paths, slots: NDArray[np.int64], phase: int, limit: int) -> NDArray[np.int64]:
    """Extend every path by 0 and by 1 and keep the `limit` best; returns the slots of the survivors."""
    cost = np.empty(2 * slots.size, np.float32)
    for q in range(slots.size):
        value, metric = paths.llrs[slots[q], 0], paths.metrics[slots[q]]
        cost[2 * q] = metric - min(value, np.float32(0))
        cost[2 * q + 1] = metric + max(value, np.float32(0))
    chosen = np.argsort(cost)[: min(limit, cost.size)]
    busy = np.zeros(paths.metrics.size, np.bool_)
    for choice in chosen:
        busy[slots[choice // 2]] = True
    heirs = np.empty(chosen.size, np.int64)
    first = np.ones(slots.size, np.bool_)
    spare = 0
    for k in range(chosen.size):  # second children move to a free slot before a parent's bit is written
        parent = chosen[k] // 2
        heirs[k] = slots[parent]
        if not first[parent]:
            while busy[spare]:
                spare += 1
            busy[spare] = True
            heirs[k] = spare
            paths.llrs[spare] = paths.llrs[slots[parent]]
            paths.sums[spare] = paths.sums[slots[parent]]
            paths.words[spare] = paths.words[slots[parent]]
        first[parent] = False
    for k in range(chosen.size):
        paths.metrics[heirs[k]] = cost[chosen[k]]
        paths.words[heirs[k], phase] = chosen[k] % 2
    return heirs


@compiled
def _successive_cancellation_list(llr: NDArray[np.float32], frozen: NDArray[np.bool_], limit: int) -> Bits:
    length = llr.size
    order = 0
    while (1 << order) < length:
        order += 1
    paths = _Paths(
        np.zeros((2 * limit, 2 * length - 1), np.float32),
        np.zeros((2 * limit, length), np.uint8),
        np.zeros((2 * limit, length), np.uint8),
        np.zeros(2 * limit, np.float32),
    )
    scratch = np.zeros(length, np.uint8)
    slots = np.zeros(1, np.int64)
    paths.llrs[0, length - 1 :] = llr
    for phase in range(length):
        for slot in slots:
            _update_llrs(paths.llrs[slot], paths.sums[slot], phase, order)
        if frozen[phase]:
            for slot in slots:
                paths.metrics[slot] -= min(paths.llrs[slot, 0], np.float32(0))
        else:
            slots = _fork(paths, slots, phase, limit)
        for slot in slots:
            _update_sums(paths.sums[slot], phase, paths.words[slot, phase], scratch)
    best = np.argsort(paths.metrics[slots])
    found = np.empty((slots.size, length), np.uint8)
    for k in range(slots.size):
        found[k] = paths.words[slots[best[k]]]
    return found
