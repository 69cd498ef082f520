import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest
from provenance.watermark.code import CODE_LENGTH, FREE_BITS, TAG_BITS, TaggedCode, check_payload
from provenance.watermark.detector import FALSE_POSITIVE_BOUND, MAX_TAG_CHECKS
from tests.unit.watermark.conftest import KEY, OTHER_KEY

CODE = TaggedCode(KEY)
payloads = st.integers(0, 2**64 - 1)


def soft(payload: int, sigma: float = 0.0, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, CODE_LENGTH)
    return 1.0 - 2.0 * CODE.encode(payload) + noise


@settings(max_examples=40, deadline=None)
@given(payloads, st.floats(1e-6, 1e6))
def test_round_trip_at_any_scale(payload: int, scale: float) -> None:
    assert CODE.decode(scale * soft(payload), 8) == payload


@pytest.mark.parametrize("payload", [0, 1, 2**63, 2**64 - 1])
def test_round_trip_through_heavy_noise(payload: int) -> None:
    assert CODE.decode(soft(payload, sigma=1.5, seed=payload % 97), 8) == payload


@settings(max_examples=30, deadline=None)
@given(payloads, payloads)
def test_codewords_are_far_apart(one: int, two: int) -> None:
    distance = int((CODE.encode(one) != CODE.encode(two)).sum())
    assert distance == 0 if one == two else distance >= 64


def test_codewords_depend_on_the_key() -> None:
    shared = (CODE.encode(0) == TaggedCode(OTHER_KEY).encode(0)).mean()
    assert 0.4 < shared < 0.6


def test_another_keys_codeword_is_refused() -> None:
    assert TaggedCode(OTHER_KEY).decode(soft(5), 32) is None


def test_a_tag_of_another_payload_is_refused() -> None:
    """Flipping a bit of payload or tag keeps a perfect codeword: only the tag can tell."""
    from provenance.watermark import polar

    source = polar.encode(CODE.encode(77))
    free = polar.information_set(CODE_LENGTH, FREE_BITS)
    information = np.setdiff1d(polar.information_set(CODE_LENGTH, 96 + FREE_BITS), free)
    for position in information[::7]:
        forged = source.copy()
        forged[position] ^= 1
        assert CODE.decode(1.0 - 2.0 * polar.encode(forged), 1) is None


def test_noise_never_verifies() -> None:
    rng = np.random.default_rng(11)
    assert all(CODE.decode(rng.normal(0, 1, CODE_LENGTH), 8) is None for _ in range(60))


@pytest.mark.parametrize("values", [np.zeros(CODE_LENGTH), np.full(CODE_LENGTH, np.nan)])
def test_soft_bits_without_information_are_no_payload(values: np.ndarray) -> None:
    assert CODE.decode(values, 8) is None


def test_the_false_positive_bound_follows_from_the_number_of_tag_checks() -> None:
    assert FALSE_POSITIVE_BOUND == MAX_TAG_CHECKS / 2**TAG_BITS
    assert FALSE_POSITIVE_BOUND <= 1e-6


@pytest.mark.parametrize("payload", [-1, 2**64, 1.0, "1", None, True])
def test_a_payload_is_64_unsigned_bits(payload: object) -> None:
    with pytest.raises(InvalidRequest, match="64-bit"):
        check_payload(payload)  # type: ignore[arg-type]


def test_a_payload_has_many_codewords_that_all_say_it() -> None:
    words = {CODE.encode(5, free).tobytes() for free in (0, 1, 2, 77, 2**16 - 1)}
    assert len(words) == 5
    for free in (0, 1, 77, 2**16 - 1):
        assert CODE.decode(1.0 - 2.0 * CODE.encode(5, free), 8) == 5


def test_the_nearest_codeword_is_the_best_of_all() -> None:
    rng = np.random.default_rng(3)
    host = rng.normal(size=CODE_LENGTH)

    def agreement(word: np.ndarray) -> float:
        return float(host @ (1.0 - 2.0 * word))

    best = agreement(CODE.nearest(9, host))
    others = [agreement(CODE.encode(9, int(free))) for free in rng.integers(0, 2**16, 3000)]
    assert best > max(others)
    assert best > 3.5 * CODE_LENGTH**0.5, "what the best of 65,536 unrelated words would reach"
    assert CODE.decode(CODE_LENGTH**0.5 * (1.0 - 2.0 * CODE.nearest(9, host)), 8) == 9


def test_the_codeword_in_a_picture_is_known_again() -> None:
    word = CODE.encode(9, 12345)
    noisy = 1.0 - 2.0 * word + np.random.default_rng(4).normal(0, 2, CODE_LENGTH)
    assert (CODE.nearest(9, noisy) == word).all()
