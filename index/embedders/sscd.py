"""SSCD, the field's reference descriptor for copies (Pizzi et al., CVPR 2022), from a file that the operator brings.

Meta publishes the weights (`sscd_disc_mixup.torchscript.pt` and others) under a licence of their own; nothing is
bundled or downloaded. A `.onnx` file runs in onnxruntime, any other file is TorchScript and needs torch (extra
`sscd`). As with every model from outside, its golden vector is stored once and compared at every start:

    python -m index.embedders.sscd /models/sscd_disc_mixup.torchscript.pt    # once, when you trust the weights
    SscdEmbedder("/models/sscd_disc_mixup.torchscript.pt")

Preprocessing (version 1; a change needs a new `PREPROCESSING`), as the authors' README recommends: the short side
becomes 288 px, the aspect is kept (bilinear, antialiased), ImageNet's mean and standard deviation. Ours: what is longer
than 4:1 is squeezed to that, which bounds memory; and a network whose input size is fixed gets pictures squeezed to it.
"""

import argparse
import sys
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from index.embedders.golden import WrongModel, check_enrolled, enrol_golden, file_digest, golden_file, golden_picture
from index.ports import Pixels, Vectors

PREPROCESSING: Final = 1
SHORT: Final = 288
LONGEST: Final = 4  # times the short side
MEAN: Final = np.array([0.485, 0.456, 0.406], np.float32)
STD: Final = np.array([0.229, 0.224, 0.225], np.float32)

_ALIKE: Final = 0.75  # the authors' threshold for about 90 % precision on DISC21
_ENROL: Final = "python -m index.embedders.sscd <weights>"


class _Network(Protocol):
    """`size` is the (height, width) that it was exported for, None where it takes any; `batch` pictures at most."""

    size: tuple[int, int] | None
    batch: int

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]: ...


class SscdEmbedder:
    """An `Embedder`: float32 rows of unit length, 512 dimensions with Meta's ResNet-50 models.

    Raises WrongModel for a file that is no such network, and when the golden vector (in `golden`, by default the JSON
    file beside the weights) is missing or differs. `device` ("auto", or torch's name of one) counts for TorchScript;
    ONNX runs on the CPU, on `threads` threads. `batch` pictures of one input size share a run.
    """

    def __init__(
        self,
        weights: str | Path,
        *,
        device: str = "auto",
        threads: int = 1,
        batch: int = 8,
        golden: Path | None = None,
    ) -> None:
        checkpoint = find_checkpoint(weights)
        self.model = model_name(checkpoint)
        self.threshold = _ALIKE
        self._descriptor = _Descriptor(_network(checkpoint, device=device, threads=threads, batch=batch))
        self.dim, _ = check_enrolled(self.model, self.embed, golden or golden_file(checkpoint), enrol=_ENROL)

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        """float32[n, dim], rows of unit length."""
        return self._descriptor(pictures)


def enrol(weights: str | Path, *, golden: Path | None = None) -> Path:
    """Store the golden vector of weights that you trust from now on; returns its file. Raises WrongModel."""
    checkpoint = find_checkpoint(weights)
    descriptor = _Descriptor(_network(checkpoint, device="cpu", threads=1, batch=1))
    return enrol_golden(model_name(checkpoint), descriptor, golden or golden_file(checkpoint))


def find_checkpoint(weights: str | Path) -> Path:
    """Raises WrongModel where there is no such file: there is no default, and nothing is downloaded."""
    path = Path(weights)
    if not weights or not path.is_file():
        raise WrongModel(f"SSCD needs a file of weights, and {weights or 'nothing'} is none")
    return path


def model_name(checkpoint: Path) -> str:
    """The kind of file, the first 16 hex digits of its sha256, and the preprocessing version."""
    kind = "onnx" if _is_onnx(checkpoint) else "torchscript"
    return f"sscd-{kind}/{file_digest(checkpoint)}/{PREPROCESSING}"


def input_size(height: int, width: int) -> tuple[int, int]:
    """The (height, width) that a picture of this size is resized to, where the network takes any."""
    if min(height, width) < 1:
        raise ValueError("an empty picture has no descriptor")
    long = min(int(SHORT * max(height, width) / min(height, width)), SHORT * LONGEST)
    return (long, SHORT) if height > width else (SHORT, long)


