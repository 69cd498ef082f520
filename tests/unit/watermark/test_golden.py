"""Vectors of scheme 2. They never change: marks in the world were made with it. Another layout, code or tag is another
version of the scheme, with vectors of its own. `marked-rotated.jpg` is `marked.jpg` turned 17 degrees."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from provenance.watermark import ALG, LatticeWatermarker
from provenance.watermark.code import TaggedCode
from provenance.watermark.keystream import key_id
from provenance.watermark.layout import layout_of
from tests.unit.watermark.conftest import KEY, OTHER_KEY, PAYLOAD

GOLDEN = Path(__file__).parents[2] / "golden" / "watermark"
VECTORS = json.loads((GOLDEN / "vectors.json").read_text())
per_key = pytest.mark.parametrize("vector", VECTORS["keys"], ids=lambda vector: vector["key_id"])


def digest(values: np.ndarray, dtype: str) -> str:
    return hashlib.sha256(values.astype(dtype).tobytes()).hexdigest()


def picture(name: str) -> np.ndarray:
    return np.asarray(Image.open(GOLDEN / name).convert("RGB"))


def test_the_vectors_are_of_this_scheme() -> None:
    assert VECTORS["alg"] == ALG


@per_key
def test_key_id(vector: dict) -> None:
    assert key_id(bytes.fromhex(vector["key"])) == vector["key_id"]


@per_key
def test_constellation(vector: dict) -> None:
    layout = layout_of(bytes.fromhex(vector["key"]))
    assert layout.sync.tolist() == vector["sync_points"]
    phases = np.exp(1j * np.array(vector["sync_phases"]))
    assert np.allclose(layout.sync_symbols / np.abs(layout.sync_symbols), phases, atol=1e-8)
    assert len(layout.message) == vector["message_points"]
    assert digest(layout.message, "<i2") == vector["message_sha256"]


@per_key
def test_dimensions(vector: dict) -> None:
    layout = layout_of(bytes.fromhex(vector["key"]))
    assert digest(layout.bit_of_dimension, "<i2") == vector["bits_sha256"]
    assert digest(layout.sign_of_dimension, "i1") == vector["signs_sha256"]


@per_key
def test_codewords(vector: dict) -> None:
    code = TaggedCode(bytes.fromhex(vector["key"]))
    assert vector["codewords"]
    for payload, expected in vector["codewords"].items():
        assert np.packbits(code.encode(int(payload, 16))).tobytes().hex() == expected


@pytest.mark.parametrize(("name", "rotation"), [("marked.jpg", 0.0), ("marked-rotated.jpg", 17.0)])
def test_marked_files_decode(name: str, rotation: float) -> None:
    found = LatticeWatermarker(KEY).detect(picture(name))
    assert found is not None
    assert found.payload == PAYLOAD
    assert found.rotation == pytest.approx(rotation, abs=0.5)


def test_marked_files_say_nothing_to_another_key() -> None:
    assert LatticeWatermarker(OTHER_KEY).detect(picture("marked.jpg")) is None
