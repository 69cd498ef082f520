"""Keyed constants, the same on every platform and in every release of numpy.

Every use has its own label, so that the tag, the key's public id and each part of the layout are independent values of
a pseudo-random function of the key: `HMAC-SHA256(key, ALG "/" label)`, stretched by SHAKE-256 where more is needed.
"""

import hashlib
import hmac
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.core.errors import Misconfigured

ALG: Final = "art.provenance.lattice.3"
MIN_KEY_BYTES: Final = 16
KEY_ID_HEX_DIGITS: Final = 16


def derive(key: bytes, label: str, message: bytes = b"") -> bytes:
    """32 bytes of HMAC-SHA256 over the scheme's name, the label, a zero byte and the message."""
    return hmac.new(key, f"{ALG}/{label}\0".encode() + message, hashlib.sha256).digest()


def words(key: bytes, label: str, count: int) -> NDArray[np.uint64]:
    """`count` uniform 64-bit words, read little-endian from SHAKE-256 of the label's derived key."""
    stream = hashlib.shake_256(derive(key, label)).digest(8 * count)
    return np.frombuffer(stream, dtype="<u8").astype(np.uint64)


def permutation(key: bytes, label: str, count: int) -> NDArray[np.int64]:
    """A keyed order of 0..count-1: the stable argsort of `words`."""
    return np.argsort(words(key, label, count), kind="stable").astype(np.int64)


def key_id(key: bytes) -> str:
    """A public name of the key; tells nothing about it."""
    return derive(key, "key-id").hex()[:KEY_ID_HEX_DIGITS]


def check_key(key: bytes) -> bytes:
    """The key itself. Raises Misconfigured when it is not bytes or shorter than 16 of them."""
    if not isinstance(key, bytes) or len(key) < MIN_KEY_BYTES:
        raise Misconfigured(
            f"a watermark key has at least {MIN_KEY_BYTES} bytes",
            hint="use 32 bytes from a cryptographic random generator",
        )
    return key
