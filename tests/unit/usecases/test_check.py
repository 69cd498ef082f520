"""Checks: which witnesses are heard, what the report says, and that withdrawn works answer nothing."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from provenance.core.digests import file_digest
from provenance.core.errors import InvalidRequest, NotFound, Rejected, Unavailable
from provenance.core.records import Work
from provenance.usecases.check import MAX_MATCHES
from provenance.usecases.license import OfferTerms
from tests.doubles import ThumbnailMatcher, copy_mark
from tests.unit.usecases.conftest import Studio, decoded, encoded, painting, png

REPORT_KEYS = {
    "id",
    "created_at",
    "query",
    "licensee",
    "mark",
    "policy",
    "models",
    "milliseconds",
    "grade",
    "matches",
    "explanation",
    "kept",
}
QUERY_KEYS = {"sha256", "pixels_sha256", "media_type", "width", "frames", "height", "notes"}
MARK_KEYS = {"work_id", "key_id", "confidence", "scale", "rotation", "mirrored", "region"}
MATCH_KEYS = {
    "work_id",
    "title",
    "registered_at",
    "grade",
    "probability",
    "copied_mark",
    "evidence",
    "region_query",
    "region_reference",
    "calibration",
    "terms",
    "licence",
}
EVIDENCE_KEYS = {"kind", "score", "threshold", "lower_is_closer", "speaks", "region"}


def changed(pixels: np.ndarray, by: int) -> np.ndarray:
    """Brighter or darker, by whole grey levels: even ones keep the lowest bits, and so the mark."""
    return np.clip(pixels.astype(int) + by, 0, 255).astype(np.uint8)


def matches(report: Any) -> list[tuple[str, str]]:
    return [(match["work_id"], match["grade"]) for match in report["matches"]]


def kinds(match: dict[str, Any]) -> list[str]:
    return [witness["kind"] for witness in match["evidence"]]


# ---- the branches


@pytest.mark.parametrize("which", ["source file", "source pixels", "marked file", "marked pixels"])
def test_known_digests_settle_it_without_any_model(studio: Studio, which: str) -> None:
    work = studio.registered(1)
    marked = studio.file(work)
    data = {
        "source file": png(painting(1)),
        "source pixels": encoded(painting(1), "TIFF"),
        "marked file": marked,
        "marked pixels": encoded(decoded(marked), "TIFF"),
    }[which]
    report = studio.ask(data).report
    assert matches(report) == [(str(work.id), "identical")]
    assert report["grade"] == "identical"
    assert report["mark"] is None  # nobody had to look
    assert kinds(report["matches"][0]) == [which.split()[1]]
    assert set(report["milliseconds"]) == {"decode", "record"}


def test_a_marked_copy_is_found_by_mark_and_by_look(studio: Studio) -> None:
    work = studio.registered(1)
    report = studio.ask(png(changed(decoded(studio.file(work)), 2))).report
    assert matches(report) == [(str(work.id), "copy")]
    (match,) = report["matches"]
    assert kinds(match) == ["mark", "descriptor"]
    assert match["probability"] > 0.99
    assert report["mark"]["work_id"] == str(work.id)
    assert set(report["milliseconds"]) == {"decode", "mark", "match", "record"}


def test_the_mark_lifts_what_the_look_alone_calls_similar(studio: Studio) -> None:
    work = studio.registered(1)
    marked = changed(decoded(studio.file(work)), 20)
    plain = changed(painting(1), 20)
    assert matches(studio.ask(png(plain)).report) == [(str(work.id), "similar")]
    assert matches(studio.ask(png(marked)).report) == [(str(work.id), "edited")]


def test_an_unmarked_copy_is_found_by_look(studio: Studio) -> None:
    work = studio.registered(1)
    studio.registered(2)
    report = studio.ask(png(changed(painting(1), 9))).report
    assert report["mark"] is None
    assert matches(report) == [(str(work.id), "edited")]
    assert kinds(report["matches"][0]) == ["descriptor"]


def test_an_innocent_picture_matches_nothing(studio: Studio) -> None:
    studio.registered(1)
    report = studio.ask(png(painting(2))).report
    assert (report["grade"], report["matches"], report["mark"]) == ("none", [], None)


def test_an_empty_register_answers(studio: Studio) -> None:
    assert studio.ask(png(painting(1))).report["grade"] == "none"


def test_a_copied_mark_is_reported_and_is_no_match(studio: Studio) -> None:
    work = studio.registered(1)
    forged = copy_mark(decoded(studio.file(work)), painting(2))
    report = studio.ask(png(forged)).report
    (match,) = report["matches"]
    assert (match["work_id"], match["copied_mark"], match["grade"]) == (str(work.id), True, "none")
    assert report["grade"] == "none"
    assert match["evidence"][0]["kind"] == "mark"


def test_a_copied_mark_does_not_hide_the_work_that_is_shown(studio: Studio) -> None:
    first, second = studio.registered(1), studio.registered(2)
    forged = copy_mark(decoded(studio.file(first)), changed(painting(2), 2))
    report = studio.ask(png(forged)).report
    assert matches(report) == [(str(second.id), "copy"), (str(first.id), "none")]
    assert [match["copied_mark"] for match in report["matches"]] == [False, True]


def test_a_mark_of_no_work_is_reported_without_a_name_and_matches_nothing(studio: Studio) -> None:
    stray = studio.watermarker.embed(painting(3), 4711)
    report = studio.ask(png(stray)).report
    assert set(report["mark"]) == MARK_KEYS
    assert (report["mark"]["work_id"], report["mark"]["key_id"]) == (None, "wm-test")
    assert (report["grade"], report["matches"]) == ("none", [])


def test_the_strongest_match_comes_first_and_the_list_is_bounded(studio: Studio) -> None:
    base = np.full((64, 64, 3), 90, np.uint8)
    for shade in range(MAX_MATCHES + 3):
        studio.registered(0, data=png(changed(base, shade)))
    report = studio.ask(png(changed(base, MAX_MATCHES + 4))).report
    probabilities = [match["probability"] for match in report["matches"]]
    assert len(probabilities) == MAX_MATCHES
    assert probabilities == sorted(probabilities, reverse=True)
    assert report["grade"] == report["matches"][0]["grade"] == "copy"


# ---- liveness


def test_a_withdrawn_work_answers_nothing_by_file_mark_or_look(studio: Studio) -> None:
    work = studio.registered(1)
    marked = studio.file(work)
    studio.withdraw(work.id)
    for data in (png(painting(1)), marked, png(changed(decoded(marked), 2)), png(changed(painting(1), 2))):
        report = studio.ask(data).report
        assert (report["grade"], report["matches"]) == ("none", [])
        assert str(work.id) not in str(report)


class Forgetful(ThumbnailMatcher):
    """An index that keeps what it should have removed."""

    def apply(self, operations: Any) -> None:
        operations = list(operations)
        super().apply(operation for operation in operations if operation.fingerprint is not None)
        self._checkpoint = operations[-1].sequence


def test_liveness_is_the_records_not_the_indexs(studio: Studio) -> None:
    studio.matcher = Forgetful()
    gone, alive = studio.registered(1), studio.registered(1, data=png(changed(painting(1), 3)))
    studio.withdraw(gone.id)
    assert str(gone.id) in studio.matcher
    report = studio.ask(png(changed(painting(1), 1))).report
    assert matches(report) == [(str(alive.id), "copy")]


def test_an_index_that_knows_works_of_another_database_says_nothing(studio: Studio) -> None:
    other = ThumbnailMatcher()
    studio.registered(1)
    with studio.store.read() as unit:
        other.apply(unit.fingerprints.since(0, 10))
    from provenance.adapters.store import SqlStore

    empty = SqlStore.memory()
    studio.store, studio.matcher = empty, other
    assert studio.ask(png(changed(painting(1), 2))).report["matches"] == []
    empty.close()


def test_a_process_that_lags_catches_up_before_it_answers(studio: Studio) -> None:
    work = studio.registered(1)
    studio.matcher = ThumbnailMatcher()
    assert matches(studio.ask(png(changed(painting(1), 2))).report) == [(str(work.id), "copy")]


# ---- the report


def test_the_reports_form_is_stable(studio: Studio) -> None:
    work = studio.registered(1, title="harbour", terms="commercial")
    data = png(changed(decoded(studio.file(work)), 2))
    report = studio.ask(data).report
    assert set(report) == REPORT_KEYS
    assert set(report["query"]) == QUERY_KEYS
    assert set(report["mark"]) == MARK_KEYS
    (match,) = report["matches"]
    assert set(match) == MATCH_KEYS
    assert all(set(witness) == EVIDENCE_KEYS for witness in match["evidence"])
    assert report["query"]["sha256"] == file_digest(data)
    assert report["policy"] == "policy-1"
    assert report["models"] == ["thumbnail-16"]
    assert (match["title"], match["terms"], match["calibration"]) == ("harbour", "commercial", "thumbnail-steps-1")
    assert match["region_query"] == ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert match["evidence"][1] == {
        "kind": "descriptor",
        "score": pytest.approx(2, abs=0.2),
        "threshold": 12.0,
        "lower_is_closer": True,
        "speaks": True,
        "region": None,
    }


def test_the_report_is_kept_and_the_picture_is_not(studio: Studio) -> None:
    work = studio.registered(1)
    query = png(changed(painting(1), 2))
    check = studio.ask(query)
    with studio.store.read() as unit:
        kept = unit.checks.get(check.id)
    assert kept.owner == "studio"
    assert kept.created_at == studio.clock()
    assert kept.report["id"] == check.id
    assert matches(kept.report) == [(str(work.id), "copy")]
    with pytest.raises(NotFound):
        studio.blobs.get(file_digest(query))


def test_notes_of_the_decoder_reach_the_report(studio: Studio) -> None:
    from PIL import Image

    pages = [Image.fromarray(painting(seed)) for seed in (1, 2)]
    data = encoded(painting(1), "PNG", save_all=True, append_images=pages[1:])
    assert any("2 frames" in note for note in studio.ask(data).report["query"]["notes"])


def test_what_is_no_image_is_rejected_and_leaves_no_record(studio: Studio) -> None:
    with pytest.raises(Rejected):
        studio.ask(b"GIF89a")
    with studio.store.read() as unit, pytest.raises(NotFound):
        unit.checks.get("chk_1")


def test_a_check_fails_where_the_index_can_not_answer(studio: Studio) -> None:
    class Closed(ThumbnailMatcher):
        def explain(self, *_: Any, **__: Any) -> Any:
            raise Unavailable("the service is shutting down")

    studio.matcher = Closed()
    with pytest.raises(Unavailable):
        studio.ask(png(painting(1)))


# ---- licences


def granted(studio: Studio, work: Work, licensee: str, **days: float) -> Any:
    offer = studio.license.offer(work.id, OfferTerms(terms="commercial", price_minor=1250, currency="EUR"), owner=None)
    until = studio.clock() + timedelta(**days) if days else None
    return studio.license.grant(offer.id, licensee, owner=None, valid_until=until)


def test_without_a_licensee_nobody_is_judged(studio: Studio) -> None:
    work = studio.registered(1)
    granted(studio, work, "did:example:buyer")
    report = studio.ask(png(painting(1))).report
    assert report["licensee"] is None
    assert report["matches"][0]["licence"] == {"status": "not-asked"}


def test_a_licensees_copy_says_so(studio: Studio) -> None:
    work = studio.registered(1)
    grant = granted(studio, work, "did:example:buyer")
    report = studio.ask(png(changed(painting(1), 2)), licensee="did:example:buyer").report
    assert report["grade"] == "copy"
    assert report["matches"][0]["licence"] == {"status": "licensed", "grant_id": grant.id, "terms": "commercial"}


def test_a_licence_is_the_licensees_and_the_works_own(studio: Studio) -> None:
    first, second = studio.registered(1), studio.registered(2)
    granted(studio, first, "did:example:buyer")
    for data, licensee in ((painting(1), "did:example:other"), (painting(2), "did:example:buyer")):
        report = studio.ask(png(data), licensee=licensee).report
        assert report["matches"][0]["licence"] == {"status": "not-licensed"}
    assert second.id != first.id


def test_a_licence_ends(studio: Studio) -> None:
    work = studio.registered(1)
    granted(studio, work, "did:example:buyer", days=30)

    def status() -> str:
        return studio.ask(png(painting(1)), licensee="did:example:buyer").report["matches"][0]["licence"]["status"]

    studio.clock.advance(days=30)
    assert status() == "licensed"  # the last moment counts
    studio.clock.advance(seconds=1)
    assert status() == "not-licensed"
    granted(studio, work, "did:example:buyer")
    assert status() == "licensed"


def test_a_licensee_is_never_an_e_mail_address(studio: Studio) -> None:
    with pytest.raises(InvalidRequest, match="e-mail"):
        studio.ask(png(painting(1)), licensee="buyer@shop.example")
