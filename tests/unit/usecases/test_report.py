"""Reports: what they take from the check and from the register, who sees what, and that they are the same each time."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from provenance.core.policy import WHOLE
from provenance.core.records import Check
from provenance.core.report import VERSION, FalseAlarms, Limits, Report, as_json
from provenance.core.types import Grade, Picture
from provenance.usecases.license import OfferTerms
from provenance.usecases.report import MAX_DRAWN
from tests.doubles import copy_mark
from tests.unit.usecases.conftest import Studio, decoded, encoded, painting, png

ALARMS = tuple(
    FalseAlarms(threshold=t, rate=r, upper=2 * r, queries=400) for t, r in ((0.1, 0.1), (0.5, 0.02), (0.95, 0.01))
)


def look_alike(studio: Studio, seed: int = 1) -> bytes:
    """A copy whose mark is gone."""
    return png(np.clip(painting(seed).astype(int) + 3, 0, 255).astype(np.uint8))


def reported(studio: Studio, data: bytes, *, viewer: str | None = None, kept: bool = True) -> Report:
    query: Picture | None = studio.images.read(data) if kept else None
    return studio.report(studio.ask(data), query=query, viewer=viewer)


def test_it_has_what_the_check_said_and_what_the_register_says(studio: Studio) -> None:
    studio.base_url = "https://art.example"
    work = studio.registered(1, title="Dunes")
    report = reported(studio, look_alike(studio))
    (finding,) = report.findings
    assert (report.version, report.grade, finding.grade) == (VERSION, Grade.COPY, Grade.COPY)
    record = finding.record
    assert (record.work_id, record.title, record.registered_at) == (str(work.id), "Dunes", work.created_at)
    assert (record.certificate_id, record.certificate_hash) == (work.certificate["id"], work.certificate_hash)
    assert record.issuer == studio.issuer
    assert record.standing == "valid"
    assert record.address == f"https://art.example/v1/works/{work.id}/certificate"
    assert [place.kind for place in record.log] == ["work.registered"]
    assert record.receipts == ()
    assert [witness.kind for witness in finding.evidence] == ["descriptor"]
    assert finding.evidence[0].speaks


def test_pictures_are_drawn_and_laid_over_one_another(studio: Studio) -> None:
    studio.registered(1)
    report = reported(studio, look_alike(studio))
    (finding,) = report.findings
    assert report.asked.picture is not None
    assert finding.picture is not None
    assert finding.overlay is not None
    assert decoded(report.asked.picture.data).shape == (64, 64, 3)
    laid = decoded(finding.overlay.data).astype(int)
    assert np.abs(laid - decoded(finding.picture.data)).mean() < 3  # it covers all of the query
    assert finding.placement is not None
    assert finding.placement.heat == ((100, 50), (-1, 0))


def test_a_picture_that_was_not_kept_is_not_shown_but_all_else_is(studio: Studio) -> None:
    studio.registered(1)
    report = reported(studio, look_alike(studio), kept=False)
    (finding,) = report.findings
    assert report.asked.picture is None
    assert (finding.placement, finding.overlay) == (None, None)
    assert finding.picture is not None
    assert finding.region_query == WHOLE
    assert (finding.covers_query, finding.covers_reference) == (1, 1)
    assert finding.record.certificate_id


@pytest.mark.parametrize(("viewer", "sees"), [("studio", True), (None, True), ("somebody else", False)])
def test_only_its_owner_and_administrators_see_a_work(studio: Studio, viewer: str | None, sees: bool) -> None:
    studio.registered(1)
    (finding,) = reported(studio, look_alike(studio), viewer=viewer).findings
    assert (finding.picture is not None, finding.overlay is not None) == (sees, sees)
    assert finding.shown == ("yes" if sees else "owner-only")
    assert finding.placement is not None  # where they agree gives no picture away


def test_false_alarms_are_those_of_the_highest_threshold_that_was_reached(studio: Studio) -> None:
    studio.false_alarms = ALARMS
    studio.registered(1)
    (finding,) = reported(studio, look_alike(studio)).findings
    assert finding.probability == 0.99
    assert finding.false_alarms == ALARMS[2]


def test_what_a_calibration_said_stays_with_the_check(studio: Studio) -> None:
    """Years later the service has another one."""
    studio.false_alarms = ALARMS
    studio.registered(1)
    check = studio.ask(look_alike(studio))
    studio.false_alarms = ()
    (finding,) = studio.report(check, query=None, viewer=None).findings
    assert finding.false_alarms == ALARMS[2]
    assert finding.limits == Limits(strict=0.85, review=0.25)


def test_a_digest_is_judged_by_no_calibration(studio: Studio) -> None:
    studio.false_alarms = ALARMS
    (finding,) = reported(studio, studio.file(studio.registered(1))).findings
    assert (finding.limits, finding.false_alarms) == (None, None)


def test_looks_alone_are_not_counted_where_a_mark_or_a_digest_spoke(studio: Studio) -> None:
    studio.false_alarms = ALARMS
    work = studio.registered(1)
    marked = reported(studio, png(decoded(studio.file(work)) ^ np.uint8(2)))
    exact = reported(studio, studio.file(work))
    assert marked.mark is not None
    assert marked.mark.work_id == str(work.id)
    assert [report.findings[0].false_alarms for report in (marked, exact)] == [None, None]
    assert exact.grade is Grade.IDENTICAL


def test_a_copied_mark_is_told(studio: Studio) -> None:
    work = studio.registered(1)
    (finding,) = reported(studio, png(copy_mark(decoded(studio.file(work)), painting(2)))).findings
    assert finding.copied_mark
    assert finding.placement is None


def test_withdrawn_works_leave_reports_on_old_checks(studio: Studio) -> None:
    work = studio.registered(1)
    check = studio.ask(png(decoded(studio.file(work)) ^ np.uint8(2)))
    studio.withdraw(work.id, owner="studio")
    report = studio.report(check, query=None, viewer=None)
    assert (report.findings, report.withdrawn, report.grade) == ((), 1, Grade.NONE)
    assert report.mark is not None
    assert report.mark.work_id is None
    assert report.mark.region == WHOLE
    assert str(work.id) not in json.dumps(as_json(report))


def test_a_revoked_certificate_is_called_so(studio: Studio) -> None:
    work = studio.registered(1)
    studio.take_back.revoke(work.id, "owner-request", owner="studio")
    (finding,) = reported(studio, look_alike(studio)).findings
    assert finding.record.standing == "revoked"
    assert [place.kind for place in finding.record.log] == ["work.registered", "certificate.revoked"]


def test_a_licence_is_named_with_its_licensee(studio: Studio) -> None:
    work = studio.registered(1)
    terms = OfferTerms(terms="commercial", price_minor=900, currency="EUR")
    offer = studio.license.offer(work.id, terms, owner="studio")
    grant = studio.license.grant(offer.id, "did:web:buyer.example", owner="studio")
    data = look_alike(studio)
    report = studio.report(studio.ask(data, licensee="did:web:buyer.example"), query=None, viewer=None)
    licence = report.findings[0].licence
    assert (licence.status, licence.grant_id, licence.licensee) == ("licensed", grant.id, "did:web:buyer.example")
    assert reported(studio, data).findings[0].licence.status == "not-asked"


def test_what_only_looks_alike_has_no_outline(studio: Studio) -> None:
    """Where the search compared is not what they share."""
    studio.registered(1)
    check = studio.ask(look_alike(studio))
    corners = [[0.25, 0.0], [0.75, 0.0], [0.75, 0.5], [0.25, 0.5]]
    (match,) = check.report["matches"]
    for grade, outline, covers in (("partial", tuple(map(tuple, corners)), 0.25), ("similar", None, None)):
        said = {**match, "grade": grade, "region_query": corners, "region_reference": corners}
        stored = replace(check, report={**check.report, "matches": [said]})
        (finding,) = studio.report(stored, query=None, viewer=None).findings
        assert (finding.region_query, finding.covers_query) == (outline, covers)
        assert (finding.region_reference, finding.covers_reference) == (outline, covers)


def test_what_was_found_in_another_frame_is_not_outlined_in_the_first(studio: Studio) -> None:
    """The second frame is the work; the first one, which is drawn, is somebody's title."""
    studio.registered(1)
    frames = [Image.fromarray(pixels) for pixels in (painting(9), decoded(look_alike(studio)))]
    target = BytesIO()
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], duration=100)
    report = reported(studio, target.getvalue())
    (finding,) = report.findings
    assert (report.asked.frames, finding.grade) == (2, Grade.COPY)
    assert (finding.region_query, finding.covers_query, finding.placement, finding.overlay) == (None, None, None, None)
    assert report.asked.picture is not None


