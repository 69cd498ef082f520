"""The same claims as a `vc+jwt`: Securing Verifiable Credentials using JOSE and COSE (W3C, 2025-05-15), section 3.1.

A compact JWS (RFC 7515) whose payload is the credential itself, without a proof and with `iat`. It is put together
here, and not by a JOSE library, because the key is behind the `Signer` port and may be in a hardware module, and trust
is behind the `Keyring` port; the tests check it against libraries of two ecosystems.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from provenance.core.errors import MalformedCertificate, Misconfigured
from provenance.core.ports import Signer
from provenance.credentials.canonical import MAX_BYTES, canonical, parse
from provenance.credentials.messages import refusal
from provenance.credentials.multiformats import SIGNATURE_BYTES
from provenance.credentials.vc.forms import exactly, one_of, pattern, record

MEDIA_TYPE: Final = "vc+jwt"
CONTENT_TYPE: Final = "vc"
ALGORITHMS: Final = ("Ed25519", "EdDSA")
"""RFC 9864's name, as our JWK set has it, and the older one that it replaced."""

_COMPACT: Final = re.compile(rb"\s*[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\s*")
_HEADER: Final = record(
    {
        "alg": one_of(*ALGORITHMS),
        "typ": exactly(MEDIA_TYPE),
        "kid": pattern(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,400}#[A-Za-z0-9._:%-]{1,200}", "a DID URL with a fragment"),
    },
    {"cty": exactly(CONTENT_TYPE)},
)


@dataclass(frozen=True, slots=True)
class Jws:
    """A compact JWS as read: nothing of it is believed yet."""

    header: Mapping[str, Any]
    payload: dict[str, Any]
    signing_input: bytes
    signature: bytes

    def check_header(self) -> None:
        """Raises MalformedCertificate on a header parameter that this program does not know, `crit` among them: it
        might change what the signature means."""
        _HEADER(self.header, "header")

    def parts(self) -> tuple[bytes, bytes]:
        """The bytes that were signed, and the signature. Raises ValueError on a signature of no use."""
        if len(self.signature) != SIGNATURE_BYTES:
            raise ValueError("an Ed25519 signature has 64 bytes")
        return self.signing_input, self.signature

    @property
    def credential(self) -> dict[str, Any]:
        """The payload without the claim that belongs to the signature."""
        return {name: value for name, value in self.payload.items() if name != "iat"}


def is_compact(data: bytes) -> bool:
    """Whether these bytes can only be a compact JWS; a JSON text begins otherwise."""
    return _COMPACT.fullmatch(data) is not None


def read_compact(data: bytes) -> Jws:
    """Raises MalformedCertificate: too large, not base64url in its canonical spelling, not JSON."""
    if len(data) > 2 * MAX_BYTES:
        raise refusal(MalformedCertificate, "too-large", limit=f"{MAX_BYTES // 1024} KiB")
    signing_input, _, signature = data.strip().rpartition(b".")
    header, _, payload = signing_input.partition(b".")
    return Jws(parse(_decoded(header)), parse(_decoded(payload)), signing_input, _decoded(signature))


def issue_jwt(certificate: Mapping[str, Any], *, signer: Signer, issued_at: datetime) -> str:
    """The claims of a signed certificate as a `vc+jwt`, signed anew at `issued_at`.

    Raises Misconfigured when the signer's key is not the certificate's issuer's.
    """
    if not signer.key_id.startswith(f"{certificate['issuer']}#"):
        raise Misconfigured(
            "the certificate was issued under another identity than the service has today",
            hint="its embedded proof still holds: use the certificate itself",
        )
    claims = {name: value for name, value in certificate.items() if name != "proof"}
    header = {"alg": ALGORITHMS[0], "typ": MEDIA_TYPE, "cty": CONTENT_TYPE, "kid": signer.key_id}
    payload = canonical(claims | {"iat": int(issued_at.timestamp())})
    signing_input = f"{_encoded(json.dumps(header).encode())}.{_encoded(payload)}"
    return f"{signing_input}.{_encoded(signer.sign(signing_input.encode()))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: bytes) -> bytes:
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise refusal(MalformedCertificate, "not-json", detail=str(error)) from None
    if _encoded(data).encode() != text:
        raise refusal(MalformedCertificate, "not-json", detail="base64url with stray last bits")
    return data
