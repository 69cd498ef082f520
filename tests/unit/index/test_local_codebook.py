import json

import numpy as np
import pytest

from index.local.codebook import PARTS, PATH, VOTE_PARTS, Codebook, bundled
from index.local.features import extract, working_gray
from tests.unit.index.scenes import scene


@pytest.fixture(scope="module")
def descriptors() -> np.ndarray:
    return extract(working_gray(scene(7)), 200).descriptors


def test_a_code_stands_for_a_descriptor_near_the_original(descriptors: np.ndarray):
    book = bundled()
    codes = book.encode(descriptors)

    error = np.linalg.norm(book.decode(codes) - descriptors, axis=1)
    others = np.linalg.norm(book.decode(codes) - np.roll(descriptors, 1, axis=0).astype(float), axis=1)
    assert codes.shape == (200, PARTS)
    assert codes.dtype == np.uint8
    assert np.median(error) < 90  # of a unit length of 512
    assert np.median(others) > 2 * np.median(error)


def test_the_first_cell_is_the_nearest(descriptors: np.ndarray):
    book = bundled()
    distances, cells = book.assign(descriptors, 3)

    exact = ((book.cells[None] - descriptors[:5, None].astype(np.float32)) ** 2).sum(axis=2)
    np.testing.assert_array_equal(cells[:5, 0], exact.argmin(axis=1))
    assert (np.diff(distances, axis=1) >= 0).all()


def test_cells_are_those_that_faiss_finds(descriptors: np.ndarray):
    book = bundled()
    distances, cells = book.assign(descriptors, 4)
    expected, same = book.quantizer.search(descriptors.astype(np.float32), 4)

    np.testing.assert_array_equal(cells, same)
    np.testing.assert_allclose(distances, expected, rtol=1e-4)


def test_no_descriptors_have_no_codes():
    none = np.zeros((0, 128), np.uint8)

    assert bundled().encode(none).shape == (0, PARTS)
    assert bundled().decode(np.zeros((0, PARTS), np.uint8)).shape == (0, 128)


def test_the_name_follows_from_the_numbers():
    with np.load(PATH) as arrays:
        cells, parts = arrays["cells"], arrays["parts"].copy()
    votes = np.zeros((VOTE_PARTS, 256, 8), np.float16)  # of the inverted file alone, which is rebuilt
    same = Codebook.from_arrays(cells, parts, votes)
    parts[0, 0, 0] += 1
    other = Codebook.from_arrays(cells, parts, votes)

    assert same.name == bundled().name == json.loads(PATH.with_suffix(".json").read_text())["name"]
    assert other.name != same.name


@pytest.mark.parametrize(
    ("cells", "parts", "votes"),
    [
        ((16, 64), (32, 256, 4), (16, 256, 8)),
        ((16,), (32, 256, 4), (16, 256, 8)),
        ((16, 128), (16, 256, 8), (16, 256, 8)),
        ((16, 128), (32, 256, 4), (32, 256, 4)),
    ],
)
def test_other_shapes_are_no_codebook(cells: tuple[int, ...], parts: tuple[int, ...], votes: tuple[int, ...]):
    with pytest.raises(ValueError, match="not a codebook"):
        Codebook.from_arrays(np.zeros(cells, np.uint8), np.zeros(parts, np.float16), np.zeros(votes, np.float16))


def test_votes_codes_stand_for_the_same_descriptors():
    codes = bundled().encode(np.random.default_rng(0).integers(0, 120, (50, 128), np.uint8))
    again = bundled().encode_votes(codes)

    assert again.shape == (50, VOTE_PARTS)
    np.testing.assert_array_equal(again, bundled().encode_votes(codes))
