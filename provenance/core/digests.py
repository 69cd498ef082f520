"""The two digests by which a picture is looked up and certified. Both are lower-case hex sha256.

`file_digest` is over the file's bytes. `pixels_digest` is over what the file shows, whatever the container: the ASCII
header ``"pixels-v1 <width>x<height> RGB\\n"``, the uint8 sRGB pixels row by row, and, where the picture has alpha,
``"alpha\\n"`` and its bytes.
"""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.core.types import Picture, Pixels


def file_digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pixels_digest(pixels: "Pixels", alpha: "Pixels | None" = None) -> str:
    """`pixels` uint8[H, W, 3], `alpha` uint8[H, W]; an alpha that is opaque everywhere counts as none."""
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"pixels-v1 {width}x{height} RGB\n".encode("ascii"))
    digest.update(pixels.tobytes())
    if alpha is not None and int(alpha.min()) < 255:
        digest.update(b"alpha\n" + alpha.tobytes())
    return digest.hexdigest()


def picture_digest(picture: "Picture") -> str:
    return pixels_digest(picture.pixels, picture.alpha)
