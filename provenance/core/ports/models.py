"""The record of the models that described the works; part of the Store port."""

from collections.abc import Sequence
from typing import Protocol

from provenance.core.models import ModelSet, Undescribed
from provenance.core.records import Work
from provenance.core.types import WorkId


class ModelSets(Protocol):
    """At most one set is serving."""

    def put(self, model_set: ModelSet) -> None:
        """Add it, or replace the one with its key."""

    def get(self, key: str) -> ModelSet | None: ...
    def serving(self) -> ModelSet | None: ...
    def all(self) -> list[ModelSet]:
        """Oldest first."""

    def lacking(self, key: str, *, after: WorkId | None, limit: int) -> list[Work]:
        """Active works without a fingerprint by this set and without a note that there can be none, by id."""

    def tally(self, key: str) -> tuple[int, int, int]:
        """How many works are active; how many of these have a fingerprint by this set; how many a note instead."""

    def move(self, key: str, cursor: WorkId | None) -> None:
        """Set the cursor and nothing else. Raises NotFound."""

    def describe(self, work_id: WorkId, fingerprint: bytes, *, key: str) -> bool:
        """Append a fingerprint by this set, and forget its note. False, and nothing is written, where the work is not
        active or has one by now."""

    def note(self, undescribed: Undescribed) -> None:
        """Why a work has no fingerprint by a set. The last reason stands."""

    def notes(self, key: str, limit: int) -> list[Undescribed]:
        """Of works that are active, by id."""

    def forget_notes(self, key: str) -> int: ...
    def serve(self, key: str, *, without_noted: bool) -> bool:
        """Let searches go to this set from now on, and the one before retire. False, and nothing is changed, where
        active works lack a fingerprint by it; with `without_noted`, other ones than those that have a note."""

    def prune(self, keys: Sequence[str], limit: int) -> int:
        """Delete up to `limit` fingerprints by these sets and return how many; after the last one, the sets too. Raises
        Conflict for the serving one."""
