"""The port's two implementations: one key, and a ring of keys."""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.core.errors import CannotHoldMark, InvalidRequest, Misconfigured
from provenance.core.types import Detection, Region
from provenance.watermark.code import PAYLOAD_BITS, check_payload
from provenance.watermark.detail import reduced, view
from provenance.watermark.detector import FALSE_POSITIVE_BOUND, LatticeDetector, Reading
from provenance.watermark.embedder import LatticeEmbedder, Shape, apply, clip_strength, to_canonical
from provenance.watermark.gauntlet import Gauntlet, Origin, compressed
from provenance.watermark.geometry import enlarged
from provenance.watermark.keystream import ALG, check_key, key_id
from provenance.watermark.locator import carriers, outline
from provenance.watermark.spectrum import Analysis, analyse

Pixels = NDArray[np.uint8]

MIN_EMBED_SIDE: Final = 128
"""Canonical pixels: a shorter side never held the mark."""

_CHECK_QUALITY: Final = 75  # JPEG quality that a marked picture must survive before it is handed out,
_CERTAIN: Final = (8.0, -5.0)  # unless it clears these margins, dB, plain and after the worst quality
_WORST_QUALITY: Final = 10  # of a canonical picture; larger ones get more pixels for the same content
_BEST_QUALITY: Final = 30
_PLAIN_MARGIN: Final = 14.5  # dB that are left for crops, blurs and smaller sizes
_COMPRESSED_MARGIN: Final = -0.7  # dB that should be left after the worst quality,
_COMPRESSED_PSNR: Final = 42.5  # dB; but not at the price of less than this
_FORLORN: Final = 1.5  # dB; what misses it by more would gain nothing by trying: flat pictures, for which there is
_WEBP_MARGIN: Final = 1.0  # dB that should be left after WebP
_WEBP_QUALITY: Final = 50  # of this quality instead
_PLAIN_SLOPE: Final = 0.7  # dB of plain margin per dB of strength
_SEARCHED_SIDE: Final = 384  # canonical pixels; under it the search is weaker than the code, and has to succeed
_SMALL_CHOICES: Final = 20  # origins that are tried on such a picture before it is refused
_SMALL_SIDE: Final = 256  # canonical pixels; under it a refusal is put down to size
_SATURATED_SHARE: Final = 0.5


