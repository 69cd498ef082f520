"""The key folder: signing and watermark keys with their history, encrypted at rest under one passphrase.

    keyring.json              ids, times and the current keys; no secret
    signing-<multikey>.pem    Ed25519, PKCS #8, encrypted; `openssl pkey -in … -text` reads it
    watermark-<id>.json       32 random bytes under AES-256-GCM, the key from the passphrase through scrypt

A key file is written before the index names it, so a crash leaves at worst an unused file. Old keys are never deleted:
certificates and marks made with them must still be found and verified. A change of the passphrase writes all of them
again under names with a new generation in them; replacing the index is what makes it count.
"""

import json
import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from provenance.adapters.keys import files
from provenance.adapters.keys.ring import Entry, Ring
from provenance.adapters.keys.sealed import UNLOCK_HINT, check_new_passphrase, check_passphrase, seal, unseal
from provenance.adapters.keys.signers import FileSigner
from provenance.core.errors import Conflict, Misconfigured
from provenance.credentials import TrustedKeys, VerificationKey, did_key, method_id

_INDEX: Final = "keyring.json"
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_SCRYPT: Final = {"length": 32, "n": 1 << 15, "r": 8, "p": 1}  # 32 MiB, about 0.1 s


class KeyFolder:
    """Opens nothing until it is asked; public keys are read without the passphrase.

    Every method raises Misconfigured when the folder was not made, is damaged, or the passphrase is wrong.
    """

    def __init__(self, path: Path, *, passphrase: bytes | None = None, allow_unencrypted: bool = False) -> None:
        self.path: Final = path
        self.__passphrase: Final = passphrase
        self.__derived: bytes | None = None
        self._allow_unencrypted: Final = allow_unencrypted

    def __repr__(self) -> str:
        return f"KeyFolder({str(self.path)!r})"

    @property
    def exists(self) -> bool:
        return (self.path / _INDEX).is_file()

    # ---- making and changing

    def create(self, *, now: datetime, did: str | None = None) -> None:
        """Make the first signing and watermark key. `did` is the issuer; None makes it the signing key's own did:key.

        Raises Conflict when the folder has keys: of two that start at once, one makes them and one is told.
        """
        with files.locked(self.path):
            if self.exists:
                raise Conflict(f"there are keys in {self.path} already", existing=str(self.path))
            check_passphrase(self.__passphrase, allow_unencrypted=self._allow_unencrypted)
            empty = Ring((), (), secrets.token_bytes(_SALT_BYTES) if self.__passphrase else None)
            signing, watermark = self._new_signing(empty, did, now), self._new_watermark(empty, now)
            ring = empty.with_signing(signing).with_watermark(watermark)
            files.create(self.path / _INDEX, ring.dump())

    def rotate_signing(self, *, now: datetime, did: str | None = None) -> FileSigner:
        """Make a new current signing key; the one before retires, and its certificates keep verifying.

        `did` None keeps the issuer, which for a did:key means the new key's own.
        """
        with files.locked(self.path):
            ring = self._ring()
            current = ring.signing[-1]
            kept = None if current.did == did_key(current.public.public_key) else current.did
            files.replace(self.path / _INDEX, ring.with_signing(self._new_signing(ring, did or kept, now)).dump())
        return self.signer()

    def rotate_watermark(self, *, now: datetime) -> str:
        """Make a new current watermark key and answer its id; marks of the older keys are still found."""
        with files.locked(self.path):
            ring = self._ring()
            entry = self._new_watermark(ring, now)
            files.replace(self.path / _INDEX, ring.with_watermark(entry).dump())
        return entry.key_id

    def revoke_signing(self, key_id: str, *, now: datetime) -> None:
        """Nothing that this retired key signed counts any more. Raises NotFound, Conflict on the current key."""
        with files.locked(self.path):
            files.replace(self.path / _INDEX, self._ring().revoked(key_id, now).dump())

    def change_passphrase(self, new: bytes) -> None:
        """Encrypt every key under another passphrase: all of them, or none. Doing it again does nothing.

        Copies of the old files (backups) still open with the old one: where it leaked, rotate the keys as well. Raises
        Misconfigured when this folder's passphrase does not open the keys, or the new one is too short.
        """
        check_new_passphrase(new)
        with files.locked(self.path):
            ring = self._ring()
            if self._opened_by(new, ring):
                return
            later = replace(ring, salt=secrets.token_bytes(_SALT_BYTES), generation=secrets.token_hex(4))
            renewed = KeyFolder(self.path, passphrase=new)
            for entry in ring.signing:
                key, named = self._open_signing(ring, entry), renewed._signing_file(later, entry.public.public_key)
                files.create(named, seal(key, new))
            for entry in ring.watermark:
                sealed = renewed._seal(later, entry.key_id, self._open_watermark(ring, entry.key_id))
                files.create(renewed._watermark_file(later, entry.key_id), _written(sealed))
            files.replace(self.path / _INDEX, later.dump())
            self._forget_all_but(later)

    # ---- using

    def signer(self) -> FileSigner:
        """The current signing key."""
        ring = self._ring()
        entry = ring.signing[-1]
        signer = FileSigner(
            self._signing_file(ring, entry.public.public_key),
            passphrase=self.__passphrase,
            did=entry.did,
            allow_unencrypted=self._allow_unencrypted,
        )
        if signer.key_id != entry.key_id:
            raise Misconfigured(f"the key file of {entry.key_id} holds another key", hint="restore it from a backup")
        return signer

    @property
    def issuer(self) -> str:
        """The DID of the current signing key."""
        return self._ring().signing[-1].did

    def signing_keys(self) -> tuple[VerificationKey, ...]:
        """Every public key there ever was, oldest first, with its times: for DID documents and JWK sets."""
        return tuple(entry.public for entry in self._ring().signing)

    def keyring(self) -> TrustedKeys:
        return TrustedKeys(self.signing_keys())

    @property
    def current_watermark_key(self) -> str:
        return self._ring().watermark[-1].key_id

    def watermark_keys(self) -> dict[str, bytes]:
        """Every watermark secret, 32 bytes each, by key id, the current one last."""
        ring = self._ring()
        return {entry.key_id: self._open_watermark(ring, entry.key_id) for entry in ring.watermark}

    def history(self) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
        """The ids and times of the signing keys and of the watermark keys, oldest first."""
        ring = self._ring()
        return ring.signing, ring.watermark

    # ---- inside

    def _ring(self) -> Ring:
        return Ring.load(files.read(self.path / _INDEX))

    def _signing_file(self, ring: Ring, public_key: bytes) -> Path:
        return self.path / f"signing-{did_key(public_key).removeprefix('did:key:')}{ring.suffix}.pem"

    def _watermark_file(self, ring: Ring, key_id: str) -> Path:
        return self.path / f"watermark-{key_id}{ring.suffix}.json"

    def _opened_by(self, passphrase: bytes, ring: Ring) -> bool:
        try:
            KeyFolder(self.path, passphrase=passphrase)._open_signing(ring, ring.signing[-1])
        except Misconfigured:
            return False
        return True

    def _open_signing(self, ring: Ring, entry: Entry) -> PrivateKeyTypes:
        path = self._signing_file(ring, entry.public.public_key)
        return unseal(files.read(path), self.__passphrase, where=path)

    def _forget_all_but(self, ring: Ring) -> None:
        """Remove the key files that the index no longer names, of changes that a crash cut short too."""
        named = {self._signing_file(ring, entry.public.public_key) for entry in ring.signing}
        named |= {self._watermark_file(ring, entry.key_id) for entry in ring.watermark}
        for path in [*self.path.glob("signing-*.pem"), *self.path.glob("watermark-*.json")]:
            if path not in named:
                path.unlink(missing_ok=True)

    def _new_signing(self, ring: Ring, did: str | None, now: datetime) -> Entry:
        """The file is named by the key that is in it, so it is made under another name first."""
        unnamed = self.path / f".signing-{secrets.token_hex(8)}.pem"
        signer = FileSigner.create(
            unnamed, passphrase=self.__passphrase, did=did, allow_unencrypted=self._allow_unencrypted
        )
        unnamed.rename(self._signing_file(ring, signer.public_key))
        return Entry(method_id(did or did_key(signer.public_key), signer.public_key), now)

    def _new_watermark(self, ring: Ring, now: datetime) -> Entry:
        key_id = f"wm-{secrets.token_hex(6)}"
        sealed = self._seal(ring, key_id, secrets.token_bytes(_SECRET_BYTES))
        files.create(self._watermark_file(ring, key_id), _written(sealed))
        return Entry(key_id, now)

    def _seal(self, ring: Ring, key_id: str, secret: bytes) -> dict[str, str]:
        sealing_key = self._sealing_key(ring)
        if sealing_key is None:
            return {"cipher": "none", "secret": secret.hex()}
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(sealing_key).encrypt(nonce, secret, _bound_to(key_id))
        return {"cipher": "AES-256-GCM", "nonce": nonce.hex(), "sealed": sealed.hex()}

    def _open_watermark(self, ring: Ring, key_id: str) -> bytes:
        path = self._watermark_file(ring, key_id)
        sealing_key = self._sealing_key(ring)
        try:
            document: dict[str, Any] = json.loads(files.read(path))
            if sealing_key is None:
                return bytes.fromhex(document["secret"])
            nonce, sealed = bytes.fromhex(document["nonce"]), bytes.fromhex(document["sealed"])
            return AESGCM(sealing_key).decrypt(nonce, sealed, _bound_to(key_id))
        except InvalidTag:
            raise Misconfigured(f"the passphrase does not open {path}", hint=UNLOCK_HINT) from None
        except (ValueError, KeyError, TypeError):
            raise Misconfigured(f"{path} is damaged", hint="restore it from a backup") from None

    def _sealing_key(self, ring: Ring) -> bytes | None:
        """What the passphrase makes of the folder's salt; scrypt runs once. None where nothing is encrypted."""
        if ring.salt is None:
            if self.__passphrase:
                raise Misconfigured(f"the keys in {self.path} were made without a passphrase", hint="unset it")
            check_passphrase(None, allow_unencrypted=self._allow_unencrypted)
            return None
        if not self.__passphrase:
            raise Misconfigured(f"the keys in {self.path} are encrypted", hint=UNLOCK_HINT)
        if self.__derived is None:
            self.__derived = Scrypt(salt=ring.salt, **_SCRYPT).derive(self.__passphrase)
        return self.__derived


def reseal(path: Path, *, old: bytes | None, new: bytes) -> None:
    """Encrypt one PEM file of a private key, elsewhere than in a key folder, under another passphrase. Doing it again
    does nothing. Raises Misconfigured when neither opens it."""
    pem = files.read(path)
    try:
        key = unseal(pem, old, where=path)
    except Misconfigured:
        unseal(pem, new, where=path)
        return
    files.replace(path, seal(key, new))


def _written(document: dict[str, str]) -> bytes:
    return json.dumps(document).encode() + b"\n"


def _bound_to(key_id: str) -> bytes:
    """Associated data: a sealed secret opens only under its own id."""
    return f"provenance watermark key {key_id}".encode()
