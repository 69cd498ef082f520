"""What the mark says: 64 payload bits and a 32-bit keyed tag, in a polar code of 1024 bits.

Sixteen more bits are free: every payload has 65,536 codewords, and the embedder takes the one that the picture itself
agrees with most (informed coding: Miller, Doerr & Cox, IEEE Trans. Image Processing 13(6), 2004). What the picture adds
to it is lost in no crop and by no codec that leaves the picture recognisable. The decoder reads these bits, too, and
forgets them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.core.errors import InvalidRequest
from provenance.watermark import polar
from provenance.watermark.keystream import derive, words

PAYLOAD_BITS: Final = 64
TAG_BITS: Final = 32
CODE_LENGTH: Final = 1024
FREE_BITS: Final = 16

_USED: Final = polar.information_set(CODE_LENGTH, PAYLOAD_BITS + TAG_BITS + FREE_BITS)
_FREE: Final = polar.information_set(CODE_LENGTH, FREE_BITS)  # the surest: as a code of their own they are far apart
_INFORMATION: Final = np.setdiff1d(_USED, _FREE)
_FROZEN: Final = ~np.isin(np.arange(CODE_LENGTH), _USED)
_FREE_WORDS: Final = polar.generators(CODE_LENGTH, _FREE)  # uint8[16, 1024]
_FREE_PATTERN: Final = (_FREE_WORDS.astype(np.int64) << np.arange(FREE_BITS)[:, None]).sum(axis=0)
"""int64[1024]: which of the free bits turn a code bit."""


def check_payload(payload: int) -> int:
    """The payload itself. Raises InvalidRequest unless it is an int of 64 unsigned bits."""
    if isinstance(payload, bool) or not isinstance(payload, int) or not 0 <= payload < 1 << PAYLOAD_BITS:
        raise InvalidRequest(f"a watermark payload is an unsigned {PAYLOAD_BITS}-bit number")
    return payload


class TaggedCode:
    """Payload to codeword and back under one key.

    The tag is the first 32 bits of HMAC(key, "tag", payload as 8 bytes big-endian); a keyed mask whitens the 96 bits,
    so that no payload, zero included, gives a codeword that is the same under every key.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._whitening = (words(key, "whitening", PAYLOAD_BITS + TAG_BITS) & np.uint64(1)).astype(np.uint8)

    def encode(self, payload: int, free: int = 0) -> polar.Bits:
        """uint8[1024] of 0/1: one of the payload's codewords, `free` in 0..2^16-1. Raises InvalidRequest on a payload
        out of range."""
        body = check_payload(payload).to_bytes(PAYLOAD_BITS // 8, "big")
        message = np.unpackbits(np.frombuffer(body + self._tag(body), np.uint8))
        source = np.zeros(CODE_LENGTH, np.uint8)
        source[_INFORMATION] = message ^ self._whitening
        source[_FREE] = free >> np.arange(FREE_BITS) & 1
        return polar.encode(source)

    def nearest(self, payload: int, soft: NDArray[np.float64]) -> polar.Bits:
        """uint8[1024]: the payload's codeword that correlates best with `soft` float64[1024], of all 65,536, by one
        Walsh-Hadamard transform."""
        towards = soft * (1.0 - 2.0 * self.encode(payload))
        by_pattern = np.bincount(_FREE_PATTERN, towards, 1 << FREE_BITS).astype(np.float64)
        return self.encode(payload, int(np.argmax(polar.walsh_hadamard(by_pattern))))

    def decode(self, soft: NDArray[np.float64], list_size: int) -> int | None:
        """The payload of the likeliest listed path whose tag verifies, or None. Checks at most `list_size` tags.

        `soft` float64[1024], positive for bit 0, any common scale.
        """
        spread = float(np.std(soft))  # min-sum decoding is free of scale; this keeps float32 in range
        if not np.isfinite(spread) or spread == 0.0:
            return None
        paths = polar.decode_list((soft / spread).astype(np.float32), _FROZEN, list_size)
        messages = np.packbits(paths[:, _INFORMATION] ^ self._whitening, axis=1)
        for message in messages:
            body, tag = bytes(message[: PAYLOAD_BITS // 8]), bytes(message[PAYLOAD_BITS // 8 :])
            if tag == self._tag(body):
                return int.from_bytes(body, "big")
        return None

    def _tag(self, body: bytes) -> bytes:
        return derive(self._key, "tag", body)[: TAG_BITS // 8]
