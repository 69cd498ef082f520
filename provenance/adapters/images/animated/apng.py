"""APNG (PNG third edition, section 4.9): frames out, frames in."""

import struct
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from provenance.adapters.images import png
from provenance.adapters.images.animated.changes import Box, Steps, bounds
from provenance.adapters.images.animated.compose import Animation, Disposal, Patch, Shown, checked
from provenance.adapters.images.container import Container, damaged
from provenance.adapters.images.limits import ImageLimits

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_CONTROL: Final = struct.Struct(">IIIIIHHBB")
_DISPOSALS: Final = {0: Disposal.KEEP, 1: Disposal.CLEAR, 2: Disposal.RESTORE}
_KEEP, _SOURCE, _OVER = 0, 0, 1
_MILLISECONDS: Final = (0, 1000)
_WITH_ALPHA: Final = (4, 6)  # colour types
_HOLE: Final = (1, 2, 3)


@dataclass(slots=True)
class _Walk:
    header: bytes = b""
    colours: bytes = b""
    rounds: bytes = bytes(4)
    sequence: int = 0
    control: tuple[int, ...] | None = None
    data: list[bytes] = field(default_factory=list)
    found: list[Patch] = field(default_factory=list)


def patches(data: bytes, container: Container, limits: ImageLimits) -> Animation:
    """Raises UnreadableImage, TooLarge."""
    walk = _Walk()
    for name, body, _ in png.chunks(data):
        if name == b"IHDR":
            walk.header = body
        elif name in (b"PLTE", b"tRNS") and not (name == b"tRNS" and container.colour_key):
            walk.colours += png.chunk(name, body)
        elif name == b"acTL" and len(body) == 8:
            walk.rounds = body[4:]
        elif name == b"IDAT":
            walk.data.append(body)
        elif name == b"fcTL":
            _close(walk)
            walk.control = _CONTROL.unpack(body)
            _count(walk, walk.control[0])
        elif name == b"fdAT":
            _count(walk, int.from_bytes(body[:4], "big"))
            walk.data.append(body[4:])
    _close(walk)
    animation = Animation(
        width=container.width,
        height=container.height,
        patches=tuple(walk.found),
        kept=walk.rounds,
        opaque=_is_opaque(walk, container),
    )
    return checked(animation, limits)


def _is_opaque(walk: _Walk, container: Container) -> bool:
    shown = [patch for patch in walk.found if not patch.hidden]
    see_through = walk.header[9] in _WITH_ALPHA or b"tRNS" in walk.colours or container.colour_key is not None
    covers = bool(shown) and (shown[0].width, shown[0].height) == (container.width, container.height)
    return covers and not see_through and all(patch.disposal is not Disposal.CLEAR for patch in shown)


def _count(walk: _Walk, sequence: int) -> None:
    if sequence != walk.sequence:
        raise damaged("its frames are out of order")
    walk.sequence += 1


def _close(walk: _Walk) -> None:
    """Take what was gathered as one frame. Image data before the first control is the default image, not shown."""
    if walk.control is None and not walk.data:
        return
    if not walk.data:
        raise damaged("a frame has no image data")
    canvas = struct.unpack_from(">II", walk.header)
    control = walk.control or (0, *canvas, 0, 0, *_MILLISECONDS, 0, 0)
    _, width, height, left, top, numerator, denominator, disposal, blending = control
    if left + width > canvas[0] or top + height > canvas[1] or disposal not in _DISPOSALS or blending > _OVER:
        raise damaged("a frame lies outside the picture")
    kind = Disposal.CLEAR if disposal == 2 and not walk.found else _DISPOSALS[disposal]
    walk.found.append(
        Patch(
            left=left,
            top=top,
            width=width,
            height=height,
            delay=(numerator, denominator),
            decodable=_still(walk, width, height),
            disposal=kind,
            over=blending == _OVER,
            hidden=walk.control is None,
        )
    )
    walk.control, walk.data = None, []


def _still(walk: _Walk, width: int, height: int) -> bytes:
    header = png.chunk(b"IHDR", struct.pack(">II", width, height) + walk.header[8:])
    image = png.chunk(b"IDAT", b"".join(walk.data))
    return png.SIGNATURE + header + walk.colours + image + png.chunk(b"IEND", b"")


class ApngWriter:
    """Nothing is ever disposed of: a frame that has to take something away replaces its place.

    A frame leaves out what stays. An opaque animation has no alpha, which would cost a tenth of the file, but one
    colour that counts as none; the few pixels of that colour become its neighbour.
    """

    def __init__(self, container: Container, animation: Animation) -> None:
        self._container = container
        self._opaque = animation.opaque
        kind = 2 if animation.opaque else 6
        head = struct.pack(">II", animation.width, animation.height) + bytes([8, kind, 0, 0, 0])
        count = sum(not patch.hidden for patch in animation.patches)
        control = png.chunk(b"acTL", struct.pack(">I", count) + animation.kept)
        hole = png.chunk(b"tRNS", struct.pack(">HHH", *_HOLE)) if animation.opaque else b""
        self._parts = [png.SIGNATURE, png.chunk(b"IHDR", head), control, hole]
        self._steps = Steps()
        self._sequence = 0
        self._is_first = True

    def add(self, patch: Patch, shown: Shown, marked: "Pixels") -> None:
        if patch.hidden:
            self._parts.append(png.chunk(b"IDAT", _image_data(self._layers(marked, shown[1]))))
            self._is_first = False
            return
        step = self._steps.next(shown, marked)
        box = bounds(step.changed)
        layers = self._layers(step.pixels[box.place], step.alpha[box.place])
        over = step.can_be_laid_over
        if over:
            layers[~step.changed[box.place]] = _HOLE if self._opaque else 0
        self._control(box, patch.delay, _OVER if over else _SOURCE)
        data = _image_data(layers)
        if self._is_first:
            self._parts.append(png.chunk(b"IDAT", data))
        else:
            self._parts.append(png.chunk(b"fdAT", struct.pack(">I", self._next()) + data))
        self._is_first = False

    def finish(self) -> bytes:
        return png.splice(b"".join([*self._parts, png.chunk(b"IEND", b"")]), self._container)

    def _layers(self, pixels: "Pixels", alpha: "Pixels") -> "Pixels":
        """uint8[h, w, 3] or [h, w, 4], a new array."""
        if not self._opaque:
            return np.dstack((pixels, alpha))
        layers = pixels.copy()
        layers[(layers == _HOLE).all(axis=2), 2] += 1
        return layers

    def _control(self, box: Box, delay: tuple[int, int], blending: int) -> None:
        size = (box.right - box.left, box.bottom - box.top, box.left, box.top)
        self._parts.append(png.chunk(b"fcTL", _CONTROL.pack(self._next(), *size, *delay, _KEEP, blending)))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1


def _image_data(layers: "Pixels") -> bytes:
    """The compressed rows of uint8[h, w, 3] or [h, w, 4]."""
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(layers)).save(buffer, "PNG", compress_level=6)
    return b"".join(body for name, body, _ in png.chunks(buffer.getvalue()) if name == b"IDAT")
