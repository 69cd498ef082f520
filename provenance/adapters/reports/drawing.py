"""The pictures inside a report: small JPEG files, the same bytes for the same pixels."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from provenance.core.report import Shot

if TYPE_CHECKING:
    from provenance.core.types import Pixels

SIDE: Final = 640  # px of the longer side
_QUALITY: Final = 85


class ReportDrawing:
    """Implements `usecases.report.Drawing`."""

    def small(self, pixels: "Pixels") -> Shot:
        """uint8[H, W, 3] as a JPEG of at most 640 px; never enlarged."""
        return _shot(_shrunk(pixels))

    def laid_over(self, query: "Pixels", work: "Pixels", transform: Sequence[Sequence[float]]) -> Shot:
        """The work warped onto the query, in the frame of `small(query)`; around the work the query itself."""
        import cv2  # here: it is not on the path of a renderer that only lays out pages
        import numpy as np

        below, above = _shrunk(query), _shrunk(work)
        (height, width), (rows, columns) = below.shape[:2], above.shape[:2]
        centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # pixel 0 is seen at 0.5
        matrix = np.diag([width, height, 1.0]) @ np.array(transform) @ np.diag([1 / columns, 1 / rows, 1.0])
        matrix, size = np.linalg.inv(centre) @ matrix @ centre, (width, height)
        warped = cv2.warpPerspective(above, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        inside = cv2.warpPerspective(np.full((rows, columns), 255, np.uint8), matrix, size)
        return _shot(np.where(inside[..., None] > 127, warped, below).astype(np.uint8))


def _shrunk(pixels: "Pixels") -> "Pixels":
    import numpy as np
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _shot(pixels: "Pixels") -> Shot:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=_QUALITY)
    return Shot(media_type="image/jpeg", width=pixels.shape[1], height=pixels.shape[0], data=target.getvalue())
