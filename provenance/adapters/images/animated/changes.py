"""What a frame has to draw, given what is on the canvas.

A pixel that its owner's animation leaves alone from one frame to the next is left alone in the marked one too. Nothing
flickers that did not, and a file of other frames has to draw no more than the old one had to.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from provenance.adapters.images.animated.compose import Shown
    from provenance.core.types import Pixels

Mask = NDArray[np.bool_]


class Box(NamedTuple):
    """A part of the canvas, in pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def place(self) -> tuple[slice, slice]:
        """What indexes an array of the canvas."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def even(self) -> "Box":
        """The same or a little more, from even coordinates, as WebP counts."""
        return self._replace(left=self.left & ~1, top=self.top & ~1)


def bounds(mask: Mask) -> Box:
    """The smallest box around what is set in bool[H, W]; one pixel where nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return Box(0, 0, 1, 1)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def in_blocks(mask: Mask, side: int) -> Mask:
    """bool[H, W]: every block of `side` x `side` pixels, counted from the top left, in which something is set."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % side), (0, -width % side)))
    blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side).any(axis=(1, 3))
    return blocks.repeat(side, axis=0).repeat(side, axis=1)[:height, :width]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A frame of the new animation: uint8[H, W, 3], uint8[H, W] alpha, bool[H, W] where it is not as the one before."""

    pixels: "Pixels"
    alpha: "Pixels"
    changed: Mask

    @property
    def can_be_laid_over(self) -> bool:
        """Whether drawing nothing but the changed pixels gives the frame: none of them lets through what was there."""
        return bool((self.alpha[self.changed] == 255).all())


class Steps:
    """The new frames, one after the other."""

    def __init__(self) -> None:
        self._shown: Shown | None = None
        self._pixels: Pixels | None = None

    def next(self, shown: "Shown", marked: "Pixels") -> Step:
        """`shown` is the owner's frame, `marked` uint8[H, W, 3] what is to stand in its place."""
        pixels, alpha = shown
        if self._shown is None or self._pixels is None:
            step = Step(marked, alpha, np.ones(alpha.shape, np.bool_))
        else:
            same = (pixels == self._shown[0]).all(axis=2) | (alpha == 0)
            same &= alpha == self._shown[1]
            step = Step(np.where(same[:, :, None], self._pixels, marked), alpha, ~same)
        self._shown, self._pixels = shown, step.pixels
        return step
