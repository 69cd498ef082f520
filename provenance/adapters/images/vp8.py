"""How finely a lossy WebP was quantised, from the header of its VP8 frame (RFC 6386, sections 7.3, 9.2 to 9.6)."""

from typing import Final

_FIRST_PARTITION: Final = 10  # after the frame tag, the start code and the size
_EVEN: Final = 128  # probability of 0 in 256, of all bits of the header that are read here
_SEGMENTS: Final = 4
_COARSEST: Final = 127


class _Bits:
    """The boolean decoder, for bits that are as often 0 as 1. After the end it reads zeros."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 2
        self._value = int.from_bytes(data[:2].ljust(2, b"\x00"), "big")
        self._range = 255
        self._shifted = 0

    def number(self, bits: int) -> int:
        value = 0
        for _ in range(bits):
            value = value << 1 | self._bit()
        return value

    def optional(self, bits: int) -> int:
        """0 without its flag; else a number and its sign."""
        if not self._bit():
            return 0
        value = self.number(bits)
        return -value if self._bit() else value

    def _bit(self) -> int:
        split = 1 + ((self._range - 1) * _EVEN >> 8)
        bit = int(self._value >= split << 8)
        self._value -= (split << 8) * bit
        self._range = self._range - split if bit else split
        while self._range < 128:
            self._value <<= 1
            self._range <<= 1
            self._shifted += 1
            if self._shifted == 8:
                self._shifted = 0
                self._value |= self._data[self._at] if self._at < len(self._data) else 0
                self._at += 1
        return bit


def quality(frame: bytes) -> float:
    """0..100 on libwebp's scale: the mean of the frame's segments, which libwebp spreads around what was asked for."""
    bits = _Bits(frame[_FIRST_PARTITION:])
    bits.number(2)  # colour space, clamping
    segments, absolute = [0] * _SEGMENTS, False
    if bits.number(1):
        has_map, has_values = bits.number(1), bits.number(1)
        if has_values:
            absolute = bool(bits.number(1))
            segments = [bits.optional(7) for _ in range(_SEGMENTS)]
            for _ in range(_SEGMENTS):
                bits.optional(6)  # loop filter
        if has_map:
            for _ in range(_SEGMENTS - 1):
                bits.number(8 if bits.number(1) else 0)
    bits.number(10)  # kind, level and sharpness of the loop filter
    if bits.number(1) and bits.number(1):
        for _ in range(8):
            bits.optional(6)
    bits.number(2)  # partitions
    base = bits.number(7)
    steps = segments if absolute else [base + segment for segment in segments]
    return _asked_for(sum(min(max(step, 0), _COARSEST) for step in steps) / _SEGMENTS)


def _asked_for(step: float) -> float:
    """The inverse of libwebp's way from quality to quantiser step (QualityToCompression)."""
    compression = (1 - step / _COARSEST) ** 3
    return 100 * (1.5 * compression if compression < 0.5 else (compression + 1) / 2)
