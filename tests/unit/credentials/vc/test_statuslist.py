import base64
import gzip
import json
import zlib
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core.errors import InvalidStatusList, Misconfigured, Unavailable
from provenance.core.records import StatusPurpose
from provenance.core.types import StatusPlace
from provenance.credentials import LIST_BITS, ListFacts, issue_status_list, list_url, pinned_did_document
from provenance.credentials.vc import statuslist
from provenance.credentials.vc.statuslist import decode, encode, read_status_list, status_entries
from scripts.golden import certificates as golden
from scripts.golden import standing

KEYS = pinned_did_document(golden.did_json())


def bits(encoded: str) -> bytes:
    """By the Recommendation's words alone."""
    return gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4)))


def read(document, **changes):
    arguments = {"issuer": golden.ISSUER, "keyring": KEYS, "now": golden.NOW} | changes
    return read_status_list(json.dumps(document).encode(), **arguments)


# ---- the bits


def test_index_0_is_the_leftmost_bit():
    data = bits(encode([0, 9, LIST_BITS - 1]))
    assert (data[0], data[1], data[-1]) == (0b1000_0000, 0b0100_0000, 0b0000_0001)
    assert sum(data) == 128 + 64 + 1
    assert len(data) == 16 * 1024


def test_the_recommendations_example_is_read():
    """The `encodedList` of its examples 1 and 2: 16 KiB without a bit set."""
    example = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
    assert decode(example) == bytes(16 * 1024)


@given(st.sets(st.integers(0, LIST_BITS - 1), max_size=50))
def test_what_is_encoded_is_decoded(marked):
    data = decode(encode(marked))
    found = {index for index in marked | {0, 77} if data[index // 8] >> (7 - index % 8) & 1}
    assert found == marked
    assert sum(byte.bit_count() for byte in data) == len(marked)


@pytest.mark.parametrize("position", [-1, LIST_BITS])
def test_a_position_outside_is_an_error(position):
    with pytest.raises(ValueError, match="no position"):
        encode([position])


def packed(data: bytes) -> str:
    return standing.encoded(gzip.compress(data, mtime=0))


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", "multibase"),
        ("zabc", "multibase"),
        ("u", "compressed|cut off"),
        ("u!!", "compressed"),
        (standing.encoded(b"noise"), "compressed"),
        (standing.encoded(zlib.compress(bytes(16384))), "compressed"),
        (packed(bytes(16383)), "at least"),
        (packed(bytes((1 << 20) + 1)), "longer than"),
        (packed(bytes(16384))[:-8], "cut off"),
        (standing.encoded(gzip.compress(bytes(16384)) * 2), "follows"),
    ],
)
def test_lists_of_no_use(encoded, reason):
    with pytest.raises(ValueError, match=reason):
        decode(encoded)


def test_a_bomb_is_not_unpacked(monkeypatch):
    """64 MiB in 64 KiB: only a little more than the limit is ever made."""
    made = []
    make = zlib.decompressobj

    class Counting:
        def __init__(self, **options):
            self._inner = make(**options)

        def decompress(self, data, most):
            made.append(len(out := self._inner.decompress(data, most)))
            return out

        def __getattr__(self, name):
            return getattr(self._inner, name)

    bomb = packed(bytes(64 << 20))
    monkeypatch.setattr(statuslist.zlib, "decompressobj", Counting)
    with pytest.raises(ValueError, match="longer than"):
        decode(bomb)
    assert made == [statuslist.MAX_BYTES + 1]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.binary(max_size=200).map(standing.encoded)))
def test_noise_is_a_value_error(encoded):
    with pytest.raises(ValueError):  # noqa: PT011  any reason will do
        decode(encoded)


# ---- the credential


def test_a_list_says_which_and_until_when():
    document = standing.status_list()
    assert document["@context"] == ["https://www.w3.org/ns/credentials/v2"]
    assert document["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert document["id"] == "https://art.example/status/revocation/1"
    assert document["validUntil"] == "2026-11-22T20:00:00Z"
    subject = document["credentialSubject"]
    assert (subject["type"], subject["statusPurpose"]) == ("BitstringStatusList", "revocation")
    found = read(document)
    assert (found.url, found.purpose, found.since) == (document["id"], StatusPurpose.REVOCATION, golden.NOW)
    assert [index for index in (2, 3, 4, 90_000) if found.marks(index)] == [3, 90_000]


def test_a_place_is_counted_over_all_lists():
    (revocation, suspension) = status_entries(StatusPlace("https://art.example", 3 * LIST_BITS + 5))
    assert revocation["statusListCredential"] == list_url("https://art.example", StatusPurpose.REVOCATION, 3)
    assert (revocation["statusListIndex"], suspension["statusListIndex"]) == ("5", "5")


def test_a_list_is_signed_by_its_issuer_only():
    facts = ListFacts("https://art.example/status/revocation/0", StatusPurpose.REVOCATION, ())
    with pytest.raises(Misconfigured, match="issuer"):
        issue_status_list(
            facts, signer=golden.STRANGER, issuer=golden.ISSUER, valid_from=golden.NOW, valid_until=golden.NOW
        )


def test_a_place_that_the_list_does_not_have():
    with pytest.raises(InvalidStatusList, match="no place"):
        read(standing.status_list()).marks(LIST_BITS)


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-6), False),
        (timedelta(days=1), True),
        (timedelta(days=1, seconds=1), False),
    ],
)
def test_a_list_is_in_force_for_its_time(moment, held):
    if held:
        assert read(standing.status_list(), now=golden.NOW + moment)
        return
    with pytest.raises(InvalidStatusList, match="not now") as caught:
        read(standing.status_list(), now=golden.NOW + moment)
    assert caught.value.hint == "fetch it again"


def test_a_list_about_another_list_is_refused():
    document = standing.status_list()
    created = document.pop("proof")["created"]
    document["credentialSubject"]["id"] = "https://art.example/status/revocation/9#list"
    with pytest.raises(InvalidStatusList, match="own address"):
        read(golden.secure(document, signer=golden.CURRENT, created=created))


def test_a_key_server_that_does_not_answer_is_no_verdict():
    class Down:
        def verify(self, *_):
            raise Unavailable("down")

    with pytest.raises(Unavailable):
        read(standing.status_list(), keyring=Down())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_flipped_bytes_of_a_list_never_pass_and_never_crash(data):
    text = json.dumps(standing.status_list()).encode()
    position = data.draw(st.integers(0, len(text) - 1))
    changed = text[:position] + bytes([data.draw(st.integers(0, 255))]) + text[position + 1 :]
    try:
        found = read_status_list(changed, issuer=golden.ISSUER, keyring=KEYS, now=golden.NOW)
    except InvalidStatusList:
        return
    assert json.loads(changed) == json.loads(text)
    assert found.purpose is StatusPurpose.REVOCATION


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_no_list(noise):
    with pytest.raises(InvalidStatusList):
        read_status_list(noise, issuer=golden.ISSUER, keyring=KEYS, now=golden.NOW)
