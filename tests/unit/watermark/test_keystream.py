import hashlib
import hmac

import numpy as np
import pytest

from provenance.core.errors import Misconfigured
from provenance.watermark.keystream import ALG, check_key, derive, key_id, permutation, words
from tests.unit.watermark.conftest import KEY, OTHER_KEY


def test_derive_is_hmac_over_scheme_label_and_message() -> None:
    expected = hmac.new(KEY, b"art.provenance.lattice.3/tag\0body", hashlib.sha256).digest()
    assert derive(KEY, "tag", b"body") == expected


def test_a_label_cannot_run_into_a_message() -> None:
    assert derive(KEY, "tag", b"x") != derive(KEY, "tagx")


def test_words_are_shake_of_the_derived_key() -> None:
    stream = hashlib.shake_256(derive(KEY, "sign")).digest(24)
    assert words(KEY, "sign", 3).tolist() == [int.from_bytes(stream[i : i + 8], "little") for i in (0, 8, 16)]


def test_words_of_a_longer_request_start_the_same() -> None:
    assert np.array_equal(words(KEY, "sign", 100)[:10], words(KEY, "sign", 10))


def test_labels_and_keys_give_independent_words() -> None:
    streams = [words(KEY, "a", 64), words(KEY, "b", 64), words(OTHER_KEY, "a", 64)]
    assert len({stream.tobytes() for stream in streams}) == 3
    bits = np.unpackbits(np.concatenate(streams).view(np.uint8))
    assert abs(bits.mean() - 0.5) < 0.02


def test_permutation_holds_everything_once() -> None:
    assert sorted(permutation(KEY, "bits-0", 1024).tolist()) == list(range(1024))


def test_key_id_is_public_short_and_the_keys_own() -> None:
    assert key_id(KEY) == derive(KEY, "key-id").hex()[:16]
    assert key_id(KEY) != key_id(OTHER_KEY)
    assert KEY.hex() not in key_id(KEY)


def test_the_scheme_has_a_versioned_domain_name() -> None:
    assert ALG.startswith("art.provenance.")
    assert ALG.rpartition(".")[2].isdigit()


@pytest.mark.parametrize("key", [b"", b"x" * 15, "x" * 32, None, bytearray(32)])
def test_short_or_foreign_keys_are_refused(key: object) -> None:
    with pytest.raises(Misconfigured, match="16 bytes"):
        check_key(key)  # type: ignore[arg-type]
