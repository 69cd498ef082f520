"""Check one picture of a batch: a job of the outbox, done at least once and visible once.

The item's check, its state, its fingerprint and the end of its picture are one transaction, and only an item that still
waits is settled. A worker that was killed leaves the item waiting, and another one checks it again.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from provenance.core.bulk import Batch, BatchItem, ItemState, UploadPrint
from provenance.core.errors import Busy, NotFound, ProvenanceError, Rejected, SourceFailed, Unavailable
from provenance.core.ports import Blobs, Clock, Fetcher, Images, Match, Store
from provenance.core.records import Check
from provenance.core.types import Grade, Picture
from provenance.usecases.batch import failed
from provenance.usecases.check import CheckPicture, Query, Stopwatch
from provenance.usecases.kept import forget_later, keep, kept, with_kept
from provenance.usecases.look_alikes import GroupIndex, GroupIndexes, link

_OF_THE_PICTURE: Final = (Rejected, SourceFailed, NotFound)
"""Errors that another attempt would not change: the item fails, and the batch goes on."""

_ATTEMPTS: Final = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckItem:
    """A handler of the outbox. Raises Unavailable and Busy: the job is tried again."""

    store: Store
    blobs: Blobs
    images: Images
    check: CheckPicture
    fetcher: Fetcher
    groups: GroupIndexes
    clock: Clock

    def __call__(self, body: Mapping[str, Any]) -> None:
        found = self._waiting(body)
        if found is None:
            return
        batch, item = found
        try:
            data = self._data(item)
            picture = self.images.read(data)
            query = Query(data=data, owner=batch.owner, licensee=batch.licensee)
            check = self.check.examine(picture, query, check_id=item.check_id, watch=Stopwatch())
        except _OF_THE_PICTURE as error:
            self._fail(item, error)
            return
        self._settle(batch, item, check, picture)

    def gave_up(self, body: Mapping[str, Any], reason: str) -> None:
        """The job will not be tried again: the item says so, and nobody waits for it."""
        found = self._waiting(body)
        if found is not None:
            told = Unavailable(f"given up after many attempts: {reason}", hint="hand this picture in again")
            self._fail(found[1], told)

    def _waiting(self, body: Mapping[str, Any]) -> tuple[Batch, BatchItem] | None:
        """None: it was settled, cancelled or deleted."""
        with self.store.read() as unit:
            try:
                batch = unit.batches.get(body["batch_id"])
                item = unit.batches.item(batch.id, body["position"])
            except NotFound:
                return None
        return (batch, item) if item.state is ItemState.WAITING else None

    def _data(self, item: BatchItem) -> bytes:
        if item.blob is not None:
            return kept(self.blobs, item.check_id, item.blob)
        return self.fetcher.fetch(item.url or "")

    def _fail(self, item: BatchItem, error: ProvenanceError) -> None:
        now = self.clock()
        with self.store.unit() as unit:
            try:
                settled = unit.batches.settle(failed(item, error), now)
            except NotFound:  # the batch was deleted meanwhile, and its pictures with it
                return
            if settled:
                forget_later(unit, item.blob, now)

    def _settle(self, batch: Batch, item: BatchItem, check: Check, picture: Picture) -> None:
        """Another worker may settle a picture of the batch while this one compares: then it compares again."""
        blob = item.blob
        if batch.keep and blob is None:
            blob = keep(self.blobs, item.check_id, picture.source)
        index = self.groups.of(batch.id)
        with index.lock:
            fingerprint = index.describe(picture.pixels)
            for _ in range(_ATTEMPTS):
                index.follow(self.store, batch.id)
                links = [match for match in index.alike(picture.pixels) if Grade(match.grade).is_match]
                settled = replace(_settled(item, check, links), blob=blob if batch.keep else None)
                own = UploadPrint(batch.id, str(item.position), index.models, fingerprint)
                if self._write(settled, with_kept(check, settled.blob), index, own, ends=blob):
                    return
        raise Busy("other workers settle this batch at the same time", retry_after=1)

    def _write(self, item: BatchItem, check: Check, index: GroupIndex, own: UploadPrint, *, ends: str | None) -> bool:
        """False: the index lacks a picture of the batch. `ends` is the picture's blob, if it is not kept."""
        now = self.clock()
        with self.store.unit() as unit:
            try:
                unit.batches.hold(item.batch_id)
            except NotFound:
                forget_later(unit, ends, now)
                return True
            if unit.upload_prints.members(own.group, own.models) != index.members:
                return False
            if not unit.batches.settle(item, now):
                forget_later(unit, ends, now)
                return True
            unit.checks.add(check)
            if not any(tie["grade"] == Grade.IDENTICAL for tie in item.links):  # the same pixels are there
                unit.upload_prints.add(own)
            if item.blob is None:
                forget_later(unit, ends, now)
        return True


def _settled(item: BatchItem, check: Check, links: Sequence[Match]) -> BatchItem:
    query = check.report["query"]
    return replace(
        item,
        state=ItemState.CHECKED,
        grade=check.report["grade"],
        sha256=query["sha256"],
        pixels_sha256=query["pixels_sha256"],
        links=tuple(link(match) for match in links),
    )
