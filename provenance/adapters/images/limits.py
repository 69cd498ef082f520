"""What an upload may cost: checked from headers, before a decoder allocates anything."""

import zlib
from dataclasses import dataclass

from provenance.core.errors import TooLarge, UnreadableImage


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """Upper bounds, inclusive. `metadata_bytes` bounds the owner's metadata once unpacked, all pieces together.

    `frames` is what a file may hold; `animation_frames` and `animation_pixels` (canvas x frames) are what may be
    marked, and how much of a longer animation is looked at.
    """

    file_bytes: int = 64 << 20
    pixels: int = 50_000_000  # decoded: 3 bytes each, 4 with alpha
    side: int = 30_000
    frames: int = 2_000
    animation_frames: int = 300
    animation_pixels: int = 250_000_000
    metadata_bytes: int = 8 << 20

    def check_file(self, data: bytes) -> None:
        """Raises UnreadableImage for an empty file, TooLarge."""
        if not data:
            raise UnreadableImage("the file is empty", hint="send the bytes of an image")
        if len(data) > self.file_bytes:
            raise TooLarge(
                f"the file has {len(data):,} bytes; the limit is {self.file_bytes:,}", hint="send a smaller file"
            )

    def check_size(self, width: int, height: int) -> None:
        """Raises UnreadableImage for a picture without pixels, TooLarge."""
        if width <= 0 or height <= 0:
            raise UnreadableImage(f"the picture has no pixels ({width} x {height})", hint="export the picture again")
        if max(width, height) > self.side:
            raise TooLarge(
                f"the picture is {width} x {height}; the longest side may be {self.side:,}", hint="scale it down"
            )
        if width * height > self.pixels:
            raise TooLarge(
                f"the picture is {width} x {height}, {width * height:,} pixels; the limit is {self.pixels:,}",
                hint="scale it down",
            )

    def check_frames(self, frames: int) -> None:
        """Raises TooLarge."""
        if frames > self.frames:
            raise TooLarge(f"the file has more than {self.frames:,} frames or pages", hint="send the first one alone")

    def affordable_frames(self, frames: int, pixels: int) -> int:
        """How many of the first `frames` frames of `pixels` each may be decoded, at least one."""
        return max(1, min(frames, self.animation_frames, self.animation_pixels // max(1, pixels)))

    def check_animation(self, frames: int, pixels: int) -> None:
        """`frames` frames on a canvas of `pixels` each. Raises TooLarge."""
        if frames > self.animation_frames:
            raise TooLarge(
                f"the animation has {frames:,} frames; the limit is {self.animation_frames:,}",
                hint="send a shorter one, or one with fewer frames a second",
            )
        if frames * pixels > self.animation_pixels:
            raise TooLarge(
                f"the animation has {frames * pixels:,} pixels over all its frames; "
                f"the limit is {self.animation_pixels:,}",
                hint="scale it down, or send a shorter one",
            )


class MetadataBudget:
    """Counts the owner's metadata of one file against `ImageLimits.metadata_bytes`."""

    def __init__(self, limits: ImageLimits) -> None:
        self._limit = limits.metadata_bytes
        self._left = limits.metadata_bytes

    def spend(self, size: int) -> None:
        """Raises TooLarge."""
        self._left -= size
        if self._left < 0:
            raise self._over()

    def inflate(self, data: bytes) -> bytes:
        """A zlib stream, decompressed without ever holding more than the budget. Raises TooLarge, UnreadableImage."""
        stream = zlib.decompressobj()
        plain = stream.decompress(data, self._left + 1)
        if len(plain) > self._left:
            raise self._over()
        if not stream.eof:
            raise UnreadableImage(
                "compressed metadata ends early: the file is damaged", hint="export the picture again"
            )
        self.spend(len(plain))
        return plain

    def _over(self) -> TooLarge:
        return TooLarge(
            f"the file holds more than {self._limit:,} bytes of metadata once it is unpacked",
            hint="remove embedded texts, profiles or previews",
        )
