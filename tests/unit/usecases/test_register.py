"""Registration: what it writes, in which order, and that it writes nothing when it refuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from provenance.core.digests import file_digest, pixels_digest
from provenance.core.errors import (
    Busy,
    CannotHoldMark,
    Conflict,
    InvalidRequest,
    NotFound,
    Rejected,
    Unavailable,
    UnsupportedFormat,
)
from provenance.core.records import ContentKind, WorkStatus
from provenance.core.types import WorkId
from provenance.credentials import verify
from provenance.usecases.register import MAX_LOOK_ALIKES, MAX_TITLE, REGISTERED, Submission
from provenance.usecases.watch import NEW_WORK
from tests.doubles import PixelWatermarker, copy_mark
from tests.unit.usecases.conftest import NOTHING, Studio, decoded, encoded, painting, png


def submission(seed: int = 1, **fields: Any) -> Submission:
    return Submission(**{"data": png(painting(seed)), "owner": "studio", **fields})


# ---- what a registration leaves behind


def test_the_owner_gets_a_marked_file_that_looks_the_same(studio: Studio) -> None:
    work = studio.registered(1, title="落日")
    pixels = decoded(studio.file(work))
    assert studio.watermarker.detect(pixels).payload == work.id.payload
    assert np.abs(pixels.astype(int) - painting(1)).max() <= 1
    assert (work.width, work.height, work.media_type, work.title) == (64, 64, "image/png", "落日")
    assert (work.status, work.created_at, work.owner) == (WorkStatus.ACTIVE, studio.clock.now, "studio")


def test_the_work_is_found_by_all_four_digests(studio: Studio) -> None:
    work = studio.registered(1)
    source, marked = png(painting(1)), studio.file(work)
    expected = {
        file_digest(source): ContentKind.SOURCE_FILE,
        pixels_digest(painting(1)): ContentKind.SOURCE_PIXELS,
        file_digest(marked): ContentKind.MARKED_FILE,
        pixels_digest(decoded(marked)): ContentKind.MARKED_PIXELS,
    }
    with studio.store.read() as unit:
        found = {digest: unit.works.by_digest(digest) for digest in expected}
        assert unit.works.get(work.id) == work
    assert {digest: key.kind for digest, key in found.items() if key} == expected
    assert {key.work_id for key in found.values() if key} == {work.id}


def test_the_certificate_verifies_and_says_what_was_done(studio: Studio) -> None:
    work = studio.registered(1, terms="commercial")
    verified = verify(work.certificate, keyring=studio.keyring, now=studio.clock(), content=studio.file(work))
    assert verified.work_id == work.id
    assert verified.certificate_hash == work.certificate_hash
    subject = verified.subject
    assert subject["contentHash"]["source"] == work.source_sha256 == file_digest(png(painting(1)))
    assert subject["contentHash"]["marked"] == work.marked_sha256 == work.marked_blob
    assert subject["terms"] == {"slug": "commercial", "hash": work.terms_hash}
    assert (work.mark_alg, work.mark_key_id) == ("pixel-1", "wm-test")


def test_the_certificate_names_neither_owner_nor_title(studio: Studio) -> None:
    work = studio.registered(1, owner="Mallory Smith", title="a secret title")
    assert "Mallory" not in str(work.certificate)
    assert "secret title" not in str(work.certificate)


def test_the_fingerprint_is_that_of_the_marked_picture(studio: Studio) -> None:
    work = studio.registered(1)
    with studio.store.read() as unit:
        (operation,) = unit.fingerprints.since(0, 10)
    assert operation.fingerprint == studio.matcher.describe([decoded(studio.file(work))])[0]
    assert studio.matcher.checkpoint() == operation.sequence


def test_jobs_follow_from_it(studio: Studio) -> None:
    work = studio.registered(1)
    with studio.store.unit() as unit:
        jobs = unit.outbox.claim(studio.clock(), limit=10, lease_seconds=60)
    body = {"work_id": str(work.id)}
    assert [(job.kind, job.body) for job in jobs] == [(REGISTERED, body), (NEW_WORK, body)]


def test_earlier_look_alikes_become_evidence_and_no_refusal(studio: Studio) -> None:
    first = studio.registered(1)
    changed = np.clip(painting(1).astype(int) + 8, 0, 255).astype(np.uint8)
    second = studio.registered(1, data=png(changed))
    assert first.look_alikes == ()
    assert second.look_alikes == ({"work_id": str(first.id), "grade": "edited", "probability": 0.9},)


def test_the_look_alikes_are_bounded(studio: Studio) -> None:
    for shade in range(MAX_LOOK_ALIKES + 2):
        work = studio.registered(1, data=png(np.full((64, 64, 3), 100 + shade, np.uint8)))
    assert len(work.look_alikes) == MAX_LOOK_ALIKES


def test_what_decoding_changed_is_noted(studio: Studio) -> None:
    frames = [painting(1), painting(2)]
    from PIL import Image

    pages = [Image.fromarray(frame) for frame in frames]
    data = encoded(frames[0], "PNG", save_all=True, append_images=pages[1:])
    assert any("2 frames" in note for note in studio.registered(1, data=data).notes)


# ---- refusals


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": "x" * (MAX_TITLE + 1)}, "characters"),
        ({"title": "a\x00b"}, "control"),
        ({"digital_source_type": "http://elsewhere/photo"}, "digital source type"),
        ({"terms": "public-domain"}, "no terms called"),
    ],
)
def test_wrong_fields_are_refused_before_anything_is_read(studio: Studio, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        studio.register(submission(data=b"not even an image", **fields))
    assert studio.counts() == NOTHING


def test_the_longest_title_passes(studio: Studio) -> None:
    assert studio.registered(1, title="画" * MAX_TITLE).title == "画" * MAX_TITLE


def test_what_is_no_image_is_refused(studio: Studio) -> None:
    with pytest.raises(UnsupportedFormat):
        studio.register(submission(data=b"<svg/>"))
    assert studio.counts() == NOTHING


def test_a_picture_that_is_too_small_for_the_mark_is_refused(studio: Studio) -> None:
    with pytest.raises(CannotHoldMark):
        studio.register(submission(data=png(painting(1, side=8))))
    assert studio.counts() == NOTHING


def test_a_mark_that_the_written_file_does_not_hold_is_refused(studio: Studio) -> None:
    """The double's mark dies in JPEG: what is read back from the file decides, not what was embedded."""
    with pytest.raises(CannotHoldMark, match="could not be read back"):
        studio.register(submission(data=encoded(painting(1), "JPEG", quality=30)))
    assert studio.counts() == NOTHING