class LatticeWatermarker:
    """Marks and reads pictures under one key. Immutable, so safe to share between threads.

    `key` is at least 16 secret bytes; `name` replaces the key id that is derived from it. Raises Misconfigured.
    """

    def __init__(self, key: bytes, *, name: str | None = None) -> None:
        check_key(key)
        self._key_id = key_id(key) if name is None else name
        self._embedder = LatticeEmbedder(key)
        self._detector = LatticeDetector(key)
        self._gauntlet = Gauntlet(key)

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

    def embed(self, pixels: Pixels, payload: int, *, like: Pixels | None = None) -> Pixels:
        """A marked copy of uint8[H, W, 3], as strong as its margins ask. Where they are thin, it was read back. The
        pattern lies where it suits the picture, or where it suits `like`, another frame of the same animation.

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
        model = canonical if like is None else to_canonical(check_pixels(like))
        small = min(canonical.shape[:2]) < _SEARCHED_SIDE
        for choice in self._gauntlet.choices(view(model), payload, _SMALL_CHOICES if small else 1):
            shape = self._embedder.shape(canonical, choice)
            strength, certain = self._strength(shape, pixels.shape)
            for tried in dict.fromkeys((strength, clip_strength(math.inf)) if small else (strength,)):
                marked = apply(pixels, shape.residual(tried))
                if (certain and not small) or self._survives(marked, payload, choice.origin, found=small):
                    return marked
        raise _refusal(canonical)

    def detect(self, pixels: Pixels) -> Detection | None:
        """What a tag of this key verified in uint8[H, W, 3], or None. Raises InvalidRequest on anything else."""
        analysis = analyse(check_pixels(pixels))
        return None if analysis is None else self.detect_in(analysis, keys=1)

    def locate(self, pixels: Pixels, detection: Detection) -> Region | None:
        """The part of uint8[H, W, 3] that carries the mark that `detect` found there; None for a detection of another
        scheme. Raises InvalidRequest on other arrays."""
        seen, reduction = reduced(check_pixels(pixels))
        if detection.grid is None:
            return None
        grid = enlarged(np.array(detection.grid).reshape(2, 3), 1 / reduction)
        pattern = self._embedder.pattern(
            self._detector.codeword(Analysis(seen, reduction).whole, detection.payload, grid)
        )
        return outline(carriers(seen, pattern, grid, detection.scale * reduction))

    def detect_in(self, analysis: Analysis, *, keys: int) -> Detection | None:
        """`detect` on a prepared analysis, as one of `keys` keys that are tried on it."""
        reading = self._detector.read(analysis)
        return None if reading is None else self._detection(reading, keys)

    def _strength(self, shape: Shape, size: tuple[int, ...]) -> tuple[float, bool]:
        """(grey levels RMS: so much that the margins are met, plain and after strong compression, and no more; whether
        they leave no doubt that the picture will be read)."""
        trial = apply(shape.canonical, shape.unit * np.float32(shape.start))
        quality = min(_BEST_QUALITY, round(_WORST_QUALITY * (max(size) / max(trial.shape)) ** 2))
        plain = self._gauntlet.margin(view(trial), shape.choice)
        worst = self._gauntlet.margin(view(compressed(trial, quality)), shape.choice)
        affordable = max(20 * math.log10(255 / shape.start) - _COMPRESSED_PSNR, 0.0)
        missing = _COMPRESSED_MARGIN - worst
        if missing > affordable + _FORLORN:
            missing = _WEBP_MARGIN - self._gauntlet.margin(
                view(compressed(trial, _WEBP_QUALITY, ".webp")), shape.choice
            )
        change = max((_PLAIN_MARGIN - plain) / _PLAIN_SLOPE, min(missing, affordable))
        strength = clip_strength(shape.start * 10 ** (change / 20))
        change = 20 * math.log10(strength / shape.start)
        return strength, plain + _PLAIN_SLOPE * change > _CERTAIN[0] and worst + change > _CERTAIN[1]

    def _survives(self, marked: Pixels, payload: int, origin: Origin, *, found: bool) -> bool:
        """Whether the result is read at canonical size after JPEG compression, and on demand `found` there too by
        somebody who knows neither place nor payload."""
        seen = view(compressed(to_canonical(marked), _CHECK_QUALITY))
        if not self._gauntlet.reads(seen, payload, origin):
            return False
        if not found:
            return True
        reading = self._detector.read(Analysis(seen))
        return reading is not None and reading.payload == payload

    def _detection(self, reading: Reading, keys: int) -> Detection:
        return Detection(
            payload=reading.payload,
            confidence=1.0 - keys * FALSE_POSITIVE_BOUND,
            scale=reading.placement.scale,
            rotation=reading.placement.rotation,
            mirrored=reading.placement.mirrored,
            key_id=self._key_id,
            grid=reading.grid,
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

    def embed(self, pixels: Pixels, payload: int, *, like: Pixels | None = None) -> Pixels:
        """See LatticeWatermarker.embed; under the current key."""
        return self._ring[0].embed(pixels, payload, like=like)

    def detect(self, pixels: Pixels) -> Detection | None:
        """See LatticeWatermarker.detect; the picture is analysed once, `key_id` names the key that matched."""
        analysis = analyse(check_pixels(pixels))
        if analysis is None:
            return None
        answers = (one.detect_in(analysis, keys=len(self._ring)) for one in self._ring)
        return next((answer for answer in answers if answer is not None), None)

    def locate(self, pixels: Pixels, detection: Detection) -> Region | None:
        """See LatticeWatermarker.locate; None where the ring no longer holds the detection's key."""
        own = next((one for one in self._ring if one.key_id == detection.key_id), None)
        return None if own is None else own.locate(pixels, detection)


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
