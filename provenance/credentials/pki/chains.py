"""Certificate chains: read under limits, checked link by link, compared with the claim-signing profile."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from provenance.core.errors import InvalidRequest
from provenance.credentials.pki import profiles

E = TypeVar("E", bound=x509.ExtensionType)
MAX_CERTIFICATES: Final = 8
MAX_PEM: Final = 64 << 10
SELF_SIGNED: Final = "it is self-signed"
NOT_LEAF: Final = "it has no critical basic constraints that say it is no CA"
ANY_PURPOSE: Final = "its extended key usage is any"
UNUSABLE: Final = frozenset({SELF_SIGNED, NOT_LEAF, ANY_PURPOSE})
"""Problems with which no verifier takes a claim; the others may cost the trust of those that ask for the profile."""
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
_USAGE: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def read_pem(data: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file, in its order. Raises InvalidRequest: none, more than 8, over 64 KiB, damaged."""
    if len(data) > MAX_PEM:
        raise InvalidRequest(f"a certificate file has at most {MAX_PEM:,} bytes")
    try:
        found = tuple(x509.load_pem_x509_certificates(data))
        for certificate in found:
            _ = certificate.extensions, certificate.subject, certificate.issuer
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidRequest("the file holds no readable PEM certificates") from None
    if not 1 <= len(found) <= MAX_CERTIFICATES:
        raise InvalidRequest(f"a chain has 1 to {MAX_CERTIFICATES} certificates")
    return found


def pem(certificates: Sequence[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def der(certificates: Sequence[x509.Certificate]) -> tuple[bytes, ...]:
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)


def is_self_signed(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer


def same_key(certificate: x509.Certificate, public_key: ec.EllipticCurvePublicKey) -> bool:
    """Whether the certificate is about this key."""
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return certificate.public_key().public_bytes(*form) == public_key.public_bytes(*form)


def check_links(chain: Sequence[x509.Certificate], *, at: datetime) -> None:
    """Each certificate is valid at that time, and signed by the next one, which is a CA that may have as many below it.

    Raises InvalidRequest. Who may be trusted is not asked here.
    """
    for certificate in chain:
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise InvalidRequest(
                f"{profiles.common_name(certificate)} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} "
                f"to {certificate.not_valid_after_utc:%Y-%m-%d} only"
            )
    for depth, (below, above) in enumerate(pairwise(chain)):
        _check_link(below, above, depth=depth)


def _check_link(below: x509.Certificate, above: x509.Certificate, *, depth: int) -> None:
    names = f"{profiles.common_name(above)} did not issue {profiles.common_name(below)}"
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        raise InvalidRequest(names, hint="the order is: leaf, its CA, the CA above, …") from None
    constraints = _found(above, x509.BasicConstraints)
    if constraints is None or not constraints.value.ca:
        raise InvalidRequest(f"{names}: it is no CA")
    if constraints.value.path_length is not None and constraints.value.path_length < depth:
        raise InvalidRequest(f"{names}: it may not have {depth} CAs below it")


def leaf_problems(leaf: x509.Certificate) -> tuple[str, ...]:
    """What keeps a certificate from the C2PA profile "Claim Signing Leaf, assurance level 1" (Certificate Policy 0.2),
    a sentence each; empty where nothing does. Raises InvalidRequest on a certificate whose parts can't be read."""
    try:
        return (*_core_problems(leaf), *_extension_problems(leaf), *_purpose_problems(leaf))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidRequest("a certificate has a damaged key, name or extension") from None


def _core_problems(leaf: x509.Certificate) -> Iterator[str]:
    if (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days > profiles.MAX_LEAF_DAYS:
        yield f"it is valid for more than {profiles.MAX_LEAF_DAYS} days"
    present = {attribute.oid for attribute in leaf.subject}
    wanted = {"C": x509.NameOID.COUNTRY_NAME, "O": x509.NameOID.ORGANIZATION_NAME, "CN": x509.NameOID.COMMON_NAME}
    for name, oid in wanted.items():
        if oid not in present:
            yield f"its subject has no {name}"
    key = leaf.public_key()
    allowed = (
        (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES)
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048)
        or isinstance(key, ed25519.Ed25519PublicKey)
    )
    if not allowed:
        yield "its key is not of an allowed kind or size"
    if is_self_signed(leaf):
        yield SELF_SIGNED


def _extension_problems(leaf: x509.Certificate) -> Iterator[str]:
    if _found(leaf, x509.SubjectKeyIdentifier) is None:
        yield "it has no subject key identifier"
    above = _found(leaf, x509.AuthorityKeyIdentifier)
    if above is None or above.value.key_identifier is None:
        yield "it has no authority key identifier with a key identifier"
    constraints = _found(leaf, x509.BasicConstraints)
    if constraints is None or not constraints.critical or constraints.value.ca:
        yield NOT_LEAF
    usage = _found(leaf, x509.KeyUsage)
    used = {bit for bit in _USAGE if usage is not None and getattr(usage.value, bit)}
    if usage is None or not usage.critical or used != {"digital_signature", "content_commitment"}:
        yield "its key usage is not exactly digitalSignature and nonRepudiation, critical"
    access = _found(leaf, x509.AuthorityInformationAccess)
    if access is None or ocsp_url(leaf) is None:
        yield "its authority information names no OCSP responder at an http address"


def _purpose_problems(leaf: x509.Certificate) -> Iterator[str]:
    purposes = _found(leaf, x509.ExtendedKeyUsage)
    named = set() if purposes is None else set(purposes.value)
    if purposes is None or purposes.critical or profiles.CLAIM_SIGNING not in named:
        yield "its extended key usage does not name c2pa-kp-claimSigning, not critical"
    elif not named & {profiles.EMAIL_PROTECTION, profiles.DOCUMENT_SIGNING}:
        yield "its extended key usage names neither emailProtection nor documentSigning"
    if ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in named:
        yield ANY_PURPOSE
    policies = _found(leaf, x509.CertificatePolicies)
    named_policies = set() if policies is None else {policy.policy_identifier for policy in policies.value}
    if profiles.CERTIFICATE_POLICY not in named_policies:
        yield "it does not name the C2PA certificate policy"
    extensions = {extension.oid: extension for extension in leaf.extensions}
    level = extensions.get(profiles.ASSURANCE_LEVEL)
    if level is None or level.critical or level.value.public_bytes() != profiles.ASSURANCE_LEVEL_1_DER:
        yield "it does not say assurance level 1"
    if profiles.CPL_RECORD not in extensions:
        yield "it names no record of the Conforming Products List"


def ocsp_url(certificate: x509.Certificate) -> str | None:
    """The http address of its OCSP responder, where it names one."""
    access = _found(certificate, x509.AuthorityInformationAccess)
    for description in () if access is None else access.value:
        location = description.access_location
        if (
            description.access_method == AuthorityInformationAccessOID.OCSP
            and isinstance(location, x509.UniformResourceIdentifier)
            and location.value.startswith("http://")
        ):
            return location.value
    return None


def _found(certificate: x509.Certificate, kind: type[E]) -> x509.Extension[E] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
