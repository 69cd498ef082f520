"""OCSP (RFC 6960, RFC 9654 nonces): answer requests about a CA's certificates, ask about one, check an answer.

`cryptography` writes the system's time as `producedAt`; every other time is the caller's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance.core.errors import InvalidOcspResponse, InvalidRequest, Revoked
from provenance.credentials import times
from provenance.credentials.pki.profiles import signature_hash

MAX_REQUEST: Final = 4 << 10
MAX_RESPONSE: Final = 64 << 10
BACKDATED: Final = timedelta(minutes=5)
"""A response that is younger than the time-stamp beside it counts for nothing, and clocks differ."""

VALIDITY: Final = timedelta(days=1)
MAX_NONCE: Final = 128  # RFC 9654, section 2.1
_SKEW: Final = timedelta(minutes=5)
_MALFORMED: Final = (ValueError, TypeError, RuntimeError, UnsupportedAlgorithm)  # of several requests: a RuntimeError
_ALGORITHMS: Final = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)  # of a CertID; SHA-1 names, not signs

REASONS: Final = {
    reason.value: reason
    for reason in (
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.key_compromise,
        x509.ReasonFlags.ca_compromise,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
        x509.ReasonFlags.privilege_withdrawn,
    )
}
"""Why a certificate is revoked, by RFC 5280's name. Nothing is put on hold here: a revocation is for good."""


@dataclass(frozen=True, slots=True)
class Responder:
    """Whoever signs responses about the certificates of `issuer`."""

    issuer: x509.Certificate
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Standing:
    """What the CA knows of a certificate: `known` that it issued it, and since when and why it is revoked."""

    known: bool
    revoked_at: datetime | None = None
    reason: str | None = None

    @property
    def status(self) -> ocsp.OCSPCertStatus:
        if not self.known:
            return ocsp.OCSPCertStatus.UNKNOWN
        return ocsp.OCSPCertStatus.REVOKED if self.revoked_at else ocsp.OCSPCertStatus.GOOD


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that was checked."""

    standing: Standing
    this_update: datetime
    next_update: datetime


def read_request(data: bytes) -> ocsp.OCSPRequest:
    """Raises InvalidRequest: over 4 KiB, not a request for one certificate, an unknown hash, a senseless nonce."""
    if len(data) > MAX_REQUEST:
        raise InvalidRequest(f"an OCSP request has at most {MAX_REQUEST:,} bytes")
    try:
        request = ocsp.load_der_ocsp_request(data)
        algorithm, nonce = request.hash_algorithm, _nonce(request.extensions)
        _ = request.serial_number, request.issuer_key_hash, request.issuer_name_hash
    except _MALFORMED:
        raise InvalidRequest("this is no OCSP request for one certificate") from None
    if not isinstance(algorithm, _ALGORITHMS) or (nonce is not None and not 1 <= len(nonce) <= MAX_NONCE):
        raise InvalidRequest("the OCSP request has an unknown hash or a senseless nonce")
    return request


def asks_about(request: ocsp.OCSPRequest, issuer: x509.Certificate) -> bool:
    """Whether the certificate in question is one of this issuer's."""
    name, key = _hashed(issuer, request.hash_algorithm)
    return request.issuer_name_hash == name and request.issuer_key_hash == key


def respond(request: ocsp.OCSPRequest, responder: Responder, standing: Standing, *, now: datetime) -> bytes:
    """A signed response, valid for a day, with the request's nonce and the responder's certificate (DER)."""
    this_update = now.replace(microsecond=0) - BACKDATED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=request.issuer_name_hash,
            issuer_key_hash=request.issuer_key_hash,
            serial_number=request.serial_number,
            algorithm=request.hash_algorithm,
            cert_status=standing.status,
            this_update=this_update,
            next_update=this_update + VALIDITY,
            revocation_time=standing.revoked_at,
            revocation_reason=REASONS[standing.reason] if standing.reason else None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate)
        .certificates([responder.certificate])
    )
    nonce = _nonce(request.extensions)
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(responder.key, signature_hash(responder.key.curve)).public_bytes(Encoding.DER)


def malformed() -> bytes:
    """The response to what is no request."""
    return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)


def unauthorized() -> bytes:
    """The response about a certificate of somebody else's CA (RFC 5019, section 2.2.3)."""
    return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)


def try_later() -> bytes:
    """The response of a responder that can't sign at the moment."""
    return _unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)


