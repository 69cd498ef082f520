"""C2SP signed-note: text under Ed25519 signatures (0x01), and the timestamped cosignatures of witnesses (0x04).

Signatures of unknown keys are ignored, as the specification asks: that is what lets a log change its key and witnesses
add themselves. A known key's signature that fails refuses the whole note.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidSignature as BadSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provenance.core.errors import InvalidSignature, MalformedLogProof, Misconfigured, UntrustedSigner
from provenance.credentials.messages import refusal

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_NOTE: Final = 256 * 1024
MAX_SIGNATURES: Final = 64

_DASH: Final = "\N{EM DASH} "
_ID_BYTES: Final = 4
_KEY_BYTES: Final = 32
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64
_LATEST: Final = 253_402_300_799  # the end of the year 9999, which `datetime` still holds
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_HINT: Final = "a verifier key looks like example.org/log+0123abcd+AX…"

Sign = Callable[[bytes], bytes]
"""Ed25519 over the given bytes: 64 bytes."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under the name that its notes carry. `kind` is ED25519 (a log) or COSIGNATURE (a witness)."""

    name: str
    kind: int
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of sha256(name || 0x0A || kind || public key)."""
        return hashlib.sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public_key).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """The vkey: name, hex id and base64 key, joined by `+`."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read a vkey. Raises Misconfigured, since the verifier brought it."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            body = from_base64(encoded)
        except ValueError:
            body = b""
        if not is_key_name(name) or not body:
            raise Misconfigured(f"{text[:80]!r} is not a verifier key", hint=_KEY_HINT)
        if body[0] not in (ED25519, COSIGNATURE) or len(body) != 1 + _KEY_BYTES:
            raise Misconfigured(
                f"the verifier key of {name[:80]!r} is of a type that is not verified here (0x{body[0]:02x})",
                hint="Ed25519 keys (0x01) and cosignature/v1 keys (0x04) are",
            )
        key = cls(name, body[0], body[1:])
        if key.key_id.hex() != key_id:
            raise Misconfigured(f"the id in the verifier key of {name[:80]!r} is not that of the key", hint=_KEY_HINT)
        return key

    def check(self, text: str, signature: bytes) -> datetime | None:
        """When a cosignature was made, None for another signature. Raises InvalidSignature."""
        message, moment = text.encode(), None
        if self.kind == COSIGNATURE:
            seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
            if len(signature) != _TIME_BYTES + _SIGNATURE_BYTES or seconds > _LATEST:
                raise refusal(InvalidSignature, "note-signature", name=self.name)
            message, moment = _cosigned(text, seconds), datetime.fromtimestamp(seconds, UTC)
            signature = signature[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (BadSignature, ValueError):
            raise refusal(InvalidSignature, "note-signature", name=self.name) from None
        return moment


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature as it stands under a note. `signature` is what follows the key id."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def text(self) -> str:
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> "SignatureLine":
        """Raises MalformedLogProof."""
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if line.startswith(_DASH) and space and is_key_name(name):
            try:
                body = from_base64(encoded)
            except ValueError:
                body = b""
            if len(body) > _ID_BYTES:
                return cls(name, body[:_ID_BYTES], body[_ID_BYTES:])
        raise refusal(MalformedLogProof, "note-form", detail="a signature line")

    def is_of(self, key: VerifierKey) -> bool:
        return (self.name, self.key_id) == (key.name, key.key_id)


@dataclass(frozen=True, slots=True)
class Note:
    """`body` is the signed text, its last newline included."""

    body: str
    signatures: tuple[SignatureLine, ...]

    @property
    def text(self) -> str:
        return self.body + "\n" + "".join(line.text for line in self.signatures)

    @classmethod
    def parse(cls, data: bytes | str) -> "Note":
        """Raises MalformedLogProof. Nothing of it may be believed before `signers` named somebody trusted."""
        text = read_text(data)
        body, blank, signed = text.rpartition("\n\n")
        if not blank or not signed.endswith("\n"):
            raise refusal(MalformedLogProof, "note-form", detail="its end")
        return cls(body + "\n", signature_lines(signed))

    def signers(self, keys: Iterable[VerifierKey]) -> dict[VerifierKey, datetime | None]:
        """Which of these keys signed it, and when where that is part of the signature.

        Raises InvalidSignature when one of them did, but not this text. Empty when none did.
        """
        known = tuple(keys)
        return {
            key: key.check(self.body, line.signature) for line in self.signatures for key in known if line.is_of(key)
        }

    def with_signatures(self, lines: Iterable[SignatureLine]) -> "Note":
        """The same text, signed by more; a line that is there already is not added."""
        return Note(self.body, tuple(dict.fromkeys((*self.signatures, *lines))))


def signed_by(note: Note, keys: Sequence[VerifierKey]) -> VerifierKey:
    """The first of the keys that signed. Raises UntrustedSigner when none did, InvalidSignature."""
    for key in note.signers(keys):
        return key
    names = ", ".join(line.name for line in note.signatures)
    raise refusal(UntrustedSigner, "note-unsigned", names=names)


def sign(body: str, key: VerifierKey, with_key: Sign) -> SignatureLine:
    """An Ed25519 signature line under `body`, which ends in a newline."""
    return SignatureLine(key.name, key.key_id, with_key(body.encode()))


def cosign(body: str, key: VerifierKey, with_key: Sign, *, at: datetime) -> SignatureLine:
    """A cosignature/v1 line: as of `at`, this is the largest tree that the signer has seen of this log."""
    seconds = int(at.timestamp())
    signature = with_key(_cosigned(body, seconds))
    return SignatureLine(key.name, key.key_id, seconds.to_bytes(_TIME_BYTES, "big") + signature)


def signature_lines(text: str) -> tuple[SignatureLine, ...]:
    """Lines that each end in a newline. Raises MalformedLogProof, also where there is none or more than 64."""
    lines = text.split("\n")
    if lines.pop() or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise refusal(MalformedLogProof, "note-form", detail="its signatures")
    return tuple(SignatureLine.parse(line) for line in lines)


def is_key_name(text: str) -> bool:
    """Not empty, no white space, no plus."""
    return bool(text) and "+" not in text and not any(character.isspace() for character in text)


def read_text(data: bytes | str) -> str:
    """Raises MalformedLogProof on what is too long, not UTF-8, or has control characters other than newlines."""
    if len(data) > MAX_NOTE:
        raise refusal(MalformedLogProof, "note-form", detail=f"its length, over {MAX_NOTE // 1024} KiB")
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        text.encode("utf-8")
    except UnicodeError:
        raise refusal(MalformedLogProof, "note-form", detail="its UTF-8") from None
    if _CONTROL.search(text):
        raise refusal(MalformedLogProof, "note-form", detail="a control character")
    return text


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Standard base64 in its one canonical form. Raises ValueError."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not base64") from error
    if to_base64(data) != text:
        raise ValueError("not canonical base64")
    return data


def _cosigned(body: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{body}".encode()
