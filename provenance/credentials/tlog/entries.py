"""What the log says, one entry a fact: a small JSON object in canonical form (RFC 8785) that holds hashes and no names.

    {"at": "2026-03-01T12:00:00Z", "certificate": "<sha256>", "kind": "work.registered", "v": 1}
    {"at": "2026-03-01T12:00:00Z", "key": "did:web:art.example#z6Mk…", "kind": "key.added", "v": 1}

`certificate` is the sha256 of the JCS bytes of the whole signed certificate. Whoever holds the certificate computes the
entry from it alone. Whoever does not can't guess it: its 64-byte signature is in the hash, and only the issuer could
make that. So when a certificate is erased, what stays in the log leads to nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from provenance.core.errors import MalformedLogProof, ProvenanceError
from provenance.credentials import times
from provenance.credentials.canonical import canonical, certificate_hash, parse
from provenance.credentials.messages import refusal

VERSION: Final = 1
_HEX: Final = frozenset("0123456789abcdef")
_HASH_DIGITS: Final = 64
_MAX_KEY: Final = 1024


class EntryKind(StrEnum):
    WORK_REGISTERED = "work.registered"
    WORK_WITHDRAWN = "work.withdrawn"
    CERTIFICATE_REVOKED = "certificate.revoked"
    CERTIFICATE_SUSPENDED = "certificate.suspended"
    CERTIFICATE_REINSTATED = "certificate.reinstated"
    LICENCE_GRANTED = "licence.granted"
    MANIFEST_STORED = "manifest.stored"
    KEY_ADDED = "key.added"
    KEY_RETIRED = "key.retired"
    KEY_REVOKED = "key.revoked"

    @property
    def is_about_a_key(self) -> bool:
        return self.startswith("key.")

    @property
    def subject(self) -> str:
        """The member that names what the entry is about."""
        if self.is_about_a_key:
            return "key"
        return "manifest" if self is EntryKind.MANIFEST_STORED else "certificate"


@dataclass(frozen=True, slots=True)
class LogFact:
    """An entry as read. `subject` is the hash (hex) of a certificate or of a C2PA manifest store, or, for keys, a
    verification method's DID URL."""

    kind: EntryKind
    at: datetime
    subject: str


def log_entry(
    kind: EntryKind,
    *,
    at: datetime,
    certificate: str | None = None,
    key: str | None = None,
    manifest: str | None = None,
) -> bytes:
    """The entry's bytes, under 2 KiB. `certificate` is `certificate_hash(...)`, hex; `key` a verification method's id;
    `manifest` the sha256 of a C2PA manifest store, hex, which like a certificate has a signature in it.

    Raises ValueError unless it gets the one of them that belongs to the kind.
    """
    given = {"certificate": certificate, "key": key, "manifest": manifest}
    subject = given.pop(kind.subject)
    if subject is None or any(given.values()):
        raise ValueError(f"an entry {kind} names a {kind.subject} and nothing else")
    return _written(LogFact(kind, at, subject))


def registration_entry(certificate: Mapping[str, Any]) -> bytes:
    """The `work.registered` entry of a signed work certificate, from the certificate alone: its time is `validFrom`.

    Raises MalformedLogProof when the document has no such time, MalformedCertificate when it has no canonical form.
    """
    return _from_certificate(EntryKind.WORK_REGISTERED, certificate)


def grant_entry(certificate: Mapping[str, Any]) -> bytes:
    """The `licence.granted` entry of a signed licence certificate, made the same way. Raises the same."""
    return _from_certificate(EntryKind.LICENCE_GRANTED, certificate)


def read_entry(data: bytes) -> LogFact:
    """Read an entry. Raises MalformedLogProof on what `log_entry` does not write: another version, kind or form."""
    try:
        document = parse(data)
        kind = EntryKind(document["kind"])
        fact = LogFact(kind, times.read(document["at"]), document[kind.subject])
        if _written(fact) == data:
            return fact
    except (ProvenanceError, KeyError, ValueError, TypeError):
        pass
    raise refusal(MalformedLogProof, "log-entry")


def _from_certificate(kind: EntryKind, certificate: Mapping[str, Any]) -> bytes:
    try:
        at = times.read(certificate["validFrom"])
    except (KeyError, ValueError, TypeError):
        raise refusal(MalformedLogProof, "log-no-certificate") from None
    return log_entry(kind, at=at, certificate=certificate_hash(certificate))


def _written(fact: LogFact) -> bytes:
    """Raises ValueError on a subject that is none of the kind."""
    name = fact.kind.subject
    if not (_is_key(fact.subject) if fact.kind.is_about_a_key else _is_hash(fact.subject)):
        raise ValueError(f"this is no {name} that an entry names")
    return canonical({"v": VERSION, "kind": str(fact.kind), "at": times.written(fact.at), name: fact.subject})


def _is_key(subject: str) -> bool:
    return 0 < len(subject) <= _MAX_KEY and subject.isascii() and subject.isprintable() and "#" in subject


def _is_hash(subject: str) -> bool:
    return len(subject) == _HASH_DIGITS and _HEX.issuperset(subject)
