"""COSE receipts (RFC 9942): an inclusion proof of the same tree as a COSE_Sign1 whose payload, the root, is detached.

Protected header: alg EdDSA, kid, CWT claims with iss and sub (RFC 9943, section 6), verifiable data structure
RFC9162_SHA256. Unprotected: the inclusion proof. Import this module on use: it needs cbor2, the rest of the room not.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cbor2
from cryptography.exceptions import InvalidSignature as BadSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from provenance.core.errors import LogRootMismatch, MalformedLogProof, UnsupportedVersion
from provenance.credentials.messages import refusal
from provenance.credentials.tlog.notes import Sign
from provenance.credentials.tlog.tree import MAX_SIZE, leaf_hash, path_root

MEDIA_TYPE: Final = 'application/cose; cose-type="cose-sign1"'
MAX_RECEIPT: Final = 16 * 1024

_SIGN1_TAG: Final = 18
_ALG, _KID, _CWT_CLAIMS, _VDS, _VDP = 1, 4, 15, 395, 396
_ISS, _SUB = 1, 2
_EDDSA: Final = -8
_RFC9162_SHA256: Final = 1
_INCLUSION: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptClaims:
    """Who says it (`issuer`), about what (`subject`), with which key (`key_id`)."""

    issuer: str
    subject: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Receipted:
    """A receipt that verified."""

    index: int
    size: int
    root: bytes
    claims: ReceiptClaims


def build_receipt(
    claims: ReceiptClaims, *, index: int, path: Sequence[bytes], head: tuple[int, bytes], with_key: Sign
) -> bytes:
    """The receipt that the entry at `index` is in the tree of `head`, a (size, root), signed by the log."""
    size, root = head
    protected = cbor2.dumps(
        {
            _ALG: _EDDSA,
            _KID: claims.key_id.encode(),
            _CWT_CLAIMS: {_ISS: claims.issuer, _SUB: claims.subject},
            _VDS: _RFC9162_SHA256,
        },
        canonical=True,
    )
    proof = cbor2.dumps([size, index, list(path)])
    signature = with_key(_signed(protected, root))
    return cbor2.dumps(cbor2.CBORTag(_SIGN1_TAG, [protected, {_VDP: {_INCLUSION: [proof]}}, None, signature]))


def verify_receipt(receipt: bytes, entry: bytes, public_key: bytes) -> Receipted:
    """Check a receipt of the exact bytes of `entry` against the log's Ed25519 key (32 bytes).

    Raises MalformedLogProof, UnsupportedVersion (another algorithm or data structure), LogRootMismatch (the signature
    is not over the root that the entry leads to).
    """
    protected, unprotected, signature = _sign1(receipt)
    header = _mapping(_decode(protected))
    if (header.get(_ALG), header.get(_VDS)) != (_EDDSA, _RFC9162_SHA256):
        raise refusal(UnsupportedVersion, "receipt-algorithm")
    size, index, path = _proof(unprotected)
    root = path_root(leaf_hash(entry), path, index=index, size=size)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _signed(protected, root))
    except (BadSignature, ValueError):
        raise refusal(LogRootMismatch, "receipt-signature") from None
    return Receipted(index, size, root, _claims(header))


def _signed(protected: bytes, root: bytes) -> bytes:
    """Sig_structure, RFC 9052, section 4.4."""
    return cbor2.dumps(["Signature1", protected, b"", root])


def _sign1(receipt: bytes) -> tuple[bytes, Mapping[Any, Any], bytes]:
    tag = _decode(receipt) if len(receipt) <= MAX_RECEIPT else None
    if isinstance(tag, cbor2.CBORTag) and tag.tag == _SIGN1_TAG:
        protected, unprotected, payload, signature = _array(tag.value, 4)
        if isinstance(protected, bytes) and isinstance(signature, bytes) and payload is None:
            return protected, _mapping(unprotected), signature
    raise _malformed()


def _proof(unprotected: Mapping[Any, Any]) -> tuple[int, int, tuple[bytes, ...]]:
    """The one inclusion proof."""
    proofs = _mapping(unprotected.get(_VDP)).get(_INCLUSION)
    (encoded,) = _array(proofs, 1)
    if not isinstance(encoded, bytes):
        raise _malformed()
    size, index, path = _array(_decode(encoded), 3)
    numbers = all(type(number) is int and 0 <= number <= MAX_SIZE for number in (size, index))
    if not numbers or not isinstance(path, list | tuple) or not all(isinstance(node, bytes) for node in path):
        raise _malformed()
    return size, index, tuple(path)


def _claims(header: Mapping[Any, Any]) -> ReceiptClaims:
    claims, key_id = _mapping(header.get(_CWT_CLAIMS)), header.get(_KID)
    issuer, subject = claims.get(_ISS), claims.get(_SUB)
    if not isinstance(key_id, bytes) or not isinstance(issuer, str) or not isinstance(subject, str):
        raise _malformed()
    return ReceiptClaims(issuer=issuer, subject=subject, key_id=key_id.decode("utf-8", "replace"))


def _decode(data: bytes) -> Any:
    """One CBOR item and nothing behind it. Raises MalformedLogProof."""
    stream = io.BytesIO(data)
    try:
        value = cbor2.load(stream)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError):
        raise _malformed() from None
    if stream.read(1):
        raise _malformed()
    return value


def _mapping(value: Any) -> Mapping[Any, Any]:
    """cbor2 answers dict or, from version 6 on, its own frozen mapping. Raises MalformedLogProof."""
    if not isinstance(value, Mapping):
        raise _malformed()
    return value


def _array(value: Any, length: int) -> Sequence[Any]:
    """Raises MalformedLogProof."""
    if not isinstance(value, list | tuple) or len(value) != length:
        raise _malformed()
    return value


def _malformed() -> MalformedLogProof:
    return refusal(MalformedLogProof, "receipt-form")
