import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.watermark import polar

LENGTH, DIMENSION = 128, 40
INFORMATION = polar.information_set(LENGTH, DIMENSION)
FROZEN = ~np.isin(np.arange(LENGTH), INFORMATION)


def words(length: int = LENGTH) -> st.SearchStrategy[np.ndarray]:
    return st.lists(st.integers(0, 1), min_size=length, max_size=length).map(lambda bits: np.array(bits, np.uint8))


def source(seed: int) -> np.ndarray:
    word = np.zeros(LENGTH, np.uint8)
    word[INFORMATION] = np.random.default_rng(seed).integers(0, 2, DIMENSION)
    return word


def received(word: np.ndarray, sigma: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, LENGTH)
    return ((1.0 - 2.0 * polar.encode(word)) + noise).astype(np.float32)


def test_encode_is_the_kronecker_power() -> None:
    kernel = np.array([[1, 0], [1, 1]], np.uint8)
    generator = kernel
    for _ in range(3):
        generator = np.kron(generator, kernel)
    for row, unit in zip(generator, np.eye(16, dtype=np.uint8), strict=True):
        assert np.array_equal(polar.encode(unit), row)


@given(words(), words())
def test_encode_is_linear_and_its_own_inverse(one: np.ndarray, two: np.ndarray) -> None:
    assert np.array_equal(polar.encode(one ^ two), polar.encode(one) ^ polar.encode(two))
    assert np.array_equal(polar.encode(polar.encode(one)), one)


def test_encode_leaves_its_input_alone() -> None:
    word = source(1)
    before = word.copy()
    polar.encode(word)
    assert np.array_equal(word, before)


def test_information_set_prefers_reliable_channels() -> None:
    assert polar.information_set(8, 4).tolist() == [3, 5, 6, 7]
    assert polar.information_set(8, 1).tolist() == [7]


@given(st.integers(1, 63))
def test_information_sets_are_nested(dimension: int) -> None:
    smaller, larger = polar.information_set(64, dimension), polar.information_set(64, dimension + 1)
    assert set(smaller) < set(larger)


def test_information_set_respects_the_universal_partial_order() -> None:
    """Setting a further bit of the index never makes a synthetic channel worse (Schuerch 2016)."""
    chosen = set(polar.information_set(64, 20).tolist())
    assert all(index | 1 << bit in chosen for index in chosen for bit in range(6))


@pytest.mark.parametrize(("length", "dimension"), [(0, 1), (1, 1), (12, 4), (16, 0), (16, 17)])
def test_information_set_refuses_impossible_codes(length: int, dimension: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        polar.information_set(length, dimension)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 8]))
def test_a_clean_word_decodes_first(seed: int, size: int) -> None:
    word = source(seed)
    assert np.array_equal(polar.decode_list(received(word, 0.0, 0), FROZEN, size)[0], word)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_every_listed_path_is_distinct_and_respects_the_frozen_bits(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 1, LENGTH).astype(np.float32)
    paths = polar.decode_list(noise, FROZEN, 8)
    assert paths.shape == (8, LENGTH)
    assert not paths[:, FROZEN].any()
    assert len({path.tobytes() for path in paths}) == 8


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_the_list_is_ordered_by_likelihood(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 1, LENGTH).astype(np.float32)
    likelihood = [
        float(((1.0 - 2.0 * polar.encode(path)) * noise).sum()) for path in polar.decode_list(noise, FROZEN, 2)
    ]
    assert likelihood == sorted(likelihood, reverse=True)


def test_a_longer_list_corrects_more() -> None:
    """Tal & Vardy's point; 60 words near the waterfall of this code."""
    corrected = dict.fromkeys((1, 16), 0)
    for seed in range(60):
        word = source(seed)
        for size in corrected:
            paths = polar.decode_list(received(word, 1.15, seed + 1000), FROZEN, size)
            corrected[size] += any(np.array_equal(path, word) for path in paths)
    assert 0 < corrected[1] < corrected[16]


def test_erased_positions_are_recovered() -> None:
    word = source(3)
    soft = received(word, 0.0, 0)
    soft[np.random.default_rng(3).permutation(LENGTH)[: LENGTH // 3]] = 0.0
    assert np.array_equal(polar.decode_list(soft, FROZEN, 8)[0], word)
