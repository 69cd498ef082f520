"""What takes long and waits for nobody: batches, watched uploads. One thread works it off, one job after another."""

import logging
import secrets
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Final

from provenance.core.errors import ProvenanceError
from provenance.core.ports import Matcher
from provenance.usecases.batch import BATCH_ITEM, Batches, BatchLimits, HandIn
from provenance.usecases.batch_item import CheckItem
from provenance.usecases.check import CheckPicture
from provenance.usecases.kept import FORGET, Forget
from provenance.usecases.look_alikes import GroupIndexes
from provenance.usecases.watch import NEW_WATCH, NEW_WORK, Look, StartWatching, Watches
from provenance.usecases.work import WorkOff
from provenance.wiring.parts import Parts

LONG_KINDS: Final = (BATCH_ITEM, NEW_WORK, NEW_WATCH)
"""Jobs that the quick round of housekeeping leaves to this thread."""

PAUSE_SECONDS: Final = 1.0
LEASE_SECONDS: Final = 30  # what a worker that was killed had in hand is tried again this much later
MAX_ATTEMPTS: Final = 12  # over an hour, with the growing pauses between them
_log = logging.getLogger(__name__)


def new_id(prefix: str) -> Callable[[], str]:
    """Makes opaque ids of 120 random bits, such as `chk_…`."""
    return lambda: f"{prefix}_{secrets.token_hex(15)}"


def outlived(what: str, work: Callable[[], int | None]) -> int:
    """Do it once; answers what it answered. A failure is logged and answers 0, and the next round tries again."""
    try:
        return work() or 0
    except ProvenanceError as error:
        _log.error("%s: %s", what, error.reason)
    except Exception:  # noqa: BLE001  the thread has to outlive a defect, and the log shows it
        _log.exception("%s failed", what)
    return 0


class Bulk:
    """Use cases on many pictures, and the worker behind them."""

    def __init__(self, parts: Parts, *, check: CheckPicture) -> None:
        self._parts = parts
        self._check = check

    @cached_property
    def hand_in(self) -> HandIn:
        settings = self._parts.settings
        return HandIn(
            store=self._parts.store,
            blobs=self._parts.blobs,
            clock=self._parts.clock,
            new_id=new_id("bat"),
            new_check_id=new_id("chk"),
            limits=BatchLimits(
                items=settings.max_batch_items,
                file_bytes=settings.max_upload_bytes,
                open=settings.max_open_batches,
            ),
        )

    @cached_property
    def batches(self) -> Batches:
        return Batches(store=self._parts.store, clock=self._parts.clock)

    @cached_property
    def groups(self) -> GroupIndexes:
        return GroupIndexes(self._new_matcher, lambda: self._parts.matcher.models)

    @cached_property
    def _check_item(self) -> CheckItem:
        parts = self._parts
        return CheckItem(
            store=parts.store,
            blobs=parts.blobs,
            images=parts.images,
            check=self._check,
            fetcher=parts.fetcher,
            groups=self.groups,
            clock=parts.clock,
        )

    @cached_property
    def start_watching(self) -> StartWatching:
        parts = self._parts
        return StartWatching(
            store=parts.store,
            blobs=parts.blobs,
            images=parts.images,
            matcher=parts.matcher,
            clock=parts.clock,
            new_id=new_id("wch"),
            most=parts.settings.max_watches,
        )

    @cached_property
    def watches(self) -> Watches:
        return Watches(store=self._parts.store, clock=self._parts.clock)

    @cached_property
    def look(self) -> Look:
        parts = self._parts
        return Look(
            store=parts.store,
            blobs=parts.blobs,
            images=parts.images,
            check=self._check,
            groups=self.groups,
            clock=parts.clock,
        )

    @cached_property
    def round(self) -> WorkOff:
        """Works one job off; answers 0 where none is due."""
        return WorkOff(
            store=self._parts.store,
            clock=self._parts.clock,
            handlers={BATCH_ITEM: self._check_item, NEW_WORK: self.look.at_work, NEW_WATCH: self.look.at_watch},
            gave_up={BATCH_ITEM: self._check_item.gave_up},
            only=LONG_KINDS,
            limit=1,
            lease_seconds=LEASE_SECONDS,
            max_attempts=MAX_ATTEMPTS,
        )

    @cached_property
    def forget(self) -> WorkOff:
        """Deletes pictures whose use has ended; answers 0 where there are none."""
        handlers = {FORGET: Forget(blobs=self._parts.blobs)}
        return WorkOff(store=self._parts.store, clock=self._parts.clock, handlers=handlers, only=(FORGET,))

    def keep(self, stop: threading.Event) -> None:
        """Work until `stop` is set; the job in hand is finished first."""
        while not stop.is_set():
            if not outlived("bulk work", self.round):
                stop.wait(PAUSE_SECONDS)

    def _new_matcher(self) -> Matcher:
        return self._parts.local_matcher.fresh()
