"""The bundled descriptor: preprocessing to the letter, golden vector, and refusal of anything else under its name."""

import json
import shutil
import sys

import cv2
import numpy as np
import pytest

from index.embedders import WrongModel, golden, lite0
from index.embedders.golden import check_golden, golden_picture
from index.embedders.lite0 import GOLDEN, MODEL, MODELS, NETWORK, WHITENING, Lite0Embedder, input_size, preprocess


@pytest.fixture(scope="module")
def embedder() -> Lite0Embedder:
    return Lite0Embedder()


@pytest.fixture
def folder(tmp_path):
    """The bundled files, to be spoilt."""
    for name in (NETWORK, WHITENING, GOLDEN):
        shutil.copy(MODELS / name, tmp_path / name)
    return tmp_path


class TestPreprocessing:
    @pytest.mark.parametrize(
        ("height", "width", "expected"),
        [
            (256, 256, (256, 256)),
            (1000, 1000, (256, 256)),
            (1, 1, (256, 256)),
            (300, 420, (256, 352)),
            (420, 300, (352, 256)),
            (1080, 1920, (256, 448)),
            (500, 1000, (256, 512)),
            (100, 3000, (256, 512)),
            (3000, 100, (512, 256)),
        ],
    )
    def test_sizes(self, height, width, expected):
        assert input_size(height, width) == expected
        assert preprocess(np.zeros((height, width, 3), np.uint8)).shape == (*expected, 3)

    def test_aspects_are_kept_to_a_sixteenth_up_to_two_to_one(self):
        for width in range(256, 513):
            height, long = input_size(256, width)
            assert long % 32 == height % 32 == 0
            assert abs(long / height / (width / 256) - 1) <= 1 / 16

    def test_a_picture_of_the_right_size_is_not_touched(self):
        picture = np.random.default_rng(1).integers(0, 256, (256, 320, 3)).astype(np.uint8)
        np.testing.assert_array_equal(preprocess(picture), picture)

    def test_shrinking_averages(self):
        lines = np.zeros((1024, 1024, 3), np.uint8)
        lines[::2] = 200
        assert np.ptp(preprocess(lines)) == 0  # nearest or plain bilinear sampling would alias

    @pytest.mark.parametrize(
        "picture", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32)]
    )
    def test_other_arrays_are_refused(self, picture):
        with pytest.raises(ValueError, match="expected uint8"):
            preprocess(picture)

    def test_an_empty_picture_is_refused(self):
        with pytest.raises(ValueError, match="empty"):
            preprocess(np.zeros((0, 5, 3), np.uint8))


class TestVectors:
    def test_copies_are_nearer_than_other_pictures(self, embedder):
        picture = golden_picture()
        copy = cv2.imdecode(
            cv2.imencode(".jpg", picture[20:, 30:], [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR
        )
        other = np.random.default_rng(2).integers(0, 256, (30, 40, 3)).astype(np.uint8)
        other = cv2.resize(other, (400, 300), interpolation=cv2.INTER_CUBIC)
        reference, near, far = embedder.embed([picture, copy, other])
        assert reference @ near > 0.4
        assert reference @ far < 0.15

    def test_more_threads_give_the_same_vector(self, embedder):
        np.testing.assert_allclose(
            Lite0Embedder(threads=2).embed([golden_picture()]), embedder.embed([golden_picture()]), atol=1e-4
        )

    def test_colour_channels_are_red_green_blue(self, embedder):
        red = np.zeros((256, 256, 3), np.uint8)
        red[..., 0] = 255
        card = json.loads((MODELS / GOLDEN).read_text())
        swapped = embedder.embed([golden_picture()[..., ::-1].copy()])[0]
        assert swapped @ np.array(card["golden"]) < golden.MIN_COSINE

    def test_it_needs_no_torch(self):
        import subprocess

        code = "import sys, index.embedders.lite0; sys.exit('torch' in sys.modules or 'open_clip' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestFeatures:
    def test_features_are_pooled_activations_of_unit_length(self):
        """And the same picture at twice the size has the same ones."""
        picture = golden_picture()
        small, large = lite0.GemFeatures(MODELS / NETWORK)([picture, picture.repeat(2, axis=0).repeat(2, axis=1)])
        assert small.shape == (lite0.CHANNELS,)
        assert (small >= 0).all()  # ReLU6 comes before pooling
        assert np.linalg.norm(small) == pytest.approx(1, abs=1e-5)
        assert small @ large > 0.95


class TestWrongModel:
    def test_the_bundled_files_are_right(self, folder):
        assert Lite0Embedder(folder=folder).model == MODEL

    @pytest.mark.parametrize("name", [NETWORK, WHITENING])
    def test_a_damaged_file(self, folder, name):
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
        with pytest.raises(WrongModel, match="damaged"):
            Lite0Embedder(folder=folder)

    def test_another_whitening_with_a_matching_digest(self, folder):
        with np.load(folder / WHITENING) as stored:
            np.savez(folder / WHITENING, mean=stored["mean"], projection=stored["projection"][:, ::-1])
        self.resign(folder)
        with pytest.raises(WrongModel, match="golden vector differs"):
            Lite0Embedder(folder=folder)

    def test_fewer_dimensions(self, folder):
        with np.load(folder / WHITENING) as stored:
            np.savez(folder / WHITENING, mean=stored["mean"], projection=stored["projection"][:, :128])
        self.resign(folder)
        with pytest.raises(WrongModel, match="128 dimensions"):
            Lite0Embedder(folder=folder)

    def test_another_model_name(self, folder):
        card = json.loads((folder / GOLDEN).read_text()) | {"model": "other/1"}
        (folder / GOLDEN).write_text(json.dumps(card))
        with pytest.raises(WrongModel, match="holds other/1"):
            Lite0Embedder(folder=folder)

    def test_another_preprocessing(self, monkeypatch):
        monkeypatch.setattr(lite0, "preprocess", lambda picture: cv2.resize(picture, (256, 256)))
        with pytest.raises(WrongModel, match="golden vector differs"):
            Lite0Embedder()

    def resign(self, folder):
        card = json.loads((folder / GOLDEN).read_text())
        card["sha256"] = {}
        (folder / GOLDEN).write_text(json.dumps(card))


class TestGolden:
    def test_the_picture_is_the_same_for_ever(self):
        from index.hashes import sha256_pixels

        assert sha256_pixels(golden_picture()) == "ade3037fcdee4e2c8f8da8d1b1678d66cfafa973c24e21fda538d96b8a2f8341"

    def test_rounding_of_another_cpu_is_tolerated(self):
        vector = np.ones(256, np.float32) / 16
        near = vector + np.random.default_rng(0).normal(0, 0.0005, 256).astype(np.float32)
        near /= np.linalg.norm(near)
        assert check_golden("m", lambda pictures: near[None], vector) > golden.MIN_COSINE

    @pytest.mark.parametrize("value", [np.nan, 0.0])
    def test_a_vector_without_direction_is_refused(self, value):
        vector = np.ones(4, np.float32) / 2
        with pytest.raises(WrongModel, match="differs"):
            check_golden("m", lambda pictures: np.full((1, 4), value, np.float32), vector)
