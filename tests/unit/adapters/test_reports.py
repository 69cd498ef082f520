"""The report as HTML: what it says, that nothing gets in or out, and that the same report is the same bytes."""

import hashlib
import re
import string
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from provenance.adapters.reports import LANGUAGES, Language, ReportDrawing, ReportHtml
from provenance.adapters.reports.content import digest as json_digest
from provenance.adapters.reports.html import boxes, content_policy, points
from provenance.adapters.reports.shapes import Frame, labels
from provenance.adapters.reports.texts import TEXTS, text
from provenance.adapters.reports.wording import about, number, one_in, percent, probability, unrelated, witness_name
from provenance.core.report import (
    Asked,
    FalseAlarms,
    Finding,
    Licence,
    Limits,
    LogPlace,
    Mark,
    Placement,
    Receipt,
    Record,
    Report,
    Witness,
    json_file,
)
from provenance.core.types import Grade
from tests.records import NOON, digest
from tests.service import decoded, scene

HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
STILL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"
PIXELS = scene(1)
SMALL = ReportDrawing().small(PIXELS)


def a_record(**changes: Any) -> Record:
    usual = {
        "work_id": "pv-028t5cy4tqkff",
        "title": "Dunes",
        "registered_at": NOON,
        "width": 640,
        "height": 512,
        "source_sha256": digest("source"),
        "marked_sha256": digest("marked"),
        "certificate_id": "urn:uuid:1",
        "certificate_hash": digest("certificate"),
        "issuer": "did:web:art.example",
        "standing": "valid",
        "address": None,
        "manifests": ("urn:c2pa:1",),
        "log": (LogPlace(kind="work.registered", index=7),),
        "receipts": (Receipt(chain_id=31337, block=12, transaction="0xabc"),),
        "terms": "personal",
        "terms_hash": digest("terms"),
    }
    return Record(**(usual | changes))


def a_finding(**changes: Any) -> Finding:
    usual = {
        "record": a_record(),
        "licence": Licence(status="not-asked"),
        "grade": Grade.EDITED,
        "probability": 0.99996,
        "copied_mark": False,
        "evidence": (
            Witness(kind="geometry", score=84.0, threshold=21.0, lower_is_closer=False, speaks=True),
            Witness(kind="pdq", score=90.0, threshold=31.0, lower_is_closer=True, speaks=False),
        ),
        "calibration": "pairs-1",
        "limits": Limits(strict=0.86, review=0.39),
        "false_alarms": FalseAlarms(threshold=0.86, rate=0.0025, upper=0.014, queries=400),
        "region_query": HALF,
        "region_reference": HALF,
        "covers_query": 0.5,
        "covers_reference": 0.5,
        "placement": Placement(
            transform=STILL, mirrored=False, inliers=84, share=0.5, heat=((100, 100, 0), (-1, 50, -1))
        ),
        "picture": SMALL,
        "overlay": ReportDrawing().laid_over(PIXELS, PIXELS, STILL),
        "shown": "yes",
    }
    return Finding(**(usual | changes))


def a_report(*findings: Finding, **changes: Any) -> Report:
    usual = {
        "check_id": "chk_1",
        "created_at": NOON,
        "grade": findings[0].grade if findings else Grade.NONE,
        "asked": Asked(
            sha256=digest("query"),
            pixels_sha256=digest("pixels"),
            media_type="image/png",
            width=320,
            height=256,
            frames=1,
            notes=(),
            picture=SMALL,
        ),
        "mark": None,
        "findings": findings,
        "withdrawn": 0,
        "policy": "policy-1",
        "models": ("m1", "m2"),
    }
    return Report(**(usual | changes))


def a_mark(**changes: Any) -> Mark:
    usual = {
        "work_id": "pv-028t5cy4tqkff",
        "key_id": "k",
        "confidence": 1 - 2.0**-40,
        "scale": 1.0,
        "rotation": 0.0,
        "mirrored": False,
        "region": None,
    }
    return Mark(**(usual | changes))


