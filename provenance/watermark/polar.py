"""Polar code (Arikan 2009) with successive-cancellation list decoding (Tal & Vardy 2015).

The information set is the polarisation-weight order with beta = 2^(1/4) (He et al. 2017), so that code and decoder need
no channel estimate. Log-likelihood ratios are positive for bit 0; path metrics are the hardware-friendly ones of
Balatsoukas-Stimming et al. 2015 (smaller is better). The decoder answers the whole list: which path is the message is for
the caller's tag to say.
"""

from typing import Final

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


def decode_list(llr: NDArray[np.float32], frozen: NDArray[np.bool_], size: int) -> Bits:
    """The up to `size` most likely source words, best first: uint8[paths, N].

    `llr` float32[N], `frozen` bool[N] marks positions fixed to 0.
    """
    return _successive_cancellation_list(llr.astype(np.float32), frozen, size)


@compiled
def _update_llrs(llrs, sums, phase, order):  # type: ignore[no-untyped-def]  # pragma: no cover - machine code
    """Bring one path's LLR tree to the leaf `phase`. Level d (2^d values) starts at 2^d - 1."""
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
def _update_sums(sums, phase, bit, order, scratch):  # type: ignore[no-untyped-def]  # pragma: no cover - machine code
    """Fold the decided bit into one path's partial sums."""
    scratch[0] = bit
    level = 0
    while level < order and (phase >> level) & 1:
        half = 1 << level
        for i in range(half):
            scratch[half + i] = scratch[i]
            scratch[i] ^= sums[half - 1 + i]
        level += 1
    if level < order:
        half = 1 << level
        for i in range(half):
            sums[half - 1 + i] = scratch[i]


@compiled
def _fork(llrs, sums, words, metrics, slots, phase, limit):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Extend every path by 0 and 1 and keep the `limit` best; returns the slots of the survivors."""
    paths = slots.size
    cost = np.empty(2 * paths, np.float32)
    for q in range(paths):
        value, metric = llrs[slots[q], 0], metrics[slots[q]]
        cost[2 * q] = metric - min(value, np.float32(0))
        cost[2 * q + 1] = metric + max(value, np.float32(0))
    keep = min(limit, 2 * paths)
    chosen = np.argsort(cost)[:keep]
    children = np.zeros(paths, np.int64)
    busy = np.zeros(metrics.size, np.bool_)
    for choice in chosen:
        children[choice // 2] += 1
        busy[slots[choice // 2]] = True
    heirs = np.empty(keep, np.int64)
    spare = 0
    for k in range(keep):  # second children move out before any parent's slot is written
        slot = slots[chosen[k] // 2]
        children[chosen[k] // 2] -= 1
        if children[chosen[k] // 2] == 1:
            while busy[spare]:
                spare += 1
            busy[spare] = True
            llrs[spare], sums[spare], words[spare] = llrs[slot], sums[slot], words[slot]
            slot = spare
        heirs[k] = slot
    for k in range(keep):
        metrics[heirs[k]] = cost[chosen[k]]
        words[heirs[k], phase] = chosen[k] % 2
    return heirs


@compiled
def _successive_cancellation_list(llr, frozen, limit):  # type: ignore[no-untyped-def]  # pragma: no cover - machine code
    length = llr.size
    order = 0
    while (1 << order) < length:
        order += 1
    llrs = np.zeros((2 * limit, 2 * length - 1), np.float32)
    sums = np.zeros((2 * limit, length), np.uint8)
    words = np.zeros((2 * limit, length), np.uint8)
    metrics = np.zeros(2 * limit, np.float32)
    scratch = np.zeros(length, np.uint8)
    slots = np.zeros(1, np.int64)
    llrs[0, length - 1 :] = llr
    for phase in range(length):
        for slot in slots:
            _update_llrs(llrs[slot], sums[slot], phase, order)
        if frozen[phase]:
            for slot in slots:
                metrics[slot] -= min(llrs[slot, 0], np.float32(0))
        else:
            slots = _fork(llrs, sums, words, metrics, slots, phase, limit)
        for slot in slots:
            _update_sums(sums[slot], phase, words[slot, phase], order, scratch)
    best = np.argsort(metrics[slots])
    found = np.empty((slots.size, length), np.uint8)
    for k in range(slots.size):
        found[k] = words[slots[best[k]]]
    return found
