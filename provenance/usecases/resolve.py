"""Find C2PA manifests again by soft bindings: by a binding's value, by a picture, by a picture's address.

C2PA 2.4, Soft Binding Resolution API. Three rules stand above its routes. A withdrawn work and a deleted manifest are
never answered. Our own watermark leads to the work that it names, whatever anybody else bound to its value. And a
watermark or a hint counts for a picture only where the picture itself agrees: a mark can be copied onto another picture
(section 1.2.2.3, watermark and fingerprint).
"""

import base64
import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from provenance.core.digests import file_digest, picture_digest
from provenance.core.errors import InvalidRequest, Rejected, SourceFailed, SourceRefused, TooLarge, Unavailable
from provenance.core.policy import Verdict, judge
from provenance.core.ports import Fetcher, Images, Matcher, Store, Unit, Watermarker
from provenance.core.records import ManifestRecord, WorkStatus
from provenance.core.types import Detection, Grade, Picture, WorkId
from provenance.credentials.c2pa import iscc
from provenance.usecases.bindings import ANY_ALG, check_alg, marked_work, read_value, work_marked, written_value
from provenance.usecases.catch_up import catch_up
from provenance.usecases.frames import find_mark, matched

MAX_RESULTS: Final = 100
PAGE: Final = 5000  # values of a fingerprint read at once
_UNRELATED_BITS: Final = 128  # what two random codes of 256 bits have on average
_CERTAIN: Final = 100

Hint = tuple[str, bytes]
"""An algorithm and a value."""


