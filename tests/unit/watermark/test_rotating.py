"""A ring of keys."""

import numpy as np
import pytest

from provenance.core.errors import Misconfigured
from provenance.watermark import LatticeWatermarker, RotatingWatermarker, watermarker
from provenance.watermark.detector import FALSE_POSITIVE_BOUND
from tests.unit.watermark.conftest import KEY, OTHER_KEY, texture

KEYS = {"2025": KEY, "2026": OTHER_KEY}


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return texture(300, 340)


def test_the_current_key_marks(pixels: np.ndarray) -> None:
    ring = RotatingWatermarker(KEYS, "2026")
    assert ring.key_id == "2026"
    assert np.array_equal(ring.embed(pixels, 5), LatticeWatermarker(OTHER_KEY).embed(pixels, 5))


@pytest.mark.parametrize("name", sorted(KEYS))
def test_every_key_reads_and_is_named(pixels: np.ndarray, name: str) -> None:
    marked = LatticeWatermarker(KEYS[name]).embed(pixels, 6)
    found = RotatingWatermarker(KEYS, "2026").detect(marked)
    assert found is not None
    assert (found.payload, found.key_id) == (6, name)


def test_a_retired_key_is_forgotten(pixels: np.ndarray) -> None:
    marked = RotatingWatermarker(KEYS, "2025").embed(pixels, 7)
    assert RotatingWatermarker({"2026": OTHER_KEY}, "2026").detect(marked) is None


def test_the_bound_counts_every_key_of_the_ring(pixels: np.ndarray) -> None:
    ring = RotatingWatermarker(KEYS, "2026")
    assert ring.detect(ring.embed(pixels, 8)).confidence == 1 - 2 * FALSE_POSITIVE_BOUND


def test_the_current_key_is_tried_first(pixels: np.ndarray) -> None:
    twice = LatticeWatermarker(OTHER_KEY).embed(LatticeWatermarker(KEY).embed(pixels, 1), 2)
    for current, payload in (("2025", 1), ("2026", 2)):
        assert RotatingWatermarker(KEYS, current).detect(twice).payload == payload


def test_the_picture_is_analysed_once(pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(picture: np.ndarray) -> object:
        calls.append(1)
        return original(picture)

    original = watermarker.analyse
    monkeypatch.setattr(watermarker, "analyse", counted)
    assert RotatingWatermarker(KEYS, "2026").detect(pixels) is None
    assert len(calls) == 1


def test_too_thin_a_picture_says_nothing() -> None:
    assert RotatingWatermarker(KEYS, "2026").detect(np.zeros((20, 300, 3), np.uint8)) is None


@pytest.mark.parametrize(
    ("keys", "current", "reason"),
    [
        ({}, "2026", "not among"),
        (KEYS, "2027", "not among"),
        ({"a": KEY, "b": KEY}, "a", "share one key"),
        ({"a": KEY, "b": b"short"}, "a", "16 bytes"),
    ],
)
def test_a_wrong_ring_is_refused(keys: dict[str, bytes], current: str, reason: str) -> None:
    with pytest.raises(Misconfigured, match=reason):
        RotatingWatermarker(keys, current)


def test_a_refusal_shows_no_key() -> None:
    with pytest.raises(Misconfigured) as refusal:
        RotatingWatermarker({"a": b"secret-short"}, "a")
    assert "secret" not in str(refusal.value)
