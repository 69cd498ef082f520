"""JPEG: APP11 segments (ISO/IEC 19566-5, D.2), each with a piece of the store behind its own copy of the box header."""

from typing import Final

from provenance.core.errors import MalformedManifest
from provenance.credentials.c2pa.carriers.spans import MAX_STEPS, Span, endless, number, several

_APP11: Final = 0xEB
_SCAN: Final = 0xDA
_END: Final = 0xD9
_STANDALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))
_COMMON_IDENTIFIER: Final = b"JP"
_TYPE: Final = b"jumdc2pa"  # description box and the first bytes of a manifest store's UUID, less the box's size
_PIECE: Final = 8  # common identifier, box instance number, packet sequence number


def locate(data: bytes) -> list[Span]:
    """The pieces in packet order. Other JUMBF boxes may stand in APP11 too; the instance number tells them apart."""
    pieces: list[tuple[int, Span]] = []
    instance: bytes | None = None
    for start, end in _app11(data):
        number_of_box, sequence = data[start + 2 : start + 4], number(data, start + 4, 4)
        box = start + _PIECE
        if sequence == 1 and _is_store(data, box):
            if instance is not None:
                raise several()
            instance = number_of_box
            pieces.append((sequence, Span(box, end)))
        elif number_of_box == instance:
            pieces.append((sequence, Span(box + _header_size(data, box), end)))
    spans = [span for _, span in pieces]
    in_order = [sequence for sequence, _ in pieces] == list(range(1, len(pieces) + 1))
    if not in_order or sum(span.end - span.start for span in spans) != _box_size(data, spans):
        raise MalformedManifest("a piece of the manifest store is missing, or they are out of order")
    return spans


def _app11(data: bytes) -> list[tuple[int, int]]:
    """(start, end) of the bodies of the JUMBF segments before the image data."""
    found: list[tuple[int, int]] = []
    at = 2
    for _ in range(MAX_STEPS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return found
        marker = data[at + 1]
        if marker in (_SCAN, _END):
            return found
        if marker == 0xFF or marker in _STANDALONE:  # fill byte, or a marker without a body
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + number(data, at + 2, 2)
        body = at + 4
        if marker == _APP11 and end - body >= _PIECE + 8 and data[body : body + 2] == _COMMON_IDENTIFIER:
            found.append((body, end))
        at = max(end, at + 4)
    raise endless("segments")


def _header_size(data: bytes, box: int) -> int:
    return 16 if number(data, box, 4) == 1 else 8


def _box_size(data: bytes, spans: list[Span]) -> int:
    """What the box header in the first piece says; 0 without a piece."""
    if not spans:
        return 0
    size = number(data, spans[0].start, 4)
    return number(data, spans[0].start + 8, 8) if size == 1 else size


def _is_store(data: bytes, box: int) -> bool:
    description = box + _header_size(data, box)
    return data[box + 4 : box + 8] == b"jumb" and data[description + 4 : description + 12] == _TYPE
