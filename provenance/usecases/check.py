"""Check a picture: which registered works does it show, or contain, and what says so?"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from provenance.core.digests import file_digest, picture_digest
from provenance.core.policy import POLICY, Verdict, best, identical, judge
from provenance.core.ports import Blobs, Clock, Images, Match, Matcher, Store, Watermarker
from provenance.core.records import Check, ContentKey, Grant, Work, WorkStatus
from provenance.core.report import Calibrated
from provenance.core.types import Detection, Evidence, Grade, Picture, Region, WorkId, check_licensee
from provenance.licensing import is_licensed
from provenance.usecases.catch_up import catch_up
from provenance.usecases.explain import explanation, settled
from provenance.usecases.frames import LOOKED_AT, Seen, find_mark, matched, of_frames, reconsidered
from provenance.usecases.kept import KEPT, keep, with_kept

MAX_MATCHES: Final = 20


@dataclass(slots=True)
class Stopwatch:
    """Wall milliseconds a stage; what a person waits for, not a benchmark."""

    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = round((time.perf_counter() - start) * 1000, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What somebody asks. With a `licensee` (named as in the grant) the answer says whether a copy is licensed.
    `keep` keeps the picture with the check, for a report that shows it."""

    data: bytes
    owner: str
    licensee: str | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPicture:
    """Raises Rejected, Unavailable. The picture itself is kept where the query says so, and nowhere else.
    `calibrations` has those by which the matcher may judge, by name."""

    store: Store
    blobs: Blobs
    images: Images
    watermarker: Watermarker
    matcher: Matcher
    clock: Clock
    new_id: Callable[[], str]
    calibrations: Callable[[], Mapping[str, Calibrated]]

    def __call__(self, query: Query) -> Check:
        watch = Stopwatch()
        if query.licensee is not None:
            check_licensee(query.licensee)
        with watch.stage("decode"):
            picture = self.images.read(query.data)
        return self._stored(self.examine(picture, query, check_id=self.new_id(), watch=watch), query)

    def examine(self, picture: Picture, query: Query, *, check_id: str, watch: Stopwatch) -> Check:
        """What the register says about a picture that was read from the query's bytes. Nothing is stored: whoever asks
        writes the check in a transaction of their own."""
        exact = self._exact(picture)
        considered: Sequence[Match] = ()
        if exact:
            mark, region = None, None
            verdicts = [identical(str(exact.work_id), exact.kind)]
        else:
            with watch.stage("mark"):
                seen = find_mark(self.images, self.watermarker, picture)
                mark = seen.mark
                region = self.watermarker.locate(seen.frame.pixels, mark) if mark else None
            with watch.stage("match"):
                considered, verdicts = self._judge(picture, seen)
        with watch.stage("record"):
            works, grants = self._live(verdicts, query.licensee)
        why = settled(verdicts[0]) if exact else explanation(considered, self.calibrations())
        verdicts = [verdict for verdict in verdicts if verdict.work_id in works][:MAX_MATCHES]
        now = self.clock()
        report = {
            "id": check_id,
            "created_at": now.isoformat(),
            **self._question(query, picture, watch),
            "mark": _mark_json(mark, works, region),
            "grade": str(best(verdicts)),
            "matches": [
                _match_json(verdict, works[verdict.work_id], query.licensee, grants.get(verdict.work_id))
                for verdict in verdicts
            ],
            "explanation": why,
            KEPT: None,
        }
        return _scored(Check(check_id, query.owner, now, report), considered)

    def _stored(self, check: Check, query: Query) -> Check:
        kept = keep(self.blobs, check.id, query.data) if query.keep else None
        check = with_kept(check, kept)
        try:
            with self.store.unit() as unit:
                unit.checks.add(check)
        except BaseException:
            if kept is not None:  # nobody would ever delete it
                self.blobs.delete(kept)
            raise
        return check

    def _exact(self, picture: Picture) -> ContentKey | None:
        with self.store.read() as unit:
            by_file = unit.works.by_digest(file_digest(picture.source))
            return by_file or unit.works.by_digest(picture_digest(picture))

    def _judge(self, picture: Picture, seen: Seen) -> tuple[Sequence[Match], list[Verdict]]:
        """All works that were considered, and the verdicts that count."""
        catch_up(self.store, self.matcher)
        marked_id = str(WorkId(seen.mark.payload)) if seen.mark else None
        candidates = [marked_id] if marked_id else []
        considered = matched(self.images, picture, lambda pixels: self.matcher.explain(pixels, candidates=candidates))
        verdicts = judge(
            [match for match in considered if match.grade != "none" or match.id == marked_id], seen.mark, marked_id
        )
        verdicts = reconsidered(
            of_frames(picture, verdicts), seen, store=self.store, blobs=self.blobs, images=self.images
        )
        return considered, [verdict for verdict in verdicts if verdict.grade is not Grade.NONE or verdict.copied_mark]

    def _live(self, verdicts: Sequence[Verdict], licensee: str | None) -> tuple[dict[str, Work], dict[str, Grant]]:
        """Liveness is decided here, in the record: a withdrawn work answers nothing, whatever an index still holds."""
        ids = [WorkId.parse(verdict.work_id) for verdict in verdicts]
        grants: dict[str, Grant] = {}
        with self.store.read() as unit:
            found = unit.works.find(ids)
            live = {str(work.id): work for work in found.values() if work.status is WorkStatus.ACTIVE}
            if licensee:
                for work_id, work in live.items():
                    grant = is_licensed(unit.licences.grants(work.id, licensee), licensee, self.clock())
                    if grant:
                        grants[work_id] = grant
        return live, grants

    def _question(self, query: Query, picture: Picture, watch: Stopwatch) -> dict[str, Any]:
        return {
            "query": {
                "sha256": file_digest(query.data),
                "pixels_sha256": picture_digest(picture),
                "media_type": picture.media_type,
                "width": picture.width,
                "height": picture.height,
                "frames": picture.frames,
                "notes": [*_frames_note(picture), *picture.notes],
            },
            "licensee": query.licensee,
            "policy": POLICY,
            "models": list(self.matcher.models),
            "milliseconds": watch.stages,
        }


