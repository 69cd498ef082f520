"""The index of a key folder, `keyring.json`: which keys there are, since when and until when. It holds no secret."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from provenance.core.errors import Conflict, Misconfigured, NotFound
from provenance.credentials import times
from provenance.credentials.multiformats import from_multikey
from provenance.credentials.vc.dids import VerificationKey

VERSIONS: Final = (1, 2)
"""2 has the generation, so that a program which would look for the older names says that it is too old."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key by its id. `retired`: replaced, its past work still counts. `revoked`: nothing of it counts."""

    key_id: str
    created: datetime
    retired: datetime | None = None
    revoked: datetime | None = None

    @property
    def public(self) -> VerificationKey:
        """Of a signing key: its id ends with the Multikey of its public key."""
        public_key = from_multikey(self.key_id.partition("#")[2])
        return VerificationKey(public_key, self.key_id, self.created, self.retired, self.revoked)

    @property
    def did(self) -> str:
        return self.key_id.partition("#")[0]


@dataclass(frozen=True, slots=True)
class Ring:
    """Oldest key first; of each kind the last is the current one. `salt` is scrypt's; None: nothing is encrypted.

    `generation` is in the names of the key files once the passphrase was changed; hex, empty before.
    """

    signing: tuple[Entry, ...]
    watermark: tuple[Entry, ...]
    salt: bytes | None
    generation: str = ""

    @property
    def suffix(self) -> str:
        """Of the key files' names."""
        return f".{self.generation}" if self.generation else ""

    def with_signing(self, entry: Entry) -> "Ring":
        """The new key becomes current, the one before retires at its creation. Raises Conflict on a known id."""
        return replace(self, signing=_rotated(self.signing, entry))

    def with_watermark(self, entry: Entry) -> "Ring":
        return replace(self, watermark=_rotated(self.watermark, entry))

    def revoked(self, key_id: str, at: datetime) -> "Ring":
        """Raises NotFound on an unknown signing key, Conflict on the current one: rotate first."""
        if key_id not in {entry.key_id for entry in self.signing}:
            raise NotFound(f"there is no signing key {key_id}")
        if key_id == self.signing[-1].key_id:
            raise Conflict(
                "the current signing key can't be revoked", existing=key_id, hint="rotate first, then revoke"
            )
        return replace(
            self,
            signing=tuple(replace(e, revoked=e.revoked or at) if e.key_id == key_id else e for e in self.signing),
        )

    def dump(self) -> bytes:
        document = {
            "version": 2 if self.generation else 1,
            "currentSigning": self.signing[-1].key_id,
            "currentWatermark": self.watermark[-1].key_id,
            "signing": [_written(entry) for entry in self.signing],
            "watermark": [_written(entry) for entry in self.watermark],
            "salt": None if self.salt is None else self.salt.hex(),
        } | ({"generation": self.generation} if self.generation else {})
        return json.dumps(document, indent=1).encode() + b"\n"

    @classmethod
    def load(cls, data: bytes) -> "Ring":
        """Raises Misconfigured on anything that `dump` did not write."""
        try:
            document = json.loads(data)
            if document["version"] not in VERSIONS:
                raise Misconfigured(
                    f"the key folder has version {document['version']}, which this program does not know"
                )
            ring = cls(
                signing=tuple(_read(entry) for entry in document["signing"]),
                watermark=tuple(_read(entry) for entry in document["watermark"]),
                salt=None if document["salt"] is None else bytes.fromhex(document["salt"]),
                generation=bytes.fromhex(document.get("generation", "")).hex(),
            )
            current = (ring.signing[-1].key_id, ring.watermark[-1].key_id)
            if current != (document["currentSigning"], document["currentWatermark"]):
                raise ValueError("the current keys are not the last ones")
            for entry in ring.signing:
                _ = entry.public
        except (ValueError, KeyError, TypeError, IndexError):
            raise Misconfigured("the key folder's keyring.json is damaged", hint="restore it from a backup") from None
        return ring


def _rotated(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    if entry.key_id in {known.key_id for known in entries}:
        raise Conflict(f"there is a key {entry.key_id} already", existing=entry.key_id)
    if not entries:
        return (entry,)
    return (*entries[:-1], replace(entries[-1], retired=entry.created), entry)


def _written(entry: Entry) -> dict[str, Any]:
    moments = {"created": entry.created, "retired": entry.retired, "revoked": entry.revoked}
    return {"id": entry.key_id} | {name: times.written(at) for name, at in moments.items() if at is not None}


def _read(document: dict[str, Any]) -> Entry:
    retired, revoked = (times.read(document[name]) if name in document else None for name in ("retired", "revoked"))
    return Entry(document["id"], times.read(document["created"]), retired, revoked)
