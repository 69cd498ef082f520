"""Base58btc multibase and the Multikey form of Ed25519 public keys (W3C Controlled Identifiers 1.0)."""

from typing import Final

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGIT: Final = {character: value for value, character in enumerate(_ALPHABET)}
_MAX_TEXT: Final = 128  # decoding is quadratic; a signature needs 88 digits

ED25519_PUBLIC: Final = b"\xed\x01"  # multicodec 0xed as a varint
PUBLIC_KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


def multibase(data: bytes) -> str:
    """`z` and the base58btc digits; each leading zero byte is a `1`."""
    number = int.from_bytes(data, "big")
    digits: list[str] = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "z" + "1" * zeros + "".join(reversed(digits))


def from_multibase(text: str) -> bytes:
    """Raises ValueError on anything but `z` and base58btc digits, or more than 128 of them."""
    body = text[1:]
    if not text.startswith("z") or not body or len(body) > _MAX_TEXT or any(c not in _DIGIT for c in body):
        raise ValueError("not a base58btc multibase value")
    number = 0
    for character in body:
        number = number * 58 + _DIGIT[character]
    zeros = len(body) - len(body.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def multikey(public_key: bytes) -> str:
    """`z6Mk…` of 32 raw bytes."""
    return multibase(ED25519_PUBLIC + public_key)


def from_multikey(text: str) -> bytes:
    """The 32 raw bytes. Raises ValueError on another key type."""
    data = from_multibase(text)
    if not data.startswith(ED25519_PUBLIC) or len(data) != len(ED25519_PUBLIC) + PUBLIC_KEY_BYTES:
        raise ValueError("not an Ed25519 Multikey")
    return data[len(ED25519_PUBLIC) :]
