"""Each certificate against the C2PA Certificate Policy 0.2, field by field; OpenSSL judges the chains."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from provenance.core.errors import InvalidRequest
from provenance.credentials.pki import chains, profiles
from provenance.credentials.pki.profiles import Owner
from tests.pki import CPL, OWNER, URL, Pki, key, make_pki, openssl, pki_now, wanted

NOW = datetime(2026, 11, 21, 20, 0, 0, 123, tzinfo=UTC)
BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


@pytest.fixture(scope="module")
def pki() -> Pki:
    return make_pki(NOW)


def extension(certificate: x509.Certificate, kind):
    return certificate.extensions.get_extension_for_class(kind)


def usage(certificate: x509.Certificate) -> set[str]:
    found = extension(certificate, x509.KeyUsage)
    assert found.critical
    return {bit for bit in BITS if getattr(found.value, bit)}


def purposes(certificate: x509.Certificate) -> tuple[bool, list[str]]:
    found = extension(certificate, x509.ExtendedKeyUsage)
    return found.critical, [oid.dotted_string for oid in found.value]


def days(certificate: x509.Certificate) -> float:
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc) / timedelta(days=1)


def policies(certificate: x509.Certificate) -> list[str]:
    found = extension(certificate, x509.CertificatePolicies)
    assert not found.critical
    return [policy.policy_identifier.dotted_string for policy in found.value]


def extension_oids(certificate: x509.Certificate) -> set[str]:
    return {found.oid.dotted_string for found in certificate.extensions}


# ---- what all have in common


@pytest.mark.parametrize("role", ["root", "claim_ca", "tsa_ca", "leaf", "ocsp", "tsa"])
def test_every_certificate_names_its_key_its_issuer_and_its_owner(pki: Pki, role: str):
    certificate = getattr(pki, role).certificate
    assert certificate.version is x509.Version.v3
    assert [attribute.oid._name for attribute in certificate.subject] == [
        "countryName",
        "organizationName",
        "commonName",
    ]
    own = extension(certificate, x509.SubjectKeyIdentifier)
    assert own.value == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())  # RFC 5280 method 1
    assert not own.critical
    if role != "root":
        above = extension(certificate, x509.AuthorityKeyIdentifier)
        assert not above.critical
        assert above.value.key_identifier is not None
    assert certificate.not_valid_before_utc == NOW.replace(microsecond=0) - timedelta(minutes=5)


@pytest.mark.parametrize(
    ("role", "curve", "algorithm"),
    [
        ("root", "secp384r1", hashes.SHA384),
        ("claim_ca", "secp384r1", hashes.SHA384),
        ("tsa_ca", "secp384r1", hashes.SHA384),
        ("leaf", "secp256r1", hashes.SHA384),  # signed by a P-384 CA
        ("ocsp", "secp256r1", hashes.SHA384),
        ("tsa", "secp256r1", hashes.SHA384),
    ],
)
def test_curves_and_hashes(pki: Pki, role: str, curve: str, algorithm: type):
    certificate = getattr(pki, role).certificate
    public = certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert public.curve.name == curve
    assert isinstance(certificate.signature_hash_algorithm, algorithm)


@pytest.mark.parametrize(
    ("role", "most"),
    [("root", 20 * 365), ("claim_ca", 1827), ("tsa_ca", 5479), ("leaf", 366), ("ocsp", 90), ("tsa", 4110)],
)
def test_no_certificate_lives_longer_than_its_profile(pki: Pki, role: str, most: int):
    assert most / 4 < days(getattr(pki, role).certificate) <= most


# ---- role by role


def test_the_root(pki: Pki):
    root = pki.root.certificate
    assert root.subject == root.issuer
    assert usage(root) == {"key_cert_sign", "crl_sign"}
    found = extension(root, x509.BasicConstraints)
    assert (found.critical, found.value.ca, found.value.path_length) == (True, True, 1)
    assert extension_oids(root) == {"2.5.29.14", "2.5.29.15", "2.5.29.19"}  # authority information must not be there


@pytest.mark.parametrize(
    ("role", "named"),
    [
        ("claim_ca", ["1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36"]),
        ("tsa_ca", ["1.3.6.1.5.5.7.3.8"]),
    ],
)
def test_an_issuing_ca(pki: Pki, role: str, named: list[str]):
    certificate = getattr(pki, role).certificate
    assert usage(certificate) == {"key_cert_sign", "crl_sign"}
    found = extension(certificate, x509.BasicConstraints)
    assert (found.critical, found.value.ca, found.value.path_length) == (True, True, 0)
    assert purposes(certificate) == (False, named)
    assert policies(certificate) == ["1.3.6.1.4.1.62558.1.1"]
    assert ExtendedKeyUsageOID.OCSP_SIGNING.dotted_string not in named


def test_the_claim_signing_leaf(pki: Pki):
    leaf = pki.leaf.certificate
    assert usage(leaf) == {"digital_signature", "content_commitment"}
    found = extension(leaf, x509.BasicConstraints)
    assert (found.critical, found.value.ca, found.value.path_length) == (True, False, None)
    assert purposes(leaf) == (False, ["1.3.6.1.4.1.62558.2.1", "1.3.6.1.5.5.7.3.4"])
    assert policies(leaf) == ["1.3.6.1.4.1.62558.1.1"]
    others = {found.oid.dotted_string: found for found in leaf.extensions}
    level, record = others["1.3.6.1.4.1.62558.3"], others["1.3.6.1.4.1.62558.4"]
    assert (level.critical, record.critical) == (False, False)
    assert record.value.value == b"\x0c\x24" + CPL.encode()  # UTF8String of 36 bytes
    assert chains.leaf_problems(leaf) == ()


def test_the_assurance_level_is_the_oid_of_level_1(pki: Pki):
    from asn1crypto.core import ObjectIdentifier

    (level,) = [found for found in pki.leaf.certificate.extensions if found.oid == profiles.ASSURANCE_LEVEL]
    assert ObjectIdentifier.load(level.value.value).native == "1.3.6.1.4.1.62558.3.10"


def test_authority_information_points_to_the_ca_over_http(pki: Pki):
    found = extension(pki.leaf.certificate, x509.AuthorityInformationAccess)
    assert not found.critical
    places = {access.access_method: access.access_location.value for access in found.value}
    assert places == {
        AuthorityInformationAccessOID.OCSP: f"{URL}/ocsp",
        AuthorityInformationAccessOID.CA_ISSUERS: f"{URL}/ca/{pki.claim_ca.certificate.serial_number:x}.cer",
    }
    assert chains.ocsp_url(pki.leaf.certificate) == f"{URL}/ocsp"


def test_the_ocsp_responder_has_one_purpose_and_is_not_asked_about(pki: Pki):
    responder = pki.ocsp.certificate
    assert usage(responder) == {"digital_signature"}
    assert purposes(responder) == (False, ["1.3.6.1.5.5.7.3.9"])
    assert not extension(responder, x509.OCSPNoCheck).critical
    assert "1.3.6.1.5.5.7.1.1" not in extension_oids(responder)


def test_the_time_stamping_leaf_has_one_critical_purpose(pki: Pki):
    tsa = pki.tsa.certificate
    assert usage(tsa) == {"digital_signature", "content_commitment"}
    assert purposes(tsa) == (True, ["1.3.6.1.5.5.7.3.8"])
    assert policies(tsa) == ["1.3.6.1.4.1.62558.1.1"]


# ---- limits


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_leaf_of_no_or_too_many_days_is_refused(pki: Pki, days: int):
    with pytest.raises(InvalidRequest, match="1 to 366 days"):
        pki.new_leaf(days=days)


def test_a_leaf_ends_with_its_ca(pki: Pki):
    late = pki.claim_ca.certificate.not_valid_after_utc - timedelta(days=10)
    assert pki.new_leaf(now=late).not_valid_after_utc <= pki.claim_ca.certificate.not_valid_after_utc


@pytest.mark.parametrize("years", [-1, 6])
def test_a_ca_that_is_not_valid_issues_nothing(pki: Pki, years: int):
    with pytest.raises(InvalidRequest, match="Claim CA is not valid"):
        pki.new_leaf(now=NOW + timedelta(days=365 * years))


def test_a_record_that_is_no_uuid_is_refused(pki: Pki):
    with pytest.raises(InvalidRequest, match="UUID"):
        profiles.claim_leaf(key().public_key(), wanted("x", now=NOW, days=1), pki.claim_ca, cpl_record="4e802d42")


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP224R1()])
def test_other_curves_are_refused(curve: ec.EllipticCurve):
    with pytest.raises(InvalidRequest, match="curve"):
        profiles.signature_hash(curve)


@pytest.mark.parametrize("country", ["de", "D", "DEU", "D1 ", ""])
def test_a_country_is_two_capitals(country: str):
    with pytest.raises(InvalidRequest, match="country"):
        Owner("Blue Hour", country)


@pytest.mark.parametrize("organization", ["", "x" * 41, "line\nbreak"])
def test_an_organisation_has_a_sane_name(organization: str):
    with pytest.raises(InvalidRequest, match="organisation"):
        Owner(organization, "DE")


@pytest.mark.parametrize("name", ["", "x" * 65, "\x00"])
def test_a_common_name_has_its_bounds(name: str):
    with pytest.raises(InvalidRequest, match="common name"):
        OWNER.name(name)


# ---- OpenSSL


@pytest.mark.parametrize(
    ("role", "above", "options"),
    [
        ("leaf", "claim_ca", ("-purpose", "smimesign")),
        ("ocsp", "claim_ca", ("-purpose", "ocsphelper")),
        ("tsa", "tsa_ca", ("-purpose", "timestampsign")),
    ],
)
def test_openssl_accepts_the_chain(tmp_path, role: str, above: str, options: tuple[str, ...]):
    pki = pki_now()
    for name in ("root", above, role):
        (tmp_path / f"{name}.pem").write_bytes(chains.pem([getattr(pki, name).certificate]))
    done = openssl(
        "verify", "-x509_strict", *options, "-CAfile", "root.pem", "-untrusted", f"{above}.pem", f"{role}.pem",
        folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{role}.pem: OK"


def test_openssl_refuses_a_leaf_under_the_wrong_ca(tmp_path):
    pki = pki_now()
    for name in ("root", "tsa_ca", "leaf"):
        (tmp_path / f"{name}.pem").write_bytes(chains.pem([getattr(pki, name).certificate]))
    done = openssl("verify", "-CAfile", "root.pem", "-untrusted", "tsa_ca.pem", "leaf.pem", folder=tmp_path)
    assert done.returncode != 0
