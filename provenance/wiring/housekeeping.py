"""What goes on in the background: the outbox, the index on disk, the log, anchors that wait for their block."""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from provenance.usecases.anchor import Anchor
from provenance.usecases.catch_up import catch_up
from provenance.usecases.kept import FORGET, Forget
from provenance.usecases.once import Once
from provenance.usecases.register import REGISTERED
from provenance.usecases.reindex import PAGE, Reindex
from provenance.usecases.stamp import UNSTAMPED, StampLater
from provenance.usecases.withdraw import WITHDRAWN
from provenance.usecases.work import Handler, WorkOff
from provenance.wiring.bulk import LONG_KINDS, outlived
from provenance.wiring.parts import Parts
from provenance.wiring.transparency import Transparency

TICK_SECONDS: Final = 1.0
ANCHOR_TICKS: Final = 15  # an anchor is looked at about as often as a chain makes a block
LOG_TICKS: Final = 3  # a checkpoint every few seconds, where there is something new
_log = logging.getLogger(__name__)


class Housekeeping:
    """Every round may be the last: what one leaves undone, the next or another process does."""

    def __init__(self, parts: Parts, *, once: Once, anchor: Anchor | None, log: Transparency) -> None:
        self._parts = parts
        self._once = once
        self._anchor = anchor
        self._transparency = log
        self._sealed_at = 0
        self._ticks = 0
        self._told = False
        handlers: dict[str, Handler] = {
            REGISTERED: self._on_change,
            WITHDRAWN: self._on_change,
            UNSTAMPED: self._stamp,
            FORGET: Forget(blobs=parts.blobs),
        }
        self._work_off = WorkOff(store=parts.store, clock=parts.clock, handlers=handlers, without=LONG_KINDS)

    def keep(self, stop: threading.Event) -> None:
        """Tick until `stop` is set."""
        while not stop.wait(TICK_SECONDS):
            outlived("housekeeping", self.tick)

    def tick(self) -> None:
        """One round."""
        self._parts.succeed()
        catch_up(self._parts.store, self._parts.matcher)
        self._describe_again()
        while self._work_off():
            pass
        self.seal_when_due()
        self._once.expire()
        self._ticks += 1
        if self._anchor and self._ticks % ANCHOR_TICKS == 0:
            self._anchor.follow_up()
        if self._ticks % LOG_TICKS == 1:
            self._transparency.keep()

    def _describe_again(self) -> None:
        """Some works by the models that are coming: as many as the settings allow a round, and no longer than one."""
        parts, rate = self._parts, self._parts.settings.reindex_rate
        if not rate or parts.coming_matcher is None:
            return
        left, until = max(1, int(rate * TICK_SECONDS)), time.monotonic() + TICK_SECONDS
        while left > 0 and time.monotonic() < until:
            done = parts.reindex.step(min(left, PAGE))
            left -= done
            if not done:
                self._finish(parts.reindex)
                return

    def _finish(self, reindex: Reindex) -> None:
        if not reindex.finish() and not self._told:
            self._told = True
            failed = reindex.progress().failed
            _log.error("%s works can't be described by the new models: see `provenance reindex`", failed)

    def seal_when_due(self) -> None:
        """The process that owns the index writes it down now and then. A disk that refuses costs time at the next
        start, nothing else: it is asked again when as many operations have come."""
        checkpoint = self._parts.matcher.checkpoint()
        if checkpoint - self._sealed_at < self._parts.settings.seal_after:
            return
        self._sealed_at = checkpoint
        try:
            self._parts.matcher.seal()
        except OSError as error:
            _log.warning("the index was not sealed, and will be caught up from the record: %s", error)

    def _stamp(self, body: Mapping[str, Any]) -> None:
        """Nothing is left to stamp where the certificate authority was given up since."""
        parts, credentials = self._parts, self._parts.content_credentials
        if credentials:
            StampLater(
                store=parts.store,
                blobs=parts.blobs,
                signer=credentials.signer,
                generator=credentials.generator,
                clock=parts.clock,
            )(body)

    def _on_change(self, _body: Mapping[str, Any]) -> None:
        """A work came or went. The index follows the record by itself; `provenance anchor` batches what waits."""
        if self._anchor:
            self._anchor.follow_up()
