"""Describe the works again when the models change, while searches go on with the old ones.

A set of models that the settings name is `coming` until it has seen every active work; then searches go to it. Works
are described from their stored marked files, a page at a time, each page in one transaction: whatever is killed, the
next run goes on behind the last page, and what was described before is not described twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provenance.core.errors import Busy, NotFound, ProvenanceError, Unavailable
from provenance.core.models import ModelSet, ModelSetState, Undescribed, models_key
from provenance.core.ports import Blobs, Clock, Images, Matcher, Store, Unit
from provenance.core.records import Work
from provenance.core.types import Picture, WorkId

PAGE: Final = 8  # works: as many as an embedder takes in one batch, and what a kill -9 costs at most
PRUNED: Final = 500  # fingerprints that one transaction deletes: about ten megabytes


@dataclass(frozen=True, slots=True)
class Progress:
    """Of `works` active ones `described` have a fingerprint by these models; `failed` can't have one, for a reason that
    was noted."""

    models: tuple[str, ...]
    state: ModelSetState
    works: int
    described: int
    failed: int

    @property
    def left(self) -> int:
        return self.works - self.described - self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reindex:
    """By the models of `describer`, whose embedders `sources` load. Raises Unavailable while the database or the blobs
    do not answer."""

    store: Store
    blobs: Blobs
    images: Images
    describer: Matcher
    sources: Sequence[Mapping[str, str]]
    clock: Clock

    @property
    def key(self) -> str:
        return models_key(self.describer.models)

    def begin(self) -> ModelSet:
        """Write down that these models are the ones to describe by. Where there is nothing to describe yet, searches go
        to them at once."""
        with self.store.read() as unit:
            known = unit.model_sets.get(self.key)
        if known and known.state is not ModelSetState.RETIRED and known.sources == tuple(self.sources):
            return known  # as at nearly every start: nothing is counted, nothing written
        with self.store.unit() as unit:
            model_set = self._begun(unit)
            unit.model_sets.put(model_set)
        return model_set

    def _begun(self, unit: Unit) -> ModelSet:
        models, sources = tuple(self.describer.models), tuple(self.sources)
        model_set = unit.model_sets.get(self.key) or ModelSet(
            self.key, models, sources, ModelSetState.COMING, created_at=self.clock()
        )
        if model_set.state is ModelSetState.RETIRED:  # back to earlier models: what they saw then is still there
            model_set = replace(model_set, state=ModelSetState.COMING, cursor=None)
        if unit.model_sets.serving() is None:
            works, described, _ = unit.model_sets.tally(self.key)
            state = ModelSetState.SERVING if works == described else ModelSetState.COMING
            model_set = replace(model_set, state=state)
        return replace(model_set, sources=sources)

    def step(self, limit: int = PAGE) -> int:
        """Go through up to `limit` works that lack a fingerprint; returns how many, 0 when there are none left."""
        with self.store.read() as unit:
            works, cursor = self._next(unit, limit)
        made, failed = self._describe(works)
        with self.store.unit() as unit:
            for work_id, fingerprint in made.items():
                unit.model_sets.describe(work_id, fingerprint, key=self.key)
            for undescribed in failed:
                unit.model_sets.note(undescribed)
            unit.model_sets.move(self.key, works[-1].id if works else cursor)
        return len(works)

    def finish(self, *, without_failed: bool = False) -> bool:
        """Let searches go to these models, if nothing is left; `without_failed` also if some works failed, which are
        then found by their files and marks alone."""
        with self.store.unit() as unit:
            return unit.model_sets.serve(self.key, without_noted=without_failed)

    def retry(self) -> int:
        """Forget why works failed, so that they are tried again; returns how many."""
        with self.store.unit() as unit:
            unit.model_sets.move(self.key, None)
            return unit.model_sets.forget_notes(self.key)

    def progress(self) -> Progress:
        """Raises NotFound before `begin`."""
        with self.store.read() as unit:
            model_set = unit.model_sets.get(self.key)
            if model_set is None:
                raise NotFound("no work was described by these models yet", hint="run `provenance reindex`")
            return progress(unit, model_set)

    def failures(self, limit: int) -> list[Undescribed]:
        with self.store.read() as unit:
            return unit.model_sets.notes(self.key, limit)

    def _next(self, unit: Unit, limit: int) -> tuple[list[Work], WorkId | None]:
        """The works behind the cursor; at the end once more from the beginning, for what was registered meanwhile."""
        model_set = unit.model_sets.get(self.key)
        cursor = model_set.cursor if model_set else None
        works = unit.model_sets.lacking(self.key, after=cursor, limit=limit)
        if not works and cursor is not None:
            works, cursor = unit.model_sets.lacking(self.key, after=None, limit=limit), None
        return works, cursor

    def _describe(self, works: Sequence[Work]) -> tuple[dict[WorkId, bytes], list[Undescribed]]:
        pictures: dict[WorkId, Picture] = {}
        failed: list[Undescribed] = []
        for work in works:
            try:
                pictures[work.id] = self.images.read(self.blobs.get(work.marked_blob))
            except (Unavailable, Busy):
                raise
            except ProvenanceError as error:
                failed.append(self._failure(work.id, error.reason))
        try:
            made = self.describer.describe([picture.pixels for picture in pictures.values()]) if pictures else []
            return dict(zip(pictures, made, strict=True)), failed
        except ValueError:  # one of them: find out which
            return self._one_by_one(pictures, failed)

    def _one_by_one(
        self, pictures: Mapping[WorkId, Picture], failed: list[Undescribed]
    ) -> tuple[dict[WorkId, bytes], list[Undescribed]]:
        made: dict[WorkId, bytes] = {}
        for work_id, picture in pictures.items():
            try:
                made[work_id] = self.describer.describe([picture.pixels])[0]
            except ValueError as error:
                failed.append(self._failure(work_id, str(error)))
        return made, failed

    def _failure(self, work_id: WorkId, error: str) -> Undescribed:
        return Undescribed(self.key, work_id, error, self.clock())


def progress(unit: Unit, model_set: ModelSet) -> Progress:
    """How far a set of models is."""
    return Progress(model_set.models, model_set.state, *unit.model_sets.tally(model_set.key))


def prune(store: Store, *, keep: str) -> int:
    """Delete the fingerprints by all models but the serving ones and those with the key `keep`; returns how many."""
    with store.read() as unit:
        sets = unit.model_sets.all()
    keys = [one.key for one in sets if one.state is not ModelSetState.SERVING and one.key != keep]
    deleted = 0
    while keys:
        with store.unit() as unit:
            part = unit.model_sets.prune(keys, PRUNED)
        deleted += part
        if part < PRUNED:
            break
    return deleted
