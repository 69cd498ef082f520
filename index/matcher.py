"""What `index/` offers as a whole: is this picture, or part of it, one of the registered ones?

A check hears cheap witnesses first and stops when it is certain: equal pixels, then near hashes that geometry and the
dense check confirm, then a shortlist by local votes and by the global descriptor, of which each is verified.
"""

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import numpy as np

from index.align import align
from index.calibration import Calibration
from index.calibration import bundled as bundled_calibration
from index.catalogue import Candidate, Catalogue, Packed
from index.compare import compare
from index.describe import Describer, Query
from index.embedders.lite0 import Lite0Embedder
from index.fingerprint import DamagedFingerprint, Fingerprint, ForeignFingerprint, unpack
from index.grading import CONTENT, GRADES, judge, with_votes
from index.local.codebook import bundled as bundled_codebook
from index.ports import Aligned, Embedder, Match, Operation, Pixels, Recorded
from index.vectors.generations import Generation, Generations
from index.vectors.openmp import openmp_threads

_BATCH: Final = 256  # operations that are applied under one lock
_HYPOTHESIS: Final = 80  # PDQ bits up to which a reference joins the shortlist
_NEAR: Final = 31  # and up to which it is looked at first
_CERTAIN: Final = frozenset({"identical", "copy"})
_T = TypeVar("_T")


