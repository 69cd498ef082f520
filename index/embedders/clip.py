"""CLIP image towers through open_clip: any architecture with weights that the operator names or brings.

CLIP says "similar subject or style", never "the same picture" by itself. This module imports torch and is loaded only
when asked for (extra `clip`). Weights are named, and a model runs only when its golden vector was stored before:

    python -m index.embedders.clip ViT-B-32 /models/vit-b-32.safetensors      # once, when you trust the weights
    ClipEmbedder("ViT-B-32", "/models/vit-b-32.safetensors")                  # compares at every start
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import open_clip
import torch
from PIL import Image

from index.embedders.golden import (
    WrongModel,
    check_enrolled,
    enrol_golden,
    file_digest,
    golden_file,
    golden_picture,
)
from index.ports import Pixels, Vectors

PREPROCESSING: Final = 1  # open_clip's own transform for the weights: resize, centre crop, normalise
_ALIKE: Final = 0.9  # not calibrated: unrelated pictures of one subject stay mostly under it
_ENROL: Final = "python -m index.embedders.clip <architecture> <weights>"


class ClipEmbedder:
    """An `Embedder`: unit vectors of the image tower, float32 whatever it computes in.

    `weights` is a file (state dict or safetensors, read without running what it holds) or one of open_clip's tags for
    the architecture, which open_clip may download. `device` is "auto" (CUDA where there is one) or torch's name of one;
    CUDA runs in half precision. Raises WrongModel for no, unknown or unfitting weights, and when the golden vector (in
    `golden`, by default the JSON file beside the weights) is missing or differs.
    """

    def __init__(
        self,
        architecture: str,
        weights: str | Path,
        *,
        device: str = "auto",
        batch: int = 32,
        golden: Path | None = None,
    ) -> None:
        checkpoint = find_checkpoint(architecture, weights)
        self._tower = _Tower(architecture, weights, device=device, batch=batch)
        self.model = model_name(architecture, checkpoint)
        self.threshold = _ALIKE
        self.dim, _ = check_enrolled(self.model, self.embed, golden or golden_file(checkpoint), enrol=_ENROL)

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        """float32[n, dim], rows of unit length."""
        return self._tower.embed(pictures)


def enrol(architecture: str, weights: str | Path, *, golden: Path | None = None) -> Path:
    """Store the golden vector of weights that you trust from now on; returns its file. Raises WrongModel."""
    checkpoint = find_checkpoint(architecture, weights)
    tower = _Tower(architecture, weights, device="cpu", batch=1)
    return enrol_golden(model_name(architecture, checkpoint), tower.embed, golden or golden_file(checkpoint))


def find_checkpoint(architecture: str, weights: str | Path) -> Path:
    """The file that holds the weights: itself, or open_clip's (downloaded) one for a tag.

    Raises WrongModel when nothing is named, or what is named is neither: open_clip would run untrained.
    """
    if architecture not in open_clip.list_models():
        raise WrongModel(f"open_clip knows no architecture {architecture!r}")
    if not weights:
        raise WrongModel(f"{architecture} needs weights: a file, or a tag; untrained, its vectors mean nothing")
    path = Path(weights)
    if path.is_file():
        return path
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if str(weights) not in tags:
        raise WrongModel(f"{weights} is no file and no tag of {architecture} (its tags: {', '.join(tags) or 'none'})")
    return Path(open_clip.download_pretrained(open_clip.get_pretrained_cfg(architecture, str(weights))))


def model_name(architecture: str, checkpoint: Path) -> str:
    """Architecture, the first 16 hex digits of the checkpoint's sha256, and the preprocessing version."""
    return f"open-clip-{architecture}/{file_digest(checkpoint)}/{PREPROCESSING}"


class _Tower:
    """The image tower with its transform, on a device."""

    def __init__(self, architecture: str, weights: str | Path, *, device: str, batch: int) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        precision = "fp16" if device.startswith("cuda") else "fp32"
        try:
            model, _, transform = open_clip.create_model_and_transforms(
                architecture, pretrained=str(weights), device=device, precision=precision, require_pretrained=True
            )
        except (RuntimeError, KeyError, ValueError, OSError) as error:
            raise WrongModel(f"{weights} are no weights of {architecture}: {error}") from error
        self._model: Any = model.eval()
        self._transform: Callable[[Image.Image], torch.Tensor] = transform
        self._device = device
        self._dtype = torch.float16 if precision == "fp16" else torch.float32
        self._batch = batch

    def embed(self, pictures: Sequence[Pixels]) -> Vectors:
        parts = [self._part(pictures[start : start + self._batch]) for start in range(0, len(pictures), self._batch)]
        return np.concatenate(parts) if parts else np.empty((0, self._dim()), np.float32)

    def _part(self, pictures: Sequence[Pixels]) -> Vectors:
        images = [self._transform(Image.fromarray(np.ascontiguousarray(picture))) for picture in pictures]
        with torch.inference_mode():
            vectors = self._model.encode_image(torch.stack(images).to(self._device, self._dtype)).float()
            return np.asarray(torch.nn.functional.normalize(vectors, dim=-1).cpu().numpy(), np.float32)

    def _dim(self) -> int:
        return int(self._part([golden_picture()]).shape[1])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Store the golden vector of CLIP weights that you trust.")
    parser.add_argument("architecture")
    parser.add_argument("weights", help="a file, or one of open_clip's tags")
    options = parser.parse_args(arguments)
    sys.stdout.write(f"{enrol(options.architecture, options.weights)}\n")


if __name__ == "__main__":
    main()
