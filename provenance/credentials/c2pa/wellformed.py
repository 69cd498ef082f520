"""CBOR that is what it claims to be (RFC 8949, appendix C), found out without building any of it.

c2pa-rs reserves memory for as many elements as an array or map announces, before it looks for them: a few bytes of a
stranger's manifest could ask for gigabytes. So every length is held against the bytes that are there first.
"""

from typing import Final

from provenance.core.errors import MalformedManifest

MAX_ITEMS: Final = 200_000  # in one manifest store
MAX_DEPTH: Final = 64

_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
_INDEFINITE: Final = 31
_OPEN: Final = -1  # an array, map or string that a break will end
_BREAK: Final = -2


class Budget:
    """How many CBOR items a store may still have."""

    def __init__(self, items: int = MAX_ITEMS) -> None:
        self.left = items

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise MalformedManifest(f"the manifest store has more than {MAX_ITEMS} CBOR items")


def check(data: bytes, start: int, end: int, budget: Budget) -> None:
    """One CBOR item between `start` and `end`. Raises MalformedManifest."""
    at = start
    waiting = [1]  # items still to come, for each container that is open
    while waiting:
        if waiting[-1] == 0:
            waiting.pop()
            continue
        budget.spend()
        major, value, at = _head(data, at, end)
        if value == _BREAK:
            if waiting.pop() != _OPEN:
                raise _malformed()
            continue
        waiting[-1] -= waiting[-1] > 0
        if major in (_BYTES, _TEXT) and value != _OPEN:
            at += value
        elif major >= _BYTES and major != _SIMPLE:
            waiting.append(_OPEN if value == _OPEN else _children(major, value))
        if at > end or waiting[-1] > end - at or len(waiting) > MAX_DEPTH:
            raise _malformed()


def _children(major: int, value: int) -> int:
    return {_ARRAY: value, _MAP: 2 * value, _TAG: 1}[major]


def _head(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """(major type, argument, where the head ends). `_OPEN` for an indefinite length, or `_BREAK`."""
    if at >= end:
        raise _malformed()
    major, extra = data[at] >> 5, data[at] & 31
    at += 1
    if extra < 24:
        return major, extra, at
    if extra < 28:
        size = 1 << extra - 24
        if at + size > end:
            raise _malformed()
        return major, int.from_bytes(data[at : at + size], "big"), at + size
    if extra == _INDEFINITE and major in (_BYTES, _TEXT, _ARRAY, _MAP):
        return major, _OPEN, at
    if extra == _INDEFINITE and major == _SIMPLE:
        return major, _BREAK, at
    raise _malformed()


def _malformed() -> MalformedManifest:
    return MalformedManifest("a part of the manifest store is not well-formed CBOR")
