"""Keys that sign claims: those of the folder, and those that a hardware module or a cloud service holds."""

from collections.abc import Sequence
from typing import Any, Final, NoReturn, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from provenance.core.errors import Misconfigured
from provenance.credentials.pki.profiles import signature_hash

_ALGORITHMS: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class HeldKey(Protocol):
    """An ECDSA key that never leaves where it is held. Plug-ins in the group `provenance.signers` make them:
    `factory(uri, pin)`, under the URI's scheme as their name."""

    def public_key(self) -> ec.EllipticCurvePublicKey: ...
    def sign(self, body: bytes) -> bytes:
        """A DER signature over `body`, hashed with the curve's SHA-2: SHA-256 for P-256. Raises Unavailable."""


class KeySigner:
    """Satisfies `core.ports.ClaimSigner`: one certificate chain and its key, which no repr and no pickle shows."""

    def __init__(self, chain: Sequence[x509.Certificate], key: ec.EllipticCurvePrivateKey) -> None:
        """`chain` has the leaf first and no root. Raises Misconfigured when the key is not the leaf's."""
        if chain[0].public_key() != key.public_key():
            raise Misconfigured("the claim-signing key is not that of its certificate", hint="see `ca status`")
        self.__key: Final = key
        self._chain: Final = tuple(certificate.public_bytes(Encoding.DER) for certificate in chain)
        self._alg: Final = _ALGORITHMS[key.curve.name]

    @property
    def alg(self) -> str:
        return self._alg

    @property
    def chain(self) -> Sequence[bytes]:
        return self._chain

    def sign(self, body: bytes) -> bytes:
        """r || s, each as long as the curve's order. Raises Unavailable when a module holds the key and fails."""
        r, s = decode_dss_signature(self.__key.sign(body, ec.ECDSA(signature_hash(self.__key.curve))))
        size = (self.__key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(alg={self._alg!r})"

    def __reduce__(self) -> str:
        raise TypeError("a signer can't be copied out of its process")


class OutsideKey(ec.EllipticCurvePrivateKey):
    """A held key where `cryptography` expects a private key: it signs requests and claims, and gives nothing away."""

    def __init__(self, held: HeldKey) -> None:
        self._held: Final = held
        self._public: Final = held.public_key()

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # type: ignore[override]
        """Raises ValueError on any other hash than the curve's own, which the module uses."""
        algorithm = signature_algorithm.algorithm
        if getattr(algorithm, "name", None) != signature_hash(self.curve).name:
            raise ValueError("a held key signs with the SHA-2 of its curve")
        return self._held.sign(bytes(data))

    def exchange(self, *_: Any) -> NoReturn:
        raise TypeError("a held key only signs")

    def private_numbers(self) -> NoReturn:
        raise TypeError("a held key does not leave its place")

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a held key does not leave its place")

    def __copy__(self) -> "OutsideKey":
        return self

    def __deepcopy__(self, _memo: Any) -> "OutsideKey":
        return self
