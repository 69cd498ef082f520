"""Golden `vc+jwt` certificates, each with one defect."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from provenance.adapters.keys import EphemeralSigner
from provenance.credentials import issue_jwt
from scripts.golden import certificates as golden
from scripts.golden.certificates import Defect


def token(by: EphemeralSigner = golden.CURRENT, *, at: datetime = golden.NOW) -> bytes:
    """The golden certificate as the service would sign it."""
    return issue_jwt(golden.certificate(by), signer=by, issued_at=at).encode()


def signed(header: dict[str, Any], payload: dict[str, Any], by: EphemeralSigner = golden.CURRENT) -> bytes:
    """Any header over any payload, with a signature that holds."""
    body = ".".join(_part(json.dumps(part).encode()) for part in (header, payload))
    return f"{body}.{_part(by.sign(body.encode()))}".encode()


def parts() -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of the good token."""
    header, payload, _ = token().split(b".")
    return json.loads(_bytes(header)), json.loads(_bytes(payload))


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _altered() -> bytes:
    header, payload, signature = token().split(b".")
    changed = _bytes(payload).replace(b"trainedAlgorithmicMedia", b"digitalCapture")
    return b".".join([header, _part(changed).encode(), signature])


def defects() -> dict[str, Defect]:
    header, payload = parts()
    twice = token().split(b".")
    twice[1] = _part(b'{"issuer":"did:web:stranger.example",' + _bytes(twice[1])[1:]).encode()
    documents = {
        "jwt-duplicate-key": (b".".join(twice), "MalformedCertificate", 1),
        "jwt-stray-bits": (token()[:-1] + b"_", "MalformedCertificate", 1),
        "jwt-unknown-claim": (signed(header, payload | {"vc": {}}), "MalformedCertificate", 2),
        "jwt-proof-inside": (signed(header, golden.certificate()), "MalformedCertificate", 2),
        "jwt-no-algorithm": (signed(header | {"alg": "none"}, payload), "UnsupportedVersion", 3),
        "jwt-other-type": (signed(header | {"typ": "JWT"}, payload), "UnsupportedVersion", 3),
        "jwt-critical": (signed(header | {"crit": ["b64"], "b64": False}, payload), "MalformedCertificate", 3),
        "jwt-stranger": (token(golden.STRANGER), "UntrustedSigner", 4),
        "jwt-issuer-mismatch": (signed(header | {"kid": golden.STRANGER.key_id}, payload), "UntrustedSigner", 4),
        "jwt-retired-key": (token(golden.RETIRED), "UntrustedSigner", 4),
        "jwt-altered-claim": (_altered(), "InvalidSignature", 5),
        "jwt-no-signature": (token().rpartition(b".")[0] + b".", "InvalidSignature", 5),
        "jwt-from-future": (token(at=golden.NOW + timedelta(days=1)), "NotYetValid", 6),
    }
    return {name: Defect(data, error, step, suffix="jwt") for name, (data, error, step) in documents.items()}
