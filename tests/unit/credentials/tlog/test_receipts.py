"""COSE receipts: read by scitt-cose, which is not ours, and refused when they are wrong."""

import cbor2
import pytest
import scitt_cose
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import LogProofInvalid, LogRootMismatch, MalformedLogProof, UnsupportedVersion
from provenance.credentials.tlog.receipts import MAX_RECEIPT, ReceiptClaims, build_receipt, verify_receipt
from provenance.credentials.tlog.tree import inclusion_path
from tests.unit.credentials.tlog.trees import LOG, WITNESSES, by_definition, entries, leaves, nodes_of

SIZE = 21
HASHES = leaves(SIZE)
HEAD = SIZE, by_definition(HASHES)
CLAIMS = ReceiptClaims(issuer="did:web:art.example", subject="sha256:00ff", key_id="did:web:art.example#key")
PUBLIC = LOG.public.public_key
PEM = Ed25519PublicKey.from_public_bytes(PUBLIC).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def receipt(index=5, head=HEAD):
    path = inclusion_path(index, SIZE, nodes_of(HASHES))
    return build_receipt(CLAIMS, index=index, path=path, head=head, with_key=LOG.sign)


@pytest.mark.parametrize("index", [0, 5, 15, 16, 20])
def test_somebody_elses_verifier_accepts_them(index):
    result = scitt_cose.verify_receipt(
        receipt(index), leaf_entry_hex=entries(SIZE)[index].hex(), log_public_key_pem=PEM.decode()
    )
    assert result.ok, result.errors
    assert (result.tree_size, result.leaf_index, result.root) == (SIZE, index, HEAD[1].hex())
    assert (result.issuer, result.subject) == (CLAIMS.issuer, CLAIMS.subject)
    assert result.protected_header_ext == {4: CLAIMS.key_id.encode()}


def test_ours_says_the_same():
    done = verify_receipt(receipt(), entries(SIZE)[5], PUBLIC)
    assert (done.index, done.size, done.root, done.claims) == (5, *HEAD, CLAIMS)


def test_ours_accepts_theirs():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
    made = scitt_cose.build_receipt(
        leaf_entry_hex=entries(SIZE)[5].hex(),
        leaf_index=5,
        tree_entries_hex=[entry.hex() for entry in entries(SIZE)],
        alg="EdDSA",
        log_private_key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        iss="them",
        sub="this",
        kid=b"k",
    )
    done = verify_receipt(made, entries(SIZE)[5], key.public_key().public_bytes_raw())
    assert (done.root, done.claims.issuer) == (HEAD[1], "them")


def test_another_entry_another_key_another_root():
    with pytest.raises(LogRootMismatch):
        verify_receipt(receipt(), entries(SIZE)[6], PUBLIC)
    with pytest.raises(LogRootMismatch):
        verify_receipt(receipt(), entries(SIZE)[5], WITNESSES[0].public.public_key)
    with pytest.raises(LogRootMismatch):
        verify_receipt(receipt(head=(SIZE, HASHES[0])), entries(SIZE)[5], PUBLIC)


def changed(place, value):
    """The receipt with one part replaced: 0 protected, 1 unprotected, 2 payload, 3 signature."""
    parts = list(cbor2.loads(receipt()).value)
    parts[place] = value
    return cbor2.dumps(cbor2.CBORTag(18, parts))


PROOF = cbor2.loads(receipt()).value[1][396][-1][0]
SIZE_, INDEX_, PATH_ = cbor2.loads(PROOF)


def with_proof(*proof):
    return changed(1, {396: {-1: [cbor2.dumps(list(proof))]}})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd2\x84",
        receipt() + b"\0",
        b"\xd1" + receipt()[1:],
        bytes(MAX_RECEIPT + 1),
        cbor2.dumps(cbor2.CBORTag(18, [1, 2, 3])),
        cbor2.dumps(cbor2.CBORTag(18, 7)),
        changed(0, 7),
        changed(0, b""),
        changed(0, b"\x01"),
        changed(1, []),
        changed(1, {}),
        changed(1, {396: {-1: []}}),
        changed(1, {396: {-1: [7]}}),
        changed(1, {396: {-1: [b"\x80"]}}),
        changed(1, {396: {-1: [PROOF, PROOF]}}),
        changed(2, b"payload"),
        changed(3, "signature"),
        with_proof(SIZE_, INDEX_, PATH_[:-1]),
        with_proof(SIZE_, INDEX_, "path"),
        with_proof(SIZE_, INDEX_, [7]),
        with_proof(SIZE_, True, PATH_),
        with_proof(1 << 80, INDEX_, PATH_),
        with_proof(SIZE_, -1, PATH_),
        with_proof(SIZE_, SIZE_, PATH_),
    ],
)
def test_malformed_receipts(data):
    with pytest.raises(MalformedLogProof):
        verify_receipt(data, entries(SIZE)[5], PUBLIC)


@pytest.mark.parametrize("header", [{1: -7, 395: 1}, {1: -8, 395: 2}, {1: -8}, {395: 1}])
def test_other_algorithms_and_trees(header):
    with pytest.raises(UnsupportedVersion):
        verify_receipt(changed(0, cbor2.dumps(header)), entries(SIZE)[5], PUBLIC)


def test_claims_are_required():
    protected = cbor2.dumps({1: -8, 395: 1})
    body = cbor2.dumps(["Signature1", protected, b"", HEAD[1]])
    parts = [protected, {396: {-1: [PROOF]}}, None, LOG.sign(body)]
    with pytest.raises(MalformedLogProof):
        verify_receipt(cbor2.dumps(cbor2.CBORTag(18, parts)), entries(SIZE)[5], PUBLIC)


@given(st.integers(0, len(receipt()) - 1), st.binary(max_size=3))
def test_a_changed_receipt_is_refused(place, bytes_):
    data = receipt()
    wrong = data[:place] + bytes_ + data[place + len(bytes_) :]
    if wrong == data:
        return
    with pytest.raises((LogProofInvalid, UnsupportedVersion)):
        verify_receipt(wrong, entries(SIZE)[5], PUBLIC)
