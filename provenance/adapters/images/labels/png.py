"""PNG: the packet is an iTXt chunk with the keyword XML:com.adobe.xmp (ISO 16684-1 part 3, 1.1.5), before the pixels.

An AIGC label may also stand in a text chunk of that keyword (TC260-PG-20259A, Annex B). A file has one label, so the
chunk goes where we write the packet's.
"""

from typing import Final

from provenance.adapters.images import png
from provenance.adapters.images.container import damaged
from provenance.adapters.images.labels.relabel import Relabel
from provenance.adapters.images.limits import ImageLimits, MetadataBudget

_AIGC: Final = b"AIGC"
_TEXTS: Final = frozenset({b"tEXt", b"zTXt", b"iTXt"})


def write(data: bytes, relabel: Relabel) -> bytes:
    """Raises UnreadableImage, TooLarge."""
    budget = MetadataBudget(ImageLimits())
    kept: list[bytes] = []
    found: dict[bytes, bytes] = {}
    start = len(png.SIGNATURE)
    for name, body, end in png.chunks(data):
        keyword = body.partition(b"\x00")[0] if name in _TEXTS else b""
        if keyword == png.XMP_KEYWORD or (keyword == _AIGC and relabel.labels_aigc):
            found.setdefault(keyword, _text(name, body, budget))
        else:
            kept.append(data[start:end])
        start = end
    if not kept or kept[0][4:8] != b"IHDR":
        raise damaged("its header is missing")
    aigc = found.get(_AIGC)
    packet = relabel.packet(found.get(png.XMP_KEYWORD), aigc=None if aigc is None else aigc.decode("utf-8", "replace"))
    return b"".join([png.SIGNATURE, kept[0], png.text_chunk(png.XMP_KEYWORD, packet), *kept[1:], data[start:]])


def _text(name: bytes, body: bytes, budget: MetadataBudget) -> bytes:
    rest = body.partition(b"\x00")[2]
    if name == b"zTXt":
        return budget.inflate(rest[1:])
    if name == b"tEXt":
        return rest
    return png.international(rest, budget)
