"""Jobs that follow from a fact, written with it in one transaction (the transactional outbox)."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, func, select

from provenance.adapters.store.models import JobRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.records import Job, JobState


class SqlOutbox(Repository):
    """A job runs at least once: a worker that dies in the middle lets the lease end, and another one claims it."""

    def add(self, kind: str, body: Mapping[str, Any], *, available_at: datetime) -> None:
        job = {"kind": kind, "body": body, "available_at": available_at}
        self._insert(JobRow, job | {"state": JobState.READY, "attempts": 0})

    def claim(
        self,
        now: datetime,
        *,
        limit: int,
        lease_seconds: int,
        only: Collection[str] = (),
        without: Collection[str] = (),
    ) -> list[Job]:
        due = (
            select(JobRow)
            .where(col(JobRow.state) == JobState.READY, col(JobRow.available_at) <= now)
            .order_by(col(JobRow.available_at), col(JobRow.id))
            .limit(limit)
            .with_for_update(skip_locked=True)  # PostgreSQL: two workers take different jobs; SQLite has one writer
            .execution_options(populate_existing=True)
        )
        if only:
            due = due.where(col(JobRow.kind).in_(only))
        if without:
            due = due.where(col(JobRow.kind).not_in(without))
        rows = self._session.exec(due).all()
        for row in rows:
            row.available_at = now + timedelta(seconds=lease_seconds)
            row.attempts += 1
        self._update(*rows)
        return [row.to(Job) for row in rows]

    def done(self, job_id: int) -> None:
        row = self._job(job_id)
        row.state, row.last_error = JobState.DONE, None
        self._update(row)

    def retry(self, job_id: int, *, error: str, available_at: datetime) -> None:
        row = self._job(job_id)
        row.state, row.last_error, row.available_at = JobState.READY, error, available_at
        self._update(row)

    def fail(self, job_id: int, *, error: str) -> None:
        row = self._job(job_id)
        row.state, row.last_error = JobState.FAILED, error
        self._update(row)

    def pending(self) -> int:
        query = select(func.count()).select_from(JobRow).where(col(JobRow.state) == JobState.READY)
        return self._session.exec(query).one()

    def _job(self, job_id: int) -> JobRow:
        return self._locked(JobRow, f"job {job_id}", col(JobRow.id) == job_id)
