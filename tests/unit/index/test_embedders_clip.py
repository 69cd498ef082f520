"""CLIP through open_clip, on a tiny architecture with weights that the test makes: nothing is downloaded."""

import json
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.clip
open_clip = pytest.importorskip("open_clip")
torch = pytest.importorskip("torch")

from index.embedders import WrongModel  # noqa: E402
from index.embedders.clip import ClipEmbedder, enrol, main  # noqa: E402
from index.embedders.golden import golden_file, golden_picture  # noqa: E402

TINY = "tiny-for-tests"
CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 4, "vocab_size": 16, "width": 16, "heads": 1, "layers": 1},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two sets of weights, a.pt and b.pt; a.pt is trusted."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / f"{TINY}.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / f"{TINY}.json")
    for seed, name in enumerate(["a.pt", "b.pt"]):
        torch.manual_seed(seed)
        torch.save(open_clip.create_model(TINY, require_pretrained=False).state_dict(), folder / name)
    enrol(TINY, folder / "a.pt")
    return folder


@pytest.fixture(scope="module")
def embedder(folder) -> ClipEmbedder:
    return ClipEmbedder(TINY, folder / "a.pt", device="cpu", batch=2)


def test_vectors_are_unit_float32_of_the_stated_dimension(embedder):
    vectors = embedder.embed([golden_picture(), golden_picture()[:, ::-1], np.zeros((7, 90, 3), np.uint8)])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, embedder.dim) == (3, 24)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert embedder.embed([]).shape == (0, 24)


def test_a_vector_does_not_depend_on_its_batch(embedder):
    pictures = [np.roll(golden_picture(), 40 * shift, axis=1) for shift in range(5)]
    together = embedder.embed(pictures)
    alone = np.concatenate([embedder.embed([picture]) for picture in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_it_is_the_tower_that_the_weights_describe(embedder, folder):
    model, _, transform = open_clip.create_model_and_transforms(TINY, pretrained=str(folder / "a.pt"))
    from PIL import Image

    with torch.inference_mode():
        expected = model.eval().encode_image(transform(Image.fromarray(golden_picture()))[None], normalize=True)
    np.testing.assert_allclose(embedder.embed([golden_picture()]), expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("weights", ["", "no-such-tag", "/no/such/file.pt"])
def test_it_never_runs_untrained(folder, weights):
    with pytest.raises(WrongModel):
        ClipEmbedder(TINY, weights)


def test_an_unknown_architecture_is_refused(folder):
    with pytest.raises(WrongModel, match="no architecture"):
        ClipEmbedder("ViT-X-1", folder / "a.pt")


def test_weights_without_a_golden_vector_are_refused(folder):
    with pytest.raises(WrongModel, match=r"b\.pt\.golden\.json is missing"):
        ClipEmbedder(TINY, folder / "b.pt")


def test_weights_of_another_architecture_are_refused(folder, tmp_path):
    torch.save({"other": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(WrongModel, match="are no weights of"):
        enrol(TINY, tmp_path / "other.pt")


def test_swapped_weights_are_refused(folder):
    with pytest.raises(WrongModel, match="golden vector is of"):
        ClipEmbedder(TINY, folder / "b.pt", golden=golden_file(folder / "a.pt"))


def test_another_vector_under_the_right_name_is_refused(embedder, folder, tmp_path):
    stored = json.loads(golden_file(folder / "a.pt").read_text())
    stored["golden"] = stored["golden"][::-1]
    (tmp_path / "golden.json").write_text(json.dumps(stored))
    with pytest.raises(WrongModel, match="its golden vector differs"):
        ClipEmbedder(TINY, folder / "a.pt", golden=tmp_path / "golden.json")


def test_a_damaged_golden_file_is_refused(folder, tmp_path):
    (tmp_path / "golden.json").write_text('{"model": "x"}')
    with pytest.raises(WrongModel, match="holds no golden vector"):
        ClipEmbedder(TINY, folder / "a.pt", golden=tmp_path / "golden.json")


def test_weights_that_give_nan_are_not_enrolled(folder, tmp_path):
    state = torch.load(folder / "a.pt", weights_only=True)
    state["visual.proj"] = torch.full_like(state["visual.proj"], float("nan"))
    torch.save(state, tmp_path / "nan.pt")
    with pytest.raises(WrongModel, match="NaN"):
        enrol(TINY, tmp_path / "nan.pt")


def test_names_tell_weights_apart(embedder, folder, tmp_path):
    enrol(TINY, folder / "b.pt", golden=tmp_path / "b.json")
    other = ClipEmbedder(TINY, folder / "b.pt", golden=tmp_path / "b.json")
    assert other.model != embedder.model
    assert embedder.model.startswith(f"open-clip-{TINY}/")


def test_enrolling_from_the_command_line_prints_the_file(folder, tmp_path, capsys):
    copy = tmp_path / "copy.pt"
    copy.write_bytes((folder / "a.pt").read_bytes())
    main([TINY, str(copy)])
    assert capsys.readouterr().out.strip() == str(golden_file(copy))
    assert ClipEmbedder(TINY, copy).dim == 24