@dataclass(frozen=True, slots=True)
class Found:
    """A manifest. `score` is 0 to 100, 100 for certain; None where nothing says how strong the match is."""

    manifest_id: str
    score: int | None


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a picture, in pixels, or in percent of its width and height."""

    x: float
    y: float
    width: float
    height: float
    percent: bool = False

    def of(self, picture: Picture) -> Picture:
        """That part. Raises InvalidRequest where the picture has none."""
        across, down = (picture.width / 100, picture.height / 100) if self.percent else (1.0, 1.0)
        left, top = round(max(self.x, 0.0) * across), round(max(self.y, 0.0) * down)
        right, bottom = round((self.x + self.width) * across), round((self.y + self.height) * down)
        pixels = picture.pixels[top : max(bottom, 0), left : max(right, 0)]
        if pixels.size == 0:
            raise InvalidRequest("the region lies outside the picture")
        return replace(picture, pixels=pixels.copy(), alpha=None, frames=1, frames_sha256=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How to look at a picture: with one algorithm or all, in a part of it, with a binding that the caller read."""

    alg: str | None = None
    hint_alg: str | None = None
    hint_value: str | None = None
    region: Rectangle | None = None
    limit: int = 10

    def hint(self) -> Hint | None:
        """Raises InvalidRequest."""
        if (self.hint_alg is None) != (self.hint_value is None):
            raise InvalidRequest("hintAlg and hintValue go together")
        if self.hint_alg is None or self.hint_value is None:
            return None
        return check_alg(self.hint_alg), read_value(self.hint_value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where a picture is. `length` is the most bytes that its owner says it has, `media_type` what it is said to be."""

    url: str
    length: int
    media_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolve:
    """Best first in every answer."""

    store: Store
    images: Images
    watermarker: Watermarker
    matcher: Matcher
    fetcher: Fetcher
    max_bytes: int

    def by_binding(self, alg: str, value: bytes, *, limit: int = 10) -> list[Found]:
        """Raises InvalidRequest."""
        with self.store.read() as unit:
            found = self._bound(unit, check_alg(alg), value)
        return _best(found, limit)

    def by_content(self, data: bytes, question: Question) -> list[Found]:
        """Raises InvalidRequest, Rejected, Unavailable."""
        hint = self._checked(question)
        return self._by_picture(self.images.read(data), question, hint)

    def by_reference(self, reference: Reference, question: Question) -> list[Found]:
        """Raises InvalidRequest, TooLarge, SourceFailed, Unavailable."""
        hint = self._checked(question)
        data = self._fetched(reference)
        try:
            picture = self.images.read(data)
        except TooLarge:
            raise
        except Rejected as error:
            raise InvalidRequest(f"the URL leads to no picture: {error.reason}", hint=error.hint) from error
        if reference.media_type is not None and reference.media_type.lower() != picture.media_type:
            raise InvalidRequest(f"the URL leads to {picture.media_type}, not to what assetType says")
        return self._by_picture(picture, question, hint)

    def _checked(self, question: Question) -> Hint | None:
        """The question's hint. Raises InvalidRequest on an algorithm that nothing here reads from pictures."""
        if question.alg not in (None, self.watermarker.alg, iscc.ALG):
            raise InvalidRequest(
                f"this service does not read {check_alg(question.alg)} from pictures",
                hint=f"it reads {self.watermarker.alg} and {iscc.ALG}; ask for other bindings by their value",
            )
        return question.hint()

    # ---- by address

    def _fetched(self, reference: Reference) -> bytes:
        if not reference.url.lower().startswith("https://"):
            raise InvalidRequest("only https URLs are fetched", hint="send the picture itself")
        if reference.length > self.max_bytes:
            raise TooLarge(f"pictures over {self.max_bytes:,} bytes are not fetched")
        try:
            data = self.fetcher.fetch(reference.url)
        except (SourceRefused, Unavailable) as error:
            raise SourceFailed(error.reason, hint=error.hint) from error
        if len(data) > reference.length:
            raise TooLarge(f"the URL leads to {len(data):,} bytes, more than assetLength says")
        return data

    # ---- by picture

    def _by_picture(self, whole: Picture, question: Question, hint: Hint | None) -> list[Found]:
        picture = whole if question.region is None else question.region.of(whole)
        asks_work, asks_code = question.alg != iscc.ALG, question.alg != self.watermarker.alg
        scores = self._works(picture, question, hint) if asks_work or hint else {}
        code = iscc.code_bits(iscc.image_code(picture.pixels, picture.alpha))
        found: list[Found] = []
        with self.store.read() as unit:
            if asks_work:
                wanted = {id_: score for id_, (score, marked) in scores.items() if marked or question.alg is None}
                found += _manifests(unit, wanted)
            if asks_code:
                # The index has seen every registered work, and sees more than this fingerprint does.
                found += _near(unit, code, works=question.alg is not None)
            if hint:
                known = {id_: score for id_, (score, _) in scores.items()}
                found += self._hinted(unit, hint, known, code)
        return _best(found, question.limit)

    def _works(self, picture: Picture, question: Question, hint: Hint | None) -> dict[WorkId, tuple[int, bool]]:
        """Works whose content is in the picture: their scores, and whether their mark was read from it."""
        scores: dict[WorkId, tuple[int, bool]] = {}
        exact = None if question.alg or question.region else self._exact(picture)
        if exact is not None:
            return {exact: (_CERTAIN, False)}
        mark = find_mark(self.images, self.watermarker, picture).mark
        marked = WorkId(mark.payload) if mark else None
        for verdict in self._judged(picture, mark, {marked, *self._hinted_works(hint)}):
            if verdict.grade.is_match:  # never where the mark was copied: what it names must be seen
                work_id = WorkId.parse(verdict.work_id)
                scores[work_id] = (_score(verdict), work_id == marked)
        return scores

    def _exact(self, picture: Picture) -> WorkId | None:
        with self.store.read() as unit:
            key = unit.works.by_digest(file_digest(picture.source)) or unit.works.by_digest(picture_digest(picture))
        return key.work_id if key else None

    def _judged(self, picture: Picture, mark: Detection | None, asked: Iterable[WorkId | None]) -> list[Verdict]:
        catch_up(self.store, self.matcher)
        candidates = [str(work_id) for work_id in asked if work_id is not None]
        matches = matched(self.images, picture, lambda pixels: self.matcher.match(pixels, candidates=candidates))
        return judge(matches, mark, str(WorkId(mark.payload)) if mark else None)

    def _hinted_works(self, hint: Hint | None) -> set[WorkId]:
        if hint is None:
            return set()
        with self.store.read() as unit:
            if self._is_mark(unit, *hint):
                return {marked_work(hint[1])}
            return {record.work_id for record in _bound_to(unit, *hint) if record.work_id is not None}

    def _hinted(self, unit: Unit, hint: Hint, scores: Mapping[WorkId, int], code: int) -> list[Found]:
        """What the hint leads to, as far as the picture does not disagree."""
        alg, value = hint
        if self._is_mark(unit, alg, value):
            work_id = marked_work(value)
            return _manifests(unit, {id_: score for id_, score in scores.items() if id_ == work_id})
        found = []
        for record in _bound_to(unit, alg, value):
            if record.work_id is not None:
                found += [Found(record.id, scores[record.work_id])] if record.work_id in scores else []
            else:
                distance = _distance(unit, record, code)
                if distance is None or distance <= iscc.NEAR_BITS:
                    found.append(Found(record.id, None if distance is None else _closeness(distance)))
        return found

    # ---- by value

    def _is_mark(self, unit: Unit, alg: str, value: bytes) -> bool:
        """Of our watermark as it is made now, or as it was made when its work was registered."""
        return alg == self.watermarker.alg or work_marked(unit, alg, value) is not None

    def _bound(self, unit: Unit, alg: str, value: bytes) -> list[Found]:
        if self._is_mark(unit, alg, value):
            return _manifests(unit, {marked_work(value): _CERTAIN})
        found = [Found(record.id, _CERTAIN) for record in _bound_to(unit, alg, value)]
        code = iscc.image_bits(value) if alg == iscc.ALG else None
        return found if code is None else found + _near(unit, code, works=True)


def _near(unit: Unit, code: int, *, works: bool) -> list[Found]:
    """Manifests with an ISCC Image-Code that is near; those of registered works too where `works` says so."""
    found = []
    for distance, value in heapq.nsmallest(MAX_RESULTS, near_iscc(unit, code, works=works)):
        records = _bound_to(unit, iscc.ALG, read_value(value))
        found += [Found(r.id, _closeness(distance)) for r in records if works or r.work_id is None]
    return found


def near_iscc(unit: Unit, code: int, *, works: bool = True) -> Iterator[tuple[int, str]]:
    """Every bound ISCC whose Image-Code is near, behind its distance in bits: one pass over the values, in bounded
    memory. `works` False leaves out those of registered works."""
    after = ""
    while page := unit.manifests.values(iscc.ALG, after=after, limit=PAGE, works=works):
        for value in page:
            known = iscc.image_bits(base64.b64decode(value))
            if known is not None and (distance := (known ^ code).bit_count()) <= iscc.NEAR_BITS:
                yield distance, value
        after = page[-1]


def _distance(unit: Unit, record: ManifestRecord, code: int) -> int | None:
    """Bits between a picture's Image-Code and the nearest one of a manifest; None where it has none."""
    values = [read_value(binding.value) for binding in unit.manifests.bindings(record.id) if binding.alg == iscc.ALG]
    known = [found for found in map(iscc.image_bits, values) if found is not None]
    return min(((one ^ code).bit_count() for one in known), default=None)


def _bound_to(unit: Unit, alg: str, value: bytes) -> list[ManifestRecord]:
    """Manifests that this value is bound to, newest first, without those of withdrawn works."""
    text = written_value(value)
    records = [record for name in (alg, ANY_ALG) for record in unit.manifests.by_binding(name, text, MAX_RESULTS)]
    works = unit.works.find([record.work_id for record in records if record.work_id is not None])
    live = {work.id for work in works.values() if work.status is WorkStatus.ACTIVE}
    return [record for record in records if record.work_id is None or record.work_id in live]


def _manifests(unit: Unit, scores: Mapping[WorkId, int]) -> list[Found]:
    """The active manifest of each work that is not withdrawn."""
    works = unit.works.find(list(scores))
    return [
        Found(record.id, scores[work.id])
        for work in works.values()
        if work.status is WorkStatus.ACTIVE
        for record in unit.manifests.of_work(work.id)[:1]
    ]


def _score(verdict: Verdict) -> int:
    """The calibrated probability in percent; 100 is kept for the same content."""
    return _CERTAIN if verdict.grade is Grade.IDENTICAL else min(99, max(1, round(100 * verdict.probability)))


def _closeness(distance: int) -> int:
    """100 for equal values only, 0 where two codes have as little in common as random ones."""
    return max(0, min(99, round(100 * (1 - distance / _UNRELATED_BITS))))


def _best(found: Iterable[Found], limit: int) -> list[Found]:
    """Each manifest once, with its best score, best first."""
    best: dict[str, Found] = {}
    for one in found:
        known = best.get(one.manifest_id)
        if known is None or (one.score or 0) > (known.score or 0):
            best[one.manifest_id] = one
    return sorted(best.values(), key=lambda one: -(one.score or 0))[: min(limit, MAX_RESULTS)]
