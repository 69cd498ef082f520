"""What every carrier answers."""

from dataclasses import dataclass
from typing import Final, Literal

from provenance.core.errors import MalformedManifest

MAX_STEPS: Final = 1_000_000  # headers walked in one file: more is an attack on time


@dataclass(frozen=True, slots=True)
class Span:
    """A run of the store's bytes in the file. `crc_from`: a big-endian CRC-32 from there to `end` follows it (PNG)."""

    start: int
    end: int
    crc_from: int | None = None


class Ended(Exception):
    """The file is over before the walk is: there is no whole store in it."""


def number(data: bytes, at: int, size: int, order: Literal["big", "little"] = "big") -> int:
    """An unsigned integer of `size` bytes. Raises Ended."""
    if at + size > len(data):
        raise Ended
    return int.from_bytes(data[at : at + size], order)


def endless(what: str) -> MalformedManifest:
    return MalformedManifest(f"the file has more than {MAX_STEPS} {what}")


def several() -> MalformedManifest:
    """A file with two stores: which one speaks for it is anybody's guess."""
    return MalformedManifest("the file holds more than one manifest store")
