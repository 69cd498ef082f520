"""What a container walk finds, and the checks that all walks share."""

from dataclasses import dataclass, field
from typing import TypeAlias

from provenance.core.errors import UnreadableImage

ColourKey: TypeAlias = tuple[int, ...]
"""The one grey or RGB sample value (at the file's own bit depth) that a PNG declares transparent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One image file, taken apart without decoding a pixel.

    `decodable` is a file of the same format with only the first frame and what its pixels need. `width` and `height`
    are as stored, before orientation. `depth` is bits per sample. `exif` is a TIFF structure without the "Exif" prefix;
    `xmp` a packet; `icc` a profile, empty where the file has a broken one; `extras` are the owner's other metadata as
    finished pieces of the output (PNG chunks, JPEG segments); `colours` the PNG chunks that say what its samples mean.
    `quality` is what the encoder of a lossy WebP was asked for, 0..100, and `subsampling` how an AVIF's chroma was kept
    ("4:0:0" for grey), as far as the file tells.
    """

    format: str
    media_type: str
    width: int
    height: int
    decodable: bytes = field(repr=False)
    frames: int = 1
    lossless: bool = True
    quality: float | None = None
    subsampling: str | None = None
    depth: int = 8
    colour_key: ColourKey | None = None
    exif: bytes | None = field(default=None, repr=False)
    xmp: bytes | None = field(default=None, repr=False)
    icc: bytes | None = field(default=None, repr=False)
    extras: tuple[bytes, ...] = field(default=(), repr=False)
    colours: tuple[bytes, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


def damaged(what: str) -> UnreadableImage:
    """The error for a container that contradicts itself or ends early."""
    return UnreadableImage(f"the file is damaged: {what}", hint="export the picture again or send the original")


def piece(data: bytes, start: int, size: int) -> bytes:
    """`data[start : start + size]`, all of it. Raises UnreadableImage when the file ends before."""
    if start < 0 or size < 0 or start + size > len(data):
        raise damaged("it ends early")
    return data[start : start + size]


def frame_note(frames: int, *, unit: str = "frames") -> tuple[str, ...]:
    return (f"first of {frames} {unit}",) if frames > 1 else ()


CARRIES_MANIFEST = "the file carries Content Credentials (C2PA), which describe its pixels as they came"
