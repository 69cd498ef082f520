"""The watermark and its peers behind one face, each with the payload that it carries.

Peers are optional: `pip install '.[peers]'`, in an environment of its own, because they require opencv-python, which
owns the same files as opencv-python-headless. They run as their documents show, on the picture's own pixels, and are
handed their own parameters at detection. They have no check of their own: they answer on every picture, so a wrong
answer only shows because the benchmark knows the payload.
"""

import contextlib
import functools
import hashlib
import importlib
import io
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from provenance.core.errors import CannotHoldMark
from provenance.watermark import LatticeWatermarker
from scripts.bench.watermark_attacks import Pixels


class NotMarked(Exception):
    """A scheme declined a picture or failed on it; the text says why."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """`embed(pixels, payload)` raises NotMarked; `detect(pixels)` answers None where nothing is found or on failure."""

    name: str
    payload_bits: int
    check_bits: int
    embed: Callable[[Pixels, int], Pixels]
    detect: Callable[[Pixels], int | None]


def key_of(seed: int, name: str = "benchmark key") -> bytes:
    return hashlib.sha256(f"{name} {seed}".encode()).digest()


def payload_of(seed: int, name: str, bits: int = 64) -> int:
    """The payload of a picture, drawn by its name."""
    return int.from_bytes(hashlib.sha256(f"{seed}/payload/{name}".encode()).digest()[:8], "big") >> 64 - bits


@functools.cache
def scheme(name: str, seed: int) -> Scheme:
    """A scheme that has been warmed up, so that compiling and loading stay outside of the clock."""
    made = _MAKERS[name](seed)
    texture = np.random.default_rng(0).integers(90, 160, (320, 320, 3), dtype=np.uint8)
    made.detect(made.embed(texture, 1))
    return made


def _lattice(seed: int) -> Scheme:
    marker = LatticeWatermarker(key_of(seed))

    def embed(pixels: Pixels, payload: int) -> Pixels:
        try:
            return marker.embed(pixels, payload)
        except CannotHoldMark as refusal:
            raise NotMarked(refusal.reason) from refusal

    def detect(pixels: Pixels) -> int | None:
        found = marker.detect(pixels)
        return None if found is None else found.payload

    return Scheme("lattice", 64, 32, embed, detect)


def _invisible_watermark(_seed: int, *, method: str, bits: int) -> Scheme:
    """invisible-watermark 0.2 (MIT): BGR in, BGR out, no key."""
    library = _installed("imwatermark")
    if method == "rivaGan":
        library.WatermarkEncoder.loadModel()

    def embed(pixels: Pixels, payload: int) -> Pixels:
        encoder = library.WatermarkEncoder()
        encoder.set_watermark("bits", _to_bits(payload, bits))
        return np.ascontiguousarray(encoder.encode(_bgr(pixels), method)[..., ::-1])

    def detect(pixels: Pixels) -> int:
        return _from_bits(library.WatermarkDecoder("bits", bits).decode(_bgr(pixels), method))

    return Scheme(method, bits, 0, _guarded(embed), _silenced(detect))


def _blind_watermark(seed: int) -> Scheme:
    """blind-watermark 0.4 (MIT): two numeric passwords, here drawn from the seed."""
    with _start_method_unset():  # it insists on setting its own when it is imported
        library = _installed("blind_watermark")
    library.bw_notes.close()
    bits = 64

    def tool() -> Any:
        return library.WaterMark(password_img=seed + 1, password_wm=seed + 2)

    def embed(pixels: Pixels, payload: int) -> Pixels:
        maker = tool()
        maker.read_img(img=_bgr(pixels))
        maker.read_wm(np.array(_to_bits(payload, bits), bool), mode="bit")
        return np.clip(np.rint(maker.embed()), 0, 255).astype(np.uint8)[..., ::-1].copy()

    def detect(pixels: Pixels) -> int:
        return _from_bits(tool().extract(embed_img=_bgr(pixels), wm_shape=bits, mode="bit") >= 0.5)

    return Scheme("blind-watermark", bits, 0, _guarded(embed), _silenced(detect))


@contextlib.contextmanager
def _start_method_unset() -> Iterator[None]:
    method = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(None, force=True)
    try:
        yield
    finally:
        multiprocessing.set_start_method(method, force=True)


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise SystemExit(f"the peer {name} is not installed (extra `peers`): {missing}") from missing


def _guarded(embed: Callable[[Pixels, int], Pixels]) -> Callable[[Pixels, int], Pixels]:
    """A peer that fails declines the picture."""

    def act(pixels: Pixels, payload: int) -> Pixels:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return embed(pixels, payload)
        except Exception as failure:
            raise NotMarked(f"{type(failure).__name__}: {failure}") from failure

    return act


def _silenced(detect: Callable[[Pixels], int]) -> Callable[[Pixels], int | None]:
    """A peer that fails has found nothing."""

    def act(pixels: Pixels) -> int | None:
        try:
            with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                return detect(pixels)
        except Exception:  # noqa: BLE001 - whatever somebody else's library raises
            return None

    return act


def _bgr(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[..., ::-1])


def _to_bits(payload: int, count: int) -> list[int]:
    return [payload >> shift & 1 for shift in reversed(range(count))]


def _from_bits(bits: Any) -> int:
    return functools.reduce(lambda number, bit: number << 1 | int(bit), np.asarray(bits).ravel().tolist(), 0)


PEERS: Final = ("dwtDct", "dwtDctSvd", "rivaGan", "blind-watermark")
_MAKERS: Final[dict[str, Callable[[int], Scheme]]] = {
    "lattice": _lattice,
    "dwtDct": functools.partial(_invisible_watermark, method="dwtDct", bits=64),
    "dwtDctSvd": functools.partial(_invisible_watermark, method="dwtDctSvd", bits=64),
    "rivaGan": functools.partial(_invisible_watermark, method="rivaGan", bits=32),
    "blind-watermark": _blind_watermark,
}
SCHEMES: Final = tuple(_MAKERS)
