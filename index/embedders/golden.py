"""A model proves at start-up that it is the one its name claims: a fixed picture must give the stored vector again."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from index.ports import Pixels, Vectors

GOLDEN_SHAPE: Final = (300, 420, 3)  # neither a network's input size nor a multiple of one: resizing is tested too
MIN_COSINE: Final = 0.999  # other CPUs and runtimes round differently; another network or preprocessing stays far below


class WrongModel(ValueError):
    """The weights or the preprocessing are not those that the model's name (and every stored vector) stands for."""


def golden_picture() -> Pixels:
    """uint8[300, 420, 3]: ramps, rings and blocks in integer arithmetic, the same on every machine."""
    height, width, _ = GOLDEN_SHAPE
    y, x = np.mgrid[:height, :width].astype(np.int64)
    rings = ((x - 150) ** 2 + (y - 120) ** 2) // 37 % 256
    blocks = (x // 35 * 83 + y // 30 * 151) % 256
    ramp = (3 * x + 5 * y) // 9 % 256
    picture = np.stack([rings, (rings + 2 * blocks) // 3, (blocks + ramp) // 2], axis=-1)
    picture[190:270, 260:380] = [212, 64, 38]
    return picture.astype(np.uint8)


def check_golden(model: str, embed: Callable[[Sequence[Pixels]], Vectors], golden: Vectors) -> float:
    """Embed the golden picture and compare it with the stored vector, float32[dim] of unit length.

    Returns the cosine. Raises WrongModel when the shape differs or the cosine is under `MIN_COSINE`.
    """
    vector = embed([golden_picture()])[0]
    if vector.shape != golden.shape:
        raise WrongModel(f"{model} gives {vector.shape[0]} dimensions, its golden vector has {golden.shape[0]}")
    cosine = float(vector @ golden / max(float(np.linalg.norm(golden)), 1e-12))
    if not cosine >= MIN_COSINE:  # also when it is NaN
        raise WrongModel(f"weights or preprocessing are not those of {model}: its golden vector differs ({cosine:.4f})")
    return cosine
