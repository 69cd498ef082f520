"""The keys that a verifier trusts, read from what it was given beforehand: nothing here asks the network."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from cryptography.exceptions import InvalidSignature as _BadSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provenance.core.errors import InvalidSignature, Misconfigured, UntrustedSigner
from provenance.credentials.messages import refusal
from provenance.credentials.vc.dids import VerificationKey, did_key_public

UNTRUSTED_HINT: Final = "give the issuer's key with --key, --did-doc or --jwks, from a place that you trust"


@runtime_checkable
class DatedKeyring(Protocol):
    """A keyring (`core.ports.Keyring`) that also knows in which time a key's signatures count."""

    def verify(self, key_id: str, body: bytes, signature: bytes) -> None: ...
    def verify_at(self, key_id: str, body: bytes, signature: bytes, *, at: datetime) -> None: ...


class TrustedKeys:
    """A `core.ports.Keyring` over public keys with validity windows.

    Raises Misconfigured when one key id is given two different keys.
    """

    def __init__(self, keys: Iterable[VerificationKey] = ()) -> None:
        self.keys: Final = tuple(dict.fromkeys(keys))
        self._named: Final[dict[str, VerificationKey]] = {}
        for key in self.keys:
            if key.key_id is not None:
                known = self._named.setdefault(key.key_id, key)
                if known.public_key != key.public_key:
                    raise Misconfigured(f"two different keys are called {key.key_id}")
        self._pins: Final = tuple(key for key in self.keys if key.key_id is None)

    def __len__(self) -> int:
        return len(self.keys)

    def __or__(self, other: "TrustedKeys") -> "TrustedKeys":
        return TrustedKeys(self.keys + other.keys)

    def verify(self, key_id: str, body: bytes, signature: bytes) -> None:
        """Raises UntrustedSigner when no key goes by that id and no pinned key made the signature, or when the key was
        revoked; InvalidSignature."""
        key = self._find(key_id)
        if key is None:
            key = self._pin_of(body, signature)
        elif not _signed(key, body, signature):
            raise refusal(InvalidSignature, "signature-invalid")
        if key is None:
            finding = "no-pin-fits" if self._pins else "unknown-key"
            raise refusal(UntrustedSigner, finding, hint=UNTRUSTED_HINT, key=key_id)
        if key.revoked is not None:
            raise refusal(UntrustedSigner, "key-revoked", key=key_id)

    def verify_at(self, key_id: str, body: bytes, signature: bytes, *, at: datetime) -> None:
        """As `verify`, and raises UntrustedSigner too when the key was not in use at `at`."""
        key = self._find(key_id) or self._pin_of(body, signature)
        if key is not None:
            _require_in_use(key, key_id, at)
        self.verify(key_id, body, signature)

    def _find(self, key_id: str) -> VerificationKey | None:
        """By name; a did:key carries its key, so a pin is recognised in it."""
        if key_id in self._named:
            return self._named[key_id]
        try:
            inside = did_key_public(key_id)
        except ValueError:
            return None
        return next((key for key in self._pins if key.public_key == inside), None)

    def _pin_of(self, body: bytes, signature: bytes) -> VerificationKey | None:
        """The pinned key without a name that made this signature."""
        return next((pin for pin in self._pins if _signed(pin, body, signature)), None)


def _require_in_use(key: VerificationKey, key_id: str, at: datetime) -> None:
    if key.revoked is not None:
        raise refusal(UntrustedSigner, "key-revoked", key=key_id)
    if key.valid_from is not None and at < key.valid_from.replace(microsecond=0):
        raise refusal(UntrustedSigner, "key-not-yet", key=key_id)
    if key.valid_until is not None and at > key.valid_until:
        raise refusal(UntrustedSigner, "key-retired", key=key_id)


def _signed(key: VerificationKey, body: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, body)
    except _BadSignature:
        return False
    return True
