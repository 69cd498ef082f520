"""Our JSON-LD context: what each term of a certificate means. Its name is its own hash (RFC 6920), so it can't change.

A service may serve `CONTEXT_BYTES` under `CONTEXT_PATH`, the well-known place that RFC 6920 section 4 gives the name.
Checking a certificate needs no JSON-LD processing and never fetches this.
"""

import base64
import hashlib
from typing import Any, Final

import rfc8785

VC_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"

_VOCABULARY: Final = "https://github.com/provenance-art/provenance/blob/main/docs/certificate.md#"


def _terms(*names: str) -> dict[str, Any]:
    return {name: {"@id": _VOCABULARY + name} for name in names}


def _nested(name: str, *members: str) -> dict[str, Any]:
    return {name: {"@id": _VOCABULARY + name, "@context": {"@protected": True, **_terms(*members)}}}


CONTEXT: Final[dict[str, Any]] = {
    "@context": {
        "@protected": True,
        **_terms("ArtworkCertificate", "LicenceCertificate", "certificateVersion"),
        **_terms("work", "fingerprintModels", "recipeHash", "certificateHash", "grant", "licensee"),
        **_nested("contentHash", "alg", "source", "marked"),
        **_nested("pixelHash", "alg", "source", "marked"),
        **_nested("mark", "alg", "keyId"),
        **_nested("terms", "slug", "hash"),
        "digitalSourceType": {"@id": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/DigitalSourceType", "@type": "@id"},
        "mediaType": {"@id": "https://schema.org/encodingFormat"},
        "width": {"@id": "https://schema.org/width"},
        "height": {"@id": "https://schema.org/height"},
    }
}

CONTEXT_BYTES: Final = rfc8785.dumps(CONTEXT)
_DIGEST: Final = base64.urlsafe_b64encode(hashlib.sha256(CONTEXT_BYTES).digest()).rstrip(b"=").decode()

CONTEXT_ID: Final = f"ni:///sha-256;{_DIGEST}"
CONTEXT_PATH: Final = f"/.well-known/ni/sha-256/{_DIGEST}"
CONTEXTS: Final = (VC_CONTEXT, CONTEXT_ID)
