"""Pictures that are kept with a check because its owner said so, and the end of both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from provenance.core.errors import NotFound
from provenance.core.ports import Blobs, Store, Unit
from provenance.core.records import Check

KEPT: Final = "kept"
"""The report's key for the digest of the kept blob; None where the picture was not kept."""

FORGET: Final = "blob.forget"
"""A job: delete this blob, whatever happened to the process that meant to."""

_HEAD: Final = b"picture of %s\n"


def keep(blobs: Blobs, owner_id: str, data: bytes) -> str:
    """`owner_id` is of what the picture is kept with: a check, or a watch. The blob has it in it, so that nothing else,
    and no work, ever has the same one: blobs are named by their content, and deleting this one must not take a
    registered file away. Raises Unavailable."""
    return blobs.put(_HEAD % owner_id.encode() + data)


def kept(blobs: Blobs, owner_id: str, digest: str) -> bytes:
    """The file that `keep` stored under this id. Raises NotFound, Unavailable."""
    return blobs.get(digest).removeprefix(_HEAD % owner_id.encode())


def with_kept(check: Check, digest: str | None) -> Check:
    """The check, saying which blob has its picture."""
    return replace(check, report={**check.report, KEPT: digest})


def forget_later(unit: Unit, digest: str | None, at: datetime) -> None:
    """In the transaction that ends a picture's use: the blob goes after the commit, and also after a crash."""
    if digest is not None:
        unit.outbox.add(FORGET, {"blob": digest}, available_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """A handler of the outbox."""

    blobs: Blobs

    def __call__(self, body: Mapping[str, Any]) -> None:
        self.blobs.delete(body["blob"])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChecks:
    """`owner` None is an administrator. Raises NotFound, also for what is somebody else's."""

    store: Store
    blobs: Blobs

    def get(self, check_id: str, *, owner: str | None) -> Check:
        with self.store.read() as unit:
            return owned(unit, check_id, owner)

    def picture(self, check: Check) -> bytes | None:
        """The file that was checked; None where it was not kept, or is being deleted."""
        digest = check.report.get(KEPT)
        if digest is None:
            return None
        try:
            return kept(self.blobs, check.id, digest)
        except NotFound:
            return None

    def delete(self, check_id: str, *, owner: str | None) -> None:
        """The picture first: a check that is still there can be deleted again, a blob without its check never."""
        check = self.get(check_id, owner=owner)
        digest = check.report.get(KEPT)
        if digest is not None:
            self.blobs.delete(digest)
        with self.store.unit() as unit:
            unit.checks.delete(check_id)


def owned(unit: Unit, check_id: str, owner: str | None) -> Check:
    """The check, where it is the owner's; None is an administrator. Raises NotFound."""
    check = unit.checks.get(check_id)
    if owner not in (None, check.owner):
        raise NotFound(f"there is no check {check_id} of yours")
    return check
