"""Which uploads of one group show the same? A small index of their fingerprints, beside the one of the register.

The fingerprints are in the database; this is a cache of them, so that a worker which starts after a crash knows every
picture that was looked at before.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from provenance.core.bulk import UploadPrint
from provenance.core.ports import Match, Matcher, Store
from provenance.core.types import Grade

if TYPE_CHECKING:
    from provenance.core.types import Pixels

MAX_PASSES: Final = 50
"""Times that one picture is looked for again without what was found: a search ends at the first beyond doubt."""

_MOST_OPEN: Final = 4  # groups in memory: the batches that are being worked on, and the watched uploads
_log = logging.getLogger(__name__)


def names(models: Sequence[str]) -> str:
    """As they stand beside a fingerprint."""
    return "\n".join(models)


def described(matcher: Matcher, pixels: "Pixels") -> tuple[str, bytes]:
    """The models and the fingerprint that they made; the register's matcher may get others at any moment."""
    while True:
        models = tuple(matcher.models)
        fingerprint = matcher.describe([pixels])[0]
        if models == tuple(matcher.models):
            return names(models), fingerprint


@dataclass(frozen=True, slots=True)
class _Change:
    sequence: int
    id: str
    fingerprint: bytes | None


class GroupIndex:
    """One thread at a time: whoever uses it holds `lock`. `members` are those whose fingerprints it has."""

    def __init__(self, matcher: Matcher) -> None:
        self.lock = threading.Lock()
        self.members: frozenset[str] = frozenset()
        self._matcher = matcher
        self._sequence = 0

    @property
    def models(self) -> str:
        return names(self._matcher.models)

    def follow(self, store: Store, group: str) -> None:
        """Be what the record says now."""
        with store.read() as unit:
            wanted = unit.upload_prints.members(group, self.models)
            new = unit.upload_prints.find(group, wanted - self.members)
        self.put(new)
        self._change((gone, None) for gone in sorted(self.members - wanted))
        self.members = frozenset(wanted)

    def put(self, prints: Iterable[UploadPrint]) -> None:
        """One that is damaged is left out, and said to be in the log: the others still answer."""
        for one in prints:
            try:
                self._change([(one.member, one.fingerprint)])
            except ValueError as error:
                _log.error("the fingerprint of %s in %s is left out: %s", one.member, one.group, error)
            self.members |= {one.member}

    def describe(self, pixels: "Pixels") -> bytes:
        """The fingerprint that a member of the group with these pixels has."""
        return self._matcher.describe([pixels])[0]

    def alike(self, pixels: "Pixels") -> list[Match]:
        """Members that this picture resembles, best first. Where one is beyond doubt others may be left out."""
        return list(self._matcher.match(pixels))

    def all_alike(self, pixels: "Pixels") -> list[Match]:
        """All of them. What was found leaves the index, until it follows the record again."""
        found: list[Match] = []
        for _ in range(MAX_PASSES):
            matches = self.alike(pixels)
            found += matches
            self._change((match.id, None) for match in matches)
            self.members -= {match.id for match in matches}
            if not any(Grade(match.grade).is_match for match in matches):
                break
        return found

    def _change(self, changes: Iterable[tuple[str, bytes | None]]) -> None:
        for id_, fingerprint in changes:
            self._sequence += 1
            self._matcher.apply([_Change(self._sequence, id_, fingerprint)])


@dataclass(slots=True)
class GroupIndexes:
    """The groups that were used last. `new_matcher` makes an empty one of the `models` in use; an index of others is
    given up."""

    new_matcher: Callable[[], Matcher]
    models: Callable[[], Sequence[str]]
    _open: "OrderedDict[str, GroupIndex]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, group: str) -> GroupIndex:
        with self._lock:
            index = self._open.pop(group, None)
            if index is None or index.models != names(self.models()):
                index = GroupIndex(self.new_matcher())
            self._open[group] = index
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return index


def link(match: Match) -> dict[str, Any]:
    """What a picture says of an earlier one of its group."""
    return {"to": match.id, "grade": match.grade, "probability": round(match.probability, 6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A picture of a group. `member` sorts in the order of the group; `links` are as from `link`."""

    member: str
    sha256: str
    pixels_sha256: str
    links: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Members that show the same, in order. `kind` is same-file, same-pixels or near: that of the loosest tie."""

    kind: str
    members: tuple[str, ...]


def grouped(pictures: Sequence[Looked]) -> list[Duplicates]:
    """Pictures of which each is tied to another one by its file, its pixels or a link; in the order of the first."""
    leader = {picture.member: picture.member for picture in pictures}

    def lead(member: str) -> str:
        while leader[member] != member:
            leader[member] = member = leader[leader[member]]
        return member

    first: dict[str, str] = {}
    for picture in pictures:
        same = [first.setdefault(digest, picture.member) for digest in (picture.sha256, picture.pixels_sha256)]
        for other in (*same, *(tie["to"] for tie in picture.links)):
            if other in leader:
                leader[lead(picture.member)] = lead(other)
    groups: dict[str, list[Looked]] = {}
    for picture in pictures:
        groups.setdefault(lead(picture.member), []).append(picture)
    return [
        Duplicates(kind=_kind(group), members=tuple(picture.member for picture in group))
        for group in groups.values()
        if len(group) > 1
    ]


def _kind(group: Sequence[Looked]) -> str:
    if len({picture.sha256 for picture in group}) == 1:
        return "same-file"
    return "same-pixels" if len({picture.pixels_sha256 for picture in group}) == 1 else "near"
