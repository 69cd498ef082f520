"""Stored frames to shown frames: a canvas that each frame is laid on and taken from again.

GIF89a section 23, PNG third edition section 11.3.5 (fcTL), RFC 9649 section 2.7.1.1. The canvas starts transparent, and
a frame that is cleared leaves it transparent: browsers do that in all three formats, whatever background is named.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from provenance.adapters.images.limits import ImageLimits

if TYPE_CHECKING:
    from provenance.core.types import Pixels

Shown: TypeAlias = "tuple[Pixels, Pixels]"
"""uint8[H, W, 3] sRGB and uint8[H, W] alpha of the whole canvas."""

ANIMATED: Final = frozenset({"GIF", "PNG", "WEBP"})
"""Pillow's names of the formats whose frames are shown one after the other; those of TIFF are pages."""


class Disposal(Enum):
    """What becomes of a frame's place when its time is over."""

    KEEP = "keep"
    CLEAR = "clear"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """One stored frame: `decodable` is a still file of the same format, `width` x `height`, that goes to `left`, `top`.

    `delay` is how long it is shown, (numerator, denominator) of a second as the file says it. `over`: laid over what is
    there; else put in its place. `hidden`: a PNG's default image that is no part of the animation.
    """

    left: int
    top: int
    width: int
    height: int
    delay: tuple[int, int]
    decodable: bytes = field(repr=False)
    disposal: Disposal = Disposal.KEEP
    over: bool = True
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Animation:
    """`kept` is what stands in the file for all frames and is written again: the number of rounds, a GIF's comments.
    `opaque`: the format has no way to say that something shows through, and the first frame covers the canvas."""

    width: int
    height: int
    patches: tuple[Patch, ...]
    kept: bytes = b""
    opaque: bool = False


def frames_digest(animation: Animation) -> str:
    """Hex sha256 over the stored frames, as `core.digests` defines it."""
    digest = hashlib.sha256()
    for one in animation.patches:
        place = f"{one.left} {one.top} {one.width} {one.height} {one.delay[0]} {one.delay[1]}"
        line = f"{place} {one.disposal.value} {one.over:d} {one.hidden:d} {len(one.decodable)}\n"
        digest.update(line.encode("ascii") + one.decodable)
    return digest.hexdigest()


def checked(animation: Animation, limits: ImageLimits) -> Animation:
    """The animation itself, once no frame is larger than a picture may be. Raises UnreadableImage, TooLarge."""
    for patch in animation.patches:
        limits.check_size(patch.width, patch.height)
    return animation


def composed(animation: Animation, decode: "Callable[[Patch], tuple[Pixels, Pixels | None]]") -> Iterator[Shown]:
    """Every frame as it is shown, in order. `decode` answers uint8[h, w, 3] and uint8[h, w] alpha or None."""
    pixels = np.zeros((animation.height, animation.width, 3), np.uint8)
    alpha = np.zeros((animation.height, animation.width), np.uint8)
    for patch in animation.patches:
        drawn, opacity = decode(patch)
        if patch.hidden:
            yield drawn, np.full(drawn.shape[:2], 255, np.uint8) if opacity is None else opacity
            continue
        place = np.s_[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
        before = (pixels[place].copy(), alpha[place].copy()) if patch.disposal is Disposal.RESTORE else None
        _draw((pixels[place], alpha[place]), drawn, opacity, over=patch.over)
        yield pixels.copy(), alpha.copy()
        if patch.disposal is not Disposal.KEEP:
            pixels[place], alpha[place] = before or (0, 0)


def _draw(canvas: Shown, drawn: "Pixels", opacity: "Pixels | None", *, over: bool) -> None:
    """Change the canvas' part in place. What sticks out of it, which only a GIF's frame may, is cut off."""
    pixels, alpha = canvas
    height, width = alpha.shape
    drawn = drawn[:height, :width]
    if opacity is None:
        pixels[:], alpha[:] = drawn, 255
        return
    opacity = opacity[:height, :width]
    if not over:
        pixels[:], alpha[:] = drawn, opacity
        return
    opaque = opacity == 255
    through = (opacity > 0) & ~opaque
    if through.any():
        pixels[through], alpha[through] = _over((drawn[through], opacity[through]), (pixels[through], alpha[through]))
    pixels[opaque], alpha[opaque] = drawn[opaque], 255


def _over(source: Shown, backdrop: Shown) -> Shown:
    """The source laid over the backdrop, both not premultiplied (RFC 9649, "alpha-blending")."""
    source_part = source[1].astype(np.uint32) * 255
    backdrop_part = backdrop[1].astype(np.uint32) * (255 - source[1])
    whole = source_part + backdrop_part  # 255 times the alpha; never 0, because the source shows
    mixed = source[0] * source_part[:, None] + backdrop[0] * backdrop_part[:, None]
    pixels = (mixed + whole[:, None] // 2) // whole[:, None]
    return pixels.astype(np.uint8), ((whole + 127) // 255).astype(np.uint8)
