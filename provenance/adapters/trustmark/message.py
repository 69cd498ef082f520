"""What a TrustMark says for us: 100 raw bits, 64 of an id and 36 of a keyed tag, read by guessing the likeliest errors.

TrustMark's own schemas (BCH) hold 40 to 75 bits and no tag, so that they can't carry a 64-bit id whose reading is
proved. Here the tag is the code: a guess at the errors counts only when the tag verifies (GRAND: Duffy, Li & Médard,
2019), and errors are guessed in the order of the reader's own doubts (ORBGRAND: Duffy, An & Médard, 2022).

The id is hidden under a mask that the tag selects (a synthetic IV, as in RFC 5297): whoever has the public weights
reads the 100 bits, but neither the id nor whether two ids are close.
"""

import hmac
from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SCHEME: Final = "art.provenance.trustmark"
VERSION: Final = 1
ID_BITS: Final = 64
TAG_BITS: Final = 36
MESSAGE_BITS: Final = ID_BITS + TAG_BITS
GUESSES: Final = 4096
"""How many sets of errors are tried on one reading."""

_TAG_MASK: Final = (1 << TAG_BITS) - 1


def false_positive_bound(readings: int) -> float:
    """Of an unmarked picture that is read `readings` times, turned or under several keys: each guess pairs an id with a
    tag, and a tag is right with probability 2^-36 whatever the picture."""
    return readings * GUESSES * 2.0**-TAG_BITS


class KeyedMessage:
    """Ids to messages and back under one key of at least 16 secret bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, payload: int) -> int:
        """The 100 bits of an unsigned 64-bit id, its masked bits first."""
        tag = self._tag(payload)
        return (payload ^ self._mask(tag)) << TAG_BITS | tag

    def open(self, soft: NDArray[np.float32]) -> int | None:
        """The id in float32[100], positive for bit 1 and larger where the reader is surer, or None."""
        read, flips = _read(soft)
        masks: dict[int, int] = {}  # most guesses leave the tag alone
        for guess in _guesses():
            word = read
            for place in guess:
                word ^= flips[place]
            tag = word & _TAG_MASK
            if tag not in masks:
                masks[tag] = self._mask(tag)
            payload = word >> TAG_BITS ^ masks[tag]
            if self._tag(payload) == tag:
                return payload
        return None

    def _tag(self, payload: int) -> int:
        return self._derive(b"tag", payload.to_bytes(8, "big")) >> (ID_BITS - TAG_BITS)

    def _mask(self, tag: int) -> int:
        return self._derive(b"mask", tag.to_bytes(5, "big"))

    def _derive(self, label: bytes, message: bytes) -> int:
        """64 bits of HMAC-SHA256(key, "art.provenance.trustmark.1/" label 0x00 message)."""
        text = b"%b.%d/%b\0%b" % (SCHEME.encode(), VERSION, label, message)
        return int.from_bytes(hmac.digest(self._key, text, "sha256")[:8], "big")


def bits(message: int) -> str:
    """100 characters 0 and 1, the most significant first."""
    return format(message, f"0{MESSAGE_BITS}b")


def _read(soft: NDArray[np.float32]) -> tuple[int, list[int]]:
    """(the word as it was read, the bit that each error flips: the least certain first)."""
    values = np.nan_to_num(np.asarray(soft, np.float64))
    word = int("".join("1" if value > 0 else "0" for value in values), 2)
    order = np.argsort(np.abs(values), kind="stable")
    return word, [1 << (MESSAGE_BITS - 1 - int(place)) for place in order]


@cache
def _guesses() -> tuple[tuple[int, ...], ...]:
    """Sets of errors as ranks of doubt (0: the least certain bit), the likeliest first: by the sum of their ranks from
    1, which is what reliabilities that grow evenly make of likelihood; at most `GUESSES`, the empty one first."""
    found: list[tuple[int, ...]] = []
    weight = 0
    while len(found) < GUESSES:
        found += sorted(_with_sum(weight, weight), key=lambda ranks: (len(ranks), ranks))
        weight += 1
    return tuple(tuple(rank - 1 for rank in ranks) for ranks in found[:GUESSES])


def _with_sum(total: int, largest: int) -> Iterator[tuple[int, ...]]:
    """Sets of different whole numbers from 1 to `largest`, and to 100, with this sum; each set falls."""
    if total == 0:
        yield ()
    for first in range(min(total, largest, MESSAGE_BITS), 0, -1):
        for rest in _with_sum(total - first, first - 1):
            yield (first, *rest)
