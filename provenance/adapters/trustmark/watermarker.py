"""The Watermarker port over TrustMark's networks: a ring of keys, and a mark that was read back before it goes out."""

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from provenance.adapters.trustmark.message import (
    ID_BITS,
    SCHEME,
    VERSION,
    KeyedMessage,
    bits,
    false_positive_bound,
)
from provenance.adapters.trustmark.model import Networks, Pixels, TrustmarkNetworks, Variant
from provenance.core.errors import CannotHoldMark, InvalidRequest, Misconfigured
from provenance.core.types import Detection, Region

MIN_SIDE: Final = 150
"""Pixels of the short side, as Adobe's FAQ says. Smaller pictures are not marked."""

_MIN_KEY_BYTES: Final = 16
_READ_SIDE: Final = 32  # pixels; nothing smaller is read
_STRENGTHS: Final = (1.0, 1.5)  # of Adobe's own; 1.5 is what its FAQ gives for print
_QUALITY: Final = 75  # JPEG, that a marked picture is read back after
_ROTATIONS: Final = (0.0, -90.0, 180.0, 90.0)  # degrees counter-clockwise, of what stands upright after 0 to 3 quarters


class TrustmarkWatermarker:
    """Marks with the current key and reads with all of them, the current one first; thread-safe.

    `keys` maps key ids to keys of at least 16 bytes; `networks` makes what marks and reads. Raises Misconfigured,
    Unavailable.
    """

    def __init__(
        self,
        keys: Mapping[str, bytes],
        current: str,
        *,
        variant: Variant = "Q",
        weights: Path | None = None,
        networks: Callable[[Variant, Path | None], Networks] = TrustmarkNetworks,
    ) -> None:
        if current not in keys:
            raise Misconfigured(f"the current watermark key {current!r} is not among the keys")
        if any(len(key) < _MIN_KEY_BYTES for key in keys.values()):
            raise Misconfigured(f"a watermark key has at least {_MIN_KEY_BYTES} bytes")
        order = [current, *(name for name in keys if name != current)]
        self._ring = {name: KeyedMessage(keys[name]) for name in order}
        self._current = current
        self._networks = networks(variant, weights)

    @property
    def alg(self) -> str:
        """Scheme, variant, the first digits of the SHA-256 of its weights, version."""
        return f"{SCHEME}.{self._networks.name}.{VERSION}"

    @property
    def capacity_bits(self) -> int:
        return ID_BITS

    @property
    def key_id(self) -> str:
        return self._current

    def embed(self, pixels: Pixels, payload: int, *, like: Pixels | None = None) -> Pixels:  # noqa: ARG002 - the same place in every picture
        """A marked copy of uint8[H, W, 3]. Raises InvalidRequest, CannotHoldMark."""
        _check_pixels(pixels)
        if isinstance(payload, bool) or not isinstance(payload, int) or not 0 <= payload < 1 << ID_BITS:
            raise InvalidRequest(f"a watermark payload is an unsigned {ID_BITS}-bit number")
        if min(pixels.shape[:2]) < MIN_SIDE:
            raise CannotHoldMark(
                f"a picture of {pixels.shape[1]} x {pixels.shape[0]} pixels is too small to hold a TrustMark",
                hint=f"both sides need at least {MIN_SIDE} pixels",
            )
        message = bits(self._ring[self._current].seal(payload))
        for strength in _STRENGTHS:
            marked = self._networks.encode(pixels, message, strength=strength)
            found = self.detect(_compressed(marked))
            if found is not None and (found.payload, found.key_id, found.rotation) == (payload, self._current, 0.0):
                return marked
        raise CannotHoldMark(
            "TrustMark could not be read back from this picture after JPEG compression",
            hint="another variant or a larger picture may hold it; so may the built-in watermark, lattice",
        )

    def detect(self, pixels: Pixels) -> Detection | None:
        """What a tag verified in uint8[H, W, 3], upright or turned by right angles. Raises InvalidRequest."""
        _check_pixels(pixels)
        if min(pixels.shape[:2]) < _READ_SIDE:
            return None
        confidence = 1 - false_positive_bound(len(_ROTATIONS) * len(self._ring))
        for quarter, soft in enumerate(self._networks.read(pixels)):
            for name, message in self._ring.items():
                payload = message.open(soft)
                if payload is not None:
                    return Detection(payload, confidence, 1.0, _ROTATIONS[quarter], mirrored=False, key_id=name)
        return None

    def locate(self, pixels: Pixels, detection: Detection) -> Region | None:
        """What the networks look at: all of the picture, or the square in its middle. None under another's key."""
        _check_pixels(pixels)
        return self._networks.region(pixels) if detection.key_id in self._ring else None


def _compressed(pixels: Pixels) -> NDArray[np.uint8]:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY)
    with Image.open(buffer) as opened:
        return np.asarray(opened.convert("RGB"))


def _check_pixels(pixels: Pixels) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0:
        raise InvalidRequest("pixels are a uint8 array of height x width x 3", hint="drop alpha and expand grey first")
