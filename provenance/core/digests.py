"""The two digests by which a picture is looked up and certified. Both are lower-case hex sha256.

`file_digest` is over the file's bytes. `pixels_digest` is over what the file shows, whatever the container: the ASCII
header ``"pixels-v1 <width>x<height> RGB\\n"``, the uint8 sRGB pixels row by row, and, where the picture has alpha,
``"alpha\\n"`` and its bytes.

Two animations may share their first frame, which is often empty. The digest of one is over the ASCII line
``"animation-v1 <frames> <first frame's pixels digest> <sha256 of the stored frames>\\n"``, where the stored frames are
what the file holds of them, one after the other: for each the ASCII line ``"<left> <top> <width> <height> <delay's
numerator> <denominator> <disposal> <over> <hidden> <bytes>\\n"`` (disposal keep, clear or restore; 0 or 1) and its
bytes, put into a still file of the same format. So labels and manifests don't change it, and another encoding does.
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
    first = pixels_digest(picture.pixels, picture.alpha)
    if picture.frames_sha256 is None:
        return first
    header = f"animation-v1 {picture.frames} {first} {picture.frames_sha256}\n"
    return hashlib.sha256(header.encode("ascii")).hexdigest()
