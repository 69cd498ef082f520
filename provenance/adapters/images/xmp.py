"""XMP packets (ISO 16684-1): made true again for upright pixels, otherwise left as the owner wrote them."""

import re
from typing import Final

_ORIENTATION: Final = re.compile(rb"""(\btiff:Orientation\s*(?:=\s*["']|>\s*))[2-8](?=\s*["'<])""")
_THUMBNAILS: Final = ((b"<xmp:Thumbnails", b"</xmp:Thumbnails>"), (b"<xap:Thumbnails", b"</xap:Thumbnails>"))


def upright(packet: bytes) -> bytes:
    """Orientation 1 and no thumbnails of the old pixels. Same length or shorter."""
    for opening, closing in _THUMBNAILS:
        packet = _without(packet, opening, closing)
    return _ORIENTATION.sub(rb"\g<1>1", packet)


def _without(packet: bytes, opening: bytes, closing: bytes) -> bytes:
    """Each span from `opening` to the next `closing` taken out. One pass: a lazy regular expression would be quadratic
    on a packet of openings that are never closed."""
    kept = []
    at = 0
    while (start := packet.find(opening, at)) >= 0 and (end := packet.find(closing, start)) >= 0:
        kept.append(packet[at:start])
        at = end + len(closing)
    return b"".join([*kept, packet[at:]])
