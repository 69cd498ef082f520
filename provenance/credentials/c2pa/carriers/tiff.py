"""TIFF: the value of tag 52545 in the first directory that has it."""

from typing import Final, Literal

from provenance.core.errors import MalformedManifest
from provenance.credentials.c2pa.carriers.spans import Span, number

_TAG: Final = 0xCD41
_UNDEFINED: Final = 7
_BYTE: Final = 1
_MAX_DIRECTORIES: Final = 1_000


def locate(data: bytes) -> list[Span]:
    order: Literal["big", "little"] = "little" if data[:2] == b"II" else "big"
    if number(data, 2, 2, order) != 42:
        raise MalformedManifest("it is not a TIFF of the classic kind")
    directory = number(data, 4, 4, order)
    for _ in range(_MAX_DIRECTORIES):
        if directory == 0:
            return []
        entries = number(data, directory, 2, order)
        for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
            if number(data, entry, 2, order) == _TAG:
                return [_value(data, entry, order)]
        directory = number(data, directory + 2 + 12 * entries, 4, order)
    raise MalformedManifest(f"the file has more than {_MAX_DIRECTORIES} directories, or they form a loop")


def _value(data: bytes, entry: int, order: Literal["big", "little"]) -> Span:
    kind, size = number(data, entry + 2, 2, order), number(data, entry + 4, 4, order)
    if kind not in (_BYTE, _UNDEFINED) or size <= 4:
        raise MalformedManifest("the tag of the manifest store does not hold bytes")
    start = number(data, entry + 8, 4, order)
    return Span(start, start + size)
