from datetime import UTC, datetime

import pytest
from joserfc.jwk import OKPKey

from provenance.core.errors import Misconfigured
from provenance.credentials.vc.dids import (
    VerificationKey,
    did_document,
    did_key,
    did_key_public,
    did_web,
    did_web_url,
    jwks,
    method_id,
)
from tests.unit.credentials.conftest import ISSUER

W3C_DID = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
W3C_METHOD = W3C_DID + "#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
THEN = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def key(number: int, **times) -> VerificationKey:
    public = bytes([number]) * 32
    return VerificationKey(public, method_id(ISSUER, public), **times)


def test_did_key_round_trip():
    public = did_key_public(W3C_METHOD)
    assert did_key(public) == W3C_DID
    assert method_id(W3C_DID, public) == W3C_METHOD


def test_only_a_did_key_holds_its_key():
    assert did_key_public("did:web:art.example#key-1") is None


@pytest.mark.parametrize("key_id", [W3C_DID, W3C_DID + "#key-1", "did:key:zzz#zzz"])
def test_broken_did_keys(key_id):
    with pytest.raises(ValueError, match=r"did:key|Multikey|multibase"):
        did_key_public(key_id)


@pytest.mark.parametrize(
    ("url", "did", "document"),
    [
        ("https://art.example", "did:web:art.example", "https://art.example/.well-known/did.json"),
        ("https://Art.Example/", "did:web:art.example", "https://art.example/.well-known/did.json"),
        ("https://art.example:8443", "did:web:art.example%3A8443", "https://art.example:8443/.well-known/did.json"),
        ("https://art.example/a/b c", "did:web:art.example:a:b%20c", "https://art.example/a/b c/did.json"),
    ],
)
def test_did_web(url, did, document):
    assert did_web(url) == did
    assert did_web_url(did) == document


@pytest.mark.parametrize(
    "url", ["art.example", "ftp://art.example", "https://u@art.example", "https://a?x", "https://"]
)
def test_addresses_that_are_no_did_web(url):
    with pytest.raises(Misconfigured):
        did_web(url)


@pytest.mark.parametrize("did", [W3C_DID, "did:web:", "did:web:user%40host", "did:web:a%2Fb"])
def test_dids_without_a_document_address(did):
    with pytest.raises(Misconfigured):
        did_web_url(did)


def test_did_document_keeps_the_history_and_takes_assertion_from_the_revoked():
    keys = [key(1, revoked=THEN), key(2, valid_until=THEN), key(3)]
    foreign = VerificationKey(bytes(32), "did:web:elsewhere.example#k")
    document = did_document(ISSUER, [*keys, foreign])
    first, second, third = document["verificationMethod"]
    assert document["id"] == ISSUER
    assert first["revoked"] == second["expires"] == "2025-01-02T03:04:05Z"
    assert set(third) == {"id", "type", "controller", "publicKeyMultibase"}
    assert document["assertionMethod"] == [second["id"], third["id"]]


def test_a_did_is_no_prefix_of_another():
    other = VerificationKey(bytes(32), f"{ISSUER}:shop#k")
    assert did_document(ISSUER, [other])["verificationMethod"] == []


def test_jwks_is_read_by_a_jose_library():
    published = jwks([key(1, valid_from=THEN, valid_until=THEN), VerificationKey(bytes(32), None)])
    assert len(published["keys"]) == 1
    entry = published["keys"][0]
    assert (entry["nbf"], entry["exp"]) == (int(THEN.timestamp()),) * 2
    imported = OKPKey.import_key(entry)
    assert imported.raw_value.public_bytes_raw() == bytes([1]) * 32


def test_jwks_names_the_revoked():
    assert jwks([key(1, revoked=THEN)])["keys"][0]["revoked"] == {"revoked_at": int(THEN.timestamp())}


def test_a_key_has_32_bytes():
    with pytest.raises(Misconfigured, match="32 bytes"):
        VerificationKey(b"short", None)
