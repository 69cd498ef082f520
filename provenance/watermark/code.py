"""What the mark says: 64 payload bits and a 32-bit keyed tag, in a polar code of 1024 bits."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.core.errors import InvalidRequest
from provenance.watermark import polar
from provenance.watermark.keystream import derive, words

PAYLOAD_BITS: Final = 64
TAG_BITS: Final = 32
CODE_LENGTH: Final = 1024
_INFORMATION: Final = polar.information_set(CODE_LENGTH, PAYLOAD_BITS + TAG_BITS)
_FROZEN: Final = ~np.isin(np.arange(CODE_LENGTH), _INFORMATION)


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

    def encode(self, payload: int) -> polar.Bits:
        """uint8[1024] of 0/1. Raises InvalidRequest on a payload out of range."""
        body = check_payload(payload).to_bytes(PAYLOAD_BITS // 8, "big")
        message = np.unpackbits(np.frombuffer(body + self._tag(body), np.uint8))
        source = np.zeros(CODE_LENGTH, np.uint8)
        source[_INFORMATION] = message ^ self._whitening
        return polar.encode(source)

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
