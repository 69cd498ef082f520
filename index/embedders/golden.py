"""A model proves at start-up that it is the one its name claims: a fixed picture must give the stored vector again.

Weights that an operator brings get their vector when they are first trusted (`enrol_golden`); it lies beside them, in
`<weights>.golden.json`, and every start compares with it (`check_enrolled`).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from index.ports import Pixels, Vectors

GOLDEN_SHAPE: Final = (300, 420, 3)  # neither a network's input size nor a multiple of one: resizing is tested too
MIN_COSINE: Final = 0.999  # other CPUs and runtimes round differently; another network or preprocessing stays far below
_HASHED: Final = 1 << 20


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


def file_digest(checkpoint: Path) -> str:
    """The first 16 hex digits of a file's sha256, by which a model's name tells weights apart."""
    digest = hashlib.sha256()
    with checkpoint.open("rb") as file:
        while chunk := file.read(_HASHED):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def golden_file(checkpoint: Path) -> Path:
    return checkpoint.with_name(f"{checkpoint.name}.golden.json")


def enrol_golden(model: str, embed: Callable[[Sequence[Pixels]], Vectors], target: Path) -> Path:
    """Store the golden vector of a model in `target`, and answer it. Raises WrongModel on NaN or infinity."""
    vector = embed([golden_picture()])[0]
    if not np.isfinite(vector).all():
        raise WrongModel(f"{model} gives NaN or infinity")
    body = {"model": model, "golden": [round(float(value), 6) for value in vector]}
    target.write_text(json.dumps(body, indent=1) + "\n", "utf-8")
    return target


def check_enrolled(
    model: str, embed: Callable[[Sequence[Pixels]], Vectors], target: Path, *, enrol: str
) -> tuple[int, float]:
    """Compare a model with what was stored in `target`; `enrol` is the command that stores it.

    Returns (dimensions, cosine). Raises WrongModel where nothing was stored, or something else.
    """
    stored = _read_golden(target, enrol)
    if stored["model"] != model:
        raise WrongModel(f"the golden vector is of {stored['model']}, the weights are {model}")
    golden = np.asarray(stored["golden"], np.float32)
    return len(golden), check_golden(model, embed, golden)


def _read_golden(path: Path, enrol: str) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return {"model": str(stored["model"]), "golden": [float(value) for value in stored["golden"]]}
    except FileNotFoundError as error:
        raise WrongModel(f"{path} is missing: trust the weights once by `{enrol}`") from error
    except (ValueError, KeyError, TypeError) as error:
        raise WrongModel(f"{path} holds no golden vector: {error}") from error
