"""Take a certificate or a licence back: for good, or until it is reinstated. Every change is an entry of the log."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from provenance.core.errors import Conflict, InvalidRequest, NotFound
from provenance.core.ports import Clock, Store, Unit
from provenance.core.records import CredentialStatus, StatusPurpose
from provenance.core.types import WorkId
from provenance.credentials import certificate_hash
from provenance.credentials.tlog.entries import EntryKind, log_entry

REASONS: Final = (
    "owner-request",
    "issued-in-error",
    "rights-dispute",
    "terms-breached",
    "key-compromised",
    "superseded",
    "court-order",
)
"""A closed list, because the reason is public: no name and no story gets into it."""

Standing = Literal["valid", "suspended", "revoked"]

Target = WorkId | str
"""A work, whose certificate is meant, or the id of a grant."""


@dataclass(frozen=True, slots=True)
class _Credential:
    """What is taken back, and whose it is."""

    id: str
    hash: str
    owner: str
    work_id: WorkId
    grant_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """Each change twice is the same as once. Raises NotFound, also for what is somebody else's.

    `owner` None is an administrator. A certificate that names no place in the status lists (version 1.0, or an issuer
    without a public address) is taken back all the same: the register and the log say so, and no list does.
    """

    store: Store
    clock: Clock

    def revoke(self, target: Target, reason: str, *, owner: str | None) -> CredentialStatus:
        """For good: the first reason and time stand. Raises InvalidRequest on an unknown reason."""
        _check_reason(reason)
        now = self.clock()
        with self.store.unit() as unit:
            credential, status = self._held(unit, target, owner, now)
            if status.revoked_at is not None:
                return status
            changed = replace(status, revoked_at=now, reason=reason)
            _write(unit, credential, changed, EntryKind.CERTIFICATE_REVOKED, now)
        return changed

    def suspend(self, target: Target, reason: str, *, owner: str | None) -> CredentialStatus:
        """Until `reinstate`. Raises InvalidRequest on an unknown reason, Conflict when it was revoked."""
        _check_reason(reason)
        now = self.clock()
        with self.store.unit() as unit:
            credential, status = self._held(unit, target, owner, now)
            _refuse_revoked(status)
            if status.suspended_at is not None:
                return status
            changed = replace(status, suspended_at=now, reason=reason)
            _write(unit, credential, changed, EntryKind.CERTIFICATE_SUSPENDED, now)
        return changed

    def reinstate(self, target: Target, *, owner: str | None) -> CredentialStatus:
        """Lift a suspension. Raises Conflict when it was revoked: that is final."""
        now = self.clock()
        with self.store.unit() as unit:
            credential, status = self._held(unit, target, owner, now)
            _refuse_revoked(status)
            if status.suspended_at is None:
                return status
            changed = replace(status, suspended_at=None, reason=None)
            _write(unit, credential, changed, EntryKind.CERTIFICATE_REINSTATED, now)
        return changed

    def standing(self, target: Target) -> CredentialStatus | None:
        """What is on record for it; None where nothing is. Raises NotFound for a work or grant that is not here."""
        with self.store.read() as unit:
            return unit.statuses.by_credential(_credential(unit, target).id)

    def _held(
        self, unit: Unit, target: Target, owner: str | None, now: datetime
    ) -> tuple[_Credential, CredentialStatus]:
        """The credential and its place; one that has none gets a place that no certificate names."""
        credential = _credential(unit, target)
        if owner is not None and credential.owner != owner:
            raise NotFound(f"there is no certificate of {target} of yours")
        status = unit.statuses.by_credential(credential.id)
        if status is None:
            index = unit.statuses.reserve(
                credential.id, at=now, work_id=credential.work_id, grant_id=credential.grant_id
            )
            status = CredentialStatus(index, credential.id, now, credential.work_id, credential.grant_id)
        return credential, status


def against(status: CredentialStatus | None) -> StatusPurpose | None:
    """What stands against a credential today; a revocation counts over a suspension."""
    if status is None:
        return None
    if status.revoked_at is not None:
        return StatusPurpose.REVOCATION
    return None if status.suspended_at is None else StatusPurpose.SUSPENSION


def standing_word(status: CredentialStatus | None) -> Standing:
    match against(status):
        case StatusPurpose.REVOCATION:
            return "revoked"
        case StatusPurpose.SUSPENSION:
            return "suspended"
        case None:
            return "valid"


def _credential(unit: Unit, target: Target) -> _Credential:
    if isinstance(target, WorkId):
        work = unit.works.get(target)
        return _Credential(_id(work.certificate), work.certificate_hash, work.owner, work.id, None)
    grant = unit.licences.grant(target)
    owner = unit.works.get(grant.work_id).owner
    return _Credential(_id(grant.certificate), certificate_hash(grant.certificate), owner, grant.work_id, grant.id)


def _id(certificate: Any) -> str:
    return str(certificate["id"])


def _write(unit: Unit, credential: _Credential, status: CredentialStatus, kind: EntryKind, now: datetime) -> None:
    """The place in the lists, the licence that a check answers, and the log: one transaction."""
    unit.statuses.update(status)
    if credential.grant_id is not None:
        unit.licences.stop(credential.grant_id, status.revoked_at or status.suspended_at)
    entry = log_entry(kind, at=now, certificate=credential.hash)
    unit.log.append(kind, entry, at=now, work_id=credential.work_id)


def _refuse_revoked(status: CredentialStatus) -> None:
    if status.revoked_at is not None:
        raise Conflict(
            "the certificate was revoked, which is final", existing=status.credential_id, hint="issue another one"
        )


def _check_reason(reason: str) -> None:
    if reason not in REASONS:
        raise InvalidRequest(f"{reason[:40]!r} is no reason", hint=f"reasons are {', '.join(REASONS)}")