class Matcher:
    """Fingerprints in memory, with a folder where they rest as sealed generations, or without.

    `Matcher()` lives in memory; `Matcher.open(folder)` starts from the newest sound generation there. Thread-safe:
    any number of `match` calls go on while one thread changes the catalogue.
    """

    def __init__(
        self,
        *,
        embedder: Embedder | None = None,
        extras: Sequence[Embedder] = (),
        calibration: Calibration | None = None,
    ) -> None:
        """`embedder` is the primary one, which the calibration listens to; by default the bundled one. `extras` widen
        the shortlist and are evidence of their own, up to `similar`. Raises ValueError when one comes twice."""
        self._describer = Describer(embedder or Lite0Embedder(), bundled_codebook(), tuple(extras))
        fitted = calibration or bundled_calibration()
        self._calibration = fitted.for_embedder(self._describer.embedder)
        self._catalogue = self._empty()
        self._checkpoint = 0
        self._sealed = 0
        self._generations: Generations | None = None
        self._changing = threading.RLock()

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        *,
        read_only: bool = False,
        embedder: Embedder | None = None,
        extras: Sequence[Embedder] = (),
    ) -> Self:
        """Start from the newest sound generation in `folder`; from nothing, at checkpoint 0, where there is none.

        Raises FolderInUse when another owner has it, NotSealed when it can't be written (`read_only=True` needs
        neither).
        """
        generations = Generations(Path(folder), read_only=read_only)
        try:
            matcher = cls(embedder=embedder, extras=extras)
            generation = generations.load(models=matcher.models)
            matcher._generations = generations
            if generation is not None:
                matcher._restore(generation)
        except BaseException:
            if not read_only:
                generations.close()
            raise
        return matcher

    def fresh(self) -> Self:
        """An empty one in memory with the same models, which are loaded once, and the same calibration."""
        made = type(self)(embedder=self._describer.embedder, extras=self._describer.extras)
        made._calibration = self._calibration
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Registered pictures."""
        return len(self._catalogue)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._catalogue

    @property
    def models(self) -> tuple[str, ...]:
        """Names of what made the fingerprints; they change whenever a fingerprint would."""
        return self._describer.models

    @property
    def calibration(self) -> Calibration:
        return self._calibration

    def describe(self, pictures: Sequence[Pixels]) -> list[bytes]:
        """One packed fingerprint (see `index.fingerprint`) for each uint8[H, W, 3] sRGB picture.

        Raises ValueError on any other array.
        """
        with openmp_threads():
            return [fingerprint.pack() for fingerprint in self._describer.fingerprints(pictures)]

    def add(self, ids: Sequence[str], pictures: Sequence[Pixels]) -> None:
        """Register pictures; an id that is there already is replaced. For use without a database of operations.

        Raises ValueError when there are not as many ids as pictures, or a picture is none.
        """
        if len(ids) != len(pictures):
            raise ValueError(f"{len(ids)} ids for {len(pictures)} pictures")
        prints = self.describe(pictures)
        with self._changing:
            start = self._checkpoint + 1
            self.apply(Operation(start + i, id_, data) for i, (id_, data) in enumerate(zip(ids, prints, strict=True)))

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these ids at once; one that is not there is no error."""
        with self._changing:
            start = self._checkpoint + 1
            self.apply(Operation(start + i, id_, None) for i, id_ in enumerate(ids))

    def apply(self, operations: Iterable[Recorded]) -> None:
        """Follow the record, in order of `sequence`; what is at or below `checkpoint()` is skipped.

        Raises ForeignFingerprint or DamagedFingerprint at the first entry that can't be used, and ValueError when
        `sequence` does not grow; everything before that entry is applied, and `checkpoint()` says so.
        """
        with self._changing:
            for batch in _batches(operations, _BATCH):
                self._apply_batch(batch)

    def _apply_batch(self, batch: Sequence[Recorded]) -> None:
        checkpoint = self._checkpoint
        last: dict[str, tuple[Fingerprint, bytes] | None] = {}
        previous = 0
        try:
            for operation in batch:
                if operation.sequence <= previous:
                    raise ValueError(f"operation {operation.sequence} came after {previous}")
                previous = operation.sequence
                if operation.sequence > self._checkpoint:
                    last[operation.id] = self._read(operation)
                    checkpoint = operation.sequence
        finally:  # what stood before a broken entry counts
            removed = [id_ for id_, entry in last.items() if entry is None]
            self._catalogue.change(removed, [(id_, *entry) for id_, entry in last.items() if entry is not None])
            self._checkpoint = checkpoint

    def _read(self, operation: Recorded) -> tuple[Fingerprint, bytes] | None:
        if operation.fingerprint is None:
            return None
        try:
            fingerprint = unpack(operation.fingerprint)
        except (DamagedFingerprint, ForeignFingerprint) as error:
            raise type(error)(f"operation {operation.sequence} ({operation.id}): {error}") from error
        if fingerprint.models != self.models:
            names = ", ".join(fingerprint.models)
            raise ForeignFingerprint(
                f"operation {operation.sequence} ({operation.id}) was made by {names}, not by {', '.join(self.models)}"
            )
        self._check_vectors(operation, fingerprint)
        return fingerprint, operation.fingerprint

    def _check_vectors(self, operation: Recorded, fingerprint: Fingerprint) -> None:
        expected = {embedder.model: (embedder.dim,) for embedder in self._describer.embedders}
        if {model: vector.shape for model, vector in fingerprint.vectors.items()} != expected:
            raise DamagedFingerprint(
                f"operation {operation.sequence} ({operation.id}) has other descriptors than its models make"
            )

    def clear(self) -> None:
        """Forget everything and go back to checkpoint 0, for rebuilding from the record. Sealed generations stay until
        the next `seal`. Raises PermissionError when the folder was opened read-only."""
        with self._changing:
            if self._generations is not None and self._generations.read_only:
                raise PermissionError("the index folder has another owner, who alone may rebuild it")
            self._catalogue = self._empty()
            self._checkpoint, self._sealed = 0, -1

    def _empty(self) -> Catalogue:
        dims = {embedder.model: embedder.dim for embedder in self._describer.embedders}
        return Catalogue(dims, self._describer.codebook)

    def checkpoint(self) -> int:
        """The `sequence` of the last operation that answers take into account; 0 before the first."""
        return self._checkpoint

    def match(self, picture: Pixels, *, candidates: Sequence[str] = ()) -> list[Match]:
        """Registered pictures that this one resembles, best first; those in `candidates` are answered whatever they
        are.

        Once one is found to be the same picture, pixel by pixel or beyond doubt, no further ones are looked for.
        Raises ValueError when `picture` is not uint8[H, W, 3].
        """
        asked = set(candidates)
        considered = self.explain(picture, candidates=candidates)
        return [match for match in considered if match.grade != "none" or match.id in asked]

    def explain(self, picture: Pixels, *, candidates: Sequence[str] = ()) -> list[Match]:
        """Every registered picture that `match` considers, best first, with all the evidence; those graded none too."""
        query = self._describer.query(picture)
        with openmp_threads():
            found = self._consider(query, candidates)
        return sorted(found.values(), key=lambda match: (GRADES.index(match.grade), -match.probability, match.id))

    def _consider(self, query: Query, candidates: Sequence[str]) -> dict[str, Match]:
        found: dict[str, Match] = {}
        for candidate in chain(self._catalogue.named(candidates), self._promising(query, found)):
            match = found.get(candidate.id) or self._judge(query, candidate)
            if candidate.votes is not None:  # the caller, or a hash, named it before the local index did
                match = with_votes(match, candidate.votes, self._calibration)
            ways = dict.fromkeys((*match.proposed_by, *candidate.proposed_by))
            found[candidate.id] = replace(match, proposed_by=tuple(ways))
        return found

    def _promising(self, query: Query, found: dict[str, Match]) -> Iterator[Candidate]:
        """References worth a look, stage by stage; a stage is not begun when one before it made certain (`found`)."""
        stages: tuple[Callable[[], list[Candidate]], ...] = (
            lambda: self._catalogue.with_pixels(query.pixels_sha256),
            lambda: self._catalogue.near_hash(query, _NEAR),
        )
        for stage in stages:
            proposed = stage()
            yield from proposed
            certain = [candidate.id for candidate in proposed if found[candidate.id].grade in _CERTAIN]
            if certain:
                found.update({id_: replace(found[id_], decisive=True) for id_ in certain})
                return
        yield from self._catalogue.shortlist(query)
        yield from self._catalogue.near_hash(query, _HYPOTHESIS)

    def _judge(self, query: Query, candidate: Candidate) -> Match:
        pair = compare(query, candidate.fingerprint, self._describer.codebook)
        return judge(candidate.id, pair, self._calibration, candidate.votes)

    def align(self, picture: Pixels, id_: str) -> Aligned | None:
        """How the registered picture `id_` lies in this one, for people to look at; None where nothing shows that they
        share a part, or the id is not here. Raises ValueError when `picture` is not uint8[H, W, 3]."""
        query = self._describer.query(picture)
        with openmp_threads():
            found = [
                align(query, named.fingerprint, self._describer.codebook) for named in self._catalogue.named([id_])
            ]
        return found[0] if found else None

    def seal(self) -> None:
        """Write everything as a new generation, where there is a folder of our own. Raises NotSealed when the disk
        refuses."""
        generations = self._generations
        if generations is None or generations.read_only:
            return
        with self._changing:
            works, checkpoint = self._catalogue.packed(), self._checkpoint
            generations.write(_arrays(works), checkpoint=checkpoint, models=self.models)
            self._sealed = checkpoint
            self._rest_on_disk(generations, works)

    def rest_in(self, folder: str | os.PathLike[str]) -> None:
        """Own `folder` from now on, where this lived in memory, and write everything there. Raises FolderInUse; and
        NotSealed when the disk refuses."""
        with self._changing:
            self._generations = Generations(Path(folder))
            self.seal()

    def _rest_on_disk(self, generations: Generations, works: Sequence[tuple[str, Packed]]) -> None:
        """Let the sealed file's memory map take the place of the bytes in memory."""
        generation = generations.load(models=self.models)
        if generation is not None and generation.checkpoint == self._sealed:
            mapped = dict(_works(generation))
            self._catalogue.rebind({id_: (data, mapped[id_]) for id_, data in works if id_ in mapped})

    def _restore(self, generation: Generation) -> None:
        for batch in _batches(_works(generation), _BATCH * 16):
            self._catalogue.change([], [(id_, unpack(data), data) for id_, data in batch])
        self._checkpoint = self._sealed = generation.checkpoint

    def close(self) -> None:
        """Seal what is not sealed yet and give the folder back. Closing twice is the same as once."""
        generations = self._generations
        if generations is None or generations.read_only:  # readers own nothing
            return
        try:
            if self._checkpoint != self._sealed:
                self.seal()
        finally:
            self._generations = None
            generations.close()


def is_content(match: Match) -> bool:
    """True where content of the registered picture was found: identical, copy, edited or partial."""
    return match.grade in CONTENT


def _arrays(works: Sequence[tuple[str, Packed]]) -> dict[str, Any]:
    """ids: one JSON list; data: all fingerprints end to end; ends: where each stops."""
    ends = np.cumsum([len(data) for _, data in works], dtype=np.int64)
    data = np.frombuffer(b"".join(data for _, data in works), np.uint8)
    return {"ids": json.dumps([id_ for id_, _ in works]).encode(), "data": data, "ends": ends}


def _works(generation: Generation) -> Iterator[tuple[str, memoryview]]:
    ids: list[str] = json.loads(generation.blobs["ids"])
    data, stops = generation.arrays["data"].data, generation.arrays["ends"].tolist()
    for id_, start, stop in zip(ids, chain([0], stops), stops, strict=False):
        yield id_, data[start:stop]


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
