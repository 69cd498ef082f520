"""Ed25519 signers: a key in an encrypted PEM file, and a key that lives only in memory."""

import warnings
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.adapters.keys import files
from provenance.adapters.keys.sealed import InsecureKeyWarning, check_passphrase, seal, unseal
from provenance.core.errors import Conflict, Misconfigured
from provenance.credentials.vc.dids import did_key, method_id


class _Ed25519Signer:
    """Satisfies `core.ports.Signer`. Holds the private key where neither repr, pickle nor an exception shows it."""

    def __init__(self, private_key: Ed25519PrivateKey, did: str | None) -> None:
        self.__private_key: Final = private_key
        self._public_key: Final = private_key.public_key().public_bytes_raw()
        self._key_id: Final = method_id(did or did_key(self._public_key), self._public_key)

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def public_key(self) -> bytes:
        return self._public_key

    def sign(self, body: bytes) -> bytes:
        """64 bytes, deterministic (RFC 8032)."""
        return self.__private_key.sign(body)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key_id={self._key_id!r})"

    def __reduce__(self) -> str:
        raise TypeError("a signer can't be copied out of its process")


class FileSigner(_Ed25519Signer):
    """A PKCS #8 PEM file, which `openssl pkey` reads too, encrypted under a passphrase.

    `did` is the issuer that the key belongs to; None makes it the key's own did:key. Without a passphrase the file must
    be unencrypted and `allow_unencrypted` given, and a warning says so.
    """

    safe_for_production: bool

    def __init__(
        self, path: Path, *, passphrase: bytes | None, did: str | None = None, allow_unencrypted: bool = False
    ) -> None:
        """Raises Misconfigured: file missing, open to others, wrong passphrase, no Ed25519 key."""
        check_passphrase(passphrase, allow_unencrypted=allow_unencrypted)
        super().__init__(_load(path, passphrase), did)
        self.safe_for_production = passphrase is not None

    @classmethod
    def create(
        cls, path: Path, *, passphrase: bytes | None, did: str | None = None, allow_unencrypted: bool = False
    ) -> "FileSigner":
        """Make a new key. Raises Conflict when the file is there: a key is never overwritten."""
        check_passphrase(passphrase, allow_unencrypted=allow_unencrypted)
        try:
            files.create(path, seal(Ed25519PrivateKey.generate(), passphrase))
        except FileExistsError:
            raise Conflict(f"there is a key at {path} already", existing=str(path)) from None
        return cls(path, passphrase=passphrase, did=did, allow_unencrypted=allow_unencrypted)


class EphemeralSigner(_Ed25519Signer):
    """A key that ends with the process, for tests and trials. What it signed can't be signed again by anybody."""

    safe_for_production = False

    def __init__(self, *, did: str | None = None, seed: bytes | None = None) -> None:
        """`seed` 32 bytes makes the same key again; None makes a new one."""
        warnings.warn(
            "an ephemeral key signs: its certificates outlive it, and nobody will trust them",
            InsecureKeyWarning,
            stacklevel=2,
        )
        super().__init__(
            Ed25519PrivateKey.generate() if seed is None else Ed25519PrivateKey.from_private_bytes(seed), did
        )


def _load(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    key = unseal(files.read(path), passphrase, where=path)
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured(f"{path} holds no Ed25519 key")
    return key
