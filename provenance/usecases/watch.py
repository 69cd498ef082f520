"""Watched uploads: pictures that are compared with every work that is registered from then on.

A registration leaves a job. The worker asks a small index of the watched uploads which of them resemble the new work,
and checks those against the whole register as anybody would; what shows content of a work becomes a hit, once. A watch
is written before it is first compared with the register, so that a work which is registered meanwhile finds it.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provenance.core.bulk import UploadPrint, Watch, WatchHit
from provenance.core.digests import file_digest, picture_digest
from provenance.core.errors import InvalidRequest, NotFound, Rejected
from provenance.core.ports import Blobs, Clock, Images, Matcher, Store, Unit
from provenance.core.records import Check, Work, WorkStatus
from provenance.core.types import Grade, Picture, WorkId, check_licensee
from provenance.usecases.check import CheckPicture, Query, Stopwatch
from provenance.usecases.kept import KEPT, forget_later, keep, kept, with_kept
from provenance.usecases.look_alikes import GroupIndexes, described

NEW_WORK: Final = "watch.work"
"""A job, written with each registration: which watched uploads show this work?"""

NEW_WATCH: Final = "watch.upload"
"""A job: which works does this upload show?"""

GROUP: Final = "watches"
MAX_TITLE: Final = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToWatch:
    """What somebody puts on the list. With a `licensee` the checks say whether a copy is licensed."""

    data: bytes
    owner: str
    title: str = ""
    licensee: str | None = None

    def check(self) -> None:
        """Raises InvalidRequest before the picture is read."""
        if len(self.title) > MAX_TITLE or not self.title.isprintable():
            raise InvalidRequest(f"a title has at most {MAX_TITLE} printable characters")
        if self.licensee is not None:
            check_licensee(self.licensee)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWatching:
    """Raises Rejected, Unavailable. An owner has `most` watches."""

    store: Store
    blobs: Blobs
    images: Images
    matcher: Matcher
    clock: Clock
    new_id: Callable[[], str]
    most: int

    def __call__(self, asked: ToWatch) -> Watch:
        asked.check()
        picture = self.images.read(asked.data)
        models, fingerprint = described(self.matcher, picture.pixels)
        watch_id = self.new_id()
        blob = keep(self.blobs, watch_id, asked.data)
        watch = self._watch(watch_id, asked, picture, blob)
        try:
            with self.store.unit() as unit:
                unit.watches.add(watch, most=self.most)
                unit.upload_prints.add(UploadPrint(GROUP, watch.id, models, fingerprint))
                unit.outbox.add(NEW_WATCH, {"watch_id": watch.id}, available_at=watch.created_at)
        except BaseException:
            self.blobs.delete(blob)  # nobody would ever delete it
            raise
        return watch

    def _watch(self, watch_id: str, asked: ToWatch, picture: Picture, blob: str) -> Watch:
        return Watch(
            id=watch_id,
            owner=asked.owner,
            created_at=self.clock(),
            title=asked.title,
            blob=blob,
            sha256=file_digest(asked.data),
            pixels_sha256=picture_digest(picture),
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            licensee=asked.licensee,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watches:
    """`owner` None is an administrator. Raises NotFound, also for what is somebody else's."""

    store: Store
    clock: Clock

    def get(self, watch_id: str, *, owner: str | None) -> Watch:
        with self.store.read() as unit:
            return _owned(unit, watch_id, owner)

    def page(self, *, owner: str | None, after: str | None, limit: int) -> tuple[list[Watch], str | None]:
        """Newest first. Raises InvalidRequest on a cursor that is not ours."""
        with self.store.read() as unit:
            return unit.watches.page(after=after, limit=limit, owner=owner)

    def hits(self, *, owner: str | None, after: int = 0, limit: int, watch_id: str | None = None) -> list[WatchHit]:
        """Oldest first, behind the id `after`; without those of works that were withdrawn."""
        with self.store.read() as unit:
            if watch_id is not None:
                _owned(unit, watch_id, owner)
            return unit.watches.hits(owner=owner, watch_id=watch_id, after=after, limit=limit)

    def delete(self, watch_id: str, *, owner: str | None) -> None:
        """For good, with its picture, its hits and the checks that they name."""
        now = self.clock()
        with self.store.unit() as unit:
            watch = _owned(unit, watch_id, owner)
            checks = unit.watches.checks_of(watch_id)
            unit.watches.delete(watch_id)
            unit.upload_prints.drop(GROUP, watch_id)
            forget_later(unit, watch.blob, now)
            for check_id in checks:
                try:
                    check = unit.checks.get(check_id)
                except NotFound:  # its owner deleted it before
                    continue
                forget_later(unit, check.report.get(KEPT), now)
                unit.checks.delete(check_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Handlers of the outbox. Raises Unavailable, Busy: the job is tried again."""

    store: Store
    blobs: Blobs
    images: Images
    check: CheckPicture
    groups: GroupIndexes
    clock: Clock

    def at_watch(self, body: Mapping[str, Any]) -> None:
        """Compare one upload with the whole register."""
        watch = self._watch(body["watch_id"])
        if watch is not None:
            self._hits(watch, cause="first", first=True)

    def at_work(self, body: Mapping[str, Any]) -> None:
        """Compare one work with all watched uploads. One that was withdrawn meanwhile gives no hits."""
        work_id = WorkId.parse(body["work_id"])
        with self.store.read() as unit:
            work = unit.works.get(work_id)
        if work.status is WorkStatus.ACTIVE:
            for watch_id in self._resembling(work):
                watch = self._watch(watch_id)
                if watch is not None:
                    self._hits(watch, cause=str(work_id), first=False)

    def _resembling(self, work: Work) -> Sequence[str]:
        index = self.groups.of(GROUP)
        self._describe_again(index.models)
        with index.lock:
            index.follow(self.store, GROUP)
            if not index.members:
                return ()
            picture = self.images.read(self.blobs.get(work.marked_blob))
            return [match.id for match in index.all_alike(picture.pixels)]

    def _describe_again(self, models: str) -> None:
        """The uploads that other models described, before the service had these."""
        with self.store.read() as unit:
            others = unit.upload_prints.others(GROUP, models)
        for watch_id in others:
            watch = self._watch(watch_id)
            if watch is None:
                continue
            picture = self._picture(watch)
            if picture is None:
                continue
            fingerprint = self.groups.of(GROUP).describe(picture.pixels)
            with self.store.unit() as unit:
                if watch_id in unit.upload_prints.others(GROUP, models):
                    unit.upload_prints.add(UploadPrint(GROUP, watch.id, models, fingerprint))

    def _watch(self, watch_id: str) -> Watch | None:
        """None: it was deleted."""
        with self.store.read() as unit:
            try:
                return unit.watches.get(watch_id)
            except NotFound:
                return None

    def _picture(self, watch: Watch) -> Picture | None:
        """None where it is lost, or over a limit that was lowered: that is said in the log, and the others go on."""
        try:
            return self.images.read(kept(self.blobs, watch.id, watch.blob))
        except (NotFound, Rejected) as error:
            _log.error("the upload of %s can't be compared: %s", watch.id, error.reason)
            return None

    def _hits(self, watch: Watch, *, cause: str, first: bool) -> None:
        """The check has the same id whenever the same job is done, so that a worker that was killed leaves no picture
        that nothing names."""
        picture = self._picture(watch)
        if picture is None:
            return
        data = picture.source
        query = Query(data=data, owner=watch.owner, licensee=watch.licensee)
        check_id = "chk_" + hashlib.sha256(f"{watch.id} {cause}".encode()).hexdigest()[:30]
        check = self.check.examine(picture, query, check_id=check_id, watch=Stopwatch())
        found = [match for match in check.report["matches"] if Grade(match["grade"]).is_match]
        blob = keep(self.blobs, check.id, data) if self._new(watch, found) else None
        with self.store.unit() as unit:
            try:
                unit.watches.get(watch.id)
            except NotFound:
                forget_later(unit, blob, self.clock())
                return
            if first:
                unit.watches.checked(watch.id, self.clock())
            if blob is not None:
                self._write(unit, watch, with_kept(check, blob), found)

    def _new(self, watch: Watch, found: Sequence[Mapping[str, Any]]) -> bool:
        with self.store.read() as unit:
            known = unit.watches.hit_works(watch.id)
        return any(WorkId.parse(match["work_id"]) not in known for match in found)

    def _write(self, unit: Unit, watch: Watch, check: Check, found: Sequence[Mapping[str, Any]]) -> None:
        added = [
            unit.watches.add_hit(
                WatchHit(
                    id=0,
                    watch_id=watch.id,
                    owner=watch.owner,
                    work_id=WorkId.parse(match["work_id"]),
                    check_id=check.id,
                    grade=match["grade"],
                    probability=match["probability"],
                    created_at=self.clock(),
                )
            )
            for match in found
        ]
        if any(added):
            unit.checks.add(check)


def _owned(unit: Unit, watch_id: str, owner: str | None) -> Watch:
    watch = unit.watches.get(watch_id)
    if owner not in (None, watch.owner):
        raise NotFound(f"there is no watch {watch_id} of yours")
    return watch