def ask(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """A request (DER) for one certificate, by SHA-1 names as every responder knows them (RFC 5019), without nonce."""
    # SHA-1 only finds the issuer here; nothing rests on its collision resistance.
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def check(data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, *, at: datetime) -> Answer:
    """What a response says of `certificate` at that time.

    It must be signed by the issuer or by a responder whom the issuer named for it (RFC 6960, section 4.2.2.2). Raises
    InvalidOcspResponse; Revoked when the certificate was revoked by then.
    """
    if len(data) > MAX_RESPONSE:
        raise InvalidOcspResponse(f"an OCSP response has at most {MAX_RESPONSE:,} bytes")
    try:
        response = ocsp.load_der_ocsp_response(data)
        single = _single(response, certificate, issuer)
        _check_signature(response, _signer(response, issuer, at=at))
    except _MALFORMED:
        raise InvalidOcspResponse("the OCSP response can't be read") from None
    this_update, next_update = single.this_update_utc, single.next_update_utc
    if next_update is None or not this_update - _SKEW <= at <= next_update:
        raise InvalidOcspResponse(f"the OCSP response of {times.written(this_update)} says nothing about this time")
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise InvalidOcspResponse("the OCSP responder does not know the certificate")
    revoked_at = single.revocation_time_utc
    if revoked_at is not None and revoked_at <= at:
        reason = single.revocation_reason
        raise Revoked(
            f"the certificate was revoked at {times.written(revoked_at)}" + (f" ({reason.value})" if reason else "")
        )
    return Answer(Standing(known=True), this_update, next_update)


def _single(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse:
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise InvalidOcspResponse(f"the OCSP responder answered {response.response_status.name.lower()}")
    for single in response.responses:
        if not isinstance(single.hash_algorithm, _ALGORITHMS) or single.serial_number != certificate.serial_number:
            continue
        if (single.issuer_name_hash, single.issuer_key_hash) == _hashed(issuer, single.hash_algorithm):
            return single
    raise InvalidOcspResponse("the OCSP response is about another certificate")


def _signer(response: ocsp.OCSPResponse, issuer: x509.Certificate, *, at: datetime) -> x509.Certificate:
    """The issuer, or the one responder certificate in the response that the issuer signed for this purpose."""
    for candidate in (issuer, *response.certificates):
        named = response.responder_key_hash == _key_hash(candidate, hashes.SHA1())  # noqa: S303  RFC 6960 says SHA-1
        if not (named or response.responder_name == candidate.subject):
            continue
        if candidate == issuer or _is_delegate(candidate, issuer, at=at):
            return candidate
    raise InvalidOcspResponse("the OCSP response is signed by nobody whom the certificate's CA named")


def _is_delegate(candidate: x509.Certificate, issuer: x509.Certificate, *, at: datetime) -> bool:
    try:
        candidate.verify_directly_issued_by(issuer)
        purposes = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound, ValueError, TypeError):
        return False
    inside = candidate.not_valid_before_utc <= at <= candidate.not_valid_after_utc
    return inside and list(purposes) == [ExtendedKeyUsageOID.OCSP_SIGNING]


def _check_signature(response: ocsp.OCSPResponse, signer: x509.Certificate) -> None:
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    if algorithm is None or isinstance(algorithm, hashes.SHA1 | hashes.MD5):
        raise InvalidOcspResponse("the OCSP response is signed with a hash that is not secure")
    signed = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(*signed, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(*signed, padding.PKCS1v15(), algorithm)
        else:
            raise InvalidOcspResponse("the OCSP response is signed with a kind of key that is not read")
    except InvalidSignature:
        raise InvalidOcspResponse("the signature of the OCSP response does not fit") from None


def _nonce(extensions: x509.Extensions) -> bytes | None:
    try:
        return extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return None


def _hashed(issuer: x509.Certificate, algorithm: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Of the issuer's name and key, as a CertID has them."""
    name = hashes.Hash(algorithm)
    name.update(issuer.subject.public_bytes())
    return name.finalize(), _key_hash(issuer, algorithm)


def _key_hash(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> bytes:
    """Of the BIT STRING in the SubjectPublicKeyInfo, without tag, length and unused bits."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        bits = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    elif isinstance(key, rsa.RSAPublicKey):
        bits = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    else:
        return b""
    digest = hashes.Hash(algorithm)
    digest.update(bits)
    return digest.finalize()


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
