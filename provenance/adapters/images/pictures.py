"""The `Images` port over Pillow."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from provenance.adapters.images import avif, colour, encode, exif, gif, jpeg, png, sniff, tiff, webp
from provenance.adapters.images.container import Container, damaged
from provenance.adapters.images.labels.rewrite import write_xmp
from provenance.adapters.images.limits import ImageLimits
from provenance.adapters.images.visible import draw_label
from provenance.core.errors import InvalidRequest, Misconfigured, Rejected, TooLarge, UnreadableImage, UnsupportedFormat
from provenance.core.types import Picture, XmpProperties

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_WALKS: Final[dict[str, Callable[[bytes, ImageLimits], Container]]] = {
    "PNG": png.read,
    "JPEG": jpeg.read,
    "GIF": gif.read,
    "WEBP": webp.read,
    "TIFF": tiff.read,
    "AVIF": avif.read,
}
_DAMAGED_EXIF: Final = "its EXIF block is damaged and was left out"


class PillowImages:
    """Reads PNG, JPEG, WebP, TIFF, GIF and AVIF; writes the same format, GIF as PNG. Thread-safe and deterministic."""

    def __init__(self, limits: ImageLimits | None = None) -> None:
        """Raises Misconfigured when the pixel limit is over Pillow's own, which holds for the whole process."""
        self._limits = limits or ImageLimits()
        ceiling = Image.MAX_IMAGE_PIXELS
        if ceiling is not None and self._limits.pixels > ceiling:
            raise Misconfigured(
                f"the pixel limit {self._limits.pixels:,} is over Pillow's own limit of {ceiling:,}",
                hint="lower the pixel limit",
            )

    def read(self, data: bytes) -> Picture:
        """Decode the first frame. Raises UnsupportedFormat, UnreadableImage, TooLarge; never anything else."""
        with _only_rejections():
            container, orientation = self._open(data)
            pixels, alpha, notes = _decode(container)
            return Picture(
                pixels=colour.oriented(pixels, orientation),
                alpha=None if alpha is None else colour.oriented(alpha, orientation),
                format=container.format,
                media_type=container.media_type,
                source=data,
                frames=container.frames,
                notes=(*container.notes, *notes),
            )

    def write(self, picture: Picture, pixels: "Pixels") -> tuple[bytes, str]:
        """(file, media type): the picture's own format with `pixels` uint8[H, W, 3], its alpha, the owner's metadata.

        A picture without `source` (just generated) has no metadata. Raises InvalidRequest when `pixels` do not fit,
        UnsupportedFormat when the format can't hold them.
        """
        if pixels.dtype != np.uint8 or pixels.shape != picture.pixels.shape:
            raise InvalidRequest(f"the new pixels are {pixels.dtype}{pixels.shape}, not uint8{picture.pixels.shape}")
        height, width = pixels.shape[:2]
        with _only_rejections():
            container = self._open(picture.source)[0] if picture.source else encode.blank(picture.format)
        try:
            return encode.encode(encode.upright(container, width, height), pixels, picture.alpha)
        except (OSError, ValueError, struct.error, OverflowError) as error:
            raise UnsupportedFormat(
                f"{width} x {height} pixels can't be written as {picture.format} ({error})", hint="send it as PNG"
            ) from error

    def label(self, data: bytes, properties: XmpProperties) -> bytes:
        """The file with these properties in its XMP packet; no pixel is decoded, no other byte changes.

        Raises UnsupportedFormat, UnreadableImage, TooLarge; never anything else.
        """
        with _only_rejections():
            self._limits.check_file(data)
            return write_xmp(data, properties)

    def stamp(self, pixels: "Pixels", language: str) -> "Pixels":
        """uint8[H, W, 3] with a label that people see, "en" or "zh". Raises Rejected where it has no room."""
        return draw_label(pixels, language)

    def _open(self, data: bytes) -> tuple[Container, int]:
        """(container, EXIF orientation). A damaged EXIF block costs the block, not the picture."""
        self._limits.check_file(data)
        walk = _WALKS[sniff.image_format(data)]
        sniff.refuse_polyglot(data)
        container = walk(data, self._limits)
        if container.exif is None:
            return container, 1
        try:
            return container, exif.orientation(container.exif)
        except UnreadableImage:
            return replace(container, exif=None, notes=(*container.notes, _DAMAGED_EXIF)), 1


def _decode(container: Container) -> "tuple[Pixels, Pixels | None, tuple[str, ...]]":
    with Image.open(BytesIO(container.decodable), formats=[container.format]) as image:
        if image.size != (container.width, container.height):
            raise damaged(f"its headers disagree about its size ({image.width} x {image.height})")
        image.load()
        pixels, alpha, notes = colour.to_srgb(image, container.icc)
        if container.colour_key is not None:
            alpha = colour.key_alpha(image, container.colour_key, container.depth)
    if container.depth == 16:
        notes = ("16 bits reduced to 8", *notes)
    return pixels, alpha, notes


@contextmanager
def _only_rejections() -> Iterator[None]:
    """Decoders fail in many ways (OSError, SyntaxError, struct.error, zlib.error, ...): each means a bad file."""
    try:
        yield
    except Rejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise TooLarge("the picture unpacks to more than we take", hint="scale it down") from error
    except Exception as error:
        reason = f"the image data is damaged or cut off ({type(error).__name__})"
        raise UnreadableImage(reason, hint="export the picture again or send the original") from error
