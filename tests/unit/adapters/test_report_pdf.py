"""The report as a PDF: the same words as every other form, on every page its check and its digest, the same bytes on
any day; and its lines."""

import io
import json
import logging
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.adapters.reports import LANGUAGES, Language, ReportHtml
from provenance.adapters.reports.content import digest as json_digest
from provenance.adapters.reports.content import document
from provenance.adapters.reports.figures import DASHED, HEAT, LINE
from provenance.adapters.reports.paper import BOLD, REGULAR
from provenance.adapters.reports.pdf import ReportPdf
from provenance.adapters.reports.texts import text
from provenance.adapters.reports.wrapping import wrapped
from provenance.core.report import Licence, LogPlace, Receipt, Report, json_file
from provenance.core.types import Grade
from scripts.fonts.report import words as font_words
from tests.unit.adapters.test_reports import HALF, a_finding, a_mark, a_record, a_report

STYLE = Path(sys.modules[ReportHtml.__module__].__file__ or "").with_name("report.css").read_text()


def squeezed(value: str) -> str:
    return "".join(value.split())


def opened(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data), strict=True)


def words(data: bytes) -> str:
    """Without white space: long values are broken into lines."""
    return "".join(squeezed(page.extract_text()) for page in opened(data).pages)


def two_works() -> Report:
    second = a_finding(grade=Grade.PARTIAL, record=a_record(work_id="pv-2", title="沙丘与海"))
    return a_report(a_finding(), second, mark=a_mark(region=HALF))


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def made(language: Language) -> bytes:
    return ReportPdf()(two_works(), language)


# ---- what it says


def test_it_says_what_the_other_forms_say(made: bytes, language: Language) -> None:
    said, content = words(made), document(two_works(), language)
    sentences = [said.words for part in content.parts for said in part.sentences]
    captions = [
        caption.words
        for part in content.parts
        for caption in (part.query, part.work, part.heat, part.overlay)
        if caption
    ]
    headings = [part.heading for part in content.parts]
    assert len(captions) == 8
    whole = (*content.verdict, *((line, False) for line in (content.result, content.method, content.map.words)))  # type: ignore[union-attr]
    for line in (*(line for line, _ in whole), *sentences, *captions, *headings, *content.legend):
        assert squeezed(line) in said, line
    for line in (*content.steps, *content.limits):
        assert squeezed(line) in said, line


def test_every_row_of_every_table_is_in_it(made: bytes, language: Language) -> None:
    said, content = words(made), document(two_works(), language)
    rows = [row for found in (content.facts, content.asked, *(part.record for part in content.parts)) for row in found]
    assert len(rows) > 30
    for row in rows:
        assert squeezed(row.value) in said
        assert squeezed(row.label) in said
    assert content.overview is not None
    for cells in (*content.overview.rows, *(row for part in content.parts for row in part.evidence.rows)):
        assert squeezed("".join(cells)) in said or all(squeezed(cell) in said for cell in cells)


def test_every_page_names_the_check_the_content_and_itself(made: bytes, language: Language) -> None:
    pages = opened(made).pages
    assert len(pages) >= 4
    for number, page in enumerate(pages, start=1):
        said = squeezed(page.extract_text())
        assert squeezed(text("page", language, page=number, pages=len(pages))) in said
        assert "chk_1" in said
        assert json_digest(two_works()) in said


def test_the_json_form_is_inside(made: bytes) -> None:
    (name,) = opened(made).attachments
    (data,) = opened(made).attachments[name]
    assert name == "chk_1.json"
    assert data == json_file(two_works())
    assert json.loads(data)["findings"][1]["record"]["title"] == "沙丘与海"


def test_pictures_say_in_words_what_they_show(made: bytes, language: Language) -> None:
    told, content = _alternatives(opened(made)), document(two_works(), language)
    for part in content.parts:
        for caption in (part.query, part.work, part.heat, part.overlay):
            assert caption is not None
            assert caption.alt in told


