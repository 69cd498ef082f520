"""A still's own samples: its depth, its grey or RGB, its colour space. What changes in the 8-bit sRGB view of it is
added to them, so that a written file keeps all three.

Where the view is a conversion (an ICC profile), the change is led back through the conversion's inverse: a central
difference around each pixel, which LittleCMS's 8-bit steps hardly touch, or the two ends of a change that is large.
"""

from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.adapters.images import colour
from provenance.adapters.images.container import Container

if TYPE_CHECKING:
    from provenance.core.types import Pixels

Samples: TypeAlias = NDArray[np.unsignedinteger[Any]]
"""uint8 or uint16."""

_COLOURS: Final = {"L": 1, "LA": 1, "RGB": 3, "RGBA": 3}  # samples that are colour, by mode
_GREY_TYPES: Final = (0, 4)  # PNG colour types
_PNG_COLOUR_TYPE: Final = 25  # its offset
_EXTRA_SAMPLES, _STRAIGHT = 338, 2  # a TIFF's tag, and its value for alpha that is not multiplied in
_REACH: Final = 4  # a change is looked at this much larger on both sides,
_LARGE: Final = 12  # unless it is more than so many grey levels
_ROWS: Final = 256  # looked at together: differences take 20 bytes a pixel


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """uint8 or uint16 samples [H, W, 1 or 3] in the file's own colour space, alpha [H, W] of the same depth or None.

    `backward` leads sRGB to that space where it is another one; `profile` is the ICC profile that names it.
    """

    samples: Samples
    alpha: Samples | None = None
    backward: "colour.Backward | None" = None
    profile: bytes | None = None

    @property
    def deep(self) -> bool:
        return bool(self.samples.itemsize == 2)

    @property
    def grey(self) -> bool:
        return bool(self.samples.shape[2] == 1)

    @property
    def layers(self) -> Samples:
        """[H, W, 1 to 4]: the samples, with the alpha behind them."""
        return self.samples if self.alpha is None else np.dstack((self.samples, self.alpha))


def native(container: Container) -> Native | None:
    """None for what has no samples of that kind: palettes, bits, CMYK, premultiplied alpha, a space without a way back;
    and for 8 bits of sRGB, which the view holds as they are."""
    with Image.open(BytesIO(container.decodable), formats=[container.format]) as image:
        if tuple(getattr(image, "tag_v2", {}).get(_EXTRA_SAMPLES, (_STRAIGHT,))) != (_STRAIGHT,):
            return None
        if container.depth != 16 and image.mode in ("RGB", "RGBA") and not _space(3, container.icc).converts:
            return None
        image.load()
        found = _deep(image, container) if container.depth == 16 else _plain(image)
        if found is None:
            return None
        if container.colour_key is not None:
            key = colour.key_alpha(image, container.colour_key, container.depth)
            found = replace(found, alpha=key if not found.deep else key.astype(np.uint16) * 257)
    space = _space(found.samples.shape[2], container.icc)
    if space.converts and space.backward is None:
        return None
    return replace(found, backward=space.backward, profile=container.icc if space.fits else None)


def _space(colours: int, icc: bytes | None) -> colour.Space:
    return colour.space_of("L" if colours == 1 else "RGB", icc)


def _plain(image: Image.Image) -> Native | None:
    colours = _COLOURS.get(image.mode)
    if colours is None or "transparency" in image.info:
        return None
    layers = np.asarray(image).reshape(image.height, image.width, -1)
    alpha = layers[..., -1].copy() if layers.shape[2] > colours else None
    return Native(layers[..., :colours].copy(), alpha)


def _deep(image: Image.Image, container: Container) -> Native | None:
    """Pillow reads 16 bits of grey only; OpenCV reads colour, and counts if it agrees with Pillow's 8 bits."""
    if image.mode.startswith("I;16"):
        return Native(np.asarray(image).astype(np.uint16)[:, :, None])
    layers = cv2.imdecode(np.frombuffer(container.decodable, np.uint8), cv2.IMREAD_UNCHANGED)
    if layers is None or layers.dtype != np.uint16 or layers.ndim != 3:
        return None
    layers = np.ascontiguousarray(layers[..., (2, 1, 0, 3)[: layers.shape[2]]])
    if image.mode not in ("RGB", "RGBA") or not np.array_equal(layers >> 8, np.asarray(image)):
        return None
    grey = container.format == "PNG" and container.decodable[_PNG_COLOUR_TYPE] in _GREY_TYPES
    alpha = layers[..., 3].copy() if layers.shape[2] == 4 else None
    return Native(layers[..., : 1 if grey else 3].copy(), alpha)


def changed(own: Native, shown: "Pixels", wanted: "Pixels") -> Native | None:
    """The samples, changed so that the view becomes uint8[H, W, 3] `wanted`, where it was `shown`. None for a colour
    that grey can't take."""
    samples = own.samples.copy()
    step = 257 if own.deep else 1
    for top in range(0, samples.shape[0], _ROWS):
        rows = slice(top, top + _ROWS)
        change = wanted[rows].astype(np.int16) - shown[rows]
        if own.grey and (change != change[..., :1]).any():
            return None
        if own.backward is not None:
            moved = _led_back(own.backward, shown[rows], wanted[rows], change)
        else:
            moved = change.astype(np.float32)
        if own.grey:
            moved = moved.mean(axis=2, keepdims=True)
        new = samples[rows].astype(np.float32) + moved * np.float32(step)
        samples[rows] = np.rint(np.clip(new, 0, np.iinfo(samples.dtype).max)).astype(samples.dtype)
    return replace(own, samples=samples)


def _led_back(
    backward: "colour.Backward", shown: "Pixels", wanted: "Pixels", change: NDArray[np.int16]
) -> NDArray[np.float32]:
    """float32[h, w, 1 or 3]: the change of 8-bit samples in the file's own space."""
    large = (np.abs(change) > _LARGE).any(axis=2, keepdims=True)
    low = np.where(large, shown, np.clip(shown - _REACH * change, 0, 255)).astype(np.uint8)
    high = np.where(large, wanted, np.clip(shown + _REACH * change, 0, 255)).astype(np.uint8)
    span = np.abs(high.astype(np.int16) - low).sum(axis=2, keepdims=True)
    share = np.abs(change).sum(axis=2, keepdims=True) / np.maximum(span, 1)
    difference = backward(high).astype(np.float32) - backward(low)
    led: NDArray[np.float32] = (difference * share).astype(np.float32)
    return led


def upright(own: Native, orientation: int) -> Native:
    """In viewing orientation, as `colour.oriented`."""
    alpha = None if own.alpha is None else colour.oriented(own.alpha, orientation)
    return replace(own, samples=colour.oriented(own.samples, orientation), alpha=alpha)
