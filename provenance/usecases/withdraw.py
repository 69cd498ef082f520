"""Withdraw a work: it leaves every answer at once. Its certificate and its record stay, and say so."""

from dataclasses import dataclass
from typing import Final

from provenance.core.errors import NotFound
from provenance.core.ports import Clock, Matcher, Store
from provenance.core.records import Work, WorkStatus
from provenance.core.types import WorkId
from provenance.credentials.tlog.entries import EntryKind, log_entry
from provenance.usecases.catch_up import follow

WITHDRAWN: Final = "work.withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Withdrawing twice is the same as once. Raises NotFound, also for somebody else's work."""

    store: Store
    matcher: Matcher
    clock: Clock

    def __call__(self, work_id: WorkId, *, owner: str | None = None) -> Work:
        """`owner` None is an administrator, who may withdraw any work."""
        now = self.clock()
        with self.store.unit() as unit:
            work = unit.works.get(work_id)
            if owner is not None and work.owner != owner:
                raise NotFound(f"there is no work {work_id} of yours")
            if work.status is WorkStatus.WITHDRAWN:
                return work
            work = unit.works.withdraw(work_id, now)
            unit.fingerprints.append(work_id, None)
            entry = log_entry(EntryKind.WORK_WITHDRAWN, at=now, certificate=work.certificate_hash)
            unit.log.append(EntryKind.WORK_WITHDRAWN, entry, at=now, work_id=work_id)
            unit.outbox.add(WITHDRAWN, {"work_id": str(work_id)}, available_at=now)
        follow(self.store, self.matcher)
        return work
