"""To be a time-stamping authority, and to ask one: RFC 3161 with RFC 5816 (signing-certificate-v2).

Needs asn1crypto, so that a verifier does not load it: checking a token is `tokens`.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from asn1crypto import cms, tsp
from asn1crypto import core as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.core.errors import InvalidTimestamp
from provenance.credentials.pki import chains
from provenance.credentials.pki.profiles import signature_hash

POLICY: Final = "2.5.29.32.0"
"""anyPolicy (RFC 5280, section 4.2.1.4): our own authorities promise no published policy, only the system's clock, to
the second. An OID of a UUID (2.25) would be ours, but verifiers in use refuse tokens that name one."""
MAX_REQUEST: Final = 4 << 10
MAX_RESPONSE: Final = 64 << 10
ACCURACY_SECONDS: Final = 1
_DIGEST_BYTES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
_MALFORMED: Final = (ValueError, TypeError, KeyError, IndexError, OverflowError)


class _Response(asn1.Sequence):  # type: ignore[misc]  # asn1crypto is untyped
    """RFC 3161, section 2.4.2. asn1crypto's own class demands a token of a rejection too."""

    _fields: ClassVar = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamping certificate with its key; `above` are the CAs to its root, without the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    above: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    algorithm: str
    digest: bytes
    nonce: int | None
    certificates: bool


class _Refused(Exception):
    """A request that gets no token: PKIFailureInfo and a sentence for a person."""

    def __init__(self, failure: str, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason


def answer(data: bytes, authority: Authority, *, now: datetime, serial: int) -> bytes:
    """The DER TimeStampResp to a DER TimeStampReq: a token over its imprint, or a rejection that says why.

    Takes SHA-256, SHA-384 and SHA-512 imprints, no extensions, and no policy but ours. `serial` must be new each time.
    """
    try:
        request = _read(data)
    except _Refused as refused:
        return rejection(refused.failure, refused.reason)
    token = _token(request, authority, now=now.astimezone(UTC).replace(microsecond=0), serial=serial)
    return bytes(_Response({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def rejection(failure: str, reason: str) -> bytes:
    """A DER TimeStampResp without a token; `failure` is an asn1crypto name of RFC 3161's PKIFailureInfo."""
    status = {"status": "rejection", "status_string": [reason], "fail_info": {failure}}
    return bytes(_Response({"status": status}).dump())


def ask(imprint: bytes, *, nonce: int) -> bytes:
    """The DER TimeStampReq for a SHA-256 imprint (32 bytes), which asks for the certificates too."""
    fields = {
        "version": "v1",
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": imprint},
        "nonce": nonce,
        "cert_req": True,
    }
    return bytes(tsp.TimeStampReq(fields).dump())


def token_in(data: bytes) -> bytes:
    """The DER TimeStampToken of a DER TimeStampResp. Raises InvalidTimestamp: refused, or not readable."""
    if len(data) > MAX_RESPONSE:
        raise InvalidTimestamp(f"a time-stamp response has at most {MAX_RESPONSE:,} bytes")
    try:
        response = _Response.load(data, strict=True)
        status = response["status"]["status"].native
        if status == "granted":
            return bytes(response["time_stamp_token"].dump())
        said = "; ".join(str(text) for text in response["status"]["status_string"].native or ())
    except _MALFORMED:
        raise InvalidTimestamp("the time-stamping authority's answer can't be read") from None
    shown = "".join(character for character in said[:200] if character.isprintable())
    raise InvalidTimestamp(f"the time-stamping authority answered {status}" + (f": {shown}" if shown else ""))


def _read(data: bytes) -> _Request:
    if len(data) > MAX_REQUEST:
        raise _Refused("bad_request", f"a request has at most {MAX_REQUEST:,} bytes")
    try:
        fields = tsp.TimeStampReq.load(data, strict=True)
        imprint, extensions = fields["message_imprint"], fields["extensions"].native
        version, policy = fields["version"].native, fields["req_policy"].native
        request = _Request(
            imprint["hash_algorithm"]["algorithm"].native,
            imprint["hashed_message"].native,
            fields["nonce"].native,
            bool(fields["cert_req"].native),
        )
    except _MALFORMED:
        raise _Refused("bad_data_format", "this is no TimeStampReq") from None
    if version != "v1":
        raise _Refused("bad_request", "only version 1 is known")
    if request.algorithm not in _DIGEST_BYTES:
        raise _Refused("bad_alg", "the imprint must be SHA-256, SHA-384 or SHA-512")
    if len(request.digest) != _DIGEST_BYTES[request.algorithm]:
        raise _Refused("bad_data_format", "the imprint does not have the length of its hash")
    if policy not in (None, POLICY):
        raise _Refused("unaccepted_policy", f"the policy here is {POLICY}")
    if extensions:
        raise _Refused("unaccepted_extensions", "no extension is known here")
    return request


def _token(request: _Request, authority: Authority, *, now: datetime, serial: int) -> cms.ContentInfo:
    info: dict[str, Any] = {
        "version": "v1",
        "policy": POLICY,
        "message_imprint": {"hash_algorithm": {"algorithm": request.algorithm}, "hashed_message": request.digest},
        "serial_number": serial,
        "gen_time": now,
        "accuracy": {"seconds": ACCURACY_SECONDS},
    }
    if request.nonce is not None:
        info["nonce"] = request.nonce
    content = tsp.TSTInfo(info).dump()
    digest = signature_hash(authority.key.curve).name
    fields: dict[str, Any] = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": digest}],
        "encap_content_info": {"content_type": "tst_info", "content": asn1.ParsableOctetString(content)},
        "signer_infos": [_signed(content, authority, now=now)],
    }
    if request.certificates:
        chain = chains.der((authority.certificate, *authority.above))
        fields["certificates"] = [asn1_x509.Certificate.load(certificate) for certificate in chain]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(fields)})


def _signed(content: bytes, authority: Authority, *, now: datetime) -> cms.SignerInfo:
    algorithm = signature_hash(authority.key.curve)
    (own,) = chains.der((authority.certificate,))
    leaf = asn1_x509.Certificate.load(own)
    named = tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(own).digest()}]})
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": now})]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(algorithm.name, content).digest()]}),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [named]}),
        ]
    )
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {"issuer_and_serial_number": {"issuer": leaf.issuer, "serial_number": leaf.serial_number}}
            ),
            "digest_algorithm": {"algorithm": algorithm.name},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": f"{algorithm.name}_ecdsa"},
            "signature": authority.key.sign(attributes.dump(), ec.ECDSA(algorithm)),
        }
    )