class Page(HTMLParser):
    """Every element with its attributes, and what a person reads."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str, class_: str | None = None) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag and class_ in (None, attrs.get("class"))]


def page(report: Report, language: Language = "en") -> Page:
    return Page(ReportHtml()(report, language))


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    return request.param  # type: ignore[no-any-return]


# ---- what it says


def test_regions_are_polygons_on_both_pictures() -> None:
    outlines = page(a_report(a_finding())).all("polygon", "outline")
    assert [outline["points"] for outline in outlines] == ["0,0 160,0 160,256 0,256"] * 2


def test_the_heat_map_says_nothing_where_there_is_nothing_to_compare() -> None:
    found = list(boxes(((100, 100, 0), (-1, 50, -1)), Frame(300, 200)))
    assert found == [("0", "0", "200", "100", 4), ("200", "0", "100", "100", 0), ("100", "100", "100", "100", 2)]
    drawn = page(a_report(a_finding())).all("rect")
    assert len([box for box in drawn if "x" in box]) == 3
    assert [box["class"] for box in drawn if "x" not in box] == ["h0", "h1", "h2", "h3", "h4"]  # the legend


def test_scores_and_limits_are_told_in_words(language: Language) -> None:
    words = page(a_report(a_finding()), language).words
    for key in ("witness-geometry", "witness-pdq"):
        assert TEXTS[key][LANGUAGES.index(language)] in words
    assert text("at-most", language, limit="31") in words
    assert text("at-least", language, limit="21") in words


def test_it_says_what_this_means_for_unrelated_pictures(language: Language) -> None:
    words = page(a_report(a_finding()), language).words
    assert all(part in words for part in ("400", "0.25%", "86.00%", "1.4%", "1 of" if language == "en" else "1 幅"))


def test_the_record_stands_in_it(language: Language) -> None:
    words = page(a_report(a_finding()), language).words
    record = a_record()
    for value in (record.certificate_id, record.certificate_hash, record.source_sha256, record.issuer, "urn:c2pa:1"):
        assert value in words
    assert text("log-value", language, index=7, kind="work.registered") in words
    assert text("receipt-value", language, chain=31337, block=12, tx="0xabc") in words
    assert "2026-03-01 12:00:00 UTC" in words


@pytest.mark.parametrize("grade", list(Grade))
def test_every_grade_has_its_words(grade: Grade, language: Language) -> None:
    words = page(a_report(a_finding(grade=grade)), language).words
    assert text(str(grade), language) in words
    assert text(f"{grade}-long", language) in words


@pytest.mark.parametrize("standing", ["valid", "suspended", "revoked"])
def test_the_standing_of_the_certificate(standing: str, language: Language) -> None:
    report = a_report(a_finding(record=a_record(standing=standing)))
    assert text(standing, language) in page(report, language).words


@pytest.mark.parametrize("status", ["not-asked", "not-licensed", "licensed"])
def test_the_licence(status: str, language: Language) -> None:
    licence = Licence(status=status, licensee="did:web:b.example", grant_id="lic_1", terms="commercial")
    words = page(a_report(a_finding(licence=licence)), language).words
    assert text(status, language, licensee="did:web:b.example", grant="lic_1", terms="commercial") in words


def test_it_says_what_it_does_not_prove(language: Language) -> None:
    words = page(a_report(), language).words
    assert all(text(f"limit-{number}", language) in words for number in range(1, 7))


def test_no_finding_is_called_an_infringement(language: Language) -> None:
    said = ReportHtml()(a_report(a_finding(), a_finding(copied_mark=True)), language).decode().lower()
    assert not re.search("infring|侵权|侵犯|pirat|盗", said)


def test_without_the_query_its_outline_is_drawn_in_its_shape() -> None:
    report = a_report(a_finding(placement=None, overlay=None, picture=None, shown="owner-only"))
    blank = page(replace(report, asked=replace(report.asked, picture=None)))
    assert not blank.all("image")
    assert not blank.all("use")
    assert [frame["viewbox"] for frame in blank.all("svg")] == ["0 0 640 512", "0 0 640 512"]
    assert len(blank.all("polygon", "outline")) == 2
    assert text("no-query", "en") in blank.words
    assert text("owner-only", "en") in blank.words
    assert [frame["class"] for frame in blank.all("text")] == ["absent", "absent"]


def test_a_mark_a_mirror_and_works_that_left() -> None:
    mark = a_mark(work_id=None)
    placed = replace(a_finding().placement, mirrored=True)  # type: ignore[type-var]
    words = page(a_report(a_finding(placement=placed, copied_mark=True), mark=mark, withdrawn=2)).words
    assert "1 in 1,000,000,000,000 pictures" in words
    assert text("no-live-work", "en") in words
    assert text("mirrored", "en") in words
    assert text("copied-mark", "en") in words
    assert text("withdrawn", "en", count=2) in words


def test_several_works_are_listed_and_numbered_in_one_picture(language: Language) -> None:
    left, right = ((0.0, 0.0), (0.4, 0.0), (0.4, 0.4)), ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0))
    report = a_report(
        a_finding(region_query=left),
        a_finding(region_query=right, record=a_record(work_id="pv-2", title="沙丘")),
        a_finding(region_query=left, grade=Grade.PARTIAL, record=a_record(work_id="pv-3", title="")),
    )
    found = page(report, language)
    for words in (text("several", language, count=3), text("overview", language), text("map", language)):
        assert words in found.words
    assert [found.words.index(f"{number}. ") for number in (1, 2, 3)] == sorted(
        found.words.index(text("finding", language, number=n, work=w))
        for n, w in ((1, "pv-028t5cy4tqkff"), (2, "pv-2"), (3, "pv-3"))
    )
    numbers = labels(report)
    assert [label.number for label in numbers] == [1, 2, 3]
    assert len(found.all("circle")) == 3
    assert numbers[2].x - numbers[0].x >= 16  # two at one place stand side by side
    assert abs(numbers[1].x - 160) < 30 > abs(numbers[1].y - 128)


def test_the_part_that_carries_the_mark_is_drawn(language: Language) -> None:
    report = a_report(a_finding(), mark=a_mark(region=HALF))
    found = page(report, language)
    assert [outline["points"] for outline in found.all("polygon", "dashed")] == ["0,0 160,0 160,256 0,256"]
    assert text("map-mark", language) in found.words
    assert not page(a_report(a_finding(), mark=a_mark()), language).all("polygon", "dashed")


def test_a_part_is_told_by_its_share_of_both(language: Language) -> None:
    finding = a_finding(grade=Grade.PARTIAL, covers_query=0.234, covers_reference=0.61)
    found = page(a_report(finding), language)
    said = text("covers", language, query="23%", work="61%")
    assert said in found.words
    assert sum(said in str(drawing.get("aria-label")) for drawing in found.all("svg")) == 2


def test_of_an_animation_the_first_frame_is_shown(language: Language) -> None:
    report = a_report(a_finding())
    animated = replace(report, asked=replace(report.asked, frames=12))
    assert text("frames-value", language, frames=12) in page(animated, language).words
    assert text("frames", language) not in page(report, language).words


def test_what_only_looks_alike_is_shown_without_an_outline(language: Language) -> None:
    alike = a_finding(
        grade=Grade.SIMILAR,
        region_query=None,
        region_reference=None,
        covers_query=None,
        covers_reference=None,
        placement=None,
        overlay=None,
    )
    found = page(a_report(alike), language)
    assert not found.all("polygon")
    assert text("work-plain", language) in found.words


def test_findings_past_the_fifth_say_that_they_are_not_drawn(language: Language) -> None:
    more = a_finding(picture=None, placement=None, overlay=None, shown="not-drawn")
    words = page(a_report(a_finding(), more), language).words
    assert words.count(text("side-by-side", language)) == 1
    assert text("not-drawn", language) in words
    assert text("owner-only", language) not in words


def test_the_limits_of_the_calibration_are_told(language: Language) -> None:
    assert text("limits-of", language, strict="86.00%", review="39.00%") in page(a_report(a_finding()), language).words


def test_equal_digests_are_no_estimate(language: Language) -> None:
    spoke = Witness(kind="file", score=1.0, threshold=1.0, lower_is_closer=False, speaks=True)
    exact = a_finding(grade=Grade.IDENTICAL, probability=1.0, evidence=(spoke,), limits=None, false_alarms=None)
    words = page(a_report(exact), language).words
    assert text("probability-exact", language) in words
    assert text("unrelated-exact", language) in words
    assert "%" not in words.split(text("unrelated-exact", language))[0].split(text("probability-exact", language))[1]


def test_the_digest_of_the_json_form_stands_in_it(language: Language) -> None:
    report = a_report(a_finding())
    assert json_digest(report) == hashlib.sha256(json_file(report)).hexdigest()
    assert json_digest(report) in page(report, language).words


def test_every_drawing_says_what_it_shows() -> None:
    found = page(a_report(a_finding(), a_finding(), mark=a_mark(region=HALF)))
    drawings = [drawing for drawing in found.all("svg") if "aria-hidden" not in drawing]
    assert len(drawings) == 1 + 4 * 2
    assert all(drawing["role"] == "img" and drawing["aria-label"] for drawing in drawings)


# ---- what gets in and out


@pytest.mark.parametrize("place", ["title", "notes", "licensee", "kind", "issuer"])
def test_what_people_wrote_stays_text(place: str) -> None:
    finding, report = a_finding(), a_report(a_finding())
    changed = {
        "title": a_report(replace(finding, record=a_record(title=HOSTILE))),
        "notes": replace(report, asked=replace(report.asked, notes=(HOSTILE,))),
        "licensee": a_report(replace(finding, licence=Licence(status="not-licensed", licensee=HOSTILE))),
        "kind": a_report(replace(finding, evidence=(replace(finding.evidence[0], kind=HOSTILE),))),
        "issuer": a_report(replace(finding, record=a_record(issuer=HOSTILE))),
    }[place]
    hostile, harmless = page(changed), page(report)
    assert HOSTILE in hostile.words
    assert {name for name, _ in hostile.elements} == {name for name, _ in harmless.elements}
    assert len(hostile.all("script")) == 1
    assert not hostile.all("img")


def test_nothing_is_loaded_from_anywhere() -> None:
    found = page(a_report(a_finding()))
    links = [
        v for _, attrs in found.elements for k, v in attrs.items() if k in ("src", "href", "srcset", "action", "data")
    ]
    assert links
    assert all(link is not None and link.startswith(("data:image/jpeg;base64,", "#")) for link in links)
    assert not [attrs for _, attrs in found.elements if "style" in attrs or any(k.startswith("on") for k in attrs)]
    (rules,) = (meta["content"] for meta in found.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert str(rules).startswith("default-src 'none'")


def test_the_policy_lets_our_own_script_in_and_no_other() -> None:
    policy = content_policy("a", "b")
    assert "script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='" in policy  # of "b"
    assert "style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='" in policy  # of "a"
    assert "unsafe" not in policy


def test_numbers_in_drawings_are_short_and_plain() -> None:
    assert points(((1 / 3, 2 / 3), (1e-9, 1.0)), Frame(100, 100)) == "33.3,66.7 0,100"


# ---- the same each time


def test_the_same_report_is_the_same_bytes(language: Language) -> None:
    assert ReportHtml()(a_report(a_finding()), language) == ReportHtml()(a_report(a_finding()), language)


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, words in TEXTS.items():
        assert all(words), key
        english, chinese = ({name for _, name, _, _ in string.Formatter().parse(one) if name} for one in words)
        assert english == chinese, key


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (number(21.0), "21"),
        (number(-0.00001), "0"),
        (number(0.473), "0.473"),
        (probability(0.999999, "en"), "more than 99.99%"),
        (probability(1.0, "zh"), "99.99% 以上"),
        (probability(0.99286, "en"), "99.29%"),
        (probability(0.00001, "en"), "less than 0.01%"),
        (percent(0.0025), "0.25%"),
        (percent(1.0), "100%"),
        (about(0.614, "en"), "61%"),
        (about(0.001, "en"), "less than 1%"),
        (one_in(0.0), "1,000,000,000,000,000"),
        (one_in(1.02e-7), "9,800,000"),
        (one_in(0.3), "3"),
    ],
)
def test_numbers(made: str, expected: str) -> None:
    assert made == expected


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("file", "unrelated-exact"),
        ("pixels", "unrelated-exact"),
        ("mark", "unrelated-mark"),
        ("sscd", "unrelated-unknown"),
        ("dense", "unrelated-unknown"),
    ],
)
def test_what_is_said_of_unrelated_pictures_without_a_rate(kind: str, key: str) -> None:
    spoke = Witness(kind=kind, score=1.0, threshold=1.0, lower_is_closer=False, speaks=True)
    assert unrelated(a_finding(false_alarms=None, evidence=(spoke,)), "en") == text(key, "en")


def test_nothing_is_said_of_unrelated_pictures_where_a_mark_was_copied(language: Language) -> None:
    spoke = Witness(kind="mark", score=1.0, threshold=1.0, lower_is_closer=False, speaks=True)
    copied = a_finding(grade=Grade.NONE, copied_mark=True, probability=0.002, evidence=(spoke,), false_alarms=None)
    words = page(a_report(copied), language).words
    assert text("copied-mark", language) in words
    assert text("probability", language, name="pairs-1", value="0.20%") in words
    assert not any(text(key, language) in words for key in ("unrelated-mark", "unrelated-unknown", "unrelated-exact"))


def test_a_witness_of_tomorrow_is_named_by_its_kind() -> None:
    spoke = Witness(kind="sscd", score=1.0, threshold=1.0, lower_is_closer=False, speaks=True)
    assert witness_name(spoke, "en").endswith(": sscd")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_descriptor_beside_the_primary_one_names_its_model(language: Language) -> None:
    one = Witness(kind="descriptor", score=1.0, threshold=1.0, lower_is_closer=False, speaks=True)
    other = replace(one, kind="descriptor:sscd-onnx/0123456789abcdef/1")
    assert witness_name(other, language) == f"{witness_name(one, language)} (sscd-onnx/0123456789abcdef/1)"


# ---- pictures


def test_pictures_are_small_and_never_enlarged() -> None:
    drawing = ReportDrawing()
    large = drawing.small(scene(2, width=1600, height=900))
    assert (large.width, large.height) == (640, 360)
    assert decoded(large.data).shape == (360, 640, 3)
    assert (SMALL.width, SMALL.height) == (320, 256)


def test_the_work_is_laid_where_it_belongs() -> None:
    """A white work on the right half of a black query."""
    white, black = np.full((50, 80, 3), 255, np.uint8), np.zeros((100, 200, 3), np.uint8)
    shot = ReportDrawing().laid_over(black, white, ((0.5, 0, 0.5), (0, 1, 0), (0, 0, 1)))
    seen = decoded(shot.data)
    assert seen.shape == (100, 200, 3)
    assert seen[:, :90].max() < 30
    assert seen[:, 110:].min() > 225