def _frames_note(picture: Picture) -> list[str]:
    if picture.frames == 1:
        return []
    return [f"at most {min(LOOKED_AT, picture.frames)} of its {picture.frames} frames were looked at"]


def _scored(check: Check, considered: Sequence[Match]) -> Check:
    """With the highest probability by looks, for the calibration report."""
    if not considered:
        return check
    closest = max(considered, key=lambda match: match.probability)
    return replace(check, calibration=closest.calibration, probability=round(closest.probability, 6))


def _mark_json(mark: Detection | None, live: Mapping[str, Work], region: Region | None) -> dict[str, Any] | None:
    """A work that is withdrawn, or was never here, is not named: it leaves every answer. `region` is the part of the
    picture that carries the mark."""
    if mark is None:
        return None
    work_id = str(WorkId(mark.payload))
    return {
        "work_id": work_id if work_id in live else None,
        "key_id": mark.key_id,
        "confidence": mark.confidence,
        "scale": round(mark.scale, 4) if mark.grid else None,
        "rotation": round(mark.rotation, 2),
        "mirrored": mark.mirrored if mark.grid else None,
        "region": region,
    }


def _match_json(verdict: Verdict, work: Work, licensee: str | None, grant: Grant | None) -> dict[str, Any]:
    return {
        "work_id": verdict.work_id,
        "title": work.title,
        "registered_at": work.created_at.isoformat(),
        "grade": str(verdict.grade),
        "probability": round(verdict.probability, 6),
        "copied_mark": verdict.copied_mark,
        "evidence": [_evidence_json(witness) for witness in verdict.evidence],
        "region_query": verdict.region_query,
        "region_reference": verdict.region_reference,
        "calibration": verdict.calibration,
        "terms": work.terms_slug,
        "licence": _licence_json(licensee, grant),
    }


def _evidence_json(witness: Evidence) -> dict[str, Any]:
    return {
        "kind": witness.kind,
        "score": round(witness.score, 6),
        "threshold": round(witness.threshold, 6),
        "lower_is_closer": witness.lower_is_closer,
        "speaks": witness.speaks,
        "region": witness.region,
    }


def _licence_json(licensee: str | None, grant: Grant | None) -> dict[str, Any]:
    if licensee is None:
        return {"status": "not-asked"}
    if grant is None:
        return {"status": "not-licensed"}
    return {"status": "licensed", "grant_id": grant.id, "terms": grant.terms_slug}
