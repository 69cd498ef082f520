"""Our JSON-LD contexts: what each term of a certificate means. A context is named by its own hash (RFC 6920), so that
it can't change; a version of the certificate that needs more terms names another one, and the old ones stay known.

A service serves `PUBLISHED` under the paths that RFC 6920 section 4 gives the names. Checking a certificate needs no
JSON-LD processing and never fetches them.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

VC_CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
WELL_KNOWN: Final = "/.well-known/ni/sha-256/"

_VOCABULARY: Final = "https://github.com/provenance-art/provenance/blob/main/docs/certificate.md#"


@dataclass(frozen=True, slots=True)
class Context:
    """`data` is what is served and hashed: the RFC 8785 bytes of `document`."""

    document: Mapping[str, Any]
    data: bytes
    digest: str  # base64url, unpadded

    @property
    def id(self) -> str:
        return f"ni:///sha-256;{self.digest}"

    @property
    def path(self) -> str:
        return WELL_KNOWN + self.digest


def _terms(*names: str) -> dict[str, Any]:
    return {name: {"@id": _VOCABULARY + name} for name in names}


def _nested(name: str, *members: str) -> dict[str, Any]:
    return {name: {"@id": _VOCABULARY + name, "@context": {"@protected": True, **_terms(*members)}}}


def _context(**added: Any) -> Context:
    document = {
        "@context": {
            "@protected": True,
            **_terms("ArtworkCertificate", "LicenceCertificate", "certificateVersion"),
            **_terms("work", "fingerprintModels", "recipeHash", "certificateHash", "grant", "licensee"),
            **_nested("contentHash", "alg", "source", "marked"),
            **_nested("pixelHash", "alg", "source", "marked"),
            **_nested("mark", "alg", "keyId"),
            **_nested("terms", "slug", "hash"),
            "digitalSourceType": {
                "@id": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/DigitalSourceType",
                "@type": "@id",
            },
            "mediaType": {"@id": "https://schema.org/encodingFormat"},
            "width": {"@id": "https://schema.org/width"},
            "height": {"@id": "https://schema.org/height"},
            **added,
        }
    }
    data = rfc8785.dumps(document)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return Context(document, data, digest)


CONTEXT_1_0: Final = _context()
CONTEXT_1_1: Final = _context(**_terms("iscc"), **_nested("softBindings", "alg", "value"))

PUBLISHED: Final[Mapping[str, bytes]] = {context.digest: context.data for context in (CONTEXT_1_0, CONTEXT_1_1)}
"""What lies below `WELL_KNOWN`, by digest."""


def contexts(context: Context) -> list[str]:
    """The `@context` member of a certificate."""
    return [VC_CONTEXT, context.id]
