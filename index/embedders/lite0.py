"""The bundled descriptor: ImageNet EfficientNet-Lite0, GeM pooled, whitened to 256 dimensions. No torch, no download.

Preprocessing (version 2; any change needs a new version in `MODEL`):

1. The short side becomes 256; the long side becomes `256 * aspect` rounded to a multiple of 32 within 256..512. So the
   aspect is kept to 1/16 up to 2:1, and what is longer is squeezed to 2:1. Area resampling where a side shrinks, else
   bilinear.
2. Values are `(v - 127.5) / 127.5`, padding is SAME and batch-norm epsilon 1e-3, as in TensorFlow, where the weights
   come from (`scripts/models/check_preprocessing.py` compares the variants).
3. Generalised-mean pooling, p = 3, over the 1280 channels of the last feature map (Radenovic et al., TPAMI 2019), unit
   length.
4. Centring, within-copy whitening to 256 dimensions (Mikolajczyk & Matas, ICCV 2007;
   `scripts/models/fit_whitening.py`), signed square roots against bursts (Perronnin et al., ECCV 2010), unit length.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import onnxruntime

from index.embedders.golden import WrongModel, check_golden
from index.ports import Pixels, Vectors

MODEL: Final = "efficientnet-lite0-in1k/gem3-wcw256/2"
MODELS: Final = Path(__file__).parent.parent / "models"
NETWORK: Final = "lite0.onnx"
WHITENING: Final = "lite0-whitening.npz"
GOLDEN: Final = "lite0.json"
CHANNELS: Final = 1280

_SHORT: Final = 256
_LONG: Final = 512
_ALIKE: Final = 0.5  # where it is not the calibrated primary one; the bundled calibration found .477
_STEP: Final = 32  # the network's stride: SAME padding is then the same at every size


def input_size(height: int, width: int) -> tuple[int, int]:
    """The (height, width) that a picture of this size is resized to."""
    if min(height, width) < 1:
        raise ValueError("an empty picture has no fingerprint")
    aspect = max(height, width) / min(height, width)
    long = min(max(round(_SHORT * aspect / _STEP) * _STEP, _SHORT), _LONG)
    return (long, _SHORT) if height > width else (_SHORT, long)


def preprocess(picture: Pixels) -> Pixels:
    """Resize uint8[H, W, 3] to the network's input size, uint8[h, w, 3]. Raises ValueError on any other array."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"expected uint8[H, W, 3], got {picture.dtype}{list(picture.shape)}")
    height, width = input_size(picture.shape[0], picture.shape[1])
    shrinks = picture.shape[0] > height or picture.shape[1] > width
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


class GemFeatures:
    """The network alone: preprocessing and GeM pooled features of unit length, before whitening."""

    def __init__(self, network: Path, *, threads: int = 1, batch: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(network.read_bytes(), options, providers=["CPUExecutionProvider"])
        self._batch = batch

    def __call__(self, pictures: Sequence[Pixels]) -> Vectors:
        """float32[n, 1280]; pictures of the same input size share a batch."""
        features = np.empty((len(pictures), CHANNELS), np.float32)
        for rows, pixels in _batches([preprocess(picture) for picture in pictures], self._batch):
            features[rows] = self._session.run(None, {"pixels": pixels})[0]
        return unit_rows(features)


class Lite0Embedder:
    """The default `Embedder`. Raises WrongModel at construction when the bundled files are not what `model` names.

    `threads` are onnxruntime's intra-op threads: 1 suits a server that runs several requests side by side. `batch` is
    how many pictures of one size share a run: on a CPU more than 1 is no faster, and each costs 25 MB of memory that
    the runtime keeps.
    Thread-safe: a session may run from many threads.
    """

    def __init__(self, *, threads: int = 1, batch: int = 1, folder: Path = MODELS) -> None:
        card = json.loads((folder / GOLDEN).read_text("utf-8"))
        _check_files(folder, card)
        self._features = GemFeatures(folder / NETWORK, threads=threads, batch=batch)
        with np.load(folder / WHITENING, allow_pickle=False) as whitening:
            self._mean = np.asarray(whitening["mean"], np.float32)
            self._projection = np.asarray(whitening["projection"], np.float32)
        check_golden(self.model, self.embed, np.asarray(card["golden"], np.float32))

    @property
    def model(self) -> str:
        return MODEL

    @property
    def dim(self) -> int:
        return int(self._projection.shape[1])

    @property
    def threshold(self) -> float:
        return _ALIKE

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        """float32[n, 256], rows of unit length; a picture's vector does not depend on its neighbours in the call."""
        return whiten(self._features(pictures), self._mean, self._projection)


def whiten(features: Vectors, mean: Vectors, projection: Vectors) -> Vectors:
    """`(features - mean) @ projection`, the signed square root of each component, rows of unit length."""
    projected = (features - mean) @ projection
    return unit_rows(np.asarray(np.sign(projected) * np.sqrt(np.abs(projected)), np.float32))


def unit_rows(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)


def _batches(pictures: Sequence[Pixels], size: int) -> Iterator[tuple[list[int], Pixels]]:
    by_shape: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, picture in enumerate(pictures):
        by_shape[picture.shape].append(row)
    for rows in by_shape.values():
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            yield part, np.stack([pictures[row] for row in part])


def _check_files(folder: Path, card: Mapping[str, Any]) -> None:
    if card["model"] != MODEL:
        raise WrongModel(f"{folder} holds {card['model']}, this code is {MODEL}")
    for name, digest in card["sha256"].items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise WrongModel(f"{folder / name} is damaged or from another version of {MODEL}")
