"""The certificates of a C2PA signer, field by field: C2PA Certificate Policy 0.2, "Certificate Profile".

Each function is one profile of that document. Certificates begin five minutes before `now`, for clocks that are late,
and end `days` after that, or with their issuer.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from provenance.core.errors import InvalidRequest

CLAIM_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")  # c2pa-kp-claimSigning
CERTIFICATE_POLICY: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.1.1")
ASSURANCE_LEVEL: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.3")

CPL_RECORD: Final = x509.ObjectIdentifier("1.3.6.1.4.1.62558.4")
EMAIL_PROTECTION: Final = ExtendedKeyUsageOID.EMAIL_PROTECTION
DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336

ROOT_DAYS: Final = 20 * 365
ISSUING_CA_DAYS: Final = 1826  # at most 1827
TSA_CA_DAYS: Final = 5478  # at most 5479
LEAF_DAYS: Final = 365
MAX_LEAF_DAYS: Final = 366
TSA_DAYS: Final = 1096  # at most 4110
OCSP_DAYS: Final = 90  # nothing can revoke it, so it ends soon
ROOT_OCSP_DAYS: Final = ISSUING_CA_DAYS  # its issuer's key should be in a safe meanwhile
SKEW: Final = timedelta(minutes=5)

# DER of the value 1.3.6.1.4.1.62558.3.10 as an OBJECT IDENTIFIER: 62558 is 83 e8 5e in base 128.
ASSURANCE_LEVEL_1_DER: Final = bytes.fromhex("060a2b0601040183e85e030a")
_UTF8_STRING: Final = 0x0C
_MAX_NAME: Final = 64  # ub-organization-name, ub-common-name (RFC 5280, appendix A.1)


class Role(StrEnum):
    """What a certificate is for."""

    ROOT = "root"
    CLAIM_CA = "claim-ca"
    TSA_CA = "tsa-ca"
    LEAF = "leaf"
    OCSP = "ocsp"
    TSA = "tsa"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose certificates they are: ISO 3166 country in two capitals, organisation of up to 40 characters."""

    organization: str
    country: str

    def __post_init__(self) -> None:
        if not (self.country.isascii() and self.country.isupper() and len(self.country) == 2):
            raise InvalidRequest(f"{self.country[:8]!r} is no country code", hint="two capitals, such as DE")
        if not 1 <= len(self.organization) <= 40 or not self.organization.isprintable():
            raise InvalidRequest("an organisation has 1 to 40 printable characters")

    def name(self, common_name: str) -> x509.Name:
        """C, O and CN, which every profile requires."""
        if not 1 <= len(common_name) <= _MAX_NAME or not common_name.isprintable():
            raise InvalidRequest(f"a common name has 1 to {_MAX_NAME} printable characters")
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, self.country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA that signs: its certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What differs from one certificate of a profile to the next.

    `url` is the CA's plain-HTTP address, without a slash at its end: authority information points to its `/ocsp`. None
    leaves that extension out, which the profiles of CAs and leaves do not allow: such certificates are for private use.
    """

    subject: x509.Name
    serial: int
    now: datetime
    days: int
    url: str | None = None


def root(key: ec.EllipticCurvePrivateKey, wanted: Wanted) -> x509.Certificate:
    """Self-signed, P-384 or P-521, for one level of CAs below it."""
    start = _whole(wanted.now) - SKEW
    builder = (
        _empty(wanted, key.public_key(), issuer=wanted.subject, validity=(start, start + timedelta(days=wanted.days)))
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return builder.sign(key, signature_hash(key.curve))


def claim_ca(public_key: ec.EllipticCurvePublicKey, wanted: Wanted, issuer: Issuer) -> x509.Certificate:
    """The CA that issues claim-signing leaves and their OCSP responder.

    Its extended key usage leaves id-kp-OCSPSigning out: with it, the CA itself would be a responder for the root's
    certificates (RFC 6960, section 4.2.2.2).
    """
    return _ca(public_key, wanted, issuer, purposes=[CLAIM_SIGNING, EMAIL_PROTECTION, DOCUMENT_SIGNING])


def tsa_ca(public_key: ec.EllipticCurvePublicKey, wanted: Wanted, issuer: Issuer) -> x509.Certificate:
    """The CA that issues time-stamping leaves and nothing else."""
    return _ca(public_key, wanted, issuer, purposes=[ExtendedKeyUsageOID.TIME_STAMPING])


def claim_leaf(
    public_key: ec.EllipticCurvePublicKey, wanted: Wanted, issuer: Issuer, *, cpl_record: str | None = None
) -> x509.Certificate:
    """A claim signer at assurance level 1. `cpl_record` is the UUID of the product on the Conforming Products List;
    without one the profile is not complete. Raises InvalidRequest over 366 days or on a malformed UUID."""
    if not 1 <= wanted.days <= MAX_LEAF_DAYS:
        raise InvalidRequest(f"a claim-signing certificate is valid for 1 to {MAX_LEAF_DAYS} days")
    builder = _issued(public_key, wanted, issuer)
    for extension, critical in leaf_extensions(cpl_record):
        builder = builder.add_extension(extension, critical=critical)
    return _sign(builder, wanted, issuer)


def leaf_extensions(cpl_record: str | None) -> list[tuple[x509.ExtensionType, bool]]:
    """Of a claim-signing leaf at assurance level 1, those that its subject asks for: (extension, critical)."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(digital_signature=True, content_commitment=True), True),
        (x509.ExtendedKeyUsage([CLAIM_SIGNING, EMAIL_PROTECTION]), False),
        (_policies(), False),
        (x509.UnrecognizedExtension(ASSURANCE_LEVEL, ASSURANCE_LEVEL_1_DER), False),
    ]
    if cpl_record is not None:
        extensions.append((x509.UnrecognizedExtension(CPL_RECORD, _cpl_record(cpl_record)), False))
    return extensions


