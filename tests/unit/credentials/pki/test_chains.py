"""Chains that hold together and chains that don't; leaves with one defect each."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest
from provenance.credentials.pki import chains, profiles, requests
from tests.pki import CPL, OWNER, Pki, key, make_pki, openssl, wanted

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return make_pki(NOW)


def whole(pki: Pki) -> list[x509.Certificate]:
    return [pki.leaf.certificate, pki.claim_ca.certificate, pki.root.certificate]


# ---- reading


def test_pem_comes_back_in_its_order(pki: Pki):
    assert list(chains.read_pem(chains.pem(whole(pki)))) == whole(pki)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no PEM",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n",
        b"x" * ((64 << 10) + 1),
    ],
)
def test_what_holds_no_certificates_is_refused(data: bytes):
    with pytest.raises(InvalidRequest):
        chains.read_pem(data)


def test_more_than_eight_are_refused(pki: Pki):
    with pytest.raises(InvalidRequest, match="1 to 8"):
        chains.read_pem(chains.pem([pki.leaf.certificate] * 9))


@given(st.data())
def test_a_damaged_file_is_a_typed_refusal(pki: Pki, data: st.DataObject):
    pem = bytearray(chains.pem(whole(pki)))
    for _ in range(data.draw(st.integers(1, 4))):
        pem[data.draw(st.integers(0, len(pem) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidRequest):
        chains.leaf_problems(chains.read_pem(bytes(pem))[0])


def test_a_key_that_is_no_point_of_its_curve_is_a_typed_refusal(pki: Pki):
    leaf = pki.leaf.certificate
    point = leaf.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    damaged = leaf.public_bytes(Encoding.DER).replace(point, point[:-1] + bytes([point[-1] ^ 1]))
    with pytest.raises(InvalidRequest, match="damaged"):
        chains.leaf_problems(x509.load_der_x509_certificate(damaged))


# ---- links


def test_a_chain_that_holds(pki: Pki):
    chains.check_links(whole(pki), at=NOW)
    chains.check_links([pki.tsa.certificate, pki.tsa_ca.certificate, pki.root.certificate], at=NOW)


@pytest.mark.parametrize("at", [NOW - DAY, NOW + 366 * DAY])
def test_a_certificate_outside_its_time(pki: Pki, at: datetime):
    with pytest.raises(InvalidRequest, match="Claim Signer is valid from 2026-11-21 to 2027-11-21 only"):
        chains.check_links(whole(pki), at=at)


def test_a_chain_in_the_wrong_order(pki: Pki):
    with pytest.raises(InvalidRequest, match="Root CA did not issue Claim Signer") as caught:
        chains.check_links([pki.leaf.certificate, pki.root.certificate, pki.claim_ca.certificate], at=NOW)
    assert "leaf, its CA" in (caught.value.hint or "")


def test_a_ca_of_the_same_name_with_another_key(pki: Pki):
    twin = make_pki(NOW)
    with pytest.raises(InvalidRequest, match="did not issue"):
        chains.check_links([pki.leaf.certificate, twin.claim_ca.certificate], at=NOW)


def test_a_leaf_can_not_issue(pki: Pki):
    forged = profiles.claim_leaf(key().public_key(), wanted("Forged", now=NOW, days=30), pki.leaf, cpl_record=CPL)
    with pytest.raises(InvalidRequest, match="no CA"):
        chains.check_links([forged, *whole(pki)], at=NOW)


def test_a_ca_below_an_issuing_ca_is_one_too_many(pki: Pki):
    own = key(ec.SECP384R1())
    sub = profiles.Issuer(profiles.claim_ca(own.public_key(), wanted("Sub", now=NOW, days=30), pki.claim_ca), own)
    leaf = profiles.claim_leaf(key().public_key(), wanted("Deep", now=NOW, days=30), sub, cpl_record=CPL)
    with pytest.raises(InvalidRequest, match="may not have 1 CAs below it"):
        chains.check_links([leaf, sub.certificate, pki.claim_ca.certificate, pki.root.certificate], at=NOW)


def test_keys_are_told_apart(pki: Pki):
    assert chains.same_key(pki.leaf.certificate, pki.leaf.key.public_key())
    assert not chains.same_key(pki.leaf.certificate, pki.tsa.key.public_key())


# ---- the profile


def usage(**changes: bool) -> x509.KeyUsage:
    bits = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(bits | {"digital_signature": True, "content_commitment": True} | changes))


def rebuilt(pki: Pki, *changes: tuple[x509.ExtensionType, bool], without: str = "", **core) -> x509.Certificate:
    """The leaf again, with an extension changed or left out (by its OID)."""
    old = pki.leaf.certificate
    kept = {found.oid: (found.value, found.critical) for found in old.extensions if found.oid.dotted_string != without}
    kept |= {changed.oid: (changed, critical) for changed, critical in changes}
    builder = (
        x509.CertificateBuilder()
        .subject_name(core.get("subject", old.subject))
        .issuer_name(old.issuer)
        .public_key(core.get("public_key", old.public_key()))
        .serial_number(7)
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(core.get("end", old.not_valid_after_utc))
    )
    for value, critical in kept.values():
        builder = builder.add_extension(value, critical)
    return builder.sign(pki.claim_ca.key, hashes.SHA384())


EKU = x509.ExtendedKeyUsage
CLAIM, EMAIL = profiles.CLAIM_SIGNING, profiles.EMAIL_PROTECTION
DEFECTS = {
    "subject key identifier": {"without": "2.5.29.14"},
    "authority key identifier": {"without": "2.5.29.35"},
    "basic constraints": {"without": "2.5.29.19"},
    "key usage": {"without": "2.5.29.15"},
    "extended key usage does not name c2pa": {"without": "2.5.29.37"},
    "certificate policy": {"without": "2.5.29.32"},
    "assurance level 1": {"without": "1.3.6.1.4.1.62558.3"},
    "Conforming Products List": {"without": "1.3.6.1.4.1.62558.4"},
    "OCSP responder": {"without": "1.3.6.1.5.5.7.1.1"},
}
CHANGES = [
    ("no CA", x509.BasicConstraints(ca=True, path_length=None), True),
    ("no CA", x509.BasicConstraints(ca=False, path_length=None), False),
    ("key usage", usage(key_encipherment=True), True),
    ("key usage", usage(content_commitment=False), True),
    ("key usage", usage(), False),
    ("not critical", EKU([CLAIM, EMAIL]), True),
    ("does not name c2pa", EKU([EMAIL]), False),
    ("neither emailProtection", EKU([CLAIM]), False),
    ("is any", EKU([CLAIM, EMAIL, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False),
    ("assurance level 1", x509.UnrecognizedExtension(profiles.ASSURANCE_LEVEL, b"\x06\x01\x2a"), False),
    (
        "policy",
        x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]),
        False,
    ),
    (
        "OCSP responder",
        x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(
                    x509.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("https://art.example/ocsp")
                )
            ]
        ),
        False,
    ),
]


@pytest.mark.parametrize(("said", "change"), DEFECTS.items(), ids=list(DEFECTS))
def test_what_is_missing_is_said(pki: Pki, said: str, change: dict):
    (problem,) = chains.leaf_problems(rebuilt(pki, **change))
    assert said in problem


@pytest.mark.parametrize(("said", "extension", "critical"), CHANGES)
def test_what_is_wrong_is_said(pki: Pki, said: str, extension: x509.ExtensionType, critical: bool):
    (problem,) = chains.leaf_problems(rebuilt(pki, (extension, critical)))
    assert said in problem


def test_too_long_a_validity_a_weak_key_and_a_short_name(pki: Pki):
    too_long = rebuilt(pki, end=pki.leaf.certificate.not_valid_before_utc + 367 * DAY)
    assert chains.leaf_problems(too_long) == ("it is valid for more than 366 days",)
    odd = rebuilt(pki, public_key=key(ec.SECP256K1()).public_key())
    assert chains.leaf_problems(odd) == ("its key is not of an allowed kind or size",)
    nameless = rebuilt(pki, subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Only")]))
    assert chains.leaf_problems(nameless) == ("its subject has no C", "its subject has no O")


def test_an_rsa_key_of_2048_bits_will_do(pki: Pki):
    big = rsa.generate_private_key(65537, 2048).public_key()
    assert chains.leaf_problems(rebuilt(pki, public_key=big)) == ()


def test_a_self_signed_certificate_never_signs_claims(pki: Pki):
    assert chains.SELF_SIGNED in chains.leaf_problems(pki.root.certificate)
    assert chains.SELF_SIGNED in chains.UNUSABLE


# ---- requests


def test_a_request_asks_for_the_profile_and_openssl_reads_it(tmp_path):
    own = key()
    pem = requests.claim_request(own, OWNER.name("Registrar"), cpl_record=CPL)
    request = x509.load_pem_x509_csr(pem)
    assert request.is_signature_valid
    asked = {found.oid.dotted_string: (found.critical, found.value) for found in request.extensions}
    assert set(asked) == {
        "2.5.29.19",
        "2.5.29.15",
        "2.5.29.37",
        "2.5.29.32",
        "1.3.6.1.4.1.62558.3",
        "1.3.6.1.4.1.62558.4",
    }
    assert {oid for oid, (critical, _) in asked.items() if critical} == {"2.5.29.19", "2.5.29.15"}
    (tmp_path / "r.pem").write_bytes(pem)
    shown = openssl("req", "-in", tmp_path / "r.pem", "-noout", "-verify", "-subject")
    assert shown.returncode == 0
    assert "C = DE, O = Blue Hour, CN = Registrar" in shown.stdout


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_request_is_signed_with_the_hash_of_its_curve(curve: ec.EllipticCurve):
    request = x509.load_pem_x509_csr(requests.claim_request(key(curve), OWNER.name("Registrar")))
    assert request.signature_hash_algorithm is not None
    assert request.signature_hash_algorithm.name == profiles.signature_hash(curve).name
    assert profiles.CPL_RECORD not in {found.oid for found in request.extensions}
