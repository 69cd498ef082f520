"""Pictures that the tests draw themselves: textured, all different, the same for the same seed."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def scene(seed: int, height: int = 400, width: int = 560) -> Pixels:
    """uint8[height, width, 3]: a cloudy ground with sixty overlapping shapes on it."""
    rng = np.random.default_rng(seed)
    clouds = cv2.resize(
        rng.integers(60, 200, (9, 12, 3)).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC
    )
    for _ in range(60):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        size = int(rng.integers(8, 60))
        if rng.random() < 0.4:
            cv2.circle(clouds, centre, size, colour, -1, cv2.LINE_AA)
        else:
            corners = np.array(centre) + rng.integers(-size, size, (int(rng.integers(3, 6)), 2))
            cv2.fillPoly(clouds, [corners.astype(np.int32)], colour, cv2.LINE_AA)
    grain = rng.normal(0, 5, clouds.shape)
    return np.clip(clouds + grain, 0, 255).astype(np.uint8)


def warp(picture: Pixels, transform: NDArray[np.float64], size: tuple[int, int] | None = None) -> Pixels:
    """The picture under a 3x3 transform of px, on a grey page of (width, height)."""
    page = size or (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpPerspective(picture, transform, page, borderValue=(127, 127, 127)), np.uint8)


def turn(degrees: float, scale: float, centre: tuple[float, float]) -> NDArray[np.float64]:
    """Rotation about `centre` with scaling, 3x3 in px."""
    return np.vstack([cv2.getRotationMatrix2D(centre, degrees, scale), [0, 0, 1]])


def jpeg(picture: Pixels, quality: int) -> Pixels:
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
