"""The licence templates: what a buyer may do, as one canonical document each, quoted everywhere by its hash.

`hash` is sha256 over the RFC 8785 bytes of the document. A template is never edited: a change is a new version, and the
hashes in tests/golden/licensing.json fail a build that edits one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import rfc8785

from provenance.core.errors import InvalidRequest
from provenance.licensing.texts import TEXTS

TERMS_VERSION: Final = "1.0"

USES: Final = ("allowed", "notAllowed", "constrained")
MINING_KEYS: Final = ("cawg.data_mining", "cawg.ai_inference", "cawg.ai_training", "cawg.ai_generative_training")
"""The entries of `cawg.training-mining` 1.1, in the order of its specification."""


def terms_hash(terms: Mapping[str, Any]) -> str:
    """sha256, hex, of the document's RFC 8785 bytes: what certificates, offers and grants quote."""
    return hashlib.sha256(rfc8785.dumps(dict(terms))).hexdigest()


@dataclass(frozen=True, slots=True)
class Template:
    """One licence. `canonical` is the document's RFC 8785 bytes, so that nobody can change it in memory either."""

    slug: str
    canonical: bytes

    @property
    def document(self) -> dict[str, Any]:
        """A fresh copy of the terms."""
        document: dict[str, Any] = json.loads(self.canonical)
        return document

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def training_mining(self) -> dict[str, dict[str, str]]:
        """The `entries` of a `cawg.training-mining` assertion."""
        entries: dict[str, dict[str, str]] = self.document["trainingMining"]
        return entries

    def text(self, language: str) -> str:
        """The human text, `en` or `zh`."""
        return str(self.document["text"][language])


def _mining(use: str, *, inference: str) -> dict[str, dict[str, str]]:
    return {key: {"use": inference if key == "cawg.ai_inference" else use} for key in MINING_KEYS}


_PERSONAL: Final[dict[str, Any]] = {
    "permissions": ["display-privately", "reproduce-privately", "share-with-credit"],
    "prohibitions": ["commercial-use", "derivatives", "resale", "remove-mark"],
    "duties": ["attribution", "keep-mark"],
    "trainingMining": _mining("notAllowed", inference="notAllowed"),
    "exclusive": False,
    "transferable": False,
    "sublicensable": False,
}
_COMMERCIAL: Final[dict[str, Any]] = {
    "permissions": ["display", "reproduce", "distribute", "derivatives", "commercial-use"],
    "prohibitions": ["resale-as-stock", "claim-authorship", "register-as-trademark", "remove-mark"],
    "duties": ["keep-mark"],
    "trainingMining": _mining("notAllowed", inference="allowed"),
    "exclusive": False,
    "transferable": False,
    "sublicensable": False,
}
_AI_TRAINING_DENIED: Final[dict[str, Any]] = {
    "permissions": ["display", "reproduce", "distribute", "derivatives", "commercial-use", "share-with-credit"],
    "prohibitions": ["data-mining", "ai-training", "ai-generative-training", "ai-inference", "remove-mark"],
    "duties": ["attribution", "keep-mark"],
    "trainingMining": _mining("notAllowed", inference="notAllowed"),
    "exclusive": False,
    "transferable": True,
    "sublicensable": True,
}


def _template(slug: str, rules: Mapping[str, Any]) -> Template:
    document = {"termsVersion": TERMS_VERSION, "slug": slug, "revision": 1, **rules, **TEXTS[slug]}
    return Template(slug, rfc8785.dumps(document))


TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {
        slug: _template(slug, rules)
        for slug, rules in (
            ("personal", _PERSONAL),
            ("commercial", _COMMERCIAL),
            ("ai-training-denied", _AI_TRAINING_DENIED),
        )
    }
)


def template(slug: str) -> Template:
    """Raises InvalidRequest on an unknown slug, naming those that exist."""
    if slug not in TEMPLATES:
        raise InvalidRequest(f"there are no terms called {slug[:40]!r}", hint=f"choose one of {', '.join(TEMPLATES)}")
    return TEMPLATES[slug]
