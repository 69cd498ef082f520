"""The database: repositories that work inside one transaction."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from provenance.core.ports.bulk import Batches, Decisions, UploadPrints, Watches
from provenance.core.ports.models import ModelSets
from provenance.core.records import (
    AnchorBatch,
    ApiKey,
    Binding,
    Check,
    ContentKey,
    CredentialStatus,
    FingerprintOp,
    Grant,
    IdempotentResponse,
    Job,
    LogCheckpoint,
    LogEntry,
    ManifestRecord,
    Offer,
    StatusPurpose,
    Work,
)
from provenance.core.types import WorkId


class Works(Protocol):
    def add(self, work: Work, keys: Sequence[ContentKey]) -> None:
        """Raises Conflict (naming the existing work) when a digest or the id is taken."""

    def get(self, work_id: WorkId) -> Work:
        """Raises NotFound."""

    def find(self, ids: Sequence[WorkId]) -> dict[WorkId, Work]: ...
    def by_digest(self, digest: str) -> ContentKey | None: ...
    def page(self, *, after: str | None, limit: int, owner: str | None = None) -> tuple[list[Work], str | None]:
        """Newest first, and the next opaque cursor. Raises InvalidRequest on a cursor that is not ours."""

    def withdraw(self, work_id: WorkId, at: datetime) -> Work:
        """Marks it withdrawn and frees its digests. Withdrawing twice is the same as once."""

    def count(self) -> int:
        """The withdrawn ones too."""

    def without_anchor(self, limit: int) -> list[Work]:
        """Active works in no batch, or in failed ones only; oldest first."""


class Fingerprints(Protocol):
    """Operations by the models that made them (`core.models.models_key`). A withdrawal counts for all models."""

    def append(self, work_id: WorkId, fingerprint: bytes | None, *, models: str = "") -> None: ...
    def since(self, sequence: int, limit: int, *, models: str | None = None) -> list[FingerprintOp]:
        """By one set of models (None: by any) and withdrawals, in order."""

    def last(self, *, models: str | None = None) -> int: ...


class Checks(Protocol):
    def add(self, check: Check) -> None: ...
    def get(self, check_id: str) -> Check: ...
    def delete(self, check_id: str) -> None:
        """For good, with the decisions on it. Raises NotFound."""


class Outbox(Protocol):
    def add(self, kind: str, body: Mapping[str, Any], *, available_at: datetime) -> None: ...
    def claim(
        self,
        now: datetime,
        *,
        limit: int,
        lease_seconds: int,
        only: Collection[str] = (),
        without: Collection[str] = (),
    ) -> list[Job]:
        """Ready jobs whose time has come; they stay invisible to others until the lease ends. `only` these kinds, where
        there are some, and `without` those."""

    def done(self, job_id: int) -> None: ...
    def retry(self, job_id: int, *, error: str, available_at: datetime) -> None: ...
    def fail(self, job_id: int, *, error: str) -> None: ...
    def pending(self) -> int: ...


class ApiKeys(Protocol):
    def add(self, key: ApiKey) -> None: ...
    def by_digest(self, digest: str) -> ApiKey | None: ...
    def all(self) -> list[ApiKey]: ...
    def revoke(self, key_id: str, at: datetime) -> None:
        """Raises NotFound."""


class Idempotency(Protocol):
    def begin(self, record: IdempotentResponse) -> IdempotentResponse | None:
        """None: it is ours now. Otherwise the record that was there first.

        One that is still in flight ten minutes later died with its process: the same request takes it over.
        """

    def finish(self, owner: str, key: str, *, status: int, body: Mapping[str, Any]) -> None:
        """The first answer stands. Raises NotFound when it was never begun."""

    def forget(self, owner: str, key: str) -> None: ...
    def expire(self, before: datetime) -> int: ...


class Anchors(Protocol):
    def add(self, batch: AnchorBatch) -> AnchorBatch:
        """Raises Conflict when (chain, sender, nonce) or (chain, root) is taken.

        A failed batch gives its root free again, and its nonce unless it has a block number: then a block used it up.
        """

    def update(self, batch: AnchorBatch) -> None:
        """State, nonce, transaction and block; the root and the leaves never change. Raises NotFound, Conflict."""

    def unfinished(self) -> list[AnchorBatch]: ...
    def next_nonce(self, chain_id: int, sender: str) -> int | None:
        """One above the highest nonce in use here; None when none is."""

    def of_work(self, work_id: WorkId) -> list[AnchorBatch]: ...


class Licences(Protocol):
    def add_offer(self, offer: Offer) -> None: ...
    def offer(self, offer_id: str) -> Offer: ...
    def offers(self, work_id: WorkId) -> list[Offer]: ...
    def add_grant(self, grant: Grant) -> None: ...
    def grant(self, grant_id: str) -> Grant: ...
    def grants(self, work_id: WorkId, licensee: str) -> list[Grant]: ...
    def stop(self, grant_id: str, since: datetime | None) -> None:
        """From then on it does not hold; None lets it hold again. Raises NotFound."""


class Log(Protocol):
    """The transparency log's leaves, appended in the transaction of the fact that they record, and its tree heads."""

    def append(self, kind: str, data: bytes, *, at: datetime, work_id: WorkId | None = None) -> int:
        """The leaf's index: gapless, in commit order. Raises InvalidRequest over 65,535 bytes."""

    def size(self) -> int: ...
    def entries(self, start: int, end: int) -> list[LogEntry]:
        """Those with start <= index < end, in order."""

    def of_work(self, work_id: WorkId) -> list[LogEntry]: ...
    def of_kinds(self, kinds: Sequence[str]) -> list[LogEntry]:
        """In order."""

    def put_checkpoint(self, checkpoint: LogCheckpoint) -> None:
        """The same tree head again replaces the note. Raises Conflict for another root of the same size."""

    def checkpoint(self, size: int | None = None) -> LogCheckpoint | None:
        """The one of that size, or the newest."""