def _alternatives(reader: pypdf.PdfReader) -> set[str]:
    """Of all structure elements."""
    objects = [reader.get_object(number) for number in range(1, int(reader.trailer["/Size"]))]  # type: ignore[call-overload]
    return {str(found["/Alt"]) for found in objects if isinstance(found, dict) and "/Alt" in found}


def test_its_properties_name_it(made: bytes, language: Language) -> None:
    reader = opened(made)
    assert reader.metadata is not None
    assert str(reader.metadata.title) == f"{text('title', language)}, chk_1"
    assert reader.metadata.creation_date == two_works().created_at.replace(microsecond=0)
    assert str(reader.trailer["/Root"]["/Lang"]) == {"en": "en", "zh": "zh-CN"}[language]  # type: ignore[index]
    assert [str(entry["/Title"]) for entry in reader.outline if isinstance(entry, dict)][2].startswith("1. ")


@pytest.mark.parametrize("grade", list(Grade))
def test_every_grade_has_its_words(grade: Grade, language: Language) -> None:
    said = words(ReportPdf()(a_report(a_finding(grade=grade)), language))
    assert squeezed(text(grade, language)) in said
    assert squeezed(text(f"{grade}-long", language)) in said


def test_nothing_found_is_a_report_too(language: Language) -> None:
    said = words(ReportPdf()(a_report(), language))
    assert squeezed(text("none-long", language)) in said
    assert squeezed(text("verify", language)) not in said


def test_without_pictures_outlines_are_left(language: Language) -> None:
    finding = a_finding(picture=None, overlay=None, placement=None, shown="owner-only")
    report = a_report(finding)
    data = ReportPdf()(replace(report, asked=replace(report.asked, picture=None)), language)
    assert not [image for page in opened(data).pages for image in page.images]
    assert words(data).count(squeezed(text("no-picture", language))) >= 2
    assert squeezed(text("no-query", language)) in words(data)
    assert squeezed(text("owner-only", language)) in words(data)


# ---- the same each time


def test_the_same_report_is_the_same_bytes(made: bytes, language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2031, 5, 6, 7, 8, 9, tzinfo=tz)

    monkeypatch.setattr("fpdf.fpdf.datetime", Later)
    as_of = Later.fromisoformat(two_works().created_at.isoformat())
    assert ReportPdf()(replace(two_works(), created_at=as_of), language) == made


PROGRAM = """
import hashlib
from provenance.wiring.reports import MEDIA_TYPES, rendered
from tests.unit.adapters.test_report_pdf import two_works
for form in sorted(MEDIA_TYPES):
    for language in ("en", "zh"):
        print(form, language, hashlib.sha256(rendered(two_works(), form, language)).hexdigest())
"""


