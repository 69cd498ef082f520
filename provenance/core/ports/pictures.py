"""Pictures: where they come from, how they are read and written, what marks and matches them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from provenance.core.types import Detection, Frame, Picture, Region, XmpProperties

if TYPE_CHECKING:
    from provenance.core.types import Pixels


class Artwork(Protocol):
    """`pixels` uint8[H, W, 3] sRGB; `recipe_hash` sha256 hex of the recipe's canonical JSON with the seed."""

    @property
    def pixels(self) -> "Pixels": ...
    @property
    def recipe_hash(self) -> str: ...
    @property
    def digital_source_type(self) -> str: ...


class Generator(Protocol):
    """A recipe is complete: the same recipe and seed give the same artwork, bit for bit. Raises ValueError."""

    @property
    def name(self) -> str: ...
    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of artwork that a recipe may name."""

    def make(self, recipe: Mapping[str, Any], *, seed: int) -> Artwork: ...


class Images(Protocol):
    """Untrusted bytes to a Picture and back, under limits. `read` raises Rejected."""

    def read(self, data: bytes) -> Picture: ...
    def write(self, picture: Picture, pixels: "Pixels") -> tuple[bytes, str]:
        """The picture's file with other pixels, its alpha and owner's metadata kept: (bytes, media type).

        Of an animation, its first frame alone. A picture that never was a file has an empty `source`; it becomes a new
        file of its `format`.
        """

    def frames(self, picture: Picture, *, most: int | None = None) -> Iterator[Frame]:
        """Every frame of an animation as a viewer sees it, one after the other; a still is its only frame.

        With `most`: so many, spread over what the limits let anybody look at, the first one among them. Without: all,
        and TooLarge at once where they are over the limits. A frame that can't be decoded is Rejected when its turn
        comes.
        """

    def write_frames(self, picture: Picture, frames: "Iterable[Pixels]") -> tuple[bytes, str]:
        """As `write`, with other pixels for each of `frames(picture)`: timing, rounds and alpha are kept, and so is
        every pixel that does not change from one frame to the next."""

    def label(self, data: bytes, properties: XmpProperties) -> bytes:
        """The file with these properties in its XMP packet, every other byte of it unchanged. Raises Rejected."""

    def stamp(self, pixels: "Pixels", language: str) -> "Pixels":
        """The pixels with a label that people see, "en" or "zh". Raises Rejected where it has no room."""


class Watermarker(Protocol):
    """`embed` raises CannotHoldMark. `detect` answers only what a keyed tag verified."""

    @property
    def alg(self) -> str: ...
    @property
    def capacity_bits(self) -> int: ...
    @property
    def key_id(self) -> str:
        """The key that `embed` uses now."""

    def embed(self, pixels: "Pixels", payload: int, *, like: "Pixels | None" = None) -> "Pixels":
        """`like` is a frame of the same animation: what does not move between the two gets the same change in both."""

    def detect(self, pixels: "Pixels") -> Detection | None: ...
    def locate(self, pixels: "Pixels", detection: Detection) -> Region | None:
        """The part of the picture that carries the mark that `detect` found in it; None where that can't be told."""


class MatchEvidence(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def region(self) -> Region | None: ...
    @property
    def lower_is_closer(self) -> bool: ...


class Match(Protocol):
    """See `index.Match`."""

    @property
    def id(self) -> str: ...
    @property
    def grade(self) -> str: ...
    @property
    def probability(self) -> float: ...
    @property
    def evidence(self) -> Sequence[MatchEvidence]: ...
    @property
    def region_query(self) -> Region | None: ...
    @property
    def region_reference(self) -> Region | None: ...
    @property
    def calibration(self) -> str: ...
    @property
    def proposed_by(self) -> Sequence[str]: ...
    @property
    def decisive(self) -> bool: ...


class Aligned(Protocol):
    """See `index.Aligned`."""

    @property
    def transform(self) -> tuple[tuple[float, float, float], ...]: ...
    @property
    def mirrored(self) -> bool: ...
    @property
    def inliers(self) -> int: ...
    @property
    def share(self) -> float: ...
    @property
    def region_query(self) -> Region: ...
    @property
    def region_reference(self) -> Region: ...
    @property
    def heat(self) -> tuple[tuple[int, ...], ...]: ...


class Operation(Protocol):
    @property
    def sequence(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def fingerprint(self) -> bytes | None: ...


class Matcher(Protocol):
    """What `index/` offers as a whole. The database is the record; this is a cache that `apply` catches up."""

    @property
    def models(self) -> Sequence[str]: ...
    def describe(self, pictures: Sequence["Pixels"]) -> Sequence[bytes]:
        """One packed, versioned fingerprint a picture."""

    def apply(self, operations: Iterable[Operation]) -> None:
        """Add and remove, in the order of `sequence`; entries at or below `checkpoint()` are skipped."""

    def checkpoint(self) -> int: ...
    def match(self, picture: "Pixels", *, candidates: Sequence[str] = ()) -> Sequence[Match]:
        """Best first. `candidates` are compared and answered even where the shortlist would miss them."""

    def explain(self, picture: "Pixels", *, candidates: Sequence[str] = ()) -> Sequence[Match]:
        """As `match`, with the works that were considered and graded none."""

    def align(self, picture: "Pixels", id_: str, /) -> Aligned | None:
        """How one registered picture lies in this one, for people to look at; None where that can't be told."""

    def seal(self) -> None:
        """Write the state as a new generation on disk, where there is a disk."""
