"""GIF: an application extension `C2PA_GIF`, the store in sub-blocks of up to 255 bytes."""

from typing import Final

from provenance.credentials.c2pa.carriers.spans import MAX_STEPS, Span, endless, number, several

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_APPLICATION: Final = 0xFF
_NAME: Final = b"C2PA_GIF\x01\x00\x00"


def locate(data: bytes) -> list[Span]:
    found: list[Span] = []
    at = _after_table(data, 10, 13)
    for _ in range(MAX_STEPS):
        block = number(data, at, 1) if at < len(data) else _TRAILER
        if block == _EXTENSION and number(data, at + 1, 1) == _APPLICATION and data[at + 3 : at + 14] == _NAME:
            if found:
                raise several()
            found, at = _sub_blocks(data, at + 14)
        elif block == _EXTENSION:
            _, at = _sub_blocks(data, at + 2)
        elif block == _IMAGE:
            _, at = _sub_blocks(data, _after_table(data, at + 9, at + 10) + 1)
        else:
            return found
    raise endless("blocks")


def _after_table(data: bytes, flags_at: int, at: int) -> int:
    """Where a colour table that may stand at `at` ends."""
    flags = number(data, flags_at, 1)
    return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _sub_blocks(data: bytes, at: int) -> tuple[list[Span], int]:
    spans: list[Span] = []
    for _ in range(MAX_STEPS):
        size = number(data, at, 1)
        if size == 0:
            return spans, at + 1
        spans.append(Span(at + 1, at + 1 + size))
        at += 1 + size
    raise endless("sub-blocks")
