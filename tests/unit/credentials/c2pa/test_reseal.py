import hashlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import MalformedManifest
from provenance.credentials.c2pa import cose
from provenance.credentials.c2pa.reseal import OpenSeal, Substitution, signature_imprint, stand_in
from provenance.credentials.c2pa.store import ManifestStore
from tests.unit.credentials.c2pa.stores import PROTECTED, manifest, store

MARK = bytes.fromhex("00ff7f800a0d1a22")


def draft(value=MARK, label="c2pa.soft-binding"):
    data = {"alg": "a.b.1", "blocks": [{"scope": {}, "value": stand_in(value)}], "pad": stand_in(b"")}
    return store(manifest("urn:c2pa:1", ("c2pa.actions.v2", {"actions": []}), (label, data)))


def substitutions(value=MARK):
    return [Substitution("c2pa.soft-binding", "value", value), Substitution("c2pa.soft-binding", "pad", b"")]


@given(st.binary(min_size=1, max_size=400))
def test_text_becomes_bytes_and_nothing_moves(value):
    before = draft(value)

    after = OpenSeal(before, substitutions(value)).close(b"n" * 64)

    assert len(after) == len(before)
    box = ManifestStore.parse(after).assertion("c2pa.soft-binding").only(b"cbor")
    assert cbor2.loads(after[box.start : box.end]) == {
        "alg": "a.b.1",
        "blocks": [{"scope": {}, "value": value}],
        "pad": b"",
    }


def test_the_claim_holds_the_new_hashes():
    sealed = ManifestStore.parse(OpenSeal(draft(), substitutions()).close(b"n" * 64))

    claim = cbor2.loads(sealed.bytes_of(sealed.claim))

    for link in claim["created_assertions"]:
        found = sealed.assertion(link["url"].rpartition("/")[2])
        assert link["hash"] == hashlib.sha256(sealed.bytes_of(found)).digest()


def test_what_is_signed_is_the_corrected_claim():
    seal = OpenSeal(draft(), substitutions())
    sealed = ManifestStore.parse(seal.close(b"n" * 64, token=b"token", ocsp=b"ocsp"))

    found = cose.Sign1.parse(sealed.bytes_of(sealed.signature))

    assert cbor2.loads(seal.to_be_signed) == ["Signature1", PROTECTED, b"", sealed.bytes_of(sealed.claim)]
    assert found.signature == b"n" * 64
    assert seal.imprint(b"n" * 64) == cose.countersigned_imprint(PROTECTED, b"n" * 64)
    assert seal.manifest_id == "urn:c2pa:1"


def test_only_the_active_manifest_is_touched():
    first = manifest("urn:c2pa:0", ("c2pa.soft-binding", {"value": stand_in(MARK)}))
    second = manifest("urn:c2pa:1", ("c2pa.soft-binding", {"value": stand_in(MARK)}))

    after = OpenSeal(store(first, second), [Substitution("c2pa.soft-binding", "value", MARK)]).close(b"n" * 64)

    assert first in after
    assert second not in after


def test_what_should_be_sealed_must_be_there_once():
    twice = {"value": stand_in(MARK), "more": [{"value": stand_in(MARK)}]}

    for data in (store(manifest("u", ("c2pa.soft-binding", twice))), store(manifest("u", ("c2pa.soft-binding", {})))):
        with pytest.raises(MalformedManifest, match="should be sealed"):
            OpenSeal(data, [Substitution("c2pa.soft-binding", "value", MARK)])
    with pytest.raises(MalformedManifest, match="0 boxes"):
        OpenSeal(draft(label="c2pa.other"), substitutions())


def test_the_imprint_of_a_late_stamp_is_of_the_signature_alone():
    data = OpenSeal(draft(), substitutions()).close(b"n" * 64)

    assert signature_imprint(data) == ("urn:c2pa:1", hashlib.sha256(b"n" * 64).digest())


@given(st.data())
def test_damaged_drafts_are_refused_or_sealed(data):
    body = bytearray(draft())
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        sealed = OpenSeal(bytes(body), substitutions()).close(b"n" * 64)
    except (MalformedManifest, cose.DoesNotFit):
        return
    assert len(sealed) == len(body)
