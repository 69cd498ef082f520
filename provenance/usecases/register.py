"""Register an artwork: mark it, fingerprint it, certify it, and write it down in one transaction.

The order is not free. Everything that can refuse comes before the one write; the mark comes before the fingerprint, so
that the index knows what the world will see; the signature comes last; the blob goes out before the row that names it,
because an orphaned blob is harmless and a row without its blob is not. Nothing is answered before the commit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.digests import file_digest, picture_digest
from provenance.core.errors import Conflict, InvalidRequest, Rejected, Unavailable
from provenance.core.manifests import Software
from provenance.core.models import models_key
from provenance.core.policy import judge
from provenance.core.ports import Blobs, Clock, Images, Matcher, Store, Watermarker
from provenance.core.records import ContentKey, Json, Work, WorkStatus
from provenance.core.types import Grade, Picture, WorkId
from provenance.credentials import certificate_hash
from provenance.credentials.labels import Origin, UsagePolicy
from provenance.credentials.tlog.entries import EntryKind, registration_entry
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA, check_digital_source_type
from provenance.licensing import template
from provenance.usecases.catch_up import catch_up, follow
from provenance.usecases.certify import Candidate, Certified, Certify
from provenance.usecases.frames import find_mark, matched, reconsidered
from provenance.usecases.label import Label
from provenance.usecases.mark import MarkFrames
from provenance.usecases.stamp import UNSTAMPED
from provenance.usecases.watch import NEW_WORK

REGISTERED: Final = "work.registered"
MAX_TITLE: Final = 200
MAX_LOOK_ALIKES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody hands in. `terms` is the slug of a licence template; `recipe_hash` comes with generated works.

    `made_with` is the system that made the work. It, `creators` and `prompt` are published in the file's labels, and
    so only where the owner gave them.
    """

    data: bytes
    owner: str
    title: str = ""
    terms: str = "personal"
    digital_source_type: str = TRAINED_ALGORITHMIC_MEDIA
    recipe_hash: str | None = None
    made_with: Software | None = None
    creators: tuple[str, ...] = ()
    prompt: str | None = None

    def check(self) -> None:
        """Raises InvalidRequest before any model runs."""
        if len(self.title) > MAX_TITLE:
            raise InvalidRequest(f"the title has {len(self.title)} characters; {MAX_TITLE} are the limit")
        if not self.title.isprintable():
            raise InvalidRequest("the title has control characters")
        check_digital_source_type(self.digital_source_type)
        template(self.terms)

    @property
    def origin(self) -> Origin:
        """Raises InvalidRequest on what no label can carry."""
        made_with = self.made_with
        return Origin(
            digital_source_type=self.digital_source_type,
            system=made_with.name if made_with else None,
            system_version=made_with.version if made_with else None,
            prompt=self.prompt,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Raises Rejected, Conflict, CannotHoldMark, Unavailable. `coming` are matchers of models that searches don't go to
    yet: new works are described by them too."""

    store: Store
    blobs: Blobs
    images: Images
    watermarker: Watermarker
    matcher: Matcher
    label: Label
    certify: Certify
    clock: Clock
    new_payload: Callable[[], int]
    coming: Callable[[], Sequence[Matcher]] = tuple

    def __call__(self, submission: Submission) -> Work:
        submission.check()
        work_id = WorkId(self.new_payload())
        policy = self._policy(submission, work_id)
        picture = self.images.read(submission.data)
        self._refuse_known([file_digest(picture.source), picture_digest(picture)])
        self._refuse_marked(picture)
        candidate = self._candidate(submission, policy, picture, work_id)
        fingerprints = {
            models_key(matcher.models): matcher.describe([candidate.marked.pixels])[0]
            for matcher in (self.matcher, *self.coming())
        }
        look_alikes = self._look_alikes(candidate.marked)
        certified = self.certify(candidate, now=self.clock())
        work = _work(submission, candidate, certified, look_alikes)
        for data in filter(None, (certified.file, certified.store)):
            self.blobs.put(data)
        self._write(work, certified, fingerprints)
        follow(self.store, self.matcher)
        return work

    def _policy(self, submission: Submission, work_id: WorkId) -> UsagePolicy:
        return self.label.policy(
            submission.terms, work_id=work_id, origin=submission.origin, creators=submission.creators
        )

    def _refuse_known(self, digests: Iterable[str]) -> None:
        with self.store.read() as unit:
            for digest in digests:
                known = unit.works.by_digest(digest)
                if known:
                    raise _already(known.work_id)

    def _refuse_marked(self, picture: Picture) -> None:
        """A marked file that comes back is the existing work; a mark that was copied onto something else is refused."""
        seen = find_mark(self.images, self.watermarker, picture)
        if seen.mark is None:
            return
        marked_id = WorkId(seen.mark.payload)
        with self.store.read() as unit:
            known = unit.works.find([marked_id]).get(marked_id)
        if known is None or known.status is WorkStatus.WITHDRAWN:
            raise _foreign_mark("the picture carries a mark of this service, but of no active work")
        catch_up(self.store, self.matcher)
        candidates = [str(marked_id)]
        matches = matched(self.images, picture, lambda pixels: self.matcher.match(pixels, candidates=candidates))
        verdicts = judge(matches, seen.mark, str(marked_id))
        verdicts = reconsidered(verdicts, seen, store=self.store, blobs=self.blobs, images=self.images)
        if any(verdict.copied_mark for verdict in verdicts):
            raise _foreign_mark(f"the picture carries the mark of {marked_id}, which shows something else")
        raise _already(marked_id)

    def _candidate(self, submission: Submission, policy: UsagePolicy, picture: Picture, work_id: WorkId) -> Candidate:
        """The file as it will be signed, read back: the mark has to be found in what its owner receives."""
        mark = MarkFrames(images=self.images, watermarker=self.watermarker)
        data, _ = mark(picture, work_id.payload, before=self.label.stamp)
        marked = self.images.read(self.label(data, policy))
        notes = mark.read_back(marked, work_id.payload)
        return Candidate(
            work_id=work_id,
            owner=submission.owner,
            source=picture,
            marked=marked,
            notes=(*picture.notes, *notes),
            policy=policy,
            terms=template(submission.terms),
            digital_source_type=submission.digital_source_type,
            recipe_hash=submission.recipe_hash,
            made_with=submission.made_with,
        )

    def _look_alikes(self, marked: Picture) -> tuple[Json, ...]:
        """Earlier works that look like this one: evidence on the record, not a refusal."""
        catch_up(self.store, self.matcher)
        matches = [match for match in self.matcher.match(marked.pixels) if match.grade != Grade.NONE]
        return tuple(
            {"work_id": match.id, "grade": str(match.grade), "probability": round(match.probability, 4)}
            for match in matches[:MAX_LOOK_ALIKES]
        )

    def _write(self, work: Work, certified: Certified, fingerprints: Mapping[str, bytes]) -> None:
        keys = {digest: ContentKey(digest, kind, work.id) for kind, digest in certified.digests.items()}
        entry = registration_entry(certified.certificate)
        with self.store.unit() as unit:
            unit.works.add(work, list(keys.values()))
            for models, fingerprint in fingerprints.items():
                unit.fingerprints.append(work.id, fingerprint, models=models)
            serving = unit.model_sets.serving()  # read behind `append`, which no other models can take over during
            if serving is not None and serving.key not in fingerprints:
                raise _succeeded()
            if certified.manifest:
                unit.manifests.add(certified.manifest, certified.bindings)
            unit.log.append(EntryKind.WORK_REGISTERED, entry, at=work.created_at, work_id=work.id)
            for kind in (REGISTERED, NEW_WORK):
                unit.outbox.add(kind, {"work_id": str(work.id)}, available_at=work.created_at)
            if not certified.time_stamped:
                unit.outbox.add(UNSTAMPED, {"work_id": str(work.id)}, available_at=work.created_at)


def _work(submission: Submission, candidate: Candidate, certified: Certified, look_alikes: tuple[Json, ...]) -> Work:
    subject, marked = certified.certificate["credentialSubject"], candidate.marked
    return Work(
        id=candidate.work_id,
        owner=submission.owner,
        status=WorkStatus.ACTIVE,
        title=submission.title,
        media_type=marked.media_type,
        width=marked.width,
        height=marked.height,
        source_sha256=subject["contentHash"]["source"],
        marked_sha256=subject["contentHash"]["marked"],
        marked_blob=subject["contentHash"]["marked"],
        mark_alg=subject["mark"]["alg"],
        mark_key_id=subject["mark"]["keyId"],
        digital_source_type=submission.digital_source_type,
        terms_slug=candidate.terms.slug,
        terms_hash=candidate.terms.hash,
        certificate=certified.certificate,
        certificate_hash=certificate_hash(certified.certificate),
        created_at=certified.at,
        recipe_hash=submission.recipe_hash,
        notes=(*candidate.notes, *certified.notes),
        look_alikes=look_alikes,
    )


def _succeeded() -> Unavailable:
    return Unavailable(
        "the index searches by other models since this process started",
        hint="set PROVENANCE_EMBEDDER to the new models and restart it",
    )


def _already(work_id: WorkId) -> Conflict:
    return Conflict(f"this picture is registered as {work_id}", existing=str(work_id))


def _foreign_mark(reason: str) -> Rejected:
    return Rejected(reason, hint="register the original, unmarked picture")
