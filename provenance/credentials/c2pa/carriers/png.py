"""PNG: one `caBX` chunk before the image data."""

from typing import Final

from provenance.credentials.c2pa.carriers.spans import MAX_STEPS, Span, endless, number, several

_SIGNATURE_SIZE: Final = 8
_CHUNK: Final = b"caBX"
_END: Final = b"IEND"


def locate(data: bytes) -> list[Span]:
    found: list[Span] = []
    at = _SIGNATURE_SIZE
    for _ in range(MAX_STEPS):
        if at + 12 > len(data):
            return found
        size, name = number(data, at, 4), data[at + 4 : at + 8]
        if name == _CHUNK:
            if found:
                raise several()
            found.append(Span(at + 8, at + 8 + size, crc_from=at + 4))
        if name == _END:
            return found
        at += 12 + size
    raise endless("chunks")
