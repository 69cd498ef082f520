"""Ed25519 signers: a key in an encrypted PEM file, and a key that lives only in memory."""

import warnings
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provenance.adapters.keys import files
from provenance.core.errors import Conflict, Misconfigured
from provenance.credentials.vc.dids import did_key, method_id

UNLOCK_HINT: Final = "set PROVENANCE_KEY_PASSPHRASE to the passphrase that the keys were made with"


_SCRYPT_COST: Final = 1 << 14  # 16 MiB, about 0.1 s: the most that the OpenSSL command reads without being told to


class InsecureKeyWarning(UserWarning):
    """A secret is kept in a way that no production service should keep it."""


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
            files.create(path, _pem(Ed25519PrivateKey.generate(), passphrase))
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


def check_passphrase(passphrase: bytes | None, *, allow_unencrypted: bool) -> None:
    """Raises Misconfigured when there is none and nobody allowed that; warns when somebody did."""
    if passphrase:
        return
    if passphrase is not None or not allow_unencrypted:
        raise Misconfigured("keys need a passphrase", hint=UNLOCK_HINT)
    warnings.warn(
        "keys are kept unencrypted, because no passphrase is set: whoever reads the disk can sign in your name",
        InsecureKeyWarning,
        stacklevel=3,
    )


def _pem(key: Ed25519PrivateKey, passphrase: bytes | None) -> bytes:
    """PKCS #8 PEM; with a passphrase under PBES2 with scrypt and AES-256-CBC (RFC 7914, section 7).

    `cryptography` itself would write PBKDF2 with 2048 rounds, which a graphics card tries by the million a second.
    """
    if passphrase is None:
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    from Crypto.IO import PEM, PKCS8  # here: only making a key needs it

    algorithm, body, _ = PKCS8.unwrap(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    der = PKCS8.wrap(
        body,
        algorithm,
        passphrase,
        protection="scryptAndAES256-CBC",
        prot_params={"iteration_count": _SCRYPT_COST, "block_size": 8, "parallelization": 1},
        key_params=None,
    )
    return PEM.encode(der, "ENCRYPTED PRIVATE KEY").encode() + b"\n"


def _load(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    pem = files.read(path)
    if passphrase is not None and b"ENCRYPTED" not in pem:
        raise Misconfigured(f"{path} is not encrypted, but a passphrase is set", hint="encrypt it with `openssl pkcs8`")
    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError):  # from None: OpenSSL's text must not carry anything of the file into a log
        raise Misconfigured(f"the passphrase does not open {path}", hint=UNLOCK_HINT) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Misconfigured(f"{path} holds no Ed25519 key")
    return key
