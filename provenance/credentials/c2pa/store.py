"""A manifest store (`application/c2pa`) as bytes with names: its manifests, their claim, assertions and signature."""

from dataclasses import dataclass
from typing import Final

from provenance.core.errors import MalformedManifest, UnsupportedFormat
from provenance.credentials.c2pa import boxes, wellformed
from provenance.credentials.c2pa.boxes import Box, Superbox

MEDIA_TYPE: Final = "application/c2pa"
MAX_STORE_BYTES: Final = 64 << 20

CLAIM: Final = "c2pa.claim.v2"
SIGNATURE: Final = "c2pa.signature"
ASSERTIONS: Final = "c2pa.assertions"
_STORE: Final = b"c2pa"
_MANIFESTS: Final = (b"c2ma", b"c2um", b"c2cm")  # standard, update, compressed
_UPDATE: Final = b"c2um"
_COMPRESSED: Final = b"c2cm"
_CBOR: Final = b"cbor"


@dataclass(frozen=True, slots=True)
class ManifestStore:
    """`active` is the last manifest: the one that speaks for the file."""

    data: bytes
    active: Superbox

    @classmethod
    def parse(cls, data: bytes) -> "ManifestStore":
        """Bounds in size, depth and number hold for every part of it afterwards.

        Raises MalformedManifest, UnsupportedFormat for compressed manifests.
        """
        if len(data) > MAX_STORE_BYTES:
            raise MalformedManifest(f"the manifest store is larger than {MAX_STORE_BYTES >> 20} MiB")
        root = boxes.parse(data)
        manifests = [child for child in root.children if child.type in _MANIFESTS]
        if root.type != _STORE or not manifests:
            raise MalformedManifest("it is a JUMBF box, but there is no C2PA manifest in it")
        if any(manifest.type == _COMPRESSED for manifest in manifests):
            raise UnsupportedFormat("compressed C2PA manifests are not read")
        _check_cbor(data, root, wellformed.Budget())
        return cls(data, manifests[-1])

    @property
    def active_id(self) -> str:
        return self.active.label

    @property
    def is_update(self) -> bool:
        return self.active.type == _UPDATE

    @property
    def claim(self) -> Box:
        """Raises MalformedManifest; a claim of version 1 has another label and counts as missing."""
        return self.active.child(CLAIM).only(_CBOR)

    @property
    def signature(self) -> Box:
        return self.active.child(SIGNATURE).only(_CBOR)

    def assertion(self, label: str) -> Superbox:
        return self.active.child(ASSERTIONS).child(label)

    def bytes_of(self, box: Box | Superbox) -> bytes:
        """The payload."""
        return self.data[box.start : box.end]


def _check_cbor(data: bytes, superbox: Superbox, budget: wellformed.Budget) -> None:
    for box in superbox.content:
        if box.kind == _CBOR:
            wellformed.check(data, box.start, box.end, budget)
    for child in superbox.children:
        _check_cbor(data, child, budget)
