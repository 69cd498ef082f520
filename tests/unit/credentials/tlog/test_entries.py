"""Log entries: canonical, hash-only, and computed again from the certificate alone."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import MalformedLogProof
from provenance.credentials.tlog import EntryKind, LogFact, grant_entry, log_entry, read_entry, registration_entry
from scripts.golden import certificates as golden
from tests.unit.credentials.tlog.trees import NOON

HASH = hashlib.sha256(b"a certificate").hexdigest()
KEY = "did:web:art.example#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


@pytest.mark.parametrize("kind", list(EntryKind))
def test_text_and_back(kind):
    data = log_entry(kind, at=NOON, **{kind.subject: KEY if kind.is_about_a_key else HASH})
    assert data == rfc8785.dumps(json.loads(data))
    assert read_entry(data) == LogFact(kind, NOON, KEY if kind.is_about_a_key else HASH)


def test_the_bytes_are_these():
    assert log_entry(EntryKind.WORK_WITHDRAWN, at=NOON, certificate="0" * 64) == (
        b'{"at":"2026-03-01T12:00:00Z","certificate":"' + b"0" * 64 + b'","kind":"work.withdrawn","v":1}'
    )


def test_times_are_utc_in_whole_seconds():
    there = datetime(2026, 3, 1, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert read_entry(log_entry(EntryKind.KEY_ADDED, at=there, key=KEY)).at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_registration_is_computed_from_the_certificate_alone():
    certificate = golden.certificate()
    data = registration_entry(certificate)
    assert registration_entry(json.loads(json.dumps(certificate, indent=3))) == data
    fact = read_entry(data)
    assert fact.subject == hashlib.sha256(rfc8785.dumps(certificate)).hexdigest()
    assert json.loads(data)["at"] == certificate["validFrom"]


def test_a_grant_is_computed_the_same_way():
    assert read_entry(grant_entry(golden.licence())).kind is EntryKind.LICENCE_GRANTED


def test_no_claim_of_the_certificate_is_in_its_entry():
    certificate = golden.certificate()
    text = registration_entry(certificate).decode()
    subject = certificate["credentialSubject"]
    assert set(json.loads(text)) == {"at", "certificate", "kind", "v"}
    for value in (certificate["id"], subject["id"], *map(str, subject["contentHash"].values())):
        assert value not in text


def test_the_signature_is_in_the_hash():
    """Whoever knows every claim, but not the signature, can't tell which entry is about them."""
    certificate = golden.certificate()
    unsigned = {name: value for name, value in certificate.items() if name != "proof"}
    assert registration_entry(unsigned) != registration_entry(certificate)


@pytest.mark.parametrize("certificate", [{}, {"validFrom": "yesterday"}, {"validFrom": 7}])
def test_what_is_no_certificate(certificate):
    with pytest.raises(MalformedLogProof, match="no certificate"):
        registration_entry(certificate)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (EntryKind.WORK_REGISTERED, {}),
        (EntryKind.WORK_REGISTERED, {"key": KEY}),
        (EntryKind.WORK_REGISTERED, {"certificate": HASH, "key": KEY}),
        (EntryKind.WORK_REGISTERED, {"certificate": HASH.upper()}),
        (EntryKind.WORK_REGISTERED, {"certificate": "ann@art.example"}),
        (EntryKind.KEY_ADDED, {"certificate": HASH}),
        (EntryKind.KEY_ADDED, {"key": "no fragment"}),
        (EntryKind.KEY_ADDED, {"key": "did:web:é#1"}),
        (EntryKind.KEY_ADDED, {"key": "#" * 2000}),
    ],
)
def test_subjects_that_are_refused(kind, subject):
    with pytest.raises(ValueError, match="names"):
        log_entry(kind, at=NOON, **subject)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"kind": "work.sold"},
        {"kind": 7},
        {"at": "now"},
        {"at": None},
        {"certificate": "x"},
        {"owner": "ann"},
    ],
)
def test_other_entries_are_not_read(change):
    document = json.loads(log_entry(EntryKind.WORK_REGISTERED, at=NOON, certificate=HASH))
    with pytest.raises(MalformedLogProof):
        read_entry(rfc8785.dumps(document | change))


@given(st.binary(max_size=200))
def test_noise_is_no_entry(data):
    with pytest.raises(MalformedLogProof):
        read_entry(data)


@given(
    st.dictionaries(
        st.sampled_from(["v", "at", "kind", "certificate"]),
        st.none() | st.text(max_size=9) | st.integers() | st.lists(st.text(max_size=3)),
    )
)
def test_no_other_object_is_an_entry(document):
    with pytest.raises(MalformedLogProof):
        read_entry(json.dumps(document).encode())
