"""Which container a file has, and the one function for all."""

from collections.abc import Callable
from typing import Final

from provenance.adapters.images import sniff
from provenance.adapters.images.labels import avif, gif, jpeg, png, tiff, webp
from provenance.adapters.images.labels.relabel import Relabel
from provenance.core.types import XmpProperties

_WRITERS: Final[dict[str, Callable[[bytes, Relabel], bytes]]] = {
    "PNG": png.write,
    "JPEG": jpeg.write,
    "WEBP": webp.write,
    "TIFF": tiff.write,
    "GIF": gif.write,
    "AVIF": avif.write,
}


def write_xmp(data: bytes, properties: XmpProperties) -> bytes:
    """The file with these properties in its XMP packet. Raises UnsupportedFormat, UnreadableImage, TooLarge."""
    return _WRITERS[sniff.image_format(data)](data, Relabel(properties))
