"""The `Images` port over Pillow."""

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from provenance.adapters.images import avif, colour, encode, exif, gif, jpeg, png, sniff, tiff, webp
from provenance.adapters.images.animated.film import Film, is_animated, picked, spread
from provenance.adapters.images.container import Container
from provenance.adapters.images.decode import decoded, only_rejections
from provenance.adapters.images.labels.rewrite import write_xmp
from provenance.adapters.images.limits import ImageLimits
from provenance.adapters.images.native import Native, changed, native, upright
from provenance.adapters.images.visible import draw_label
from provenance.core.errors import InvalidRequest, Misconfigured, UnreadableImage, UnsupportedFormat
from provenance.core.types import Frame, Picture, XmpProperties

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
    """Reads PNG, JPEG, WebP, TIFF, GIF and AVIF; writes the same format, a GIF of one frame as PNG.

    Thread-safe and deterministic.
    """

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
        with only_rejections():
            container, orientation = self._open(data)
            digest = None
            if is_animated(container.format, container.frames):
                film = Film(data, container, orientation, self._limits)
                pixels, shown_alpha = next(film.shown(1))
                digest = film.digest
                alpha, notes = None if int(shown_alpha.min()) == 255 else shown_alpha, film.notes
            else:
                stored, stored_alpha, notes = decoded(container, kept=True)
                pixels = colour.oriented(stored, orientation)
                alpha = None if stored_alpha is None else colour.oriented(stored_alpha, orientation)
            return Picture(
                pixels=pixels,
                alpha=alpha,
                format=container.format,
                media_type=container.media_type,
                source=data,
                frames=container.frames if is_animated(container.format, container.frames) else 1,
                notes=(*container.notes, *notes),
                frames_sha256=digest,
            )

    def frames(self, picture: Picture, *, most: int | None = None) -> Iterator[Frame]:
        """Every frame as it is shown; with `most`, so many, spread over what the limits allow. See the port.

        Raises TooLarge at once where all are asked for and there are too many, UnreadableImage in their course.
        """
        if not is_animated(picture.format, picture.frames):
            return iter([Frame(0, picture.pixels)])
        size = picture.width * picture.height
        if most is None:
            self._limits.check_animation(picture.frames, size)
        film = self._film(picture)
        indices = spread(self._limits.affordable_frames(picture.frames, size), most or picture.frames)
        return (Frame(index, shown[0]) for index, shown in picked(film.shown(), indices))

    def write(self, picture: Picture, pixels: "Pixels") -> tuple[bytes, str]:
        """(file, media type): the picture's own format with `pixels` uint8[H, W, 3], its alpha, the owner's metadata.

        A picture without `source` (just generated) has no metadata. Raises InvalidRequest when `pixels` do not fit,
        UnsupportedFormat when the format can't hold them.
        """
        _check_fit(picture, pixels)
        height, width = pixels.shape[:2]
        with only_rejections():
            container, own = self._own(picture)
        with _writing(picture):
            new = own and changed(own, picture.pixels, pixels)
            if new is None:
                new = Native(pixels, picture.alpha, profile=encode.profile_of_view(container))
            return encode.encode(encode.upright(container, width, height, profile=new.profile), new)

    def write_frames(self, picture: Picture, frames: "Iterable[Pixels]") -> tuple[bytes, str]:
        """As `write`, with uint8[H, W, 3] for each of `frames(picture)`; one frame is held at a time.

        Raises what `frames` and `write` raise, InvalidRequest for another number of frames.
        """
        new = iter(frames)
        if not is_animated(picture.format, picture.frames):
            pixels = _following(new)
            _check_end(new)
            return self.write(picture, pixels)
        self._limits.check_animation(picture.frames, picture.width * picture.height)
        film = self._film(picture)
        writer, media_type = film.writer(picture.width, picture.height)
        for patch, shown in zip(film.patches, film.shown(), strict=True):
            pixels = _following(new)
            _check_fit(picture, pixels)
            with _writing(picture):
                writer.add(patch, shown, pixels)
        _check_end(new)
        with _writing(picture):
            return writer.finish(), media_type

    def label(self, data: bytes, properties: XmpProperties) -> bytes:
        """The file with these properties in its XMP packet; no pixel is decoded, no other byte changes.

        Raises UnsupportedFormat, UnreadableImage, TooLarge; never anything else.
        """
        with only_rejections():
            self._limits.check_file(data)
            return write_xmp(data, properties)

    def stamp(self, pixels: "Pixels", language: str) -> "Pixels":
        """uint8[H, W, 3] with a label that people see, "en" or "zh". Raises Rejected where it has no room."""
        return draw_label(pixels, language)

    def _own(self, picture: Picture) -> tuple[Container, Native | None]:
        """The still that the picture came from: its container, and its own samples where they are to be kept."""
        if not picture.source:
            return encode.blank(picture.format), None
        container, orientation = self._open(picture.source)
        own = native(container)
        return container, own and upright(own, orientation)

    def _film(self, picture: Picture) -> Film:
        with only_rejections():
            container, orientation = self._open(picture.source)
            return Film(picture.source, container, orientation, self._limits)

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


def _following(frames: "Iterator[Pixels]") -> "Pixels":
    pixels = next(frames, None)
    if pixels is None:
        raise InvalidRequest("there are fewer new frames than the picture has")
    return pixels


def _check_end(frames: "Iterator[Pixels]") -> None:
    if next(frames, None) is not None:
        raise InvalidRequest("there are more new frames than the picture has")


def _check_fit(picture: Picture, pixels: "Pixels") -> None:
    if pixels.dtype != np.uint8 or pixels.shape != picture.pixels.shape:
        raise InvalidRequest(f"the new pixels are {pixels.dtype}{pixels.shape}, not uint8{picture.pixels.shape}")


@contextmanager
def _writing(picture: Picture) -> Iterator[None]:
    """An encoder's errors, each of which means that the format can't hold the picture."""
    try:
        yield
    except (OSError, ValueError, struct.error, OverflowError) as error:
        raise UnsupportedFormat(
            f"{picture.width} x {picture.height} pixels can't be written as {picture.format} ({error})",
            hint="send it as PNG",
        ) from error
