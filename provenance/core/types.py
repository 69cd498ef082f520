"""Frozen values that every floor may pass around."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from provenance.core.errors import InvalidRequest

if TYPE_CHECKING:  # `provenance verify` must start without numpy
    import numpy as np
    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.uint8]

Region = tuple[tuple[float, float], ...]
"""A polygon in a picture: (x, y) corners, each 0..1 of its width and height, clockwise from its top left."""

XmpValue: TypeAlias = str | tuple[str, ...] | tuple[Mapping[str, str], ...]
"""Text, an ordered array of texts, or an ordered array of structures whose fields are texts."""

XmpProperties: TypeAlias = Mapping[str, XmpValue | None]
"""XMP properties by name, such as "dc:creator". None: the property must not be in the file."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base 32, lower case
_PREFIX: Final = "pv-"
_DIGITS: Final = 13  # 13 * 5 bits hold 64


@dataclass(frozen=True, slots=True, order=True)
class WorkId:
    """The 64-bit registration id: the watermark's payload is the same number. People see `pv-` and 13 digits."""

    payload: int

    def __post_init__(self) -> None:
        if not 0 <= self.payload < 1 << 64:
            raise InvalidRequest("a work id is an unsigned 64-bit number")

    def __str__(self) -> str:
        digits = (_ALPHABET[self.payload >> shift & 31] for shift in range((_DIGITS - 1) * 5, -1, -5))
        return _PREFIX + "".join(digits)

    @classmethod
    def parse(cls, text: str) -> "WorkId":
        """Read the text form. Raises InvalidRequest on anything else."""
        body = text.removeprefix(_PREFIX)
        if not text.startswith(_PREFIX) or len(body) != _DIGITS or any(c not in _ALPHABET for c in body):
            raise InvalidRequest(f"{text[:40]!r} is not a work id", hint="work ids look like pv-0123456789abc")
        number = 0
        for character in body:
            number = number << 5 | _ALPHABET.index(character)
        return cls(number)


_NAME_BY_ID: Final = "use a DID or an account id"
_LICENSEE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/#%-]{0,199}")


def check_licensee(text: str) -> str:
    """The id under which a buyer holds licences: a DID or an opaque account id of the buyer's choice.

    It stands in a public certificate, so nothing that looks like an e-mail address passes. Raises InvalidRequest.
    """
    if "@" in text or "%40" in text:
        raise InvalidRequest("a licensee is named by an id, never by an e-mail address", hint=_NAME_BY_ID)
    if not _LICENSEE.fullmatch(text):
        raise InvalidRequest("a licensee id is 1 to 200 letters, digits or . _ : / # % -", hint=_NAME_BY_ID)
    return text


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """Where the status of a credential is published: bit `index`, counted over all lists of the service at
    `base_url` (an origin, perhaps with a path, without a slash at its end)."""

    base_url: str
    index: int


class Grade(StrEnum):
    """What a check found, strongest first. It never says "infringement"."""

    IDENTICAL = "identical"  # the same file, or the same pixels
    COPY = "copy"  # the whole work, re-encoded, scaled or slightly changed
    EDITED = "edited"  # the whole work, visibly changed
    PARTIAL = "partial"  # a part of the work, or the work inside something else
    SHARED_ELEMENT = "shared-element"  # a frame, logo, template or lettering; the work itself was not found
    SIBLING = "sibling"  # the same composition, as of another picture from the same generator and prompt; not this one
    SIMILAR = "similar"  # same subject or style; no shared content was shown
    NONE = "none"

    @property
    def is_match(self) -> bool:
        """True where content of the work was found in the picture."""
        return self.rank <= Grade.PARTIAL.rank

    @property
    def rank(self) -> int:
        """0 for the strongest grade."""
        return list(Grade).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One witness. `score` speaks for the match when it reaches `threshold`, both in the witness's own unit; for a
    distance (`lower_is_closer`) when it stays at or under it."""

    kind: str
    score: float
    threshold: float
    region: Region | None = None
    lower_is_closer: bool = False

    @property
    def speaks(self) -> bool:
        return self.score <= self.threshold if self.lower_is_closer else self.score >= self.threshold


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded upload: what is left of hostile bytes after the limits held.

    `pixels` is uint8[H, W, 3] sRGB in viewing orientation, `alpha` uint8[H, W] or None. `notes` tells what decoding had
    to change ("first of 3 pages", "its 16 bits are looked at as 8"), in plain words. `source` is the file as it came.
    `frames` is how many an animation shows; `pixels` and `alpha` are the first of them, and `frames_sha256` stands for
    them all (`core.digests`).
    """

    pixels: "Pixels"
    alpha: "Pixels | None"
    format: str  # Pillow's name: PNG, JPEG, WEBP, TIFF, GIF, AVIF
    media_type: str
    source: bytes = field(repr=False)
    frames: int = 1
    notes: tuple[str, ...] = ()
    frames_sha256: str | None = None

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame of a picture as a viewer sees it: uint8[H, W, 3] sRGB. `index` counts from 0."""

    index: int
    pixels: "Pixels"


@dataclass(frozen=True, slots=True)
class Detection:
    """A watermark whose keyed tag was verified; nothing less is a detection.

    `confidence` is 1 - (bound on the false-positive probability of this answer). `scale` is the picture's size relative
    to the marked original's, `rotation` in degrees counter-clockwise (-180, 180], `mirrored` a horizontal
    flip before rotation.
    `key_id` names the key where a keyring was searched. `grid` (a, b, c, d, e, f) says where the mark's pattern lies:
    the picture's pixel (x, y) is the pattern's (a x + b y + c, d x + e y + f), in pixels of the marked original at the
    scheme's own size, modulo the pattern's period. A scheme that can tell no more than right angles has no `grid`, and
    its `scale` and `mirrored` say nothing.
    """

    payload: int
    confidence: float
    scale: float
    rotation: float
    mirrored: bool
    key_id: str | None = None
    grid: tuple[float, float, float, float, float, float] | None = None
