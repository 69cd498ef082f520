"""A small certificate authority: root, issuing CA, claim-signing leaf, OCSP responder; and a TSA with its own root.

The leaf has the shape of C2PA's certificate policy for assurance level 1, so that a strict verifier accepts it.
"""

import datetime as dt
import hashlib
import os
from dataclasses import dataclass, field

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from provenance.core.errors import Unavailable

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
C2PA_POLICY = ObjectIdentifier("1.3.6.1.4.1.62558.1.1")
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass
class Holder:
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


def issue(name, issuer=None, *, purposes=(), critical=False, extra=(), path=None, key=None, days=(-1, 300)) -> Holder:
    """A CA where `path` is given, else a leaf with these purposes."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    usages = ("key_cert_sign", "crl_sign") if path is not None else ("digital_signature", "content_commitment")
    subject = _name(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + dt.timedelta(days=days[0]))
        .not_valid_after(NOW + dt.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(path is not None, path), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.KeyUsage(**{usage: usage in usages for usage in _USAGES}), True)
    )
    if issuer:
        identifier = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False
        )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical)
    for extension in extra:
        builder = builder.add_extension(extension, False)
    return Holder(key, builder.sign(issuer.key if issuer else key, hashes.SHA256()))


def _name(name: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Example Registrar"),
        (NameOID.COMMON_NAME, name),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


class Authority:
    """`claims`, `stamps` and `responder` are what the ports ask for."""

    def __init__(self) -> None:
        self.root = issue("Root", path=1)
        self.issuing = issue("Issuing CA", self.root, path=0)
        self.stamp_root = issue("TSA root", path=0)
        self.leaf = self.claim_leaf()
        self.tsa = issue("TSA", self.stamp_root, purposes=[ExtendedKeyUsageOID.TIME_STAMPING], critical=True)
        purposes = [ExtendedKeyUsageOID.OCSP_SIGNING]
        self.ocsp = issue("OCSP", self.issuing, purposes=purposes, critical=True, extra=[x509.OCSPNoCheck()])

    def claim_leaf(self, key=None, *, issuer=None, days=(-1, 300)) -> Holder:
        place = x509.UniformResourceIdentifier("http://ocsp.example/")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        extra = [
            x509.CertificatePolicies([x509.PolicyInformation(C2PA_POLICY, None)]),
            x509.AuthorityInformationAccess([access]),
        ]
        purposes = [CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
        return issue("Claim signer", issuer or self.issuing, purposes=purposes, extra=extra, key=key, days=days)

    @property
    def claims(self) -> "Claims":
        return Claims(self.leaf, [self.leaf.der, self.issuing.der])

    @property
    def stamps(self) -> "Stamps":
        return Stamps(self.tsa, self.stamp_root)

    @property
    def responder(self) -> "Responder":
        return Responder(self.leaf, self.issuing, self.ocsp)


@dataclass
class Claims:
    holder: Holder
    chain: list[bytes]
    alg: str = "ES256"
    signed: int = 0
    fails: bool = False

    def sign(self, body: bytes) -> bytes:
        self.signed += 1
        if self.fails:
            raise Unavailable("the key is locked away")
        if self.alg == "Ed25519":
            return self.holder.key.sign(body)
        r, s = decode_dss_signature(self.holder.key.sign(body, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@dataclass
class Stamps:
    tsa: Holder
    root: Holder
    fails: bool = False
    ballast: int = 0  # certificates too many, to make the token larger
    asked: list[bytes] = field(default_factory=list)

    def timestamp(self, imprint: bytes) -> bytes:
        """RFC 3161, 2.4.2; with the ESSCertIDv2 of RFC 5816."""
        self.asked.append(imprint)
        if self.fails:
            raise Unavailable("the time-stamping authority does not answer")
        certificates = [asn1_x509.Certificate.load(holder.der) for holder in (self.tsa, self.root)]
        certificates += [asn1_x509.Certificate.load(issue(f"Ballast {n}").der) for n in range(self.ballast)]
        info = tsp.TSTInfo(_info(imprint)).dump()
        attributes = cms.CMSAttributes(_attributes(info, self.tsa))
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": _serial(certificates[0])}),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": self.tsa.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
        }
        signed = cms.SignedData({
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
            "certificates": certificates,
            "signer_infos": [signer],
        })  # fmt: skip
        return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


def _info(imprint: bytes):
    return {
        "version": "v1",
        "policy": "1.3.6.1.4.1.99999.1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": imprint},
        "serial_number": int.from_bytes(os.urandom(8), "big"),
        "gen_time": dt.datetime.now(dt.UTC).replace(microsecond=0),
        "accuracy": {"seconds": 1},
    }


def _attributes(info: bytes, tsa: Holder):
    identifier = {"hash_algorithm": {"algorithm": "sha256"}, "cert_hash": hashlib.sha256(tsa.der).digest()}
    return [
        {"type": "content_type", "values": ["tst_info"]},
        {"type": "signing_time", "values": [cms.Time({"utc_time": dt.datetime.now(dt.UTC).replace(microsecond=0)})]},
        {"type": "message_digest", "values": [hashlib.sha256(info).digest()]},
        {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [identifier]})]},
    ]


def _serial(certificate):
    return {"issuer": certificate.issuer, "serial_number": certificate.serial_number}


@dataclass
class Responder:
    leaf: Holder
    issuing: Holder
    ocsp: Holder
    fails: bool = False

    def staple(self) -> bytes | None:
        if self.fails:
            raise Unavailable("the responder does not answer")
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=self.leaf.certificate,
            issuer=self.issuing.certificate,
            algorithm=hashes.SHA1(),
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=NOW - dt.timedelta(minutes=5),
            next_update=NOW + dt.timedelta(days=7),
            revocation_time=None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.ocsp.certificate)
        builder = builder.certificates([self.ocsp.certificate])
        return builder.sign(self.ocsp.key, hashes.SHA256()).public_bytes(Encoding.DER)
