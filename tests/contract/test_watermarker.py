"""What every Watermarker keeps, whatever scheme is behind it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from provenance.core.errors import CannotHoldMark, Rejected
from provenance.core.ports import Watermarker
from provenance.watermark import LatticeWatermarker, RotatingWatermarker
from tests.unit.watermark.conftest import jpeg, load

FACTORIES: dict[str, Callable[[], Watermarker]] = {
    "lattice": lambda: LatticeWatermarker(b"contract key, long enough"),
    "rotating": lambda: RotatingWatermarker(
        {"old": b"an old contract key", "new": b"contract key, long enough"}, "new"
    ),
}
ADOBE: str | None = os.environ.get("PROVENANCE_TEST_TRUSTMARK_WEIGHTS")
"""A folder with Adobe's files of variant Q, for whoever has them; the package has to be there as well."""

PAYLOAD = 0xFEDC_BA98_7654_3210


@pytest.fixture(
    scope="module",
    params=[
        *sorted(FACTORIES),
        pytest.param("trustmark", marks=[pytest.mark.clip, pytest.mark.filterwarnings("ignore")]),
        pytest.param(
            "trustmark-adobe",
            marks=[
                pytest.mark.skipif(ADOBE is None, reason="needs Adobe's weights in PROVENANCE_TEST_TRUSTMARK_WEIGHTS"),
                pytest.mark.filterwarnings("ignore"),
            ],
        ),
    ],
)
def watermarker(request: pytest.FixtureRequest) -> Iterator[Watermarker]:
    if request.param in FACTORIES:
        yield FACTORIES[request.param]()
        return
    from provenance.adapters.trustmark import TrustmarkWatermarker

    keys = {"contract": b"contract key, long enough"}
    if request.param == "trustmark-adobe":
        yield TrustmarkWatermarker(keys, "contract", weights=Path(ADOBE or ""))
        return
    pytest.importorskip("torch")
    from tests.trustmark_nets import installed, write_weights

    folder = request.getfixturevalue("tmp_path_factory").mktemp("weights")
    write_weights(folder)
    with installed(folder):
        yield TrustmarkWatermarker(keys, "contract", variant="C", weights=folder)


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return load("photo-alps.jpg")


@pytest.fixture(scope="module")
def marked(watermarker: Watermarker, pixels: np.ndarray) -> np.ndarray:
    return watermarker.embed(pixels, PAYLOAD)


def test_it_names_its_scheme_capacity_and_key(watermarker: Watermarker) -> None:
    assert watermarker.alg.rpartition(".")[2].isdigit()
    assert watermarker.capacity_bits == 64
    assert watermarker.key_id


def test_the_marked_picture_is_a_new_one_of_the_same_kind(pixels: np.ndarray, marked: np.ndarray) -> None:
    assert marked.shape == pixels.shape
    assert marked.dtype == np.uint8
    assert not np.shares_memory(marked, pixels)
    assert not np.array_equal(marked, pixels)
    assert 10 * np.log10(255**2 / np.mean((marked.astype(float) - pixels) ** 2)) > 37


def test_it_answers_the_payload(watermarker: Watermarker, marked: np.ndarray) -> None:
    found = watermarker.detect(marked)
    assert found is not None
    assert found.payload == PAYLOAD
    assert found.key_id == watermarker.key_id
    assert found.confidence > 1 - 1e-6
    assert (found.mirrored, abs(found.rotation) < 1, found.scale > 0) == (False, True, True)


def test_the_payload_survives_compression(watermarker: Watermarker, marked: np.ndarray) -> None:
    assert watermarker.detect(jpeg(marked, 75)).payload == PAYLOAD


def test_it_says_nothing_about_unmarked_pictures(watermarker: Watermarker, pixels: np.ndarray) -> None:
    assert watermarker.detect(pixels) is None


def test_it_says_nothing_about_tiny_pictures(watermarker: Watermarker) -> None:
    assert watermarker.detect(np.zeros((1, 1, 3), np.uint8)) is None


def test_marking_is_deterministic(watermarker: Watermarker, pixels: np.ndarray, marked: np.ndarray) -> None:
    assert np.array_equal(watermarker.embed(pixels, PAYLOAD), marked)


@pytest.mark.parametrize("payload", [-1, 1 << 64])
def test_a_payload_over_the_capacity_is_refused(watermarker: Watermarker, pixels: np.ndarray, payload: int) -> None:
    with pytest.raises(Rejected):
        watermarker.embed(pixels, payload)


def test_a_picture_that_cannot_hold_the_mark_is_refused(watermarker: Watermarker) -> None:
    with pytest.raises(CannotHoldMark) as refusal:
        watermarker.embed(np.full((16, 16, 3), 128, np.uint8), 1)
    assert refusal.value.reason
    assert refusal.value.hint


def test_it_locates_what_it_found(watermarker: Watermarker, marked: np.ndarray) -> None:
    region = watermarker.locate(marked, watermarker.detect(marked))
    x, y = zip(*region, strict=True)
    assert min(*x, *y) >= 0
    assert max(*x, *y) <= 1
    assert (max(x) - min(x)) * (max(y) - min(y)) > 0.8
