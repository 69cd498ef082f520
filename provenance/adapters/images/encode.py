"""A picture's own format with other pixels.

Quality: the mark must survive the first save, an owner must not see the save, and the file must not grow for nothing.
So JPEG and WebP are quantised as they were, unless that was coarse; AVIF is written near the top of its scale
(docs/images.md).
"""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from provenance.adapters.images import colour, deep, exif, jpeg, png, tiff, xmp
from provenance.adapters.images.container import Container
from provenance.adapters.images.native import Native
from provenance.core.errors import UnreadableImage

if TYPE_CHECKING:
    pass

JPEG_QUALITY: Final = 95  # of a picture that never was a JPEG of that kind
JPEG_QUALITY_LEAST: Final = 75
WEBP_QUALITY: Final = 95
WEBP_QUALITY_LEAST: Final = 90  # VP8 quantises more of a mark away than JPEG does
AVIF_QUALITY: Final = 90  # libavif's scale: about what 95 is to JPEG


def blank(name: str) -> Container:
    """The container of a picture that never was a file: no metadata."""
    return Container(format=name, media_type="", width=0, height=0, decodable=b"")


def upright(container: Container, width: int, height: int, *, profile: bytes | None) -> Container:
    """The metadata made true for pixels of `width` x `height` in viewing orientation, in the colours of `profile`."""
    block = container.exif
    is_converted = profile != container.icc
    if block is not None:
        try:
            block = exif.upright(block, width, height, srgb=is_converted)
        except UnreadableImage:
            block = None
    packet = None if container.xmp is None else xmp.upright(container.xmp)
    colours = () if is_converted else container.colours
    return replace(container, exif=block, xmp=packet, icc=profile, colours=colours)


def profile_of_view(container: Container) -> bytes | None:
    """The profile of a file that gets 8-bit pixels as they are looked at: none or its own, if it says sRGB, else
    sRGB's."""
    if container.icc is None:
        return None
    space = colour.space_of("RGB", container.icc)
    return container.icc if space.fits and not space.converts else colour.srgb_profile()


def encode(container: Container, own: Native) -> tuple[bytes, str]:
    """(file, media type). The metadata is upright already; `container.icc` is the profile to be written."""
    writer, media_type = _WRITERS.get(container.format, _WRITERS["PNG"])
    return writer(own, container), media_type


def webp_options(container: Container) -> dict[str, object]:
    """Lossless stays lossless; lossy stays as fine as it was, but not under `WEBP_QUALITY_LEAST`. `exact` keeps the
    colours under full transparency; `method` 4 is the default effort."""
    lossy = WEBP_QUALITY if container.quality is None else max(WEBP_QUALITY_LEAST, round(container.quality))
    quality = {"lossless": True, "quality": 50} if container.lossless else {"quality": lossy}
    return {**quality, "method": 4, "exact": True, "alpha_quality": 100}


def jpeg_options(container: Container) -> dict[str, object]:
    """The source's quantisation, sampling and scan order; a coarse quantisation becomes `JPEG_QUALITY_LEAST`, and CMYK,
    which becomes RGB, has none that fits."""
    fresh = {"quality": JPEG_QUALITY, "subsampling": "4:4:4", "optimize": True}
    made = jpeg.coding(container.decodable) if container.decodable else None
    if made is None:
        return fresh
    kept = {"subsampling": made.subsampling, "optimize": True, "progressive": made.progressive}
    if made.quality < JPEG_QUALITY_LEAST:
        return {**kept, "quality": JPEG_QUALITY_LEAST}
    return {**kept, "qtables": made.tables}


def _png(own: Native, container: Container) -> bytes:
    encoded = deep.png_file(own.layers) if own.deep else _saved(own, "PNG", compress_level=6)
    return png.splice(encoded, container)


def _jpeg(own: Native, container: Container) -> bytes:
    return jpeg.splice(_saved(replace(own, alpha=None), "JPEG", **jpeg_options(container)), container)


def _webp(own: Native, container: Container) -> bytes:
    return _saved(own, "WEBP", **webp_options(container), **_blocks(container))


def _tiff(own: Native, container: Container) -> bytes:
    encoded = deep.tiff_file(own.layers) if own.deep else _saved(own, "TIFF", compression="tiff_adobe_deflate")
    return tiff.splice(encoded, container)


def _avif(own: Native, container: Container) -> bytes:
    """One thread: what libaom writes may depend on how many there are."""
    subsampling = container.subsampling or "4:4:4"
    if subsampling == "4:0:0" and not _is_grey(own):
        subsampling = "4:4:4"
    options = {"quality": AVIF_QUALITY, "subsampling": subsampling, "speed": 6, "max_threads": 1}
    return _saved(own, "AVIF", **options, **_blocks(container))


def _is_grey(own: Native) -> bool:
    return bool((own.samples == own.samples[..., :1]).all())


def _blocks(container: Container) -> dict[str, bytes]:
    blocks = {"exif": container.exif, "xmp": container.xmp, "icc_profile": container.icc}
    return {name: block for name, block in blocks.items() if block}


def _saved(own: Native, name: str, **options: object) -> bytes:
    """8 bits a sample, as Pillow writes them."""
    layers = own.layers[..., 0] if own.layers.shape[2] == 1 else own.layers
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(layers)).save(buffer, name, **options)
    return buffer.getvalue()


_WRITERS: Final[dict[str, tuple[Callable[[Native, Container], bytes], str]]] = {
    "PNG": (_png, "image/png"),
    "JPEG": (_jpeg, "image/jpeg"),
    "WEBP": (_webp, "image/webp"),
    "TIFF": (_tiff, "image/tiff"),
    "AVIF": (_avif, "image/avif"),
}
