"""Verify a certificate at the service: the offline steps, and what the register says of it and of the work today."""

from dataclasses import dataclass
from typing import Any

from provenance.core.digests import picture_digest
from provenance.core.errors import Rejected, VerificationError
from provenance.core.ports import Clock, Images, Keyring, Store
from provenance.core.records import StatusPurpose
from provenance.core.types import WorkId
from provenance.credentials import Content, Step, Supplied, verify
from provenance.usecases.revoke import against


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """A refusal is an answer here, not an error: whoever asks wants to know which step failed, and why."""

    store: Store
    images: Images
    keyring: Keyring
    clock: Clock

    def __call__(self, document: bytes, *, content: bytes | None = None) -> dict[str, Any]:
        try:
            verified = verify(
                document,
                keyring=self.keyring,
                now=self.clock(),
                content=None if content is None else self._content(content),
                supplied=Supplied(register=self._against),
            )
        except VerificationError as error:
            problem = {"code": error.code, "step": error.step, "reason": error.reason, "hint": error.hint}
            return {"result": "refused", "steps": [step_json(step) for step in error.trail], "error": problem}
        return {
            "result": "verified",
            "steps": [step_json(step) for step in verified.steps],
            "register_status": self._status(verified.work_id),
            "credential_status": self._standing(verified.certificate["id"]),
        }

    def _content(self, data: bytes) -> Content:
        """With the pixels where the file decodes; a file that does not decode can still be compared byte by byte."""
        try:
            return Content(data, picture_digest(self.images.read(data)))
        except Rejected:
            return Content(data)

    def _against(self, credential_id: str) -> StatusPurpose | None:
        with self.store.read() as unit:
            return against(unit.statuses.by_credential(credential_id))

    def _standing(self, credential_id: str) -> str:
        """Of one that nothing stands against: `valid` in its place in the status lists, `unlisted` without one."""
        with self.store.read() as unit:
            return "valid" if unit.statuses.by_credential(credential_id) else "unlisted"

    def _status(self, work_id: WorkId) -> str:
        with self.store.read() as unit:
            work = unit.works.find([work_id]).get(work_id)
        return work.status.value if work else "unknown"


def step_json(step: Step) -> dict[str, Any]:
    """One step as the API and `--json` show it."""
    return {"number": step.number, "code": step.code, "outcome": str(step.outcome), "text": step.text()}
