"""ISCC (ISO 24138:2024) as a C2PA soft binding of the algorithm `io.iscc.v0`.

The value is an ISCC-SEQ (IEP-0020): 256-bit units, header and body, one behind the other without a separator. A file
gets three: the Image-Code, which survives scaling and re-encoding, and the Data-Code and Instance-Code of the bytes
that were handed to the signing step, before there was a manifest in them.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import iscc_lib
import numpy as np
from PIL import Image

from provenance.core.errors import InvalidRequest
from provenance.core.manifests import SoftBinding

if TYPE_CHECKING:
    from provenance.core.types import Pixels

ALG: Final = "io.iscc.v0"
BITS: Final = 256
NEAR_BITS: Final = 32
"""Most bits in which two Image-Codes of one picture differ here; `scripts/bench/iscc_distances.py` prints both
sides."""

_SIDE: Final = 32  # an Image-Code looks at 32 x 32 grey values
_PREFIX: Final = "ISCC:"
_HEADER: Final = 2  # bytes: MainType, SubType, Version and Length, four bits each
_UNIT: Final = _HEADER + BITS // 8
_VERSION_0_256_BITS: Final = 0x07  # Length counts steps of 32 bits from 32
_MAX_UNITS: Final = 16
# The nibbles of MainType and SubType.
_CONTENT_IMAGE: Final = 0x21
_DATA: Final = 0x30
_INSTANCE: Final = 0x40


@dataclass(frozen=True, slots=True)
class IsccUnits:
    """Canonical ISCC-UNITs of 256 bits ("ISCC:EED…")."""

    image: str
    data: str
    instance: str

    @property
    def value(self) -> bytes:
        """The ISCC-SEQ: 102 bytes."""
        return b"".join(map(_decoded, (self.image, self.data, self.instance)))

    @property
    def binding(self) -> SoftBinding:
        return SoftBinding(ALG, self.value)


def units(pixels: "Pixels", asset: bytes, alpha: "Pixels | None" = None) -> IsccUnits:
    """The units of a picture, uint8[H, W, 3] sRGB in viewing orientation, and of its file's bytes."""
    return IsccUnits(
        image=image_code(pixels, alpha),
        data=str(iscc_lib.gen_data_code_v0(asset, BITS)["iscc"]),
        instance=str(iscc_lib.gen_instance_code_v0(asset, BITS)["iscc"]),
    )


def image_code(pixels: "Pixels", alpha: "Pixels | None" = None) -> str:
    """The Image-Code of `pixels` uint8[H, W, 3]; `alpha` uint8[H, W] shows white through."""
    return str(iscc_lib.gen_image_code_v0(_normalised(pixels, alpha), BITS)["iscc"])


def split(value: bytes) -> tuple[str, ...]:
    """The units of an ISCC-SEQ as `io.iscc.v0` has them: version 0, 256 bits. Raises InvalidRequest."""
    if not value or len(value) % _UNIT or len(value) > _MAX_UNITS * _UNIT:
        raise InvalidRequest(f"an {ALG} value is 1 to {_MAX_UNITS} units of {_UNIT} bytes")
    found = [value[at : at + _UNIT] for at in range(0, len(value), _UNIT)]
    if any(unit[1] != _VERSION_0_256_BITS or unit[0] >> 4 > _INSTANCE >> 4 for unit in found):
        raise InvalidRequest(f"an {ALG} value holds units of version 0 and {BITS} bits")
    return tuple(_PREFIX + base64.b32encode(unit).decode().rstrip("=") for unit in found)


def image_of(value: bytes) -> str | None:
    """The Image-Code in an ISCC-SEQ; None when it has none. Raises InvalidRequest."""
    return next((unit for unit in split(value) if _decoded(unit)[0] == _CONTENT_IMAGE), None)


def code_bits(code: str) -> int:
    """The 256 bits of an Image-Code. Raises InvalidRequest."""
    return int.from_bytes(_decoded(code)[_HEADER:], "big")


def image_bits(value: bytes) -> int | None:
    """The same out of an ISCC-SEQ, quickly, for searches among many; None when it has none, or is none."""
    if len(value) % _UNIT:
        return None
    for at in range(0, len(value), _UNIT):
        if value[at] == _CONTENT_IMAGE and value[at + 1] == _VERSION_0_256_BITS:
            return int.from_bytes(value[at + _HEADER : at + _UNIT], "big")
    return None


def distance(first: str, second: str) -> int:
    """Hamming distance of two Image-Codes, 0 .. 256; unrelated pictures lie around 128. Raises InvalidRequest."""
    one, other = _decoded(first), _decoded(second)
    if one[:_HEADER] != other[:_HEADER] or one[0] != _CONTENT_IMAGE:
        raise InvalidRequest("only two Image-Codes of the same version and length can be compared")
    return (int.from_bytes(one[_HEADER:], "big") ^ int.from_bytes(other[_HEADER:], "big")).bit_count()


def same_file(value: bytes, asset: bytes) -> bool:
    """True when the Instance-Code in an ISCC-SEQ is that of these bytes. Raises InvalidRequest."""
    here = str(iscc_lib.gen_instance_code_v0(asset, BITS)["iscc"])
    return any(unit == here for unit in split(value) if _decoded(unit)[0] == _INSTANCE)


def _normalised(pixels: "Pixels", alpha: "Pixels | None") -> bytes:
    """1,024 grey values: transparency over white, a border of one colour cut off, ITU-R 601 luma, bicubic."""
    image = Image.fromarray(pixels)
    if alpha is not None:
        white = Image.new("RGB", image.size, (255, 255, 255))
        image = Image.composite(image, white, Image.fromarray(alpha))
    box = _inside(np.asarray(image))
    image = image.crop(box) if box is not None else image
    return image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).tobytes()


def _inside(pixels: "Pixels") -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) without the border that has the top left pixel's colour; None: there is none."""
    corner = pixels[0, 0]
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    if all((edge != corner).any() for edge in edges):  # nearly every picture: the whole is not looked at
        return None
    differs = (pixels != corner).any(axis=2)
    rows, columns = differs.any(axis=1).nonzero()[0], differs.any(axis=0).nonzero()[0]
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _decoded(unit: str) -> bytes:
    """Header and body of one unit of 256 bits. Raises InvalidRequest."""
    body = unit.removeprefix(_PREFIX)
    try:
        data = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(f"{unit[:80]!r} is not an ISCC") from error
    if len(data) != _UNIT:
        raise InvalidRequest(f"{unit[:80]!r} is not an ISCC unit of {BITS} bits")
    return data