def test_not_more_works_are_drawn_than_a_document_holds(studio: Studio) -> None:
    for shade in range(MAX_DRAWN + 2):
        studio.registered(1, data=png(np.clip(painting(1).astype(int) + shade, 0, 255).astype(np.uint8)))
    report = reported(studio, png(painting(1) - np.uint8(5)))
    drawn = [finding.picture is not None for finding in report.findings]
    assert drawn == [True] * MAX_DRAWN + [False] * 2
    assert [finding.shown for finding in report.findings] == ["yes"] * MAX_DRAWN + ["not-drawn"] * 2


def test_nothing_found_is_a_report_too(studio: Studio) -> None:
    report = reported(studio, png(painting(9)))
    assert (report.grade, report.findings, report.mark) == (Grade.NONE, (), None)


def test_the_same_check_gives_the_same_report(studio: Studio) -> None:
    studio.registered(1)
    data = look_alike(studio)
    check, query = studio.ask(data), studio.images.read(data)
    once: Callable[[], Report] = lambda: studio.report(check, query=query, viewer=None)  # noqa: E731
    first = once()
    studio.clock.advance(days=400)
    assert once() == first


def test_a_check_that_came_back_from_the_store_gives_it_too(studio: Studio) -> None:
    """JSON turned its tuples into lists."""
    studio.registered(1)
    check = studio.ask(encoded(decoded(look_alike(studio)), "TIFF"))
    with studio.store.read() as unit:
        stored: Check = unit.checks.get(check.id)
    assert studio.report(stored, query=None, viewer=None) == studio.report(check, query=None, viewer=None)


