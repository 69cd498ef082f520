"""Byte-exact manifests out of a writer that takes JSON only.

JSON has no byte strings, but C2PA's CDDL wants them for soft-binding values, padding and time-stamp tokens. So the
manifest is first signed with text of the same length in their place: CBOR gives text and bytes of one length
the same size (RFC 8949, section 3.1: major types 2 and 3). Then, here, each text becomes the bytes, the hashes of
the changed assertions are corrected in the claim, and the claim is signed again. Nothing moves, so the hash of the
file stays true, and the signature box has room for a time-stamp and an OCSP response.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cbor2

from provenance.core.errors import MalformedManifest
from provenance.credentials.c2pa import cose
from provenance.credentials.c2pa.store import ManifestStore

_STAND_IN: Final = "*"


def stand_in(value: bytes) -> str:
    """The text that stands for `value` until the manifest is sealed."""
    return _STAND_IN * len(value)


@dataclass(frozen=True, slots=True)
class Substitution:
    """In the assertion `label` of the active manifest, the text under `key` becomes the byte string `value`."""

    label: str
    key: str
    value: bytes


class OpenSeal:
    """A manifest store whose active manifest waits for its new signature.

    Sign `to_be_signed`, time-stamp `imprint(signature)`, then `close`. Raises MalformedManifest where the store is
    not as the writer leaves it.
    """

    def __init__(self, store: bytes, substitutions: Sequence[Substitution] = ()) -> None:
        self._store = ManifestStore.parse(store)
        self._data = bytearray(store)
        hashes = _substitute(self._store, self._data, substitutions)
        claim = self._store.claim
        for old, new in hashes.items():
            _replace_once(self._data, claim.start, claim.end, old, new)
        self._box = self._store.signature
        self._protected = cose.Sign1.parse(self._store.bytes_of(self._box)).protected
        self._claim = bytes(self._data[claim.start : claim.end])

    @property
    def manifest_id(self) -> str:
        return self._store.active_id

    @property
    def to_be_signed(self) -> bytes:
        """What the key of the claim's certificate signs."""
        return cose.to_be_signed(self._protected, self._claim)

    def imprint(self, signature: bytes) -> bytes:
        """What the time-stamping authority stamps: SHA-256, 32 bytes."""
        return cose.countersigned_imprint(self._protected, signature)

    def close(self, signature: bytes, *, token: bytes | None = None, ocsp: bytes | None = None) -> bytes:
        """The finished store, as long as the one that came. Raises cose.DoesNotFit."""
        room = self._box.end - self._box.start
        sealed = bytearray(self._data)
        sealed[self._box.start : self._box.end] = cose.encode(self._protected, signature, room, token=token, ocsp=ocsp)
        return bytes(sealed)


def _substitute(store: ManifestStore, data: bytearray, substitutions: Sequence[Substitution]) -> dict[bytes, bytes]:
    """Rewrites the assertions in `data`. Answers their old SHA-256 and the new one."""
    hashes = {}
    for label in dict.fromkeys(item.label for item in substitutions):
        assertion = store.assertion(label)
        content = assertion.only(b"cbor")
        for item in substitutions:
            if item.label == label:
                key, text = cbor2.dumps(item.key), cbor2.dumps(stand_in(item.value))
                _replace_once(data, content.start, content.end, key + text, key + cbor2.dumps(item.value))
        old = hashlib.sha256(store.bytes_of(assertion)).digest()
        hashes[old] = hashlib.sha256(data[assertion.start : assertion.end]).digest()
    return hashes


def _replace_once(data: bytearray, start: int, end: int, old: bytes, new: bytes) -> None:
    at = data.find(old, start, end)
    if at < 0 or data.find(old, at + 1, end) >= 0 or len(old) != len(new):
        raise MalformedManifest("the manifest does not hold what should be sealed, or holds it twice")
    data[at : at + len(old)] = new


def signature_imprint(store: bytes) -> tuple[str, bytes]:
    """(active manifest's id, SHA-256 of its signature): what a `c2pa.time-stamp` assertion stamps afterwards."""
    parsed = ManifestStore.parse(store)
    sign1 = cose.Sign1.parse(parsed.bytes_of(parsed.signature))
    return parsed.active_id, hashlib.sha256(sign1.signature).digest()
