"""Pictures that are kept with a check because its owner said so, and the end of both."""

from dataclasses import dataclass
from typing import Final

from provenance.core.errors import NotFound
from provenance.core.ports import Blobs, Store, Unit
from provenance.core.records import Check

KEPT: Final = "kept"
"""The report's key for the digest of the kept blob; None where the picture was not kept."""

_HEAD: Final = b"picture of %s\n"


def keep(blobs: Blobs, check_id: str, data: bytes) -> str:
    """The blob has the check's id in it, so that no other check, and no work, ever has the same one: blobs are named by
    their content, and deleting this one must not take a registered file away. Raises Unavailable."""
    return blobs.put(_HEAD % check_id.encode() + data)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChecks:
    """`owner` None is an administrator. Raises NotFound, also for what is somebody else's."""

    store: Store
    blobs: Blobs

    def get(self, check_id: str, *, owner: str | None) -> Check:
        with self.store.read() as unit:
            return _owned(unit, check_id, owner)

    def picture(self, check: Check) -> bytes | None:
        """The file that was checked; None where it was not kept, or is being deleted."""
        digest = check.report.get(KEPT)
        if digest is None:
            return None
        try:
            data = self.blobs.get(digest)
        except NotFound:
            return None
        return data.removeprefix(_HEAD % check.id.encode())

    def delete(self, check_id: str, *, owner: str | None) -> None:
        """The picture first: a check that is still there can be deleted again, a blob without its check never."""
        check = self.get(check_id, owner=owner)
        digest = check.report.get(KEPT)
        if digest is not None:
            self.blobs.delete(digest)
        with self.store.unit() as unit:
            unit.checks.delete(check_id)


def _owned(unit: Unit, check_id: str, owner: str | None) -> Check:
    check = unit.checks.get(check_id)
    if owner not in (None, check.owner):
        raise NotFound(f"there is no check {check_id} of yours")
    return check