def ocsp_responder(public_key: ec.EllipticCurvePublicKey, wanted: Wanted, issuer: Issuer) -> x509.Certificate:
    """Signs OCSP responses about the certificates of its issuer, and nothing else."""
    builder = (
        _issued(public_key, wanted, issuer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        .add_extension(x509.OCSPNoCheck(), critical=False)
    )
    return builder.sign(issuer.key, signature_hash(issuer.key.curve))


def tsa_leaf(public_key: ec.EllipticCurvePublicKey, wanted: Wanted, issuer: Issuer) -> x509.Certificate:
    """Signs time-stamp tokens, and nothing else (RFC 3161, section 2.3)."""
    builder = (
        _issued(public_key, wanted, issuer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(_policies(), critical=False)
    )
    return _sign(builder, wanted, issuer)


def signature_hash(curve: ec.EllipticCurve) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The SHA-2 of the curve's strength. Raises InvalidRequest on another curve than P-256, P-384 and P-521."""
    match curve.name:
        case "secp256r1":
            return hashes.SHA256()
        case "secp384r1":
            return hashes.SHA384()
        case "secp521r1":
            return hashes.SHA512()
    raise InvalidRequest(f"no profile allows the curve {curve.name}")


def _ca(
    public_key: ec.EllipticCurvePublicKey, wanted: Wanted, issuer: Issuer, *, purposes: list[x509.ObjectIdentifier]
) -> x509.Certificate:
    builder = (
        _issued(public_key, wanted, issuer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(_policies(), critical=False)
    )
    return _sign(builder, wanted, issuer)


def _issued(public_key: ec.EllipticCurvePublicKey, wanted: Wanted, issuer: Issuer) -> x509.CertificateBuilder:
    """Raises InvalidRequest when the issuer is not valid at that time."""
    above = issuer.certificate
    start = max(_whole(wanted.now) - SKEW, above.not_valid_before_utc)
    end = min(start + timedelta(days=wanted.days), above.not_valid_after_utc)
    if end <= start or start > wanted.now:
        raise InvalidRequest(f"the CA {common_name(above)} is not valid at this time", hint="renew it first")
    above_key = above.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return _empty(wanted, public_key, issuer=above.subject, validity=(start, end)).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above_key), critical=False
    )


def _empty(
    wanted: Wanted, public_key: ec.EllipticCurvePublicKey, *, issuer: x509.Name, validity: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(wanted.subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(wanted.serial)
        .not_valid_before(validity[0])
        .not_valid_after(validity[1] - timedelta(seconds=1))  # both ends count (RFC 5280, section 4.1.2.5)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, wanted: Wanted, issuer: Issuer) -> x509.Certificate:
    """With the issuer's addresses, where it has some."""
    if wanted.url is not None:
        methods = {
            AuthorityInformationAccessOID.OCSP: "/ocsp",
            AuthorityInformationAccessOID.CA_ISSUERS: f"/ca/{issuer.certificate.serial_number:x}.cer",
        }
        access = [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(wanted.url + path))
            for method, path in methods.items()
        ]
        builder = builder.add_extension(x509.AuthorityInformationAccess(access), critical=False)
    return builder.sign(issuer.key, signature_hash(issuer.key.curve))


def common_name(certificate: x509.Certificate) -> str:
    """The subject's, or the whole subject where it has none."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _policies() -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(CERTIFICATE_POLICY, None)])


def _cpl_record(text: str) -> bytes:
    """UTF8String (SIZE (36))."""
    try:
        record = str(uuid.UUID(text)).encode()
    except ValueError:
        raise InvalidRequest("a CPL record is a UUID", hint="it stands on the C2PA Conforming Products List") from None
    return bytes((_UTF8_STRING, len(record))) + record


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
