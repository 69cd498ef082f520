"""Whatever a decoder gives to uint8 sRGB and alpha.

Conversion is relative colorimetric with black point compensation: colours inside both gamuts stay what they are, which
matters more to a fingerprint than how the rest is squeezed.
"""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from PIL import Image, ImageCms

from provenance.adapters.images.container import ColourKey
from provenance.core.errors import UnsupportedFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from provenance.core.types import Pixels

_SPACES: Final = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC
_DATE: Final = slice(24, 36)  # creation date in an ICC header (ICC.1, 7.2.1)
_EPOCH: Final = b"\x07\xd0\x00\x01\x00\x01" + bytes(6)  # 2000-01-01: the same bytes on every day
_PREMULTIPLIED: Final = {"La": "LA", "RGBa": "RGBA"}
_TRANSPARENT: Final = {"LA": "L", "RGBA": "RGB", "PA": "P"}
_Sample = TypeVar("_Sample", bound=np.generic)
NATIVE: Final = frozenset({"L", "LA", "RGB", "RGBA", "I;16", "I;16B", "I;16L"})
"""Pillow's modes that hold a file's own samples, grey or RGB."""
_VIEW: Final = "its colours ({}) are looked at in sRGB"
_BROKEN: Final = "its colour profile is broken or does not fit: treated as sRGB"


def _srgb() -> ImageCms.ImageCmsProfile:
    """A new one each time: LittleCMS does not promise that threads may share one."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@cache
def srgb_profile() -> bytes:
    """LittleCMS's sRGB profile with a fixed date, so that a written file is deterministic."""
    made = bytearray(_srgb().tobytes())
    made[_DATE] = _EPOCH
    return bytes(made)


def to_srgb(
    image: Image.Image, icc: bytes | None, *, kept: bool = False
) -> "tuple[Pixels, Pixels | None, tuple[str, ...]]":
    """(uint8[H, W, 3] sRGB, uint8[H, W] alpha or None, notes). `kept`: a written file will have the samples as they
    came (`native`), and this is but a view of them. Raises UnsupportedFormat for samples that are no picture
    as they stand (floating point, 32 bits, Lab)."""
    base, alpha = _split_alpha(_eight_bits(image))
    notes: tuple[str, ...] = ()
    if base.mode in ("1", "P", "YCbCr", "RGBX"):
        base = base.convert("L" if base.mode == "1" else "RGB")
    if base.mode not in ("L", "RGB", "CMYK"):
        raise UnsupportedFormat(f"pixels of the kind {base.mode!r} are not read", hint="save it as 8-bit RGB")
    space = space_of(base.mode, icc)
    if not space.fits:
        notes = (_BROKEN,)
    if space.forward is not None:
        is_view = kept and image.mode in NATIVE
        notes = (_VIEW.format(space.name) if is_view else f"colours converted from {space.name} to sRGB",)
        rgb = space.forward.apply(base if base.mode == space.mode else base.convert(space.mode))
    else:
        if base.mode == "CMYK":
            notes = (*notes, "CMYK converted to sRGB by the simple formula, without a profile")
        rgb = base.convert("RGB")
    return np.array(rgb, dtype=np.uint8), alpha, notes