def test_every_form_is_the_same_in_another_process() -> None:
    def run(seed: str) -> str:
        environment = {
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "PYTHONHASHSEED": seed,
            "PATH": "",
            "TZ": f"X{seed}",
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout

    first = run("1")
    assert len(set(re.findall(r"[0-9a-f]{64}", first))) == 5  # JSON has no language
    assert run("2") == first


# ---- what people write


def test_what_has_no_glyph_is_told_by_its_number(caplog: pytest.LogCaptureFixture) -> None:
    title = "Ünïcode 沙丘 カナ \U0001f600 \u202e\x1b[2J ж"
    with caplog.at_level(logging.WARNING):
        said = words(ReportPdf()(a_report(a_finding(record=a_record(title=title))), "en"))
    assert "Ünïcode沙丘カナ[U+1F600][U+202E][U+001B][2J[U+0436]" in said
    assert "missing" not in caplog.text.lower()


def test_a_title_is_not_taken_for_anything_else() -> None:
    title = "{nb} {page} **bold** [a](https://x.example) <b> \ue000"
    said = words(ReportPdf()(a_report(a_finding(record=a_record(title=title))), "en"))
    assert "{nb}{page}**bold**[a](https://x.example)<b>[U+E000]" in said


def test_long_values_and_many_of_them_stay_on_the_page() -> None:
    record = a_record(
        title="A title that goes on " * 30,
        log=tuple(LogPlace(kind="work.registered", index=i) for i in range(40)),
        receipts=tuple(Receipt(chain_id=1, block=i, transaction="0x" + "7" * 64) for i in range(40)),
    )
    licence = Licence(status="not-licensed", licensee="did:web:" + "x" * 190)
    report = a_report(*[a_finding(record=record, licence=licence)] * 20)
    noted = replace(report, asked=replace(report.asked, notes=("first of 12 frames",) * 200))
    data = ReportPdf()(noted, "en")
    reader = opened(data)
    assert words(data).count("0x" + "7" * 64) == 20 * 40
    left, low = [], []

    def visit(said: str, _: Any, matrix: list[float], *__: Any) -> None:
        if said.strip():
            left.append(matrix[4])
            low.append(matrix[5])

    for page in reader.pages[:6]:
        page.extract_text(visitor_text=visit)
    assert min(left) >= 0
    assert min(low) > 10


def test_the_fonts_have_every_word() -> None:
    from fontTools.ttLib import TTFont

    with TTFont(REGULAR) as regular, TTFont(BOLD) as bold:
        glyphs = [{chr(code) for code in font.getBestCmap()} for font in (regular, bold)]
    assert font_words() <= glyphs[0]
    assert font_words() == glyphs[1]
    assert len(glyphs[0]) > 7000  # titles are written by people
    assert REGULAR.stat().st_size < 3_000_000


def test_colours_are_those_of_the_page_in_a_browser() -> None:
    found = dict(re.findall(r"\.h(\d) \{ fill: #([0-9a-f]{6})", STYLE))
    assert [bytes(colour).hex() for colour in HEAT] == [found[str(level)] for level in range(5)]
    assert f"--line: #{bytes(LINE).hex()}" in STYLE
    assert f"stroke: #{bytes(DASHED).hex()}" in STYLE


# ---- lines


def by_character(words: str) -> float:
    return float(len(words))


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("", [""]),
        ("0123456789abcdef", ["01234567", "89abcdef"]),
        ("图像与作品共有的部分。", ["图像与作品共有的", "部分。"]),
        ("图像与作品共有部。分", ["图像与作品共有", "部。分"]),
        ("图像与作品共有（部）", ["图像与作品共有", "（部）"]),
        ("a  b", ["a  b"]),
        ("   abcdefgh", ["abcdefgh"]),
    ],
)
def test_where_lines_end(said: str, lines: list[str]) -> None:
    assert wrapped(said, 8, by_character) == lines


@given(st.text(st.sampled_from("ab 沙丘。，（）é-")), st.integers(2, 12))
def test_lines_lose_nothing_and_are_not_too_wide(said: str, width: int) -> None:
    lines = wrapped(said, width, by_character)
    assert squeezed("".join(lines)) == squeezed(said)
    assert all(len(line) <= width for line in lines)


# ---- in another program


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is not installed")
def test_another_program_draws_outlines_and_heat(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "r.pdf").write_bytes(ReportPdf()(a_report(a_finding()), "zh"))
    run = partial(subprocess.run, cwd=tmp_path, check=True, timeout=60, capture_output=True, text=True)
    run(["pdftoppm", "-r", "60", "-png", "r.pdf", "page"])
    pages = [np.asarray(Image.open(path).convert("RGB")).astype(int) for path in sorted(tmp_path.glob("page*.png"))]
    pink = sum(int((np.abs(page - LINE).max(axis=2) < 40).sum()) for page in pages)
    assert pink > 300  # two outlines
    said = squeezed(run(["pdftotext", "r.pdf", "-"]).stdout)
    assert squeezed(text("title", "zh")) in said
    assert squeezed(text("limit-1", "zh")) in said
