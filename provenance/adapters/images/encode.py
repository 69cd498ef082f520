"""A picture's own format with other pixels.

Quality: the mark must survive the first save, and an owner must not see the save. So the lossy formats are written near
the top of their scales, and chroma at full resolution where the format can (docs/images.md).
"""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from provenance.adapters.images import colour, exif, jpeg, png, tiff, xmp
from provenance.adapters.images.container import Container
from provenance.core.errors import UnreadableImage

if TYPE_CHECKING:
    from provenance.core.types import Pixels

JPEG_QUALITY: Final = 95
WEBP_QUALITY: Final = 95
AVIF_QUALITY: Final = 90  # libavif's scale: about what 95 is to JPEG


def blank(name: str) -> Container:
    """The container of a picture that never was a file: no metadata."""
    return Container(format=name, media_type="", width=0, height=0, decodable=b"")


def upright(container: Container, width: int, height: int) -> Container:
    """The metadata made true for sRGB pixels of `width` x `height` in viewing orientation."""
    block = container.exif
    if block is not None:
        try:
            block = exif.upright(block, width, height)
        except UnreadableImage:
            block = None
    packet = None if container.xmp is None else xmp.upright(container.xmp)
    return replace(container, exif=block, xmp=packet)


def encode(container: Container, pixels: "Pixels", alpha: "Pixels | None") -> tuple[bytes, str]:
    """(file, media type). `pixels` uint8[H, W, 3], `alpha` uint8[H, W] or None; the metadata is upright already."""
    writer, media_type = _WRITERS.get(container.format, _WRITERS["PNG"])
    layers = pixels if alpha is None else np.dstack((pixels, alpha))
    return writer(Image.fromarray(np.ascontiguousarray(layers)), container), media_type


def webp_options(container: Container) -> dict[str, object]:
    """Lossless stays lossless; `exact` keeps the colours under full transparency; `method` 4 is the default effort."""
    quality = {"lossless": True, "quality": 50} if container.lossless else {"quality": WEBP_QUALITY}
    return {**quality, "method": 4, "exact": True, "alpha_quality": 100}


def _png(image: Image.Image, container: Container) -> bytes:
    return png.splice(_saved(image, "PNG", compress_level=6), container)


def _jpeg(image: Image.Image, container: Container) -> bytes:
    encoded = _saved(image.convert("RGB"), "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4", optimize=True)
    return jpeg.splice(encoded, container, colour.srgb_profile())


def _webp(image: Image.Image, container: Container) -> bytes:
    return _saved(image, "WEBP", **webp_options(container), **_blocks(container))


def _tiff(image: Image.Image, container: Container) -> bytes:
    encoded = _saved(image, "TIFF", compression="tiff_adobe_deflate")
    return tiff.splice(encoded, container, colour.srgb_profile())


def _avif(image: Image.Image, container: Container) -> bytes:
    """One thread: what libaom writes may depend on how many there are."""
    options = {"quality": AVIF_QUALITY, "subsampling": "4:4:4", "speed": 6, "max_threads": 1}
    return _saved(image, "AVIF", **options, **_blocks(container))


def _blocks(container: Container) -> dict[str, bytes]:
    blocks = {"exif": container.exif, "xmp": container.xmp}
    if container.icc is not None:
        blocks["icc_profile"] = colour.srgb_profile()
    return {name: block for name, block in blocks.items() if block}


def _saved(image: Image.Image, name: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


_WRITERS: Final[dict[str, tuple[Callable[[Image.Image, Container], bytes], str]]] = {
    "PNG": (_png, "image/png"),
    "JPEG": (_jpeg, "image/jpeg"),
    "WEBP": (_webp, "image/webp"),
    "TIFF": (_tiff, "image/tiff"),
    "AVIF": (_avif, "image/avif"),
}
