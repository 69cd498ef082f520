"""Where the CA's keys and certificates lie: one file each in a folder, keys encrypted as every key of the service."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.adapters.ca.signing import HeldKey, OutsideKey
from provenance.adapters.keys import files
from provenance.adapters.keys.sealed import check_passphrase, seal, unseal
from provenance.core.errors import InvalidRequest, Misconfigured
from provenance.credentials.pki import chains
from provenance.credentials.pki.profiles import Role

CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
}


@dataclass(frozen=True, slots=True)
class Lock:
    """What protects key files: a passphrase, or leave to have none."""

    passphrase: bytes | None = field(repr=False)
    allow_unencrypted: bool = False

    def check(self) -> None:
        """Raises Misconfigured when there is no passphrase and nobody allowed that; warns when somebody did."""
        check_passphrase(self.passphrase, allow_unencrypted=self.allow_unencrypted)


class Safe:
    """Keys by reference: a file's name, or the URI of a key that `held` opens. Opened keys stay open."""

    def __init__(self, path: Path, lock: Lock, *, held: Callable[[str], HeldKey] | None = None) -> None:
        self.path: Final = path
        self.lock: Final = lock
        self.__opened: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._held: Final = held

    def __repr__(self) -> str:
        return f"Safe({str(self.path)!r})"

    def new_key(self, role: Role, alg: str) -> str:
        """Make a key (ES256: P-256, ES384: P-384, ES512: P-521) and answer its reference."""
        self.lock.check()
        if alg not in CURVES:
            raise InvalidRequest(f"no algorithm {alg[:16]!r}", hint=f"one of {', '.join(CURVES)}")
        key = ec.generate_private_key(CURVES[alg])
        reference = f"{role}-{secrets.token_hex(8)}.key.pem"
        files.create(self.path / reference, seal(key, self.lock.passphrase))
        self.__opened[reference] = key
        return reference

    def has(self, reference: str) -> bool:
        """Whether the key is here, and not, as a root's should be, in a drawer."""
        return _is_uri(reference) or (self.path / reference).is_file()

    def key(self, reference: str) -> ec.EllipticCurvePrivateKey:
        """Raises Misconfigured: not here, wrong passphrase, damaged; Unavailable when a module does not answer."""
        if reference not in self.__opened:
            self.__opened[reference] = self._outside(reference) if _is_uri(reference) else self._unsealed(reference)
        return self.__opened[reference]

    def put(self, name: str, certificates: Sequence[x509.Certificate]) -> None:
        files.replace(self.path / name, chains.pem(certificates))

    def certificates(self, name: str) -> tuple[x509.Certificate, ...]:
        """Raises Misconfigured when the file is missing or damaged."""
        try:
            return chains.read_pem(files.read(self.path / name))
        except InvalidRequest as error:
            raise Misconfigured(f"{self.path / name}: {error.reason}", hint="restore it from a backup") from None

    def _outside(self, reference: str) -> ec.EllipticCurvePrivateKey:
        if self._held is None:
            raise Misconfigured(f"nothing here opens the key {reference}", hint="set PROVENANCE_CLAIM_KEY to its URI")
        return OutsideKey(self._held(reference))

    def _unsealed(self, reference: str) -> ec.EllipticCurvePrivateKey:
        path = self.path / reference
        if not path.is_file():
            raise Misconfigured(f"the key {path} is not here", hint="bring it back for this, and take it away after")
        key = unseal(files.read(path), self.lock.passphrase, where=path)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Misconfigured(f"{path} holds no ECDSA key")
        return key


def _is_uri(reference: str) -> bool:
    return ":" in reference
