"""Work off the outbox: what follows from a fact that was written, done at least once."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from provenance.core.errors import ProvenanceError
from provenance.core.ports import Clock, Store
from provenance.core.records import Job

LEASE_SECONDS: Final = 120
MAX_ATTEMPTS: Final = 10
_MANY: Final = 50
_log = logging.getLogger(__name__)

Handler = Callable[[Mapping[str, Any]], None]
GaveUp = Callable[[Mapping[str, Any], str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOff:
    """`handlers` by job kind. A handler must stand being called twice: a worker that dies after the work and before the
    note leaves the job to the next one, when its lease has ended.

    `only` and `without` part the kinds among workers; one that takes long takes one at a time. `gave_up` tells those
    who wait for a job that it will never be done, with the reason.
    """

    store: Store
    clock: Clock
    handlers: Mapping[str, Handler]
    gave_up: Mapping[str, GaveUp] = field(default_factory=dict)
    only: Collection[str] = ()
    without: Collection[str] = ()
    limit: int = _MANY
    lease_seconds: int = LEASE_SECONDS
    max_attempts: int = MAX_ATTEMPTS

    def __call__(self) -> int:
        """Work off one round. Returns how many jobs were taken; 0 means that nothing is due."""
        with self.store.unit() as unit:
            jobs = unit.outbox.claim(
                self.clock(),
                limit=self.limit,
                lease_seconds=self.lease_seconds,
                only=self.only,
                without=self.without,
            )
        for job in jobs:
            self._run(job)
        return len(jobs)

    def _run(self, job: Job) -> None:
        if job.attempts > self.max_attempts:
            self._failed(job, "every worker that began it died")
            return
        try:
            handler = self.handlers.get(job.kind)
            if handler is None:
                raise LookupError(f"no handler for {job.kind!r}")
            handler(job.body)
        except (ProvenanceError, LookupError, OSError) as error:
            self._failed(job, str(error))
            return
        with self.store.unit() as unit:
            unit.outbox.done(job.id)

    def _failed(self, job: Job, reason: str) -> None:
        """Try again after 2^attempts seconds, at most an hour; give up loudly after `max_attempts`."""
        delay = timedelta(seconds=min(3600, 2**job.attempts))
        ends = job.attempts >= self.max_attempts
        if ends and job.kind in self.gave_up:
            self.gave_up[job.kind](job.body, reason)
        with self.store.unit() as unit:
            if ends:
                unit.outbox.fail(job.id, error=reason)
            else:
                unit.outbox.retry(job.id, error=reason, available_at=self.clock() + delay)
        _log.warning("job %s %s failed (attempt %s): %s", job.id, job.kind, job.attempts, reason)