def test_a_check_of_an_older_form_is_a_report_too(studio: Studio) -> None:
    """Before calibrations were stored, animations counted, and marks placed."""
    work = studio.registered(1)
    check = studio.ask(png(decoded(studio.file(work)) ^ np.uint8(2)))
    query = {name: value for name, value in check.report["query"].items() if name != "frames"}
    mark = {name: value for name, value in check.report["mark"].items() if name != "region"}
    old = {name: value for name, value in check.report.items() if name != "explanation"}
    (finding,) = studio.report(
        replace(check, report={**old, "query": query, "mark": mark}), query=None, viewer=None
    ).findings
    assert (finding.grade, finding.limits, finding.false_alarms) == (Grade.COPY, None, None)


def test_json_has_the_same_content(studio: Studio) -> None:
    studio.registered(1, title="Dünen 沙丘")
    report = reported(studio, look_alike(studio))
    body = json.loads(json.dumps(as_json(report)))
    assert body["version"] == VERSION
    assert body["created_at"] == report.created_at.isoformat()
    assert body["findings"][0]["record"]["title"] == "Dünen 沙丘"
    assert body["findings"][0]["grade"] == "copy"
    assert body["asked"]["picture"]["data"].startswith("/9j/")  # a JPEG in base64
    assert body["findings"][0]["placement"]["heat"] == [[100, 50], [-1, 0]]
