"""Animated WebP (RFC 9649, section 2.7.1.1): frames out, frames in."""

from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from provenance.adapters.images import webp
from provenance.adapters.images.animated.changes import Box, Mask, Step, Steps, bounds, in_blocks
from provenance.adapters.images.animated.compose import Animation, Disposal, Patch, Shown, checked
from provenance.adapters.images.container import Container, damaged, piece
from provenance.adapters.images.encode import webp_options
from provenance.adapters.images.limits import ImageLimits

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_CLEAR, _NOT_OVER = 0x01, 0x02
_ICC, _EXIF, _XMP = 0x20, 0x08, 0x04
_UNITS: Final = 1000  # milliseconds
_MACROBLOCK: Final = 16  # VP8 codes this many pixels together; an edge inside would be blurred
_NO_BACKGROUND: Final = bytes(6)


def patches(data: bytes, container: Container, limits: ImageLimits) -> Animation:
    """Raises UnreadableImage, TooLarge."""
    end = 8 + int.from_bytes(data[4:8], "little")
    found: list[Patch] = []
    control = _NO_BACKGROUND
    for name, content in webp.chunks(data[12:end]):
        if name == b"ANIM":
            control = piece(content, 0, len(_NO_BACKGROUND))
        elif name == b"ANMF":
            found.append(_patch(content, container, limits))
    animation = Animation(width=container.width, height=container.height, patches=tuple(found), kept=control)
    return checked(animation, limits)


def _patch(content: bytes, container: Container, limits: ImageLimits) -> Patch:
    head = piece(content, 0, 16)
    left, top, width, height, delay = (int.from_bytes(head[at : at + 3], "little") for at in range(0, 15, 3))
    left, top, width, height = 2 * left, 2 * top, width + 1, height + 1
    if left + width > container.width or top + height > container.height:
        raise damaged("a frame lies outside the picture")
    return Patch(
        left=left,
        top=top,
        width=width,
        height=height,
        delay=(delay, _UNITS),
        decodable=webp.still(list(webp.chunks(content[16:])), limits),
        disposal=Disposal.CLEAR if head[15] & _CLEAR else Disposal.KEEP,
        over=not head[15] & _NOT_OVER,
    )


class WebpWriter:
    """Lossless stays lossless. Nothing is ever disposed of: a frame that has to take something away replaces its
    place."""

    def __init__(self, container: Container, animation: Animation) -> None:
        self._container = container
        self._animation = animation
        self._frames: list[bytes] = []
        self._has_alpha = False
        self._steps = Steps()

    def add(self, patch: Patch, shown: Shown, marked: "Pixels") -> None:
        step = self._steps.next(shown, marked)
        drawn = step.changed if self._container.lossless else in_blocks(step.changed, _MACROBLOCK)
        box = bounds(drawn).even()
        over = bool((step.alpha[drawn] == 255).all())
        bits = self._bitstream(step, drawn if over else None, box)
        size = (box.left // 2, box.top // 2, box.right - box.left - 1, box.bottom - box.top - 1, patch.delay[0])
        head = b"".join(value.to_bytes(3, "little") for value in size) + bytes([0 if over else _NOT_OVER])
        self._frames.append(webp.chunk(b"ANMF", head + bits))

    def finish(self) -> bytes:
        container = self._container
        flags = webp.ANIMATION | (webp.ALPHA if self._has_alpha else 0)
        before, after = [], []
        if container.icc is not None:
            flags |= _ICC
            before.append(webp.chunk(b"ICCP", container.icc))
        if container.exif is not None:
            flags |= _EXIF
            after.append(webp.chunk(b"EXIF", container.exif))
        if container.xmp is not None:
            flags |= _XMP
            after.append(webp.chunk(b"XMP ", container.xmp))
        head = webp.extended(self._animation.width, self._animation.height, flags)
        control = webp.chunk(b"ANIM", self._animation.kept)
        return webp.riff(head, *before, control, *self._frames, *after)

    def _bitstream(self, step: Step, drawn: Mask | None, box: Box) -> bytes:
        """The ALPH and VP8 chunks of the frame; `drawn`: what is not is left transparent."""
        alpha = step.alpha if drawn is None else np.where(drawn, 255, 0).astype(np.uint8)
        layers = step.pixels[box.place]
        if (alpha[box.place] < 255).any():
            self._has_alpha = True
            layers = np.dstack((layers, alpha[box.place]))
        buffer = BytesIO()
        options = {**webp_options(self._container), "exact": drawn is None}
        Image.fromarray(np.ascontiguousarray(layers)).save(buffer, "WEBP", **options)
        kept = (b"ALPH", *webp.BITSTREAMS)
        return b"".join(webp.chunk(*found) for found in webp.chunks(buffer.getvalue()[12:]) if found[0] in kept)
