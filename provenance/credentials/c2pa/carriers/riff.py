"""WebP and other RIFF files: one `C2PA` chunk."""

from typing import Final

from provenance.credentials.c2pa.carriers.spans import MAX_STEPS, Span, endless, number, several

_HEADER: Final = 12
_CHUNK: Final = b"C2PA"


def locate(data: bytes) -> list[Span]:
    found: list[Span] = []
    at = _HEADER
    for _ in range(MAX_STEPS):
        if at + 8 > len(data):
            return found
        name, size = data[at : at + 4], number(data, at + 4, 4, "little")
        if name == _CHUNK:
            if found:
                raise several()
            found.append(Span(at + 8, at + 8 + size))
        at += 8 + size + size % 2
    raise endless("chunks")
