"""Small networks of SSCD's shape, with weights that a test makes: pictures of any size in, descriptors out."""

from pathlib import Path

import numpy as np

DIM = 24
Side = int | str  # a number, or a name where the network takes any


def _projection(seed: int) -> np.ndarray:
    """float32[DIM, 3, 32, 32]: one convolution in patches, so that the same place gives the same numbers."""
    return np.random.default_rng(seed).normal(0, 0.05, (DIM, 3, 32, 32)).astype(np.float32)


def write_onnx(path: Path, seed: int = 0, *, batch: Side = "n", sides: tuple[Side, Side] = ("h", "w")) -> Path:
    from onnx import TensorProto, helper, numpy_helper, save

    nodes = [
        helper.make_node("Conv", ["pixels", "kernel"], ["patches"], strides=[32, 32]),
        helper.make_node("Relu", ["patches"], ["seen"]),
        helper.make_node("GlobalAveragePool", ["seen"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["descriptor"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, 3, *sides])
    descriptor = helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, [batch, DIM])
    kernel = numpy_helper.from_array(_projection(seed), "kernel")
    graph = helper.make_graph(nodes, "tiny", [pixels], [descriptor], [kernel])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def write_torchscript(path: Path, seed: int = 0) -> Path:
    import warnings

    import torch

    convolution = torch.nn.Conv2d(3, DIM, 32, stride=32, bias=False)
    convolution.weight.data = torch.from_numpy(_projection(seed))
    network = torch.nn.Sequential(convolution, torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    with warnings.catch_warnings():  # of torch: this format is old, and what SSCD's authors publish
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.trace(network.eval(), torch.zeros(2, 3, 64, 64)).save(str(path))
    return path
