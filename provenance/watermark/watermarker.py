"""The port's two implementations: one key, and a ring of keys."""

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from provenance.core.errors import CannotHoldMark, InvalidRequest, Misconfigured
from provenance.core.types import Detection
from provenance.watermark.code import PAYLOAD_BITS, check_payload
from provenance.watermark.detector import FALSE_POSITIVE_BOUND, LatticeDetector, Reading
from provenance.watermark.embedder import LatticeEmbedder, apply, to_canonical
from provenance.watermark.keystream import ALG, check_key, key_id
from provenance.watermark.mask import luma
from provenance.watermark.spectrum import Spectrum, analyse, transform

Pixels = NDArray[np.uint8]

MIN_EMBED_SIDE: Final = 128
"""Canonical pixels: a shorter side never held the mark."""

_CHECK_QUALITY: Final = 75  # JPEG quality that a marked picture must survive before it is handed out
_BOOSTS: Final = (1.0, 1.3)  # strengths tried in turn
_SMALL_SIDE: Final = 256  # canonical pixels; under it a refusal is put down to size
_SATURATED_SHARE: Final = 0.5
_UNMOVED: Final = np.array([1.0, 0.0, 0.0, 1.0])


class LatticeWatermarker:
    """Marks and reads pictures under one key. Immutable, so safe to share between threads.

    `key` is at least 16 secret bytes; `name` replaces the key id that is derived from it. Raises Misconfigured.
    """

    def __init__(self, key: bytes, *, name: str | None = None) -> None:
        check_key(key)
        self._key_id = key_id(key) if name is None else name
        self._embedder = LatticeEmbedder(key)
        self._detector = LatticeDetector(key)

    @property
    def alg(self) -> str:
        """The scheme's versioned name."""
        return ALG

    @property
    def capacity_bits(self) -> int:
        return PAYLOAD_BITS

    @property
    def key_id(self) -> str:
        return self._key_id

    def embed(self, pixels: Pixels, payload: int) -> Pixels:
        """A marked copy of uint8[H, W, 3] that was read back, at canonical size after JPEG 75.

        Raises InvalidRequest on another shape or dtype or a payload that is not an unsigned 64-bit int, CannotHoldMark
        where the picture is too small or too flat.
        """
        check_pixels(pixels)
        check_payload(payload)
        canonical = to_canonical(pixels)
        if min(canonical.shape[:2]) < MIN_EMBED_SIDE:
            raise CannotHoldMark(
                f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels is too small to hold a watermark",
                hint=f"both sides need at least {MIN_EMBED_SIDE} pixels, and the short side a sixth of the long one",
            )
        residual = self._embedder.residual(canonical, payload)
        for boost in _BOOSTS:
            marked = apply(pixels, residual * np.float32(boost))
            if self._survives(marked, payload):
                return marked
        raise _refusal(canonical)

    def detect(self, pixels: Pixels) -> Detection | None:
        """What a tag of this key verified in uint8[H, W, 3], or None. Raises InvalidRequest on anything else."""
        spectrum = analyse(check_pixels(pixels))
        return None if spectrum is None else self.detect_in(spectrum, keys=1)

    def detect_in(self, spectrum: Spectrum, *, keys: int) -> Detection | None:
        """`detect` on a prepared spectrum, as one of `keys` keys that are tried on it."""
        reading = self._detector.read(spectrum)
        return None if reading is None else self._detection(reading, keys)

    def _survives(self, marked: Pixels, payload: int) -> bool:
        """Whether the result is read at canonical size: compressed, and where it is small, plain too."""
        canonical = np.ascontiguousarray(to_canonical(marked))
        written, data = cv2.imencode(".jpg", canonical[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _CHECK_QUALITY])
        if not written or not self._is_read(
            np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1], payload
        ):
            return False
        return min(canonical.shape[:2]) >= _SMALL_SIDE or self._is_read(canonical, payload)

    def _is_read(self, canonical: Pixels, payload: int) -> bool:
        """The geometry is known, which saves the search where sync is clear; else the search decides."""
        spectrum = transform(luma(canonical))
        reading = self._detector.read_at(spectrum, _UNMOVED) or self._detector.read(spectrum)
        return reading is not None and reading.payload == payload

    def _detection(self, reading: Reading, keys: int) -> Detection:
        return Detection(
            payload=reading.payload,
            confidence=1.0 - keys * FALSE_POSITIVE_BOUND,
            scale=reading.placement.scale,
            rotation=reading.placement.rotation,
            mirrored=reading.placement.mirrored,
            key_id=self._key_id,
        )


class RotatingWatermarker:
    """Embeds with the current key and reads with all of them, the current one first.

    `keys` maps key ids to keys; `current` is one of the ids. Raises Misconfigured on a bad key, an unknown `current` or
    one key under two names.
    """

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        if current not in keys:
            raise Misconfigured(f"the current watermark key {current!r} is not among the keys")
        if len(set(keys.values())) != len(keys):
            raise Misconfigured("two watermark key names share one key")
        order = [current, *(name for name in keys if name != current)]
        self._ring = tuple(LatticeWatermarker(keys[name], name=name) for name in order)

    @property
    def alg(self) -> str:
        return self._ring[0].alg

    @property
    def capacity_bits(self) -> int:
        return self._ring[0].capacity_bits

    @property
    def key_id(self) -> str:
        return self._ring[0].key_id

    def embed(self, pixels: Pixels, payload: int) -> Pixels:
        """See LatticeWatermarker.embed; under the current key."""
        return self._ring[0].embed(pixels, payload)

    def detect(self, pixels: Pixels) -> Detection | None:
        """See LatticeWatermarker.detect; the picture is analysed once, `key_id` names the key that matched."""
        spectrum = analyse(check_pixels(pixels))
        if spectrum is None:
            return None
        answers = (one.detect_in(spectrum, keys=len(self._ring)) for one in self._ring)
        return next((answer for answer in answers if answer is not None), None)


def _refusal(canonical: Pixels) -> CannotHoldMark:
    """Why this picture, uint8[h, w, 3] at canonical size, did not keep the mark."""
    extreme = float(np.mean((canonical == 0) | (canonical == 255)))
    if extreme > _SATURATED_SHARE:
        reason = "the picture is mostly pure black and pure white, which leaves the watermark no room"
        return CannotHoldMark(reason, hint="a picture with intermediate tones can hold it")
    if min(canonical.shape[:2]) < _SMALL_SIDE:
        reason = "the picture is too small to hold a watermark under its own texture"
        return CannotHoldMark(reason, hint=f"use at least {_SMALL_SIDE} pixels on the short side")
    reason = "the picture is too flat, or too busy, for the watermark to be read back from it"
    return CannotHoldMark(reason, hint="a larger version of the picture may hold it")


def check_pixels(pixels: Pixels) -> Pixels:
    """The array itself. Raises InvalidRequest unless it is uint8[H, W, 3] with at least one pixel."""
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InvalidRequest("pixels are a uint8 array of height x width x 3", hint="drop alpha and expand grey first")
    if pixels.size == 0:
        raise InvalidRequest("the picture has no pixels")
    return pixels
