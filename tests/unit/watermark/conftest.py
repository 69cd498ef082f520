"""Pictures and keys of the watermark tests. Marking is slow, so what several tests look at is made once."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from provenance.watermark import LatticeWatermarker

PICTURES = Path(__file__).parents[2] / "data" / "pictures"
KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
PAYLOAD = 0x0123_4567_89AB_CDEF


def load(name: str) -> np.ndarray:
    return np.asarray(Image.open(PICTURES / name).convert("RGB")).copy()


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Photo-like: noise in octaves, amplitude falling with frequency, and a gradient."""
    rng = np.random.default_rng(seed)
    field = np.zeros((height, width, 3))
    for cell in (2, 4, 8, 16, 32, 64):
        noise = rng.normal(0, 1, (height // cell + 2, width // cell + 2, 3))
        field += cell**0.6 * 2.5 * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    field += np.linspace(60, 190, width)[None, :, None]
    return np.clip(field, 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].copy()


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - two) ** 2))


@pytest.fixture(scope="session")
def marker() -> LatticeWatermarker:
    return LatticeWatermarker(KEY)


@pytest.fixture(scope="session")
def marked_of(marker: LatticeWatermarker) -> Callable[[str], np.ndarray]:
    """The marked version of a test picture; treat it as read-only."""
    made: dict[str, np.ndarray] = {}

    def marked(name: str) -> np.ndarray:
        if name not in made:
            made[name] = marker.embed(load(name), PAYLOAD)
            made[name].flags.writeable = False
        return made[name]

    return marked
