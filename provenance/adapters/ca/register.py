"""`ca.json`: every certificate that was issued or installed, in order, with its key's place and its revocation."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from provenance.core.errors import Conflict, Misconfigured, NotFound
from provenance.credentials import times
from provenance.credentials.pki.ocsp import Standing
from provenance.credentials.pki.profiles import Owner, Role

VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """`issuer` is the serial number of the CA above, the root's own for the root; None: bought from another CA.

    `key` is a file in the folder, or the URI of a key that is held elsewhere (`pkcs11:…`).
    """

    serial: int
    role: Role
    name: str
    issuer: int | None
    key: str
    not_before: datetime
    not_after: datetime
    revoked: datetime | None = None
    reason: str | None = None

    @property
    def file(self) -> str:
        """Of the certificate; of a bought one, with the chain above it."""
        return f"{self.role}-{self.serial:x}.pem"


@dataclass(frozen=True, slots=True)
class Register:
    """Oldest first. `requests` are the keys that wait for a certificate to be bought."""

    owner: Owner
    certificates: tuple[Issued, ...] = ()
    requests: tuple[str, ...] = ()

    def with_issued(self, issued: Issued) -> "Register":
        """Raises Conflict when it is here already."""
        if any((known.serial, known.issuer) == (issued.serial, issued.issuer) for known in self.certificates):
            raise Conflict("this certificate is here already", existing=f"{issued.serial:x}")
        left = tuple(key for key in self.requests if key != issued.key)
        return replace(self, certificates=(*self.certificates, issued), requests=left)

    def with_request(self, key: str) -> "Register":
        return replace(self, requests=(*(known for known in self.requests if known != key), key))

    def with_revoked(self, serial: int, at: datetime, reason: str) -> "Register":
        """The first revocation stands. Raises NotFound; Conflict for the root, which nothing above could take back."""
        issued = self.find(serial)
        if issued.role is Role.ROOT:
            raise Conflict(
                "a root can't be revoked", hint="make a new CA elsewhere, and tell everybody to drop the old anchor"
            )
        if issued.revoked is not None:
            return self
        marked = replace(issued, revoked=at.replace(microsecond=0), reason=reason)
        return replace(self, certificates=tuple(marked if known == issued else known for known in self.certificates))

    def find(self, serial: int) -> Issued:
        """Raises NotFound."""
        for issued in self.certificates:
            if issued.serial == serial:
                return issued
        raise NotFound(f"there is no certificate with the serial number {serial:x}")

    def current(self, role: Role, at: datetime, *, issuer: int | None = None) -> Issued | None:
        """The newest of a role within its time, of this issuer where one is given; None where it is revoked: an older
        one would sign on with what was replaced."""
        for issued in reversed(self.certificates):
            if issued.role is role and issued.not_before <= at <= issued.not_after and issuer in (None, issued.issuer):
                return None if issued.revoked else issued
        return None

    def authorities(self, at: datetime) -> Iterator[Issued]:
        """The CAs that answer for certificates, the replaced ones too until they end."""
        return (issued for issued in self.certificates if issued.role in _CAS and issued.not_after >= at)

    def standing(self, issuer: int, serial: int) -> Standing:
        """What this CA says of a serial number."""
        for issued in self.certificates:
            if (issued.issuer, issued.serial) == (issuer, serial):
                return Standing(True, issued.revoked, issued.reason)
        return Standing(False)

    def compromised(self, key: str) -> bool:
        """Whether a certificate was revoked because somebody else may have this key."""
        return any(issued.key == key and issued.reason == "keyCompromise" for issued in self.certificates)

    def dump(self) -> bytes:
        document = {
            "version": VERSION,
            "organization": self.owner.organization,
            "country": self.owner.country,
            "certificates": [_written(issued) for issued in self.certificates],
            "requests": list(self.requests),
        }
        return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"

    @classmethod
    def load(cls, data: bytes) -> "Register":
        """Raises Misconfigured on anything that `dump` did not write."""
        try:
            document = json.loads(data)
            if document["version"] != VERSION:
                raise Misconfigured(f"the CA has version {document['version']}, which this program does not know")
            return cls(
                Owner(document["organization"], document["country"]),
                tuple(_read(entry) for entry in document["certificates"]),
                tuple(str(key) for key in document["requests"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Misconfigured("the CA's ca.json is damaged", hint="restore it from a backup") from None


_CAS: Final = (Role.ROOT, Role.CLAIM_CA, Role.TSA_CA)


def _written(issued: Issued) -> dict[str, Any]:
    document: dict[str, Any] = {
        "serial": f"{issued.serial:x}",
        "role": str(issued.role),
        "name": issued.name,
        "issuer": None if issued.issuer is None else f"{issued.issuer:x}",
        "key": issued.key,
        "notBefore": times.written(issued.not_before),
        "notAfter": times.written(issued.not_after),
    }
    if issued.revoked is not None:
        document |= {"revoked": times.written(issued.revoked), "reason": issued.reason}
    return document


def _read(document: dict[str, Any]) -> Issued:
    return Issued(
        serial=int(document["serial"], 16),
        role=Role(document["role"]),
        name=document["name"],
        issuer=None if document["issuer"] is None else int(document["issuer"], 16),
        key=document["key"],
        not_before=times.read(document["notBefore"]),
        not_after=times.read(document["notAfter"]),
        revoked=times.read(document["revoked"]) if "revoked" in document else None,
        reason=document.get("reason"),
    )