def test_a_mark_that_reads_back_as_another_is_refused(studio: Studio) -> None:
    class OffByOne(PixelWatermarker):
        def embed(self, pixels, payload, **like):
            return super().embed(pixels, payload + 1, **like)

    studio.watermarker = OffByOne()
    with pytest.raises(CannotHoldMark, match="in place of the new one"):
        studio.register(submission())


@dataclass
class Failing:
    """A part that works until `method` is called for the `nth` time. Everything else is the part's own."""

    part: Any
    method: str
    nth: int = 1
    calls: int = 0
    error: Exception = field(default_factory=lambda: Unavailable("it broke"))

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.part, name)
        if name != self.method:
            return attribute

        def failing(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls == self.nth:
                raise self.error
            return attribute(*arguments, **named)

        return failing


@pytest.mark.parametrize(
    ("part", "method", "nth"),
    [
        ("images", "read", 1),
        ("images", "read", 2),  # reading the marked file back
        ("images", "write_frames", 1),
        ("watermarker", "detect", 1),
        ("watermarker", "detect", 2),
        ("watermarker", "embed", 1),
        ("matcher", "describe", 1),
        ("matcher", "match", 1),
        ("signer", "sign", 1),
        ("blobs", "put", 1),
    ],
)
def test_whatever_breaks_on_the_way_nothing_is_written(studio: Studio, part: str, method: str, nth: int) -> None:
    sound = getattr(studio, part)
    setattr(studio, part, Failing(sound, method, nth))
    with pytest.raises(Unavailable, match="it broke"):
        studio.register(submission())
    assert studio.counts() == NOTHING
    setattr(studio, part, sound)
    assert studio.register(submission()).status is WorkStatus.ACTIVE  # and nothing is in the way of trying again


def test_the_blob_is_stored_before_the_row_that_names_it(studio: Studio) -> None:
    rows_at_put = []

    class Watched(Failing):
        def put(self, data: bytes) -> str:
            rows_at_put.append(studio.counts())
            return self.part.put(data)

    studio.blobs = Watched(studio.blobs, "")
    work = studio.register(submission())
    assert rows_at_put == [NOTHING]
    assert studio.blobs.get(work.marked_blob)


@pytest.mark.parametrize("repository", ["fingerprints", "log", "outbox"])
def test_the_rows_come_together_or_not_at_all(studio: Studio, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with studio.store.read() as unit:
        kind = type(getattr(unit, repository))

    def full(*_: Any, **__: Any) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(kind, "add" if repository == "outbox" else "append", full)
        with pytest.raises(Unavailable):
            studio.register(submission())
    assert studio.counts() == NOTHING
    studio.register(submission())
    assert studio.counts() == {"works": 1, "operations": 1, "jobs": 2, "leaves": 1}


@pytest.mark.parametrize("error", [Busy("32 requests wait", retry_after=2), Unavailable("shutting down")])
def test_once_written_it_is_answered_even_when_the_index_can_not_follow(studio: Studio, error: Exception) -> None:
    sound = studio.matcher
    studio.matcher = Failing(sound, "apply", error=error)
    work = studio.register(submission())
    assert str(work.id) not in sound
    studio.matcher = sound
    assert studio.ask(png(painting(1)[:, ::-1] // 2 + painting(1) // 2)).report["grade"] in ("none", "similar")
    assert str(work.id) in sound  # the next check caught up


# ---- the same again


def existing(call: Callable[[], Any]) -> str | None:
    with pytest.raises(Conflict) as caught:
        call()
    return caught.value.existing


def test_the_same_file_again_names_the_work(studio: Studio) -> None:
    work = studio.registered(1)
    assert existing(lambda: studio.registered(1)) == str(work.id)
    assert studio.counts()["works"] == 1


def test_the_same_pixels_in_another_container_name_the_work(studio: Studio) -> None:
    work = studio.registered(1)
    assert existing(lambda: studio.registered(1, data=encoded(painting(1), "TIFF"))) == str(work.id)


def test_the_marked_file_again_names_the_work(studio: Studio) -> None:
    work = studio.registered(1)
    assert existing(lambda: studio.registered(1, data=studio.file(work))) == str(work.id)


def test_an_edited_marked_file_names_the_work_by_its_mark(studio: Studio) -> None:
    work = studio.registered(1)
    edited = decoded(studio.file(work)).copy()
    edited[32:, :, 0] ^= 1
    assert existing(lambda: studio.registered(1, data=png(edited))) == str(work.id)


def test_a_marked_file_is_known_even_where_the_index_lags(studio: Studio) -> None:
    work = studio.registered(1)
    edited = decoded(studio.file(work)).copy()
    edited[32:, :, 0] ^= 1
    studio.matcher = type(studio.matcher)()  # a process that has just started
    assert existing(lambda: studio.registered(1, data=png(edited))) == str(work.id)


def test_a_mark_that_was_copied_onto_another_picture_is_refused(studio: Studio) -> None:
    work = studio.registered(1)
    forged = copy_mark(decoded(studio.file(work)), painting(2))
    with pytest.raises(Rejected, match=f"the mark of {work.id}, which shows something else") as caught:
        studio.registered(2, data=png(forged))
    assert not isinstance(caught.value, Conflict)
    assert studio.counts()["works"] == 1


def test_a_mark_of_no_work_is_refused(studio: Studio) -> None:
    stray = studio.watermarker.embed(painting(3), 4711)
    with pytest.raises(Rejected, match="no active work") as caught:
        studio.registered(3, data=png(stray))
    assert "unmarked" in (caught.value.hint or "")


def test_the_mark_of_another_service_is_no_obstacle(studio: Studio) -> None:
    foreign = PixelWatermarker(b"their key").embed(painting(3), 4711)
    assert studio.registered(3, data=png(foreign)).status is WorkStatus.ACTIVE


def test_of_two_that_race_the_database_lets_one_in(studio: Studio) -> None:
    """Both pass the cheap refusal; the unique digests decide."""
    late = studio.register
    winner: list[WorkId] = []

    class Overtaken(Failing):
        def put(self, data: bytes) -> str:
            if not winner:
                winner.append(WorkId(0))
                winner[0] = studio.registered(1).id
            return self.part.put(data)

    studio.blobs = Overtaken(studio.blobs, "")
    late = studio.register
    assert existing(lambda: late(submission())) == str(winner[0])
    assert studio.counts() == {"works": 1, "operations": 1, "jobs": 2, "leaves": 1}


def test_eight_at_once_give_one_work_and_seven_conflicts(studio: Studio) -> None:
    def attempt(_: int) -> str:
        try:
            return f"new {studio.register(submission()).id}"
        except Conflict as conflict:
            return f"old {conflict.existing}"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(attempt, range(8)))
    assert len(answers) == 8
    (new,) = [answer for answer in answers if answer.startswith("new")]
    assert answers.count(new.replace("new", "old")) == 7
    assert studio.counts() == {"works": 1, "operations": 1, "jobs": 2, "leaves": 1}


def test_an_id_that_is_taken_is_a_conflict(studio: Studio) -> None:
    studio._numbers = iter([1, 1])
    studio.registered(1)
    with pytest.raises(Conflict, match="id is taken"):
        studio.registered(2)
    assert studio.counts()["works"] == 1
    with studio.store.read() as unit, pytest.raises(NotFound):
        unit.works.get(WorkId(2 << 32))
