"""Private keys as PKCS #8 PEM, encrypted under a passphrase: what every key file of the service holds."""

import warnings
from typing import Final

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provenance.core.errors import Misconfigured

UNLOCK_HINT: Final = "set PROVENANCE_KEY_PASSPHRASE to the passphrase that the keys were made with"
_SCRYPT_COST: Final = 1 << 14  # 16 MiB, about 0.1 s: the most that the OpenSSL command reads without being told to
_SHORTEST: Final = 12


class InsecureKeyWarning(UserWarning):
    """A secret is kept in a way that no production service should keep it."""


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


def check_new_passphrase(passphrase: bytes) -> None:
    """Raises Misconfigured when it is too short to withstand guessing."""
    if len(passphrase) < _SHORTEST:
        raise Misconfigured(f"a new passphrase has at least {_SHORTEST} characters", hint="take several words")


def seal(key: PrivateKeyTypes, passphrase: bytes | None) -> bytes:
    """PKCS #8 PEM; with a passphrase under PBES2 with scrypt and AES-256-CBC (RFC 7914, section 7).

    `cryptography` itself would write PBKDF2 with 2048 rounds, which a graphics card tries by the million a second.
    """
    if passphrase is None:
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    from Crypto.IO import PEM, PKCS8  # here: only making a key needs it

    algorithm, body, parameters = PKCS8.unwrap(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    der = PKCS8.wrap(
        body,
        algorithm,
        passphrase,
        protection="scryptAndAES256-CBC",
        prot_params={"iteration_count": _SCRYPT_COST, "block_size": 8, "parallelization": 1},
        key_params=parameters,  # type: ignore[arg-type]  # the stub is narrower: what `unwrap` gives goes back in
    )
    return PEM.encode(der, "ENCRYPTED PRIVATE KEY").encode() + b"\n"


def unseal(pem: bytes, passphrase: bytes | None, *, where: object) -> PrivateKeyTypes:
    """The key in a PEM file; `where` names the file in errors. Raises Misconfigured when the passphrase is wrong, or
    when the file is not encrypted although there is a passphrase."""
    if passphrase is not None and b"ENCRYPTED" not in pem:
        raise Misconfigured(
            f"{where} is not encrypted, but a passphrase is set", hint="encrypt it with `openssl pkcs8`"
        )
    try:
        return load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError):  # from None: OpenSSL's text must not carry anything of the file into a log
        raise Misconfigured(f"the passphrase does not open {where}", hint=UNLOCK_HINT) from None
