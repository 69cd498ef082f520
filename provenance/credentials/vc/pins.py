"""Read what a verifier pins: a key, a DID document or a JWK set. Everything raises Misconfigured with the reason."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from provenance.core.errors import MalformedCertificate, Misconfigured
from provenance.credentials import times
from provenance.credentials.canonical import parse
from provenance.credentials.multiformats import PUBLIC_KEY_BYTES, from_multikey
from provenance.credentials.vc.dids import VerificationKey
from provenance.credentials.vc.trust import TrustedKeys

_HEX_KEY: Final = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_FORMS: Final = "PEM, did:key:z6Mk…, z6Mk…, 64 hex digits, base64 or 32 raw bytes"


def pinned_key(data: bytes | str) -> TrustedKeys:
    """One Ed25519 public key: PEM (SubjectPublicKeyInfo), did:key, Multikey, hex, base64, or 32 raw bytes."""
    if isinstance(data, bytes) and len(data) == PUBLIC_KEY_BYTES:
        return TrustedKeys([VerificationKey(data, None)])
    try:
        text = (data.decode("ascii") if isinstance(data, bytes) else data).strip()
        public_key = _from_text(text)
    except (ValueError, UnsupportedAlgorithm):
        raise Misconfigured("this is not an Ed25519 public key", hint=f"accepted are {_FORMS}") from None
    return TrustedKeys([VerificationKey(public_key, None)])


def pinned_did_document(data: bytes | str | Mapping[str, Any]) -> TrustedKeys:
    """Every Ed25519 key that the document allows for assertions, and the revoked ones, so that they are named as such.

    `expires` ends the time in which a key's proofs may be dated (see `VerificationKey`).
    """
    document = _object(data, "DID document")
    did = document.get("id")
    methods = document.get("verificationMethod", [])
    allowed = document.get("assertionMethod", [])
    if (
        not isinstance(did, str)
        or not did.startswith("did:")
        or not isinstance(methods, list)
        or not isinstance(allowed, list)
    ):
        raise Misconfigured("this is not a DID document")
    embedded = [entry for entry in allowed if isinstance(entry, dict)]
    names = {_absolute(did, entry) for entry in allowed if isinstance(entry, str)} | {_name(did, m) for m in embedded}
    keys = [_from_method(did, method) for method in [*methods, *embedded] if isinstance(method, dict)]
    usable = [key for key in keys if key and (key.key_id in names or key.revoked)]
    if not usable:
        raise Misconfigured(f"the DID document of {did} allows no Ed25519 key for assertions")
    return TrustedKeys(usable)


def pinned_jwks(data: bytes | str | Mapping[str, Any]) -> TrustedKeys:
    """The Ed25519 keys of a JWK set. A `kid` that is no DID URL pins the key itself."""
    entries = _object(data, "JWK set").get("keys")
    if not isinstance(entries, list):
        raise Misconfigured("this is not a JWK set")
    keys = [_from_jwk(entry) for entry in entries if isinstance(entry, dict) and entry.get("crv") == "Ed25519"]
    if not keys:
        raise Misconfigured("the JWK set has no Ed25519 key")
    return TrustedKeys(keys)


def _from_text(text: str) -> bytes:
    if text.startswith("-----BEGIN"):
        key = load_pem_public_key(text.encode())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("another algorithm")
        return key.public_bytes_raw()
    if text.startswith("did:key:"):
        return from_multikey(text.removeprefix("did:key:").partition("#")[0])
    if text.startswith("z6Mk"):
        return from_multikey(text)
    if _HEX_KEY.fullmatch(text):
        return bytes.fromhex(text.removeprefix("0x"))
    return _base64(text)


def _base64(text: str) -> bytes:
    """Standard or URL-safe, padded or not, of exactly 32 bytes."""
    padded = text.replace("-", "+").replace("_", "/").rstrip("=") + "="
    try:
        data = base64.b64decode(padded, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(data) != PUBLIC_KEY_BYTES:
        raise ValueError("not 32 bytes")
    return data


def _object(data: bytes | str | Mapping[str, Any], what: str) -> Mapping[str, Any]:
    if isinstance(data, Mapping):
        return data
    try:
        return parse(data.encode() if isinstance(data, str) else data)
    except MalformedCertificate as error:  # the same limits as for a certificate; the file is the operator's own
        raise Misconfigured(f"the {what} can't be read: {error.reason}") from None


def _absolute(did: str, reference: str) -> str:
    return did + reference if reference.startswith("#") else reference


def _name(did: str, method: Mapping[str, Any]) -> str:
    return _absolute(did, str(method.get("id", "")))


def _from_method(did: str, method: Mapping[str, Any]) -> VerificationKey | None:
    """None for keys of other kinds, and for those that another DID controls."""
    if method.get("controller", did) != did:
        return None
    try:
        if isinstance(method.get("publicKeyMultibase"), str):
            public_key = from_multikey(method["publicKeyMultibase"])
        elif isinstance(method.get("publicKeyJwk"), dict):
            public_key = _base64(str(method["publicKeyJwk"].get("x", "")))
        else:
            return None
        ends = {name: times.read(method[name]) if name in method else None for name in ("expires", "revoked")}
    except (ValueError, TypeError):
        return None
    return VerificationKey(public_key, _name(did, method), valid_until=ends["expires"], revoked=ends["revoked"])


def _from_jwk(jwk: Mapping[str, Any]) -> VerificationKey:
    kid = jwk.get("kid")
    revoked = jwk.get("revoked")
    try:
        return VerificationKey(
            _base64(str(jwk.get("x", ""))),
            kid if isinstance(kid, str) and kid.startswith("did:") else None,
            valid_from=_moment(jwk.get("nbf")),
            valid_until=_moment(jwk.get("exp")),
            revoked=_moment(revoked.get("revoked_at")) if isinstance(revoked, dict) else None,
        )
    except (ValueError, TypeError, OverflowError, OSError):
        raise Misconfigured("a key of the JWK set is broken") from None


def _moment(seconds: Any) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(int(seconds), tz=UTC)
