"""Whatever a decoder gives to uint8 sRGB and alpha.

Conversion is relative colorimetric with black point compensation: colours inside both gamuts stay what they are, which
matters more to a fingerprint than how the rest is squeezed.
"""

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Final

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
_BROKEN: Final = "its colour profile is broken or does not fit: treated as sRGB"


@cache
def srgb_profile() -> bytes:
    """LittleCMS's sRGB profile with a fixed date, so that a written file is deterministic."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_DATE] = _EPOCH
    return bytes(made)


def to_srgb(image: Image.Image, icc: bytes | None) -> "tuple[Pixels, Pixels | None, tuple[str, ...]]":
    """(uint8[H, W, 3] sRGB, uint8[H, W] alpha or None, notes). Raises UnsupportedFormat for samples that are no picture
    as they stand (floating point, 32 bits, Lab)."""
    base, alpha = _split_alpha(_eight_bits(image))
    notes: tuple[str, ...] = ()
    if base.mode in ("1", "P", "YCbCr", "RGBX"):
        base = base.convert("L" if base.mode == "1" else "RGB")
    if base.mode not in ("L", "RGB", "CMYK"):
        raise UnsupportedFormat(f"pixels of the kind {base.mode!r} are not read", hint="save it as 8-bit RGB")
    converted = None
    if icc is not None:
        converted, notes = _apply(base, icc)
    if converted is None and base.mode == "CMYK":
        notes = (*notes, "CMYK converted to sRGB by the simple formula, without a profile")
    rgb = converted if converted is not None else base.convert("RGB")
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


def oriented(array: "NDArray[np.uint8]", orientation: int) -> "NDArray[np.uint8]":
    """uint8[H, W, ...] turned into viewing orientation; `orientation` 1..8 as in EXIF."""
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


def _apply(base: Image.Image, icc: bytes) -> tuple[Image.Image | None, tuple[str, ...]]:
    """(sRGB picture, notes), or (None, notes) where the profile is no use or is sRGB already."""
    if icc == srgb_profile():
        return None, ()
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        wanted = _SPACES.get(profile.profile.xcolor_space)
        if wanted == "RGB" and base.mode == "L":
            base = base.convert("RGB")
        if wanted != base.mode:
            return None, (_BROKEN,)
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            base.mode,
            "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=_FLAGS,
        )
        if wanted == "RGB" and _is_identity(transform):
            return None, ()
        return transform.apply(base), (f"colours converted from {_name(profile)} to sRGB",)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, UnicodeError):
        return None, (_BROKEN,)


def _is_identity(transform: ImageCms.ImageCmsTransform) -> bool:
    """True for a profile that is sRGB by another name: no colour moves by more than one level."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(64, 64, 3)
    moved = np.asarray(transform.apply(Image.fromarray(cube))).astype(np.int16)
    return bool(np.abs(moved - cube).max() <= 1)


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    name = " ".join((profile.profile.profile_description or "an unnamed profile").split())
    return "".join(character for character in name if character.isprintable())[:80]
