"""The 100 bits of a TrustMark: an id under a keyed tag, and errors that are guessed."""

import numpy as np
import pytest

from provenance.adapters.trustmark import message as module
from provenance.adapters.trustmark.message import GUESSES, MESSAGE_BITS, KeyedMessage, bits, false_positive_bound

KEY, PAYLOAD = b"a key for these tests", 0xFEDC_BA98_7654_3210


@pytest.fixture
def keyed() -> KeyedMessage:
    return KeyedMessage(KEY)


def soft(keyed: KeyedMessage, payload: int = PAYLOAD) -> np.ndarray:
    return np.array([1.0 if bit == "1" else -1.0 for bit in bits(keyed.seal(payload))], np.float32)


@pytest.mark.parametrize("payload", [0, 1, PAYLOAD, (1 << 64) - 1])
def test_every_id_comes_back(keyed: KeyedMessage, payload: int) -> None:
    assert len(bits(keyed.seal(payload))) == MESSAGE_BITS
    assert keyed.open(soft(keyed, payload)) == payload


def test_the_message_is_the_documented_one() -> None:
    """docs/trustmark.md, computed here by itself."""
    import hashlib
    import hmac

    def derive(label: str, message: bytes) -> int:
        text = f"art.provenance.trustmark.1/{label}\0".encode() + message
        return int.from_bytes(hmac.new(KEY, text, hashlib.sha256).digest()[:8], "big")

    tag = derive("tag", PAYLOAD.to_bytes(8, "big")) >> 28
    masked = PAYLOAD ^ derive("mask", tag.to_bytes(5, "big"))
    assert bits(KeyedMessage(KEY).seal(PAYLOAD)) == f"{masked:064b}{tag:036b}"


def test_without_the_key_nothing_is_read(keyed: KeyedMessage) -> None:
    assert KeyedMessage(b"another key, as long").open(soft(keyed)) is None


def test_ids_that_are_close_do_not_look_so(keyed: KeyedMessage) -> None:
    """Whoever has the public weights reads the bits."""
    one, other = keyed.seal(PAYLOAD), keyed.seal(PAYLOAD ^ 1)
    assert 30 < (one ^ other).bit_count() < 70


@pytest.mark.parametrize("wrong", [1, 2, 3, 4, 6])
def test_the_least_certain_bits_may_be_wrong(keyed: KeyedMessage, wrong: int) -> None:
    numbers = soft(keyed)
    places = np.random.default_rng(wrong).choice(MESSAGE_BITS, wrong, replace=False)
    numbers[places] *= -0.1 * np.linspace(0.5, 1, wrong)
    assert keyed.open(numbers) == PAYLOAD


def test_a_sure_bit_that_is_wrong_is_found_alone(keyed: KeyedMessage) -> None:
    """Even where it is the surest: one error has a low rank sum when nothing else is doubted, or not at all."""
    numbers = soft(keyed)
    numbers[7] *= -1
    assert keyed.open(numbers) == PAYLOAD, "among equals it is eighth"
    numbers[7] *= 100
    assert keyed.open(numbers) is None, "rank 100 alone is beyond the guesses"


def test_half_of_the_bits_wrong_is_noise(keyed: KeyedMessage) -> None:
    rng = np.random.default_rng(5)
    assert all(keyed.open(rng.normal(size=MESSAGE_BITS).astype(np.float32)) is None for _ in range(20))


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_what_is_no_reading_is_no_id(keyed: KeyedMessage, value: float) -> None:
    assert keyed.open(np.full(MESSAGE_BITS, value, np.float32)) is None


def test_guesses_are_different_sets_the_likeliest_first() -> None:
    guesses = module._guesses()
    assert len(guesses) == GUESSES == len(set(guesses))
    assert guesses[:6] == ((), (0,), (1,), (2,), (1, 0), (3,))
    sums = [sum(rank + 1 for rank in guess) for guess in guesses]
    assert sums == sorted(sums)
    assert all(len(set(guess)) == len(guess) for guess in guesses)


def test_no_more_tags_are_tried_than_the_bound_counts(keyed: KeyedMessage, monkeypatch) -> None:
    tried = []
    monkeypatch.setattr(KeyedMessage, "_tag", lambda self, payload: tried.append(payload) or -1)
    assert keyed.open(np.random.default_rng(1).normal(size=MESSAGE_BITS).astype(np.float32)) is None
    assert len(tried) == GUESSES
    assert false_positive_bound(4) == 4 * GUESSES / 2**36 < 2.4e-7


def test_tags_that_are_guessed_are_right_as_often_as_the_bound_says(monkeypatch) -> None:
    """With a tag of 12 bits in place of 36 the bound can be seen: 2^-12 a guess, and never more."""
    monkeypatch.setattr(module, "TAG_BITS", 12)
    monkeypatch.setattr(module, "_TAG_MASK", (1 << 12) - 1)
    monkeypatch.setattr(module, "MESSAGE_BITS", 76)
    monkeypatch.setattr(module, "_guesses", lambda: tuple((place,) for place in range(76)))
    rng, keyed = np.random.default_rng(3), KeyedMessage(KEY)
    found = sum(keyed.open(rng.normal(size=76).astype(np.float32)) is not None for _ in range(2000))
    assert 12 < found < 70  # 2000 * 76 / 4096 = 37 at most, give or take five deviations