def key_alpha(image: Image.Image, key: ColourKey, depth: int) -> "Pixels":
    """uint8[H, W]: 0 where the PNG's transparent colour stands, 255 elsewhere. `key` is at the file's bit depth."""
    samples = np.asarray(image)
    if image.mode == "1":
        samples = samples.astype(np.uint8) * 255
    if image.mode.startswith("I;16"):
        wanted = key
    elif depth == 16:  # Pillow keeps the high byte of RGB samples
        wanted = tuple(value >> 8 for value in key)
    else:
        wanted = tuple(value * 255 // ((1 << depth) - 1) for value in key)
    same = samples == np.asarray(wanted if len(wanted) > 1 else wanted[0])
    hidden = same.all(axis=-1) if samples.ndim == 3 else same
    return np.where(hidden, 0, 255).astype(np.uint8)


def oriented(array: "NDArray[_Sample]", orientation: int) -> "NDArray[_Sample]":
    """[H, W, ...] turned into viewing orientation; `orientation` 1..8 as in EXIF."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(array[::rows, ::columns])


def _eight_bits(image: Image.Image) -> Image.Image:
    if not image.mode.startswith("I;16"):
        return image
    wide = np.asarray(image).astype(np.uint32)
    narrow = (wide * 255 + 32895) >> 16  # exactly round(v / 257)
    return Image.fromarray(narrow.astype(np.uint8))


def _split_alpha(image: Image.Image) -> "tuple[Image.Image, Pixels | None]":
    if image.mode in _PREMULTIPLIED:
        image = image.convert(_PREMULTIPLIED[image.mode])
    if image.mode in ("P", "PA") and (image.mode == "PA" or "transparency" in image.info):
        image = image.convert("RGBA")
    if image.mode not in _TRANSPARENT:
        return image, None
    alpha = np.array(image.getchannel("A"), dtype=np.uint8)
    opaque = Image.merge(_TRANSPARENT[image.mode], image.split()[:-1])
    return opaque, alpha


@dataclass(frozen=True, slots=True)
class Backward:
    """sRGB to a file's own colour space: uint8[h, w, 3] to uint8[h, w, 1 or 3]."""

    transform: ImageCms.ImageCmsTransform

    def __call__(self, pixels: "Pixels") -> "Pixels":
        found = np.asarray(self.transform.apply(Image.fromarray(pixels)))
        return found if found.ndim == 3 else found[:, :, None]


@dataclass(frozen=True, slots=True)
class Space:
    """What a profile means for pixels of one mode. `forward` leads to sRGB from pixels of `mode`, None where that would
    change nothing; `backward` the way back, None also where there is none; `fits`: the profile is none or sound."""

    mode: str
    fits: bool = True
    forward: ImageCms.ImageCmsTransform | None = None
    backward: Backward | None = None
    name: str = ""

    @property
    def converts(self) -> bool:
        return self.forward is not None


def space_of(mode: str, icc: bytes | None) -> Space:
    """`mode` is L, RGB or CMYK. A profile that is broken, or one for other pixels, counts as sRGB."""
    if icc is None or icc == srgb_profile():
        return Space(mode)
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        wanted = _SPACES.get(profile.profile.xcolor_space)
        if wanted == "RGB" and mode == "L":
            mode = "RGB"
        if wanted != mode:
            return Space(mode, fits=False)
        forward = _transform(profile, mode, _srgb(), "RGB")
        if wanted == "RGB" and _is_identity(forward):
            return Space(mode)
        forward.apply(Image.new(mode, (1, 1)))
        return Space(mode, forward=forward, backward=_backward(profile, mode), name=_name(profile))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, UnicodeError):
        return Space(mode, fits=False)


def _backward(profile: ImageCms.ImageCmsProfile, mode: str) -> Backward | None:
    """A profile of a scanner or camera may know one direction only. CMYK is left alone: one colour has many inks."""
    if mode == "CMYK":
        return None
    try:
        return Backward(_transform(_srgb(), "RGB", profile, mode))
    except ImageCms.PyCMSError:
        return None


def _transform(
    source: ImageCms.ImageCmsProfile, mode: str, target: ImageCms.ImageCmsProfile, target_mode: str
) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        source, target, mode, target_mode, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, flags=_FLAGS
    )


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """True for a profile that is sRGB by another name: no colour moves by more than one level."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)
    moved = np.asarray(transform.apply(Image.fromarray(cube))).astype(np.int16)
    return bool(np.abs(moved - cube).max() <= 1)


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    name = " ".join((profile.profile.profile_description or "an unnamed profile").split())
    return "".join(character for character in name if character.isprintable())[:80]
