"""Animated GIF: frames out, frames in.

A frame of a GIF has 256 colours, and a marked picture has more. Each frame gets a table of its own, made of what it
draws, and is not dithered (docs/images.md, "Animations").
"""

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from provenance.adapters.images import gif
from provenance.adapters.images.animated.changes import Box, Mask, Step, Steps, bounds
from provenance.adapters.images.animated.compose import Animation, Disposal, Patch, Shown, checked
from provenance.adapters.images.container import Container, damaged, piece
from provenance.adapters.images.labels.gif import block_of
from provenance.adapters.images.limits import ImageLimits

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_IMAGE, _TRAILER = 0x2C, b"\x3b"
_CONTROL, _COMMENT, _APPLICATION = b"\x21\xf9\x04", b"\x21\xfe", b"\x21\xff\x0b"
_LOOPS: Final = (_APPLICATION + b"NETSCAPE2.0\x03\x01", _APPLICATION + b"ANIMEXTS1.0\x03\x01")
_CONTROL_SIZE: Final = 8
_DISPOSALS: Final = {2: Disposal.CLEAR, 3: Disposal.RESTORE}
_COLOURS: Final = 255  # of a table; the last place of 256 is the transparent one
_UNITS: Final = 100  # of a second


def patches(data: bytes, container: Container, limits: ImageLimits) -> Animation:
    """Raises UnreadableImage, TooLarge."""
    start = 13 + gif.table_size(piece(data, 10, 1)[0])
    palette = (data[10:12], data[13:start])
    found: list[Patch] = []
    kept: list[bytes] = []
    control = b""
    for end in gif.blocks(data, start):
        block = data[start:end]
        if block[0] == _IMAGE:
            found.append(_patch(block, control, palette))
            control = b""
        elif block.startswith(_CONTROL) and len(block) == _CONTROL_SIZE:
            control = block
        elif block.startswith((_COMMENT, *_LOOPS)):
            kept.append(block)
        start = end
    animation = Animation(width=container.width, height=container.height, patches=tuple(found), kept=b"".join(kept))
    return checked(animation, limits)


def _patch(block: bytes, control: bytes, palette: tuple[bytes, bytes]) -> Patch:
    left, top, width, height = struct.unpack_from("<HHHH", block, 1)
    flags, table = palette
    screen = b"GIF89a" + struct.pack("<HH", width, height) + flags + b"\x00"
    still = bytes([_IMAGE]) + struct.pack("<HHHH", 0, 0, width, height) + block[9:]
    return Patch(
        left=left,
        top=top,
        width=width,
        height=height,
        delay=(int.from_bytes(control[4:6], "little"), _UNITS),
        decodable=screen + table + control + still + _TRAILER,
        disposal=_DISPOSALS.get(control[3] >> 2 & 7, Disposal.KEEP) if control else Disposal.KEEP,
    )


class GifWriter:
    """A frame is written once the next one is known: what that one has to take away, this one must clear."""

    def __init__(self, container: Container, animation: Animation) -> None:
        head = b"GIF89a" + struct.pack("<HHBBB", animation.width, animation.height, 0x70, 0, 0)
        packet = b"" if container.xmp is None else block_of(container.xmp)
        self._parts = [head, packet, animation.kept]
        self._steps = Steps()
        self._waiting: _Frame | None = None

    def add(self, patch: Patch, shown: Shown, marked: "Pixels") -> None:
        step = self._steps.next(shown, marked)
        drawn = step.changed
        if self._waiting is not None:
            gone = drawn & (step.alpha == 0)
            clears = self._waiting.clearing(gone) if gone.any() else None
            self._parts.append(self._waiting.written(clears))
            if clears is not None:
                drawn[clears.place] = True
        self._waiting = _Frame(step, drawn & (step.alpha > 0), patch.delay[0])

    def finish(self) -> bytes:
        if self._waiting is None:
            raise damaged("it has no image data")
        return b"".join([*self._parts, self._waiting.written(None), _TRAILER])


class _Frame:
    """A frame that is not written yet; it draws bool[H, W]."""

    def __init__(self, step: Step, drawn: Mask, delay: int) -> None:
        self._step = step
        self._drawn = drawn
        self._delay = delay

    def clearing(self, gone: Mask) -> Box:
        """The part that this frame has to cover so that clearing it takes `gone` away."""
        return bounds(self._drawn | gone)

    def written(self, clears: Box | None) -> bytes:
        """Graphic control and image. `clears`: the frame has this place, and is cleared when its time is over."""
        box = clears or bounds(self._drawn)
        disposal = 2 if clears else 1
        control = _CONTROL + struct.pack("<BHBB", disposal << 2 | 1, self._delay, _COLOURS, 0)
        drawn = self._drawn[box.place]
        indices, colours = _indexed(self._step.pixels[box.place], drawn)
        indices[~drawn] = _COLOURS
        size = struct.pack("<HHHH", box.left, box.top, box.right - box.left, box.bottom - box.top)
        return control + bytes([_IMAGE]) + size + b"\x87" + colours + _compressed(indices)


def _indexed(pixels: "Pixels", drawn: Mask) -> "tuple[Pixels, bytes]":
    """(uint8[h, w] indices under 255, table of 768 bytes) for uint8[h, w, 3]; the table is made for what is drawn."""
    colours = pixels[drawn] if drawn.any() else pixels[:1, 0]
    sample = Image.fromarray(np.ascontiguousarray(colours[None]))
    table = sample.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    indexed = image.quantize(palette=table, dither=Image.Dither.NONE)
    used = bytes(table.getpalette() or ())[: 3 * _COLOURS]
    return np.array(indexed, dtype=np.uint8), used.ljust(768, b"\x00")


def _compressed(indices: "Pixels") -> bytes:
    """LZW data of uint8[h, w]: the code size, then sub-blocks."""
    image = Image.fromarray(indices, "P")
    image.putpalette(bytes(range(256)) * 3)
    buffer = BytesIO()
    image.save(buffer, "GIF", optimize=False, interlace=0)
    data = buffer.getvalue()
    start = 13 + gif.table_size(data[10])
    for end in gif.blocks(data, start):
        if data[start] == _IMAGE:
            return data[start + 10 + gif.table_size(data[start + 9]) : end]
        start = end
    raise damaged("it has no image data")
