"""JUMBF (ISO/IEC 19566-5): the boxes of a manifest store, found without copying them. Raises MalformedManifest."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from provenance.core.errors import MalformedManifest

MAX_DEPTH: Final = 16  # a manifest needs four levels
MAX_BOXES: Final = 20_000

_SUPERBOX: Final = b"jumb"
_DESCRIPTION: Final = b"jumd"
_LABELLED: Final = 0x02
_UUID_SIZE: Final = 16


@dataclass(frozen=True, slots=True)
class Box:
    """A content box: `kind` such as b"cbor", its payload at `start` .. `end` of the store."""

    kind: bytes
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Superbox:
    """`type` is the first four bytes of the content type's UUID, which C2PA chose to be readable (b"c2ma", …).

    `start` .. `end` is the payload, description box included: what a hashed URI is a hash of
    (C2PA 2.4, "Hashing JUMBF boxes").
    """

    label: str
    type: bytes
    start: int
    end: int
    content: tuple[Box, ...] = ()
    children: tuple["Superbox", ...] = ()

    def child(self, label: str) -> "Superbox":
        """The child of that label. Raises MalformedManifest."""
        found = [child for child in self.children if child.label == label]
        if len(found) != 1:
            raise MalformedManifest(f"the manifest store has {len(found)} boxes {label!r} where one belongs")
        return found[0]

    def only(self, kind: bytes) -> Box:
        """The one content box of that kind. Raises MalformedManifest."""
        found = [box for box in self.content if box.kind == kind]
        if len(found) != 1:
            raise MalformedManifest(f"the box {self.label[:80]!r} has no single {kind.decode()} content")
        return found[0]


def parse(data: bytes) -> Superbox:
    """The superbox that `data` begins with; some writers leave padding behind it."""
    return _Parser(data).superbox()


def header(data: bytes, at: int, end: int) -> tuple[bytes, int, int]:
    """(kind, payload start, box end) of the box at `at`, which must end by `end` (19566-5, B.2)."""
    if at + 8 > end:
        raise MalformedManifest("the manifest store ends in the middle of a box")
    size, kind = struct.unpack_from(">I4s", data, at)
    start = at + 8
    if size == 1:
        if at + 16 > end:
            raise MalformedManifest("the manifest store ends in the middle of a box")
        size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
    elif size == 0:  # reaches to the end of what holds it
        size = end - at
    if size < start - at or at + size > end:
        raise MalformedManifest("a box of the manifest store does not fit in what holds it")
    return kind, start, at + size


@dataclass(slots=True)
class _Parser:
    data: bytes
    boxes: int = field(default=0)

    def superbox(self) -> Superbox:
        kind, start, end = header(self.data, 0, len(self.data))
        if kind != _SUPERBOX:
            raise MalformedManifest("a manifest store is one JUMBF superbox, and this is something else")
        return self._superbox(start, end, 0)

    def _superbox(self, start: int, end: int, depth: int) -> Superbox:
        if depth > MAX_DEPTH:
            raise MalformedManifest(f"the manifest store is nested over {MAX_DEPTH} levels deep")
        inside = self._headers(start, end)
        kind, description, description_end = next(inside, (b"", start, start))
        if kind != _DESCRIPTION:
            raise MalformedManifest("a superbox of the manifest store does not begin with its description")
        label, content_type = self._description(description, description_end)
        content: list[Box] = []
        children: list[Superbox] = []
        for kind, inner, inner_end in inside:
            if kind == _SUPERBOX:
                children.append(self._superbox(inner, inner_end, depth + 1))
            else:
                content.append(Box(kind, inner, inner_end))
        return Superbox(label, content_type, start, end, tuple(content), tuple(children))

    def _headers(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        at = start
        while at < end:
            self.boxes += 1
            if self.boxes > MAX_BOXES:
                raise MalformedManifest(f"the manifest store has more than {MAX_BOXES} boxes")
            kind, inner, at = header(self.data, at, end)
            yield kind, inner, at

    def _description(self, start: int, end: int) -> tuple[str, bytes]:
        """(label, type) of a description box: UUID, toggles, then the label with a zero behind it."""
        if end - start < _UUID_SIZE + 1:
            raise MalformedManifest("a description box of the manifest store is cut off")
        toggles = self.data[start + _UUID_SIZE]
        if not toggles & _LABELLED:
            return "", self.data[start : start + 4]
        zero = self.data.find(b"\x00", start + _UUID_SIZE + 1, end)
        if zero < 0:
            raise MalformedManifest("a label in the manifest store does not end")
        label = self.data[start + _UUID_SIZE + 1 : zero].decode("utf-8", "replace")
        return label, self.data[start : start + 4]
