import hashlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import MalformedManifest
from provenance.credentials.c2pa import cose
from tests.unit.credentials.c2pa.stores import CERTIFICATE, PROTECTED


def sign1(*parts, tag=18):
    return cbor2.dumps(cbor2.CBORTag(tag, list(parts)))


def test_a_signature_is_read_back():
    data = cose.encode(PROTECTED, b"s" * 64, 400, token=b"token", ocsp=b"ocsp")

    found = cose.Sign1.parse(data)

    assert len(data) == 400
    assert (found.protected, found.signature, found.chain) == (PROTECTED, b"s" * 64, (CERTIFICATE,))
    assert found.unprotected["sigTst2"]["tstTokens"][0]["val"] == b"token"
    assert list(found.unprotected["rVals"]["ocspVals"]) == [b"ocsp"]
    assert set(found.unprotected["pad"]) == {0}


@given(st.integers(180, 700), st.integers(0, 40))
def test_every_size_can_be_filled(size, token):
    """CBOR's length prefix grows at 24 and 256 bytes: a pad alone misses some sizes."""
    data = cose.encode(PROTECTED, b"s" * 64, size, token=b"t" * token, ocsp=None)

    assert len(data) == size
    assert cose.Sign1.parse(data).signature == b"s" * 64


def test_without_token_and_response_there_are_no_such_headers():
    found = cose.Sign1.parse(cose.encode(PROTECTED, b"s" * 64, 300, token=None, ocsp=None))

    assert set(found.unprotected) <= {"pad", "pad2"}


def test_what_is_too_large_does_not_fit():
    with pytest.raises(cose.DoesNotFit, match="300 bytes"):
        cose.encode(PROTECTED, b"s" * 64, 300, token=b"t" * 400, ocsp=None)


def test_the_signed_structures_are_rfc_9052s():
    claim = b"the claim"

    assert cbor2.loads(cose.to_be_signed(PROTECTED, claim)) == ["Signature1", PROTECTED, b"", claim]
    countersign = cbor2.dumps(["CounterSignature", PROTECTED, b"", b"\x43sig"])
    assert cose.countersigned_imprint(PROTECTED, b"sig") == hashlib.sha256(countersign).digest()


def test_chains_in_their_three_places():
    one = cbor2.dumps({1: -7, 33: CERTIFICATE})
    old = cbor2.dumps({1: -7})

    assert cose.Sign1(one, b"").chain == (CERTIFICATE,)
    assert cose.Sign1(old, b"", {"x5chain": [CERTIFICATE, b"issuer"]}).chain == (CERTIFICATE, b"issuer")
    assert cose.Sign1(old, b"").chain == ()
    assert cose.Sign1(b"", b"").chain == ()


@pytest.mark.parametrize("chain", [7, [7], {"a": 1}, "text"])
def test_a_chain_of_something_else(chain):
    with pytest.raises(MalformedManifest, match="certificates"):
        _ = cose.Sign1(cbor2.dumps({33: chain}), b"").chain


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        cbor2.dumps(7),
        sign1(PROTECTED, {}, None),
        sign1(7, {}, None, b""),
        sign1(PROTECTED, [], None, b""),
        sign1(PROTECTED, {}, None, "text"),
        sign1(PROTECTED, {}, None, b"", tag=98),
        b"\x81" * 200 + b"\x00",
        b"\x5b\x7f" + b"\xff" * 7,
    ],
)
def test_what_is_no_signature(data):
    with pytest.raises(MalformedManifest):
        cose.Sign1.parse(data)


@given(st.binary(max_size=200))
def test_junk_is_a_signature_or_refused(junk):
    for data in (junk, b"\xd2\x84" + junk):
        try:
            _ = cose.Sign1.parse(data).chain
        except MalformedManifest:
            continue
