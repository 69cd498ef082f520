"""The W3C test vectors of vc-di-eddsa, TestVectors/eddsa-jcs-2022, byte for byte."""

import copy

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.core.errors import InvalidSignature
from provenance.credentials import TrustedKeys, pinned_key
from provenance.credentials.canonical import canonical
from provenance.credentials.multiformats import from_multibase
from provenance.credentials.vc.integrity import hash_data, secure, signed_parts

PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
CREATED = "2023-02-24T23:36:38Z"
METHOD = f"did:key:{PUBLIC}#{PUBLIC}"
CONTEXTS = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]

UNSIGNED = {
    "@context": CONTEXTS,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
CONFIGURATION = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "created": CREATED,
    "verificationMethod": METHOD,
    "proofPurpose": "assertionMethod",
    "@context": CONTEXTS,
}
CANONICAL_DOCUMENT = (
    b'{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],'
    b'"credentialSubject":{"alumniOf":"The School of Examples","id":"did:example:abcdefgh"},'
    b'"description":"A minimum viable example of an Alumni Credential.",'
    b'"id":"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33","issuer":"https://vc.example/issuers/5678",'
    b'"name":"Alumni Credential","type":["VerifiableCredential","AlumniCredential"],"validFrom":"2023-01-01T00:00:00Z"}'
)
PROOF_HASH = "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
DOCUMENT_HASH = "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
SIGNATURE_HEX = (
    "407cd12654b33d718ecbb99179a1506daaa849450bf3fc523cce3e1c96f8b803"
    "51da3f253d725c6f00b07c9e5448d50b3ef78012b9ab54255116d069c6dd2808"
)
PROOF_VALUE = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
SIGNED = {**UNSIGNED, "proof": {**CONFIGURATION, "proofValue": PROOF_VALUE}}


class VectorSigner:
    """The vector's own key."""

    key_id = METHOD
    _key = Ed25519PrivateKey.from_private_bytes(from_multibase(SECRET)[2:])
    public_key = _key.public_key().public_bytes_raw()

    def sign(self, body: bytes) -> bytes:
        return self._key.sign(body)


def test_canonical_document():
    assert canonical(UNSIGNED) == CANONICAL_DOCUMENT


def test_hash_data_is_proof_hash_then_document_hash():
    assert hash_data(UNSIGNED, CONFIGURATION).hex() == PROOF_HASH + DOCUMENT_HASH


def test_signing_gives_the_vector():
    assert secure(UNSIGNED, signer=VectorSigner(), created=CREATED) == SIGNED


def test_signature_bytes():
    assert signed_parts(SIGNED)[1].hex() == SIGNATURE_HEX


def test_the_vector_verifies_and_a_changed_one_does_not():
    keys: TrustedKeys = pinned_key(PUBLIC)
    keys.verify(METHOD, *signed_parts(SIGNED))
    changed = copy.deepcopy(SIGNED)
    changed["credentialSubject"]["alumniOf"] = "Another School"
    with pytest.raises(InvalidSignature):
        keys.verify(METHOD, *signed_parts(changed))


def test_a_document_without_context_signs_without_one():
    bare = {"hello": "world"}
    secured = secure(bare, signer=VectorSigner(), created=CREATED)
    assert "@context" not in secured["proof"]
    pinned_key(PUBLIC).verify(METHOD, *signed_parts(secured))


@pytest.mark.parametrize("value", ["u" + PROOF_VALUE[1:], PROOF_VALUE[:-3], "z", PROOF_VALUE + "2"])
def test_proof_values_that_are_none(value):
    with pytest.raises(ValueError, match=r"multibase|64 bytes"):
        signed_parts({**SIGNED, "proof": {**SIGNED["proof"], "proofValue": value}})
