"""Where public keys are published: did:key, did:web documents and JWK sets, each with the history of retired keys."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from provenance.core.errors import Misconfigured
from provenance.credentials import times
from provenance.credentials.multiformats import PUBLIC_KEY_BYTES, from_multikey, multikey

DID_CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
JWK_ALG: Final = "Ed25519"  # RFC 9864; "EdDSA" is the older, deprecated name

_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the time in which its signatures count.

    `public_key` is 32 raw Ed25519 bytes. `key_id` is the full DID URL of its verification method; None pins the key
    itself, whatever it is called. Proofs dated from `valid_from` to `valid_until` count (None: no bound); of a revoked
    key none does, however it is dated, because a thief can date back.
    """

    public_key: bytes
    key_id: str | None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    revoked: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise Misconfigured("an Ed25519 public key has 32 bytes")


def did_key(public_key: bytes) -> str:
    """The did:key of 32 raw Ed25519 bytes."""
    return f"did:key:{multikey(public_key)}"


def method_id(did: str, public_key: bytes) -> str:
    """The verification method's DID URL: the DID and the key's own Multikey as fragment, which needs no registry."""
    return f"{did}#{multikey(public_key)}"


def did_key_public(key_id: str) -> bytes | None:
    """The key inside a did:key verification method, None for any other DID. Raises ValueError on a broken one."""
    if not key_id.startswith("did:key:"):
        return None
    did, _, fragment = key_id.removeprefix("did:key:").partition("#")
    if fragment != did:
        raise ValueError("a did:key has one verification method, named like itself")
    return from_multikey(did)


def did_web(base_url: str) -> str:
    """`https://art.example:8443/registry` to `did:web:art.example%3A8443:registry`. Raises Misconfigured."""
    parts = urlsplit(base_url)
    if not _HOST.fullmatch(parts.netloc) or parts.scheme not in ("https", "http") or parts.query or parts.fragment:
        raise Misconfigured(f"{base_url!r} can't be a did:web", hint="use an address such as https://art.example")
    path = [quote(segment, safe="") for segment in parts.path.split("/") if segment]
    return ":".join(["did:web", quote(parts.netloc.lower(), safe=""), *path])


def did_web_url(did: str) -> str:
    """Where the document of a did:web lies. Raises Misconfigured on any other DID."""
    if not did.startswith("did:web:"):
        raise Misconfigured(f"{did!r} is no did:web")
    host, *path = (unquote(part) for part in did.removeprefix("did:web:").split(":"))
    if not _HOST.fullmatch(host):
        raise Misconfigured(f"{did!r} names no host")
    return f"https://{host}/" + "/".join([*path, "did.json"] if path else [".well-known", "did.json"])


def did_document(did: str, keys: Sequence[VerificationKey]) -> dict[str, Any]:
    """The DID document with every key that this DID ever used: `expires` marks the retired, `revoked` the revoked.

    Keys stay listed for ever, so that old certificates keep verifying. Keys of other DIDs are left out.
    """
    methods = [_method(did, key) for key in keys if key.key_id and key.key_id.startswith(f"{did}#")]
    return {
        "@context": list(DID_CONTEXTS),
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods if "revoked" not in method],
    }


def jwks(keys: Sequence[VerificationKey]) -> dict[str, Any]:
    """The JWK set (RFC 7517, RFC 8037). `nbf`, `exp` and `revoked` bound a key's proofs as in OpenID Federation 1.0."""
    return {"keys": [_jwk(key) for key in keys if key.key_id]}


def _method(did: str, key: VerificationKey) -> dict[str, Any]:
    method = {
        "id": key.key_id,
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": multikey(key.public_key),
    }
    if key.valid_until is not None:
        method["expires"] = times.written(key.valid_until)
    if key.revoked is not None:
        method["revoked"] = times.written(key.revoked)
    return method


def _jwk(key: VerificationKey) -> dict[str, Any]:
    jwk: dict[str, Any] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": JWK_ALG,
        "use": "sig",
        "kid": key.key_id,
        "x": base64.urlsafe_b64encode(key.public_key).rstrip(b"=").decode(),
    }
    if key.valid_from is not None:
        jwk["nbf"] = int(key.valid_from.timestamp())
    if key.valid_until is not None:
        jwk["exp"] = int(key.valid_until.timestamp())
    if key.revoked is not None:
        jwk["revoked"] = {"revoked_at": int(key.revoked.timestamp())}
    return jwk
