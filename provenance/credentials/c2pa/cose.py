"""COSE_Sign1 (RFC 9052) as C2PA uses it: detached payload, certificates, time-stamp and revocation in the headers.

See "Digital signatures", "Time-stamps" and "Credential revocation information" in C2PA 2.4.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2

from provenance.core.errors import MalformedManifest

_TAG: Final = 18  # COSE_Sign1
_X5CHAIN: Final = 33
_TEXT_X5CHAIN: Final = "x5chain"  # C2PA before 2.0
_MAX_NESTING: Final = 32
_TIME_STAMP: Final = "sigTst2"
_REVOCATION: Final = "rVals"
_PADDING: Final = "pad"
_MORE_PADDING: Final = "pad2"
_LONGEST_PREFIX: Final = 9


class DoesNotFit(ValueError):
    """What should go into the signature box is larger than the room that was reserved for it."""


@dataclass(frozen=True, slots=True)
class Sign1:
    """`protected` is the encoded header as it was signed; `unprotected` the other one."""

    protected: bytes
    signature: bytes
    unprotected: Mapping[Any, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes) -> "Sign1":
        """Raises MalformedManifest."""
        value = decode(data, "signature")
        parts = value.value if isinstance(value, cbor2.CBORTag) and value.tag == _TAG else value
        if not isinstance(parts, list | tuple) or len(parts) != 4:
            raise MalformedManifest("the manifest's signature is not a COSE_Sign1")
        protected, unprotected, _, signature = parts
        if not (isinstance(protected, bytes) and isinstance(unprotected, Mapping) and isinstance(signature, bytes)):
            raise MalformedManifest("the manifest's signature is not a COSE_Sign1")
        return cls(protected, signature, unprotected)

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates, DER, the leaf first; empty when there are none. Raises MalformedManifest."""
        header = decode(self.protected, "signature's header") if self.protected else {}
        found = None
        for place in (header, self.unprotected):
            if isinstance(place, Mapping) and found is None:
                found = place.get(_X5CHAIN, place.get(_TEXT_X5CHAIN))
        certificates = [found] if isinstance(found, bytes) else found or []
        if not isinstance(certificates, list | tuple) or not all(isinstance(item, bytes) for item in certificates):
            raise MalformedManifest("the manifest's certificates are not in the form that COSE gives them")
        return tuple(certificates)


def decode(data: bytes, what: str) -> Any:
    """CBOR of bounded depth. Raises MalformedManifest; `what` names it."""
    try:
        return cbor2.loads(data, max_depth=_MAX_NESTING)
    except (cbor2.CBORError, ValueError, OverflowError, RecursionError, TypeError) as error:
        raise MalformedManifest(f"the manifest's {what} is not CBOR") from error


def to_be_signed(protected: bytes, claim: bytes) -> bytes:
    """The Sig_structure of a COSE_Sign1 (RFC 9052, 4.4); the claim is its payload."""
    return cbor2.dumps(["Signature1", protected, b"", claim])


def countersigned_imprint(protected: bytes, signature: bytes) -> bytes:
    """The SHA-256 message imprint of a `sigTst2` time-stamp: over the signature in its Countersign structure."""
    body = cbor2.dumps(["CounterSignature", protected, b"", cbor2.dumps(signature)])
    return hashlib.sha256(body).digest()


def encode(protected: bytes, signature: bytes, size: int, *, token: bytes | None, ocsp: bytes | None) -> bytes:
    """A tagged COSE_Sign1 of exactly `size` bytes, the rest of the room filled with `pad`.

    `token` is a DER TimeStampToken, `ocsp` a DER OCSPResponse. Raises DoesNotFit.
    """
    header: dict[str, Any] = {}
    if ocsp is not None:
        header[_REVOCATION] = {"ocspVals": [ocsp]}
    if token is not None:
        header[_TIME_STAMP] = {"tstTokens": [{"val": token}]}
    for more in ({}, {_MORE_PADDING: b""}):  # the second where the first ends between two lengths of its own prefix
        spare = size - len(_sign1(protected, header | more, signature, 0))
        for padding in range(spare, max(-1, spare - _LONGEST_PREFIX), -1):
            encoded = _sign1(protected, header | more, signature, padding)
            if len(encoded) == size:
                return encoded
    raise DoesNotFit(f"the signature box holds {size} bytes, {-spare} too few")


def _sign1(protected: bytes, header: Mapping[str, Any], signature: bytes, padding: int) -> bytes:
    value = [protected, {**header, _PADDING: bytes(padding)}, None, signature]
    return cbor2.dumps(cbor2.CBORTag(_TAG, value))