def preprocess(picture: Pixels, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """uint8[H, W, 3] to float32[3, h, w], normalised. Raises ValueError on any other array."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"expected uint8[H, W, 3], got {picture.dtype}{list(picture.shape)}")
    height, width = size or input_size(picture.shape[0], picture.shape[1])
    resized = Image.fromarray(np.ascontiguousarray(picture)).resize((width, height), Image.Resampling.BILINEAR)
    values = (np.asarray(resized, np.float32) / 255 - MEAN) / STD
    return np.ascontiguousarray(values.transpose(2, 0, 1), np.float32)


class _Descriptor:
    """A network with its preprocessing, tried once. Raises WrongModel where it doesn't describe a picture."""

    def __init__(self, network: _Network) -> None:
        self._network = network
        try:
            self.dim = self([golden_picture()]).shape[1]
        except Exception as error:
            raise WrongModel(f"the network can't describe a picture: {error}") from error

    def __call__(self, pictures: Sequence[Pixels]) -> Vectors:
        prepared = [preprocess(picture, self._network.size) for picture in pictures]
        by_size: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for row, values in enumerate(prepared):
            by_size[values.shape].append(row)
        found: dict[int, NDArray[np.float32]] = {}
        for rows in by_size.values():
            for start in range(0, len(rows), self._network.batch):
                part = rows[start : start + self._network.batch]
                found |= zip(part, self._run(np.stack([prepared[row] for row in part])), strict=True)
        return np.stack([found[row] for row in range(len(pictures))]) if found else np.empty((0, self.dim), np.float32)

    def _run(self, pixels: NDArray[np.float32]) -> Vectors:
        vectors = np.asarray(self._network(pixels), np.float32)
        if vectors.ndim != 2 or len(vectors) != len(pixels):
            raise WrongModel(f"expected one vector a picture, not an array of {list(vectors.shape)}")
        return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def _network(checkpoint: Path, *, device: str, threads: int, batch: int) -> _Network:
    if _is_onnx(checkpoint):
        return _Onnx(checkpoint, threads=threads, batch=batch)
    return _TorchScript(checkpoint, device=device, batch=batch)


def _is_onnx(checkpoint: Path) -> bool:
    return checkpoint.suffix.lower() == ".onnx"


class _Onnx:
    def __init__(self, checkpoint: Path, *, threads: int, batch: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        try:
            self._session = onnxruntime.InferenceSession(checkpoint.read_bytes(), options, providers=providers)
        except Exception as error:
            raise WrongModel(f"{checkpoint} is no ONNX network: {error}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise WrongModel(f"{checkpoint} takes no pictures: expected one input float32[n, 3, h, w]")
        self._input = inputs[0].name
        count, _, height, width = inputs[0].shape
        if isinstance(count, int) and count != 1:
            raise WrongModel(f"{checkpoint} takes {count} pictures at once: export it with a free batch size")
        self.batch = 1 if count == 1 else batch
        self.size = (height, width) if isinstance(height, int) and isinstance(width, int) else None

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._session.run(None, {self._input: pixels})[0])


class _TorchScript:
    """`torch.jit` runs what the file says, in its own small language: trust the file before you enrol it."""

    size: tuple[int, int] | None = None

    def __init__(self, checkpoint: Path, *, device: str, batch: int) -> None:
        try:
            import torch
        except ImportError as error:
            raise WrongModel(
                f"{checkpoint} is TorchScript and needs torch: pip install 'provenance-art[sscd]'"
            ) from error
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._torch, self._device, self.batch = torch, device, batch
        try:
            with warnings.catch_warnings():  # torch wants its newer formats; the authors publish this one
                warnings.simplefilter("ignore", FutureWarning)
                self._model: Any = torch.jit.load(str(checkpoint), map_location=device).eval()
        except (RuntimeError, ValueError) as error:
            raise WrongModel(f"{checkpoint} is no TorchScript network: {error}") from error

    def __call__(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._torch.inference_mode():
            return np.asarray(self._model(self._torch.from_numpy(pixels).to(self._device)).float().cpu().numpy())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Store the golden vector of SSCD weights that you trust.")
    parser.add_argument("weights", help="a TorchScript or ONNX file")
    options = parser.parse_args(arguments)
    sys.stdout.write(f"{enrol(options.weights)}\n")


if __name__ == "__main__":
    main()
