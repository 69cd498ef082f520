"""A claim-signing key in a PKCS #11 module: a hardware security module, a smart card, a cloud's module.

Named by its RFC 7512 URI, such as `pkcs11:token=art;object=claim?module-path=/usr/lib/softhsm/libsofthsm2.so`.
"""

import threading
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import Hash
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11.util.ec import encode_ec_public_key

from provenance.core.errors import InvalidRequest, Misconfigured, Unavailable
from provenance.credentials.pki.profiles import signature_hash

_HINT: Final = "pkcs11:token=…;object=…?module-path=…"


class Pkcs11Key:
    """A `HeldKey`. One session, opened again when the module has lost it; one signature at a time."""

    def __init__(self, uri: str, pin: str | None) -> None:
        """Raises Misconfigured: no such module, token or key, wrong PIN, no ECDSA key of P-256, P-384 or P-521."""
        self._where = _parts(uri)
        self.__pin = pin
        self._lock = threading.Lock()
        self._session: Any = None
        try:
            self._session = self._opened()
            self._public = self._read_public()
            signature_hash(self._public.curve)
        except (pkcs11.PKCS11Error, RuntimeError, ValueError, InvalidRequest) as error:
            self.close()
            raise Misconfigured(f"the PKCS #11 key can't be used: {_said(error)}", hint=_HINT) from None

    def __repr__(self) -> str:
        return f"Pkcs11Key(token={self._where['token']!r}, object={self._where['object']!r})"

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(self, body: bytes) -> bytes:
        """DER. The digest is made here: not every module hashes. Raises Unavailable."""
        digest = Hash(signature_hash(self._public.curve))
        digest.update(body)
        try:
            raw = self._signed(digest.finalize())
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise Unavailable(f"the PKCS #11 module does not sign: {_said(error)}", hint="is it there?") from None
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    def close(self) -> None:
        """Ends the session; the process is logged out when it was the last one on this token."""
        if self._session is not None:
            with suppress(pkcs11.PKCS11Error):
                self._session.close()

    def _signed(self, digest: bytes) -> bytes:
        """One more try in a new session: modules drop them when a card is pulled or a network breaks."""
        with self._lock:
            try:
                return bytes(self._private().sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
            except pkcs11.PKCS11Error:
                self._session = self._opened()
                return bytes(self._private().sign(digest, mechanism=pkcs11.Mechanism.ECDSA))

    def _opened(self) -> Any:
        token = pkcs11.lib(self._where["module-path"]).get_token(token_label=self._where["token"])
        try:
            return token.open(user_pin=self.__pin)
        except pkcs11.exceptions.UserAlreadyLoggedIn:  # a process logs in once, and all its sessions are
            return token.open()

    def _private(self) -> Any:
        return self._session.get_key(
            object_class=pkcs11.ObjectClass.PRIVATE_KEY, key_type=pkcs11.KeyType.EC, label=self._where["object"]
        )

    def _read_public(self) -> ec.EllipticCurvePublicKey:
        self._private()  # a token without it is told now, not at the first signature
        found = self._session.get_key(
            object_class=pkcs11.ObjectClass.PUBLIC_KEY, key_type=pkcs11.KeyType.EC, label=self._where["object"]
        )
        key = load_der_public_key(encode_ec_public_key(found))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ValueError("it is no ECDSA key")
        return key


def _parts(uri: str) -> dict[str, str]:
    """The attributes that say where the key is."""
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    pairs = [part.partition("=") for part in (*path.split(";"), *query.split("&")) if part]
    found = {name: unquote(value) for name, _, value in pairs}
    missing = [name for name in ("token", "object", "module-path") if not found.get(name)]
    if not uri.startswith("pkcs11:") or missing:
        raise Misconfigured("PROVENANCE_CLAIM_KEY is no complete PKCS #11 URI", hint=_HINT)
    return found


def _said(error: Exception) -> str:
    """The module's reason; python-pkcs11's exceptions are named, and mostly empty."""
    return str(error)[:160] or type(error).__name__
