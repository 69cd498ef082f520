"""Repositories of batches, watched uploads and decisions; each works inside one transaction, as those of `store`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from provenance.core.bulk import Batch, BatchItem, Decision, ItemState, UploadPrint, Watch, WatchHit
from provenance.core.types import WorkId


class Batches(Protocol):
    def add(self, batch: Batch, items: Sequence[BatchItem], *, most_open: int) -> None:
        """Raises Conflict when the id is taken, Busy where the owner has `most_open` unfinished ones already."""

    def get(self, batch_id: str) -> Batch:
        """Raises NotFound."""

    def page(self, *, after: str | None, limit: int, owner: str | None = None) -> tuple[list[Batch], str | None]:
        """Newest first, and the next opaque cursor. Raises InvalidRequest on a cursor that is not ours."""

    def item(self, batch_id: str, position: int) -> BatchItem:
        """Raises NotFound."""

    def items(self, batch_id: str, *, after: int = -1, limit: int, state: ItemState | None = None) -> list[BatchItem]:
        """Those behind the position `after`, in order."""

    def tally(self, batch_id: str) -> dict[tuple[ItemState, str | None], int]:
        """How many items there are, by state and grade."""

    def hold(self, batch_id: str) -> Batch:
        """The batch, held until the transaction ends: its items are settled one by one. Raises NotFound."""

    def settle(self, item: BatchItem, at: datetime) -> bool:
        """Write what came of an item that waits; with the last one the batch is finished. False, and nothing is
        written, where it does not wait any more. Raises NotFound."""

    def cancel(self, batch_id: str, at: datetime) -> Batch:
        """What waits will not be checked. One that is finished stays as it is. Raises NotFound."""

    def delete(self, batch_id: str) -> None:
        """For good, with its items and their fingerprints. Raises NotFound."""


class UploadPrints(Protocol):
    """Fingerprints of uploads, by group."""

    def add(self, print_: UploadPrint) -> None:
        """Takes the place of the member's earlier one."""

    def members(self, group: str, models: str) -> set[str]:
        """Whose fingerprints these models made."""

    def others(self, group: str, models: str) -> list[str]:
        """Whose fingerprints other models made."""

    def find(self, group: str, members: Iterable[str]) -> list[UploadPrint]: ...
    def drop(self, group: str, member: str | None = None) -> None:
        """None: the whole group."""


class Watches(Protocol):
    def add(self, watch: Watch, *, most: int) -> None:
        """Raises Conflict when the id is taken, InvalidRequest where the owner watches `most` uploads already."""

    def get(self, watch_id: str) -> Watch:
        """Raises NotFound."""

    def page(self, *, after: str | None, limit: int, owner: str | None = None) -> tuple[list[Watch], str | None]:
        """Newest first, and the next opaque cursor. Raises InvalidRequest on a cursor that is not ours."""

    def checked(self, watch_id: str, at: datetime) -> None:
        """It was compared with the whole register. Raises NotFound."""

    def delete(self, watch_id: str) -> None:
        """For good, with its hits and its fingerprint. Raises NotFound."""

    def add_hit(self, hit: WatchHit) -> bool:
        """False, and nothing is written, where the pair has its hit. The store gives the id. Raises NotFound."""

    def hit_works(self, watch_id: str) -> set[WorkId]:
        """The works that the upload has hits with, the withdrawn ones too."""

    def hits(
        self, *, owner: str | None = None, watch_id: str | None = None, after: int = 0, limit: int
    ) -> list[WatchHit]:
        """Those behind the id `after`, in order; of active works only."""

    def checks_of(self, watch_id: str) -> list[str]:
        """Ids of the checks that its hits name."""


class Decisions(Protocol):
    def add(self, decision: Decision) -> Decision:
        """With the id that the store gives. Raises NotFound where the check or the work is not here."""

    def of_check(self, check_id: str) -> list[Decision]:
        """All of them, oldest first."""

    def standing(self, owner: str | None = None, *, after: int = 0, limit: int) -> list[Decision]:
        """The last one on each check and work, in the order of their ids, behind the id `after`."""

    def scored(self, owner: str | None = None) -> Mapping[str, int]:
        """How many checks there are by calibration."""

    def reaching(self, calibration: str, threshold: float, owner: str | None = None) -> int:
        """Checks under the calibration in which some work got that probability or more, by looks."""
