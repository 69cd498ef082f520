"""One animation, whatever its container: its shown frames, and a writer for others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from provenance.adapters.images import colour, encode
from provenance.adapters.images.animated import apng, gif, webp
from provenance.adapters.images.animated.compose import Animation, Patch, Shown, composed, frames_digest
from provenance.adapters.images.container import Container, damaged
from provenance.adapters.images.decode import decoded, only_rejections
from provenance.adapters.images.limits import ImageLimits

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_PATCHES: Final[dict[str, Callable[[bytes, Container, ImageLimits], Animation]]] = {
    "GIF": gif.patches,
    "PNG": apng.patches,
    "WEBP": webp.patches,
}


class Writer(Protocol):
    def add(self, patch: Patch, shown: Shown, marked: "Pixels") -> None:
        """The next frame: how it was stored, how it was shown, and uint8[H, W, 3] to stand in its place."""

    def finish(self) -> bytes: ...


_WRITERS: Final[dict[str, tuple[Callable[[Container, Animation], Writer], str]]] = {
    "GIF": (gif.GifWriter, "image/gif"),
    "PNG": (apng.ApngWriter, "image/png"),
    "WEBP": (webp.WebpWriter, "image/webp"),
}


def is_animated(format_: str, frames: int) -> bool:
    """Whether the frames are shown one after the other; those of TIFF are pages, those of AVIF are not read."""
    return frames > 1 and format_ in _PATCHES


class Film:
    """An animation that is decoded frame by frame. Raises UnreadableImage, TooLarge."""

    def __init__(self, data: bytes, container: Container, orientation: int, limits: ImageLimits) -> None:
        self._container = container
        self._orientation = orientation
        self._animation = _PATCHES[container.format](data, container, limits)
        if len(self._animation.patches) != container.frames:
            raise damaged("it has another number of frames than it says")
        self.notes: tuple[str, ...] = ()

    @property
    def patches(self) -> tuple[Patch, ...]:
        return self._animation.patches

    @property
    def digest(self) -> str:
        """Hex sha256 of the stored frames."""
        return frames_digest(self._animation)

    def shown(self, count: int | None = None) -> Iterator[Shown]:
        """The first `count` frames, or all, in viewing orientation. Nothing but a Rejected leaves it."""
        frames = composed(self._animation, self._decoded)
        for _ in self.patches[:count]:
            with only_rejections():
                pixels, alpha = next(frames)
            yield colour.oriented(pixels, self._orientation), colour.oriented(alpha, self._orientation)

    def writer(self, width: int, height: int) -> tuple[Writer, str]:
        """(writer, media type) for frames of that size, which are in viewing orientation."""
        make, media_type = _WRITERS[self._container.format]
        upright = encode.upright(self._container, width, height, profile=encode.profile_of_view(self._container))
        return make(upright, replace(self._animation, width=width, height=height)), media_type

    def _decoded(self, patch: Patch) -> "tuple[Pixels, Pixels | None]":
        container = self._container
        still = replace(container, decodable=patch.decodable, width=patch.width, height=patch.height)
        pixels, alpha, notes = decoded(still)
        self.notes = tuple(dict.fromkeys((*self.notes, *notes)))
        return pixels, alpha


def spread(count: int, most: int) -> list[int]:
    """At most `most` of the indices 0..count-1, evenly over all of them, the first one among them."""
    wanted = min(most, count)
    return [index * (count - 1) // max(1, wanted - 1) for index in range(wanted)]


def picked(frames: Iterator[Shown], indices: list[int]) -> Iterator[tuple[int, Shown]]:
    """The frames at these ascending indices."""
    at = 0
    for index in indices:
        yield index, next(islice(frames, index - at, None))
        at = index + 1
