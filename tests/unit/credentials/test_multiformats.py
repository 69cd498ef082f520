import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.credentials.multiformats import from_multibase, from_multikey, multibase, multikey

W3C_KEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=80))
def test_multibase_round_trip(data):
    assert from_multibase(multibase(data)) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [  # draft-msporny-base58, section 5
        (b"Hello World!", "z2NEpo7TZRRrLZSi2U"),
        (
            b"The quick brown fox jumps over the lazy dog.",
            "zUSm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
        ),
        (bytes.fromhex("0000287fb4cd"), "z11233QC4"),
    ],
)
def test_base58_vectors(data, text):
    assert multibase(data) == text
    assert from_multibase(text) == data


@pytest.mark.parametrize("text", ["", "z", "Qm1", "z0", "zO", "zIl", "z" + "2" * 129, "z1 "])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError, match="multibase"):
        from_multibase(text)


def test_multikey_of_the_w3c_vector():
    assert multikey(from_multikey(W3C_KEY)) == W3C_KEY
    assert len(from_multikey(W3C_KEY)) == 32


@pytest.mark.parametrize("data", [b"\xed\x01" + b"k" * 31, b"\xec\x01" + b"k" * 32, b"\xed\x01" + b"k" * 33])
def test_other_keys_are_no_ed25519_multikey(data):
    with pytest.raises(ValueError, match="Ed25519"):
        from_multikey(multibase(data))
