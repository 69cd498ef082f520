"""Every `Embedder` (a `provenance.fingerprinters` plug-in): named, unit vectors, each independent of its company."""

import json

import numpy as np
import pytest

from index.embedders.golden import golden_picture
from index.ports import Embedder
from tests.copy_networks import write_onnx


def lite0(folder) -> Embedder:
    from index.embedders.lite0 import Lite0Embedder

    return Lite0Embedder(batch=2)


def clip(folder) -> Embedder:
    """A tiny CLIP with weights made here; the real ones are the operator's."""
    open_clip = pytest.importorskip("open_clip")
    import torch

    from index.embedders.clip import ClipEmbedder, enrol

    vision = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 4, "vocab_size": 16, "width": 16, "heads": 1, "layers": 1}
    (folder / "tiny-contract.json").write_text(json.dumps({"embed_dim": 24, "vision_cfg": vision, "text_cfg": text}))
    open_clip.add_model_config(folder / "tiny-contract.json")
    torch.manual_seed(0)
    torch.save(open_clip.create_model("tiny-contract", require_pretrained=False).state_dict(), folder / "weights.pt")
    enrol("tiny-contract", folder / "weights.pt")
    return ClipEmbedder("tiny-contract", folder / "weights.pt", device="cpu", batch=2)


def sscd(folder) -> Embedder:
    """A small network of SSCD's shape, made here; the real weights are the operator's."""
    from index.embedders.sscd import SscdEmbedder, enrol

    enrol(write_onnx(folder / "tiny.onnx"))
    return SscdEmbedder(folder / "tiny.onnx", batch=2)


@pytest.fixture(
    scope="module", params=[lite0, sscd, pytest.param(clip, marks=pytest.mark.clip)], ids=lambda make: make.__name__
)
def embedder(request, tmp_path_factory) -> Embedder:
    return request.param(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def pictures():
    """Five pictures of three input sizes, one upright, one tiny, one not contiguous."""
    rng = np.random.default_rng(8)
    tall = rng.integers(0, 256, (420, 300, 3)).astype(np.uint8)
    return [golden_picture(), tall, golden_picture()[:, ::-1], np.full((1, 3, 3), 9, np.uint8), golden_picture()[:200]]


def test_the_model_is_named_with_a_version(embedder):
    parts = embedder.model.split("/")
    assert len(parts) == 3
    assert all(parts)
    assert parts[-1].isdecimal()


def test_rows_are_float32_of_unit_length(embedder, pictures):
    vectors = embedder.embed(pictures)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(pictures), embedder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_nothing_in_nothing_out(embedder):
    assert embedder.embed([]).shape == (0, embedder.dim)


def test_a_vector_does_not_depend_on_its_neighbours(embedder, pictures):
    together = embedder.embed(pictures)
    alone = np.concatenate([embedder.embed([picture]) for picture in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    backwards = embedder.embed(pictures[::-1])[::-1]
    np.testing.assert_allclose(together, backwards, atol=1e-4)


def test_it_says_from_where_it_speaks(embedder):
    assert 0 < embedder.threshold < 1


def test_different_pictures_have_different_vectors(embedder, pictures):
    vectors = embedder.embed(pictures[:2])
    assert vectors[0] @ vectors[1] < 0.99


def test_the_picture_is_left_as_it_was(embedder):
    picture = golden_picture()
    embedder.embed([picture])
    np.testing.assert_array_equal(picture, golden_picture())
