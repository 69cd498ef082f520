"""Check an RFC 3161 TimeStampToken offline, against the roots that the verifier brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import TimeStampResponse, VerifierBuilder, decode_timestamp_response
from rfc3161_client import VerificationError as NotVerified

from provenance.core.errors import InvalidTimestamp, UntrustedSigner
from provenance.credentials.pki.profiles import common_name

MAX_TOKEN: Final = 32 << 10
_HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": ("SHA-256", 32),
    "2.16.840.1.101.3.4.2.2": ("SHA-384", 48),
    "2.16.840.1.101.3.4.2.3": ("SHA-512", 64),
}
_GRANTED: Final = bytes.fromhex("3003020100")  # PKIStatusInfo { status granted }


@dataclass(frozen=True, slots=True)
class Timestamp:
    """What a token says: its imprint existed at `time`. `authority` is the common name of whoever signed it."""

    time: datetime
    authority: str
    serial: int
    policy: str
    algorithm: str
    certificate: x509.Certificate


def read(token: bytes) -> Timestamp:
    """What a DER TimeStampToken says, with nothing of it checked but its form. Raises InvalidTimestamp."""
    return _said(_decoded(token))


def check(token: bytes, imprint: bytes, *, anchors: Sequence[x509.Certificate]) -> Timestamp:
    """The token is over this imprint, and signed by a time-stamping certificate that leads to one of `anchors`.

    The chain must have been valid at the token's own time, and the certificate be for time-stamping alone. Raises
    UntrustedSigner without anchors, InvalidTimestamp for everything else.
    """
    response = _decoded(token)
    said = _over(response, imprint)
    if not anchors:
        raise UntrustedSigner(
            f"the time-stamp is by {said.authority}, and no time-stamping root is trusted", hint="give --tsa-anchors"
        )
    _check_chain(response, imprint, said, anchors)
    return said


def check_answer(token: bytes, imprint: bytes, *, nonce: int, anchors: Sequence[x509.Certificate]) -> Timestamp:
    """The token answers a request with this imprint and nonce; without `anchors` its signature is not looked at.

    Raises InvalidTimestamp.
    """
    response = _decoded(token)
    said = _over(response, imprint)
    if response.tst_info.nonce != nonce:
        raise InvalidTimestamp("the time-stamp answers another request")
    if anchors:
        _check_chain(response, imprint, said, anchors)
    return said


def _over(response: TimeStampResponse, imprint: bytes) -> Timestamp:
    said = _said(response)
    if response.tst_info.message_imprint.message != imprint:
        raise InvalidTimestamp("the time-stamp is over other bytes")
    return said


def _check_chain(
    response: TimeStampResponse, imprint: bytes, said: Timestamp, anchors: Sequence[x509.Certificate]
) -> None:
    _check_purpose(said.certificate)
    # The library's `add_root_certificate` changes a list that its copies share: the roots are given at once.
    verifier = VerifierBuilder(roots=list(dict.fromkeys(anchors))).build()
    try:
        verifier.verify(response, imprint)
    except (NotVerified, ValueError) as error:
        raise InvalidTimestamp(f"the time-stamp by {said.authority} does not verify: {_short(error)}") from None


def _decoded(token: bytes) -> TimeStampResponse:
    """The library reads responses: a token becomes one that was granted."""
    if len(token) > MAX_TOKEN:
        raise InvalidTimestamp(f"a time-stamp has at most {MAX_TOKEN:,} bytes")
    try:
        return decode_timestamp_response(_sequence(_GRANTED + token))
    except (ValueError, TypeError):
        raise InvalidTimestamp("the time-stamp can't be read") from None


def _said(response: TimeStampResponse) -> Timestamp:
    try:
        info, signer = response.tst_info, _signer(response)
        algorithm, size = _HASHES[info.message_imprint.hash_algorithm.dotted_string]
        if len(info.message_imprint.message) != size:
            raise InvalidTimestamp("the time-stamp's imprint does not have the length of its hash")
        return Timestamp(
            info.gen_time, common_name(signer), info.serial_number, info.policy.dotted_string, algorithm, signer
        )
    except KeyError:
        raise InvalidTimestamp("the time-stamp's imprint is no SHA-2 of 256 bits or more") from None
    except (ValueError, TypeError):
        raise InvalidTimestamp("the time-stamp can't be read") from None


def _signer(response: TimeStampResponse) -> x509.Certificate:
    """The certificate that the one signer names. It is in the token, because C2PA asks for it."""
    signers = list(response.signed_data.signer_infos)
    if len(signers) != 1:
        raise InvalidTimestamp("a time-stamp has one signer")
    for data in response.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(data)
        if (certificate.issuer, certificate.serial_number) == (signers[0].issuer, signers[0].serial_number):
            return certificate
    raise InvalidTimestamp("the time-stamp does not hold its signer's certificate")


def _check_purpose(certificate: x509.Certificate) -> None:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, ValueError):
        raise InvalidTimestamp("the time-stamp's certificate says nothing of its purpose") from None
    if not purposes.critical or list(purposes.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise InvalidTimestamp("the time-stamp's certificate is not for time-stamping alone")


def _sequence(content: bytes) -> bytes:
    """DER, with the length in its shortest form."""
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return b"\x30" + (octets if size < 0x80 else bytes((0x80 | len(octets),)) + octets) + content


def _short(error: Exception) -> str:
    """The library's reason in one line: OpenSSL's can be a screenful."""
    return str(error).partition("\n")[0][:160]
