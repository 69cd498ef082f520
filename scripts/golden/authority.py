"""A certificate authority of fixed seeds for golden pictures, in the product's own profiles, but for thirty years: the
pictures shall outlive the day on which they were made. Its time is the golden one."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from provenance.credentials.pki import ocsp, profiles, timestamps
from provenance.credentials.pki.profiles import Issuer, Owner, Wanted
from scripts.golden.certificates import NOW

START: Final = datetime(2025, 1, 1, tzinfo=UTC)
_DAYS: Final = 30 * 365
_CPL: Final = "4e802d42-cad7-4dc3-a504-875bdf8b0b63"
_OWNER: Final = Owner("Golden Studio", "DE")
_BACK: Final = timedelta(minutes=10)


def key(name: str) -> ec.EllipticCurvePrivateKey:
    """P-256, always the same of one name."""
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(name.encode()).digest()[:31], "big"), ec.SECP256R1())


class Authority:
    """Root, issuing CA, claim signer, OCSP responder, and a time-stamp authority below the same root."""

    def __init__(self, name: str) -> None:
        self.name = name
        above = key(f"{name} root")
        self.root = Issuer(profiles.root(above, self._wanted("Root")), above)
        self.claim_ca = self._issued(profiles.claim_ca, "Claim CA", self.root)
        self.tsa_ca = self._issued(profiles.tsa_ca, "TSA CA", self.root)
        self.ocsp = self._issued(profiles.ocsp_responder, "OCSP", self.claim_ca)
        self.tsa = self._issued(profiles.tsa_leaf, "TSA", self.tsa_ca)
        self.signer = self.claims()

    @property
    def pem(self) -> bytes:
        return self.root.certificate.public_bytes(Encoding.PEM)

    def claims(self, *, start: datetime = START, days: int = _DAYS) -> "Claims":
        """A claim signer; one that ends early has a name of its own."""
        own = key(f"{self.name} leaf {days}")
        ca = self.claim_ca.certificate
        identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        place = x509.UniformResourceIdentifier("http://golden.example/ocsp")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.SubjectKeyIdentifier.from_public_key(own.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
            (x509.AuthorityInformationAccess([access]), False),
            *profiles.leaf_extensions(_CPL),
        ]
        wanted = self._wanted("Claim Signer", start=start, days=days)
        builder = x509.CertificateBuilder(
            issuer_name=ca.subject,
            subject_name=wanted.subject,
            public_key=own.public_key(),
            serial_number=wanted.serial,
            not_valid_before=start,
            not_valid_after=start + timedelta(days=days),
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return Claims(own, builder.sign(self.claim_ca.key, hashes.SHA256()), ca)

    def stapler(self, *, revoked: bool = False) -> "Stapler":
        at, reason = (NOW - 2 * _BACK, "keyCompromise") if revoked else (None, None)
        return Stapler(self, ocsp.Standing(True, at, reason))

    def stamps(self, *, imprint: bytes | None = None) -> "Stamps":
        """Over what it is asked for, or always over `imprint`."""
        return Stamps(timestamps.Authority(self.tsa.certificate, self.tsa.key, (self.tsa_ca.certificate,)), imprint)

    def _issued(self, make: Callable[..., x509.Certificate], role: str, issuer: Issuer) -> Issuer:
        own = key(f"{self.name} {role}")
        return Issuer(make(own.public_key(), self._wanted(role), issuer), own)

    def _wanted(self, role: str, *, start: datetime = START, days: int = _DAYS) -> Wanted:
        name = f"{self.name} {role}"
        serial = int.from_bytes(hashlib.sha256(f"{name} {days}".encode()).digest()[:8], "big") | 1
        return Wanted(subject=_OWNER.name(name), serial=serial, now=start, days=days, url="http://golden.example")


@dataclass(frozen=True)
class Claims:
    """A `ClaimSigner`."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    issuer: x509.Certificate
    alg: str = "ES256"

    @property
    def chain(self) -> list[bytes]:
        return [certificate.public_bytes(Encoding.DER) for certificate in (self.certificate, self.issuer)]

    def sign(self, body: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(body, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass(frozen=True)
class Stapler:
    """A `RevocationSource`."""

    authority: Authority
    standing: ocsp.Standing

    def staple(self) -> bytes:
        authority = self.authority
        request = ocsp.read_request(ocsp.ask(authority.signer.certificate, authority.claim_ca.certificate))
        responder = ocsp.Responder(authority.claim_ca.certificate, authority.ocsp.certificate, authority.ocsp.key)
        return ocsp.respond(request, responder, self.standing, now=NOW - _BACK)


@dataclass(frozen=True)
class Stamps:
    """A `Timestamper`."""

    authority: timestamps.Authority
    imprint: bytes | None = None

    def timestamp(self, imprint: bytes) -> bytes:
        request = timestamps.ask(self.imprint or imprint, nonce=7)
        return timestamps.token_in(timestamps.answer(request, self.authority, now=NOW, serial=9))