class Manifests(Protocol):
    """C2PA manifest stores and the soft bindings that lead to them. A deleted one is found by nothing but its id."""

    def add(self, manifest: ManifestRecord, bindings: Sequence[Binding]) -> None:
        """Raises Conflict when the id is taken."""

    def get(self, manifest_id: str) -> ManifestRecord:
        """The deleted ones too. Raises NotFound."""

    def of_work(self, work_id: WorkId) -> list[ManifestRecord]:
        """Newest first."""

    def bind(self, binding: Binding) -> None:
        """Binding twice is the same as once. Raises NotFound for a manifest that is not here or deleted."""

    def unbind(self, binding: Binding) -> None:
        """Nothing happens where it is not bound."""

    def bindings(self, manifest_id: str) -> list[Binding]: ...
    def bindings_of(self, owner: str | None, value: str) -> list[Binding]:
        """Under any algorithm, to manifests of this owner (None: of anybody) that are not deleted."""

    def by_binding(self, alg: str, value: str, limit: int) -> list[ManifestRecord]:
        """Newest first."""

    def values(self, alg: str, *, after: str, limit: int, works: bool = True) -> list[str]:
        """What is bound under an algorithm, each value once, ascending from the one after `after`; to deleted manifests
        too. `works` False leaves out the manifests of works."""

    def delete(self, manifest_id: str, at: datetime) -> None:
        """Deleting twice is the same as once. Raises NotFound."""


class Statuses(Protocol):
    """The places of credentials in the status lists."""

    def reserve(
        self, credential_id: str, *, at: datetime, work_id: WorkId | None = None, grant_id: str | None = None
    ) -> int:
        """An index that nothing else has. Raises Conflict when the credential has one."""

    def by_credential(self, credential_id: str) -> CredentialStatus | None: ...
    def update(self, status: CredentialStatus) -> None:
        """Writes the times and the reason. Raises NotFound."""

    def marked(self, purpose: StatusPurpose) -> list[int]:
        """The indices whose bit is set, ascending."""

    def last(self) -> int:
        """The highest index in use; -1 when there is none."""


class Unit(Protocol):
    """One transaction. Leaving the `with` block commits once; an exception rolls back.

    After a Conflict that was caught the unit goes on as if the call had not been made.
    """

    @property
    def works(self) -> Works: ...
    @property
    def fingerprints(self) -> Fingerprints: ...
    @property
    def checks(self) -> Checks: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def anchors(self) -> Anchors: ...
    @property
    def licences(self) -> Licences: ...
    @property
    def log(self) -> Log: ...
    @property
    def manifests(self) -> Manifests: ...
    @property
    def statuses(self) -> Statuses: ...
    @property
    def model_sets(self) -> ModelSets: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def upload_prints(self) -> UploadPrints: ...
    @property
    def watches(self) -> Watches: ...
    @property
    def decisions(self) -> Decisions: ...


class Store(Protocol):
    """`read` never takes the write lock; `unit` takes it at once, so that two writers queue instead of failing.

    A thread is in one transaction at a time. Both raise Unavailable and Busy.
    """

    def unit(self) -> AbstractContextManager[Unit]: ...
    def read(self) -> AbstractContextManager[Unit]: ...
    def ping(self) -> None:
        """Raises Unavailable."""
