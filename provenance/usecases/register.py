"""Register an artwork: mark it, fingerprint it, certify it, and write it down in one transaction.

The order is not free. Everything that can refuse comes before the one write; the mark comes before the fingerprint, so
that the index knows what the world will see; the signature comes last; the blob goes out before the row that names it,
because an orphaned blob is harmless and a row without its blob is not. Nothing is answered before the commit.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from provenance.core.digests import file_digest, picture_digest
from provenance.core.errors import CannotHoldMark, Conflict, InvalidRequest, Rejected
from provenance.core.policy import judge
from provenance.core.ports import Blobs, Clock, Images, Matcher, Signer, Store, Watermarker
from provenance.core.records import ContentKey, ContentKind, Json, Work, WorkStatus
from provenance.core.types import Grade, Picture, WorkId
from provenance.credentials import CertificateClaims, certificate_hash, issue
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA, check_digital_source_type
from provenance.licensing import template
from provenance.usecases.catch_up import catch_up, follow

REGISTERED: Final = "work.registered"
MAX_TITLE: Final = 200
MAX_LOOK_ALIKES: Final = 5

Digests = Mapping[ContentKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody hands in. `terms` is the slug of a licence template; `recipe_hash` comes with generated works."""

    data: bytes
    owner: str
    title: str = ""
    terms: str = "personal"
    digital_source_type: str = TRAINED_ALGORITHMIC_MEDIA
    recipe_hash: str | None = None

    def check(self) -> None:
        """Raises InvalidRequest before any model runs."""
        if len(self.title) > MAX_TITLE:
            raise InvalidRequest(f"the title has {len(self.title)} characters; {MAX_TITLE} are the limit")
        if not self.title.isprintable():
            raise InvalidRequest("the title has control characters")
        check_digital_source_type(self.digital_source_type)
        template(self.terms)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A marked picture on its way into the register. `notes` is what decoding the source had to change."""

    work_id: WorkId
    submission: Submission
    marked: Picture
    digests: Digests
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Raises Rejected, Conflict, CannotHoldMark, Unavailable."""

    store: Store
    blobs: Blobs
    images: Images
    watermarker: Watermarker
    matcher: Matcher
    signer: Signer
    issuer: str
    clock: Clock
    validity: timedelta
    new_payload: Callable[[], int]

    def __call__(self, submission: Submission) -> Work:
        submission.check()
        picture = self.images.read(submission.data)
        source = {
            ContentKind.SOURCE_FILE: file_digest(picture.source),
            ContentKind.SOURCE_PIXELS: picture_digest(picture),
        }
        self._refuse_known(source.values())
        self._refuse_marked(picture)
        candidate = self._mark(submission, picture, source)
        fingerprint = self.matcher.describe([candidate.marked.pixels])[0]
        work = self._certify(candidate, self._look_alikes(candidate.marked))
        self.blobs.put(candidate.marked.source)
        self._write(work, candidate.digests, fingerprint)
        follow(self.store, self.matcher)
        return work

    def _refuse_known(self, digests: Iterable[str]) -> None:
        with self.store.read() as unit:
            for digest in digests:
                known = unit.works.by_digest(digest)
                if known:
                    raise _already(known.work_id)

    def _refuse_marked(self, picture: Picture) -> None:
        """A marked file that comes back is the existing work; a mark that was copied onto something else is refused."""
        mark = self.watermarker.detect(picture.pixels)
        if mark is None:
            return
        marked_id = WorkId(mark.payload)
        with self.store.read() as unit:
            known = unit.works.find([marked_id]).get(marked_id)
        if known is None or known.status is WorkStatus.WITHDRAWN:
            raise _foreign_mark("the picture carries a mark of this service, but of no active work")
        catch_up(self.store, self.matcher)
        verdicts = judge(self.matcher.match(picture.pixels, candidates=[str(marked_id)]), mark, str(marked_id))
        if any(verdict.copied_mark for verdict in verdicts):
            raise _foreign_mark(f"the picture carries the mark of {marked_id}, which shows something else")
        raise _already(marked_id)

    def _mark(self, submission: Submission, picture: Picture, source: Digests) -> Candidate:
        """The file as it will be handed out, read back: the mark has to be found in what its owner receives."""
        work_id = WorkId(self.new_payload())
        data, _ = self.images.write(picture, self.watermarker.embed(picture.pixels, work_id.payload))
        marked = self.images.read(data)
        found = self.watermarker.detect(marked.pixels)
        if found is None or found.payload != work_id.payload:
            raise CannotHoldMark(
                "the mark could not be read back from the written file",
                hint="register a larger or less flat picture, or a format with less compression",
            )
        digests = {
            **source,
            ContentKind.MARKED_FILE: file_digest(marked.source),
            ContentKind.MARKED_PIXELS: picture_digest(marked),
        }
        return Candidate(work_id, submission, marked, digests, picture.notes)

    def _look_alikes(self, marked: Picture) -> tuple[Json, ...]:
        """Earlier works that look like this one: evidence on the record, not a refusal."""
        catch_up(self.store, self.matcher)
        matches = [match for match in self.matcher.match(marked.pixels) if match.grade != Grade.NONE]
        return tuple(
            {"work_id": match.id, "grade": str(match.grade), "probability": round(match.probability, 4)}
            for match in matches[:MAX_LOOK_ALIKES]
        )

    def _certify(self, candidate: Candidate, look_alikes: tuple[Json, ...]) -> Work:
        now = self.clock()
        submission, marked, digests = candidate.submission, candidate.marked, candidate.digests
        claims = self._claims(candidate)
        certificate = issue(
            claims, signer=self.signer, issuer=self.issuer, valid_from=now, valid_until=now + self.validity
        )
        return Work(
            id=candidate.work_id,
            owner=submission.owner,
            status=WorkStatus.ACTIVE,
            title=submission.title,
            media_type=marked.media_type,
            width=marked.width,
            height=marked.height,
            source_sha256=digests[ContentKind.SOURCE_FILE],
            marked_sha256=digests[ContentKind.MARKED_FILE],
            marked_blob=digests[ContentKind.MARKED_FILE],
            mark_alg=claims.mark_alg,
            mark_key_id=claims.mark_key_id,
            digital_source_type=submission.digital_source_type,
            terms_slug=claims.terms_slug,
            terms_hash=claims.terms_hash,
            certificate=certificate,
            certificate_hash=certificate_hash(certificate),
            created_at=now,
            recipe_hash=submission.recipe_hash,
            notes=candidate.notes,
            look_alikes=look_alikes,
        )

    def _claims(self, candidate: Candidate) -> CertificateClaims:
        terms = template(candidate.submission.terms)
        return CertificateClaims(
            work_id=candidate.work_id,
            source_sha256=candidate.digests[ContentKind.SOURCE_FILE],
            source_pixels_sha256=candidate.digests[ContentKind.SOURCE_PIXELS],
            marked_sha256=candidate.digests[ContentKind.MARKED_FILE],
            marked_pixels_sha256=candidate.digests[ContentKind.MARKED_PIXELS],
            media_type=candidate.marked.media_type,
            width=candidate.marked.width,
            height=candidate.marked.height,
            mark_alg=self.watermarker.alg,
            mark_key_id=self.watermarker.key_id,
            fingerprint_models=tuple(self.matcher.models),
            digital_source_type=candidate.submission.digital_source_type,
            terms_slug=terms.slug,
            terms_hash=terms.hash,
            recipe_hash=candidate.submission.recipe_hash,
        )

    def _write(self, work: Work, digests: Digests, fingerprint: bytes) -> None:
        keys = {digest: ContentKey(digest, kind, work.id) for kind, digest in digests.items()}
        with self.store.unit() as unit:
            unit.works.add(work, list(keys.values()))
            unit.fingerprints.append(work.id, fingerprint)
            unit.outbox.add(REGISTERED, {"work_id": str(work.id)}, available_at=work.created_at)


def _already(work_id: WorkId) -> Conflict:
    return Conflict(f"this picture is registered as {work_id}", existing=str(work_id))


def _foreign_mark(reason: str) -> Rejected:
    return Rejected(reason, hint="register the original, unmarked picture")
