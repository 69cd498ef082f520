"""Hand in many pictures at once, see how far they are, and end them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from provenance.core.bulk import Batch, BatchItem, ItemState
from provenance.core.errors import InvalidRequest, NotFound, ProvenanceError, TooLarge
from provenance.core.ports import Blobs, Clock, Store, Unit
from provenance.core.types import check_licensee
from provenance.usecases.kept import forget_later, keep
from provenance.usecases.look_alikes import Duplicates, Looked, grouped

BATCH_ITEM: Final = "batch.item"
"""A job: check one item."""

MAX_NAME: Final = 255
_EVERY: Final = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was handed in. It is read when its turn has come: not all of them are in memory at once."""

    name: str
    size: int
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What somebody hands in: files first, then addresses. `licensee` and `keep` are as for a single check."""

    owner: str
    uploads: Sequence[Upload] = ()
    urls: Sequence[str] = ()
    licensee: str | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """`items` and `file_bytes` of one batch, and how many `open` ones an owner may have."""

    items: int
    file_bytes: int
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandIn:
    """Pictures are stored before the rows that name them; rows and jobs are one transaction. A file over the limit is a
    failed item, not a refused batch. Raises InvalidRequest, Busy, Unavailable."""

    store: Store
    blobs: Blobs
    clock: Clock
    new_id: Callable[[], str]
    new_check_id: Callable[[], str]
    limits: BatchLimits

    def __call__(self, handed: Handed) -> Batch:
        size = len(handed.uploads) + len(handed.urls)
        if not 0 < size <= self.limits.items:
            raise InvalidRequest(f"a batch has 1 to {self.limits.items} pictures, this one has {size}")
        if handed.licensee is not None:
            check_licensee(handed.licensee)
        now = self.clock()
        batch = Batch(self.new_id(), handed.owner, now, size, handed.licensee, handed.keep)
        items: list[BatchItem] = []
        try:
            for upload in handed.uploads:
                items.append(self._stored(batch, len(items), upload))
            items += [self._named(batch, len(items) + place, url, url=url) for place, url in enumerate(handed.urls)]
            return self._write(batch, items)
        except BaseException:
            for item in items:  # nobody would ever delete them
                if item.blob is not None:
                    self.blobs.delete(item.blob)
            raise

    def _stored(self, batch: Batch, position: int, upload: Upload) -> BatchItem:
        item = self._named(batch, position, upload.name)
        if upload.size > self.limits.file_bytes:
            reason = f"the file has {upload.size} bytes; {self.limits.file_bytes} are the limit"
            return failed(item, TooLarge(reason, hint="send a smaller file"))
        return replace(item, blob=keep(self.blobs, item.check_id, upload.read()))

    def _named(self, batch: Batch, position: int, name: str, *, url: str | None = None) -> BatchItem:
        shown = "".join(character for character in name if character.isprintable())[:MAX_NAME]
        return BatchItem(batch.id, position, self.new_check_id(), shown or f"picture {position + 1}", url=url)

    def _write(self, batch: Batch, items: Sequence[BatchItem]) -> Batch:
        waiting = [item for item in items if item.state is ItemState.WAITING]
        if not waiting:
            batch = replace(batch, finished_at=batch.created_at)
        with self.store.unit() as unit:
            unit.batches.add(batch, items, most_open=self.limits.open)
            for item in waiting:
                body = {"batch_id": batch.id, "position": item.position}
                unit.outbox.add(BATCH_ITEM, body, available_at=batch.created_at)
        return batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A batch as it is now: items by state, those that were checked by grade, and what shows the same."""

    batch: Batch
    states: dict[str, int] = field(default_factory=dict)
    grades: dict[str, int] = field(default_factory=dict)
    duplicates: tuple[Duplicates, ...] = ()

    @property
    def state(self) -> str:
        if self.batch.cancelled_at is not None:
            return "cancelled"
        return "running" if self.batch.finished_at is None else "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """`owner` None is an administrator. Raises NotFound, also for what is somebody else's."""

    store: Store
    clock: Clock

    def get(self, batch_id: str, *, owner: str | None) -> Progress:
        with self.store.read() as unit:
            batch = _owned(unit, batch_id, owner)
            return _progress(unit, batch)

    def page(self, *, owner: str | None, after: str | None, limit: int) -> tuple[list[Batch], str | None]:
        """Newest first. Raises InvalidRequest on a cursor that is not ours."""
        with self.store.read() as unit:
            return unit.batches.page(after=after, limit=limit, owner=owner)

    def items(
        self, batch_id: str, *, owner: str | None, after: int, limit: int, state: ItemState | None = None
    ) -> list[BatchItem]:
        with self.store.read() as unit:
            _owned(unit, batch_id, owner)
            return unit.batches.items(batch_id, after=after, limit=limit, state=state)

    def cancel(self, batch_id: str, *, owner: str | None) -> Progress:
        """What waits is not checked, and its pictures end; what was checked stays. Twice is the same as once."""
        now = self.clock()
        with self.store.unit() as unit:
            _owned(unit, batch_id, owner)
            unit.batches.hold(batch_id)
            waiting = unit.batches.items(batch_id, limit=_EVERY, state=ItemState.WAITING)
            batch = unit.batches.cancel(batch_id, now)
            for item in waiting:
                forget_later(unit, item.blob, now)
            return _progress(unit, batch)

    def delete(self, batch_id: str, *, owner: str | None) -> None:
        """For good, with its checks and with every picture of it that is kept."""
        now = self.clock()
        with self.store.unit() as unit:
            _owned(unit, batch_id, owner)
            unit.batches.hold(batch_id)
            for item in unit.batches.items(batch_id, limit=_EVERY):
                forget_later(unit, item.blob, now)
                _end_check(unit, item)
            unit.batches.delete(batch_id)


def failed(item: BatchItem, error: ProvenanceError) -> BatchItem:
    """The item with a typed error: `error` is a stable code."""
    told = {"error": error.code, "reason": error.reason, "hint": error.hint}
    given = {name: value for name, value in told.items() if value is not None}
    return replace(item, state=ItemState.FAILED, error=given, blob=None)


def _end_check(unit: Unit, item: BatchItem) -> None:
    """A check that its owner deleted before is no error."""
    if item.state is not ItemState.CHECKED:
        return
    try:
        unit.checks.delete(item.check_id)
    except NotFound:
        return


def _progress(unit: Unit, batch: Batch) -> Progress:
    states: Counter[str] = Counter({str(state): 0 for state in ItemState})
    grades: Counter[str] = Counter()
    for (state, grade), count in unit.batches.tally(batch.id).items():
        states[str(state)] += count
        if grade is not None:
            grades[grade] += count
    looked = [
        Looked(
            member=str(item.position),
            sha256=item.sha256 or "",
            pixels_sha256=item.pixels_sha256 or "",
            links=item.links,
        )
        for item in unit.batches.items(batch.id, limit=_EVERY, state=ItemState.CHECKED)
    ]
    return Progress(batch=batch, states=dict(states), grades=dict(grades), duplicates=tuple(grouped(looked)))


def _owned(unit: Unit, batch_id: str, owner: str | None) -> Batch:
    batch = unit.batches.get(batch_id)
    if owner not in (None, batch.owner):
        raise NotFound(f"there is no batch {batch_id} of yours")
    return batch
