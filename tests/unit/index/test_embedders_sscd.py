"""SSCD's loading, preprocessing and proof, on small networks that the tests make: Meta's weights are the operator's."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from index.embedders import WrongModel
from index.embedders.golden import golden_file, golden_picture
from index.embedders.sscd import MEAN, STD, SscdEmbedder, enrol, input_size, main, preprocess
from tests.copy_networks import DIM, write_onnx, write_torchscript


def onnx(path: Path, seed: int = 0) -> Path:
    return write_onnx(path.with_suffix(".onnx"), seed)


def torchscript(path: Path, seed: int = 0) -> Path:
    pytest.importorskip("torch")
    return write_torchscript(path.with_suffix(".pt"), seed)


@pytest.fixture(
    scope="module", params=[onnx, pytest.param(torchscript, marks=pytest.mark.clip)], ids=lambda make: make.__name__
)
def make(request):
    return request.param


@pytest.fixture(scope="module")
def weights(make, tmp_path_factory) -> Path:
    path = make(tmp_path_factory.mktemp("sscd") / "tiny")
    enrol(path)
    return path


@pytest.fixture(scope="module")
def embedder(weights) -> SscdEmbedder:
    return SscdEmbedder(weights, device="cpu", batch=2)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((288, 288), (288, 288)),
        ((100, 150), (288, 432)),
        ((1500, 1000), (432, 288)),
        ((7, 5), (403, 288)),  # as torchvision's Resize(288): cut off, not rounded
        ((10, 9000), (288, 1152)),
    ],
)
def test_the_short_side_becomes_288(shape, expected):
    assert input_size(*shape) == expected


def test_values_are_those_of_the_authors_recipe():
    """Resize(288), ToTensor, Normalize(ImageNet), written out by hand."""
    picture = golden_picture()
    resized = np.asarray(Image.fromarray(picture).resize((403, 288), Image.Resampling.BILINEAR))
    prepared = preprocess(picture)

    assert prepared.shape == (3, 288, 403)
    assert prepared.dtype == np.float32
    for channel, (mean, std) in enumerate([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]):
        np.testing.assert_allclose(prepared[channel], (resized[..., channel] / 255 - mean) / std, atol=1e-5)
    assert MEAN.tolist() != STD.tolist()


@pytest.mark.clip
def test_it_resizes_as_torchvision_does():
    transforms = pytest.importorskip("torchvision.transforms")
    recipe = transforms.Compose(
        [transforms.Resize(288), transforms.ToTensor(), transforms.Normalize(MEAN.tolist(), STD.tolist())]
    )
    for picture in (golden_picture(), golden_picture()[:200], np.ascontiguousarray(golden_picture()[:, :77])):
        np.testing.assert_allclose(preprocess(picture), recipe(Image.fromarray(picture)).numpy(), atol=1e-5)


def test_a_vector_is_the_networks_and_of_unit_length(embedder):
    vector = embedder.embed([golden_picture()])[0]
    pixels = preprocess(golden_picture())
    kernel = np.random.default_rng(0).normal(0, 0.05, (DIM, 3, 32, 32)).astype(np.float32)
    rows, columns = pixels.shape[1] // 32, pixels.shape[2] // 32
    patches = pixels[:, : rows * 32, : columns * 32].reshape(3, rows, 32, columns, 32)
    expected = np.maximum(np.einsum("cyixj,dcij->dyx", patches, kernel), 0).mean(axis=(1, 2))

    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-4)
    assert embedder.dim == DIM
    assert embedder.threshold == 0.75


def test_the_name_tells_weights_apart(make, embedder, tmp_path):
    other = make(tmp_path / "other", seed=1)
    enrol(other)
    assert SscdEmbedder(other, device="cpu").model != embedder.model
    assert embedder.model.startswith("sscd-")


def test_swapped_weights_are_refused(make, weights, tmp_path):
    other = make(tmp_path / "other", seed=1)
    with pytest.raises(WrongModel, match="golden vector is of"):
        SscdEmbedder(other, device="cpu", golden=golden_file(weights))


def test_another_vector_under_the_right_name_is_refused(weights, tmp_path):
    stored = json.loads(golden_file(weights).read_text())
    stored["golden"] = stored["golden"][::-1]
    (tmp_path / "golden.json").write_text(json.dumps(stored))
    with pytest.raises(WrongModel, match="its golden vector differs"):
        SscdEmbedder(weights, device="cpu", golden=tmp_path / "golden.json")


def test_weights_that_nobody_trusted_are_refused(make, tmp_path):
    with pytest.raises(WrongModel, match=r"golden\.json is missing: trust the weights once by `python -m index"):
        SscdEmbedder(make(tmp_path / "new"), device="cpu")


@pytest.mark.parametrize("weights", ["", "/no/such/file.pt", "disc_mixup"])
def test_it_never_runs_without_weights(weights):
    with pytest.raises(WrongModel, match="needs a file of weights"):
        SscdEmbedder(weights)


@pytest.mark.parametrize("name", ["text.onnx", pytest.param("text.pt", marks=pytest.mark.clip)])
def test_a_file_that_is_no_network_is_refused(tmp_path, name):
    (tmp_path / name).write_text("not a network")
    with pytest.raises(WrongModel, match="is no"):
        enrol(tmp_path / name)


def test_a_network_of_one_fixed_size_gets_that_size(tmp_path):
    path = write_onnx(tmp_path / "fixed.onnx", batch=1, sides=(64, 96))
    enrol(path)
    pictures = [golden_picture(), golden_picture()[:, ::-1]]
    assert SscdEmbedder(path, batch=8).embed(pictures).shape == (2, DIM)


def test_a_network_of_a_fixed_batch_is_refused(tmp_path):
    with pytest.raises(WrongModel, match="takes 4 pictures at once"):
        enrol(write_onnx(tmp_path / "four.onnx", batch=4))


def test_a_network_for_something_else_is_refused(tmp_path):
    with pytest.raises(WrongModel, match="can't describe a picture"):
        enrol(write_onnx(tmp_path / "tiny.onnx", sides=(16, 16)))  # smaller than one patch


def test_enrolling_from_the_command_line_prints_the_file(make, tmp_path, capsys):
    path = make(tmp_path / "copy")
    main([str(path)])
    assert capsys.readouterr().out.strip() == str(golden_file(path))
    assert SscdEmbedder(path, device="cpu").dim == DIM
