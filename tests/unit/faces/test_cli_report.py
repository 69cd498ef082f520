"""`provenance check --report`."""

import json
from pathlib import Path

import pypdf
import pytest

from tests.cli import Stock, cli
from tests.service import encoded, scene


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_report_is_written_beside_the_answer(stock: Stock, tmp_path: Path, lang: str) -> None:
    out = tmp_path / "report.html"
    done = cli("check", stock.marked["harbour"], "--report", out, "--lang", lang, "--json")
    assert done.code == 0, done.err
    page = out.read_text("utf-8")
    assert done.answer["id"] in page
    assert stock.ids["harbour"] in page
    assert ('lang="zh-CN"' in page) == (lang == "zh")
    assert page.count("<polygon") >= 2  # whoever runs the command sees the works


def test_json_has_the_alignment_and_the_certificate(stock: Stock, tmp_path: Path) -> None:
    assert cli("check", stock.pictures["harbour"], "--report", tmp_path / "report.json").code == 0
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    (finding,) = report["findings"]
    shown = cli("show", stock.ids["harbour"], "--certificate", "-").out
    assert finding["record"]["work_id"] == stock.ids["harbour"]
    assert finding["record"]["certificate_id"] == json.loads(shown)["id"]
    assert len(finding["placement"]["transform"]) == 3
    assert report["asked"]["picture"]["width"] == 320


def test_a_pdf_is_written_too(stock: Stock, tmp_path: Path) -> None:
    out = tmp_path / "report.PDF"
    done = cli("check", stock.marked["harbour"], "--report", out, "--json")
    assert done.code == 0, done.err
    reader = pypdf.PdfReader(out)
    assert all(done.answer["id"] in page.extract_text() for page in reader.pages)
    assert list(reader.attachments) == [f"{done.answer['id']}.json"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--report", "report.docx"), "not made as 'docx'"),
        (("--report", "report"), "not made as ''"),
        (("--report", "report.html", "--lang", "fr"), "no language 'fr'"),
    ],
)
def test_what_can_not_be_written_is_said_first(stock: Stock, arguments: tuple[str, ...], said: str) -> None:
    done = cli("check", stock.pictures["harbour"], *arguments)
    assert done.code != 0
    assert said in done.err
    assert done.out == ""


def test_a_report_is_about_one_picture(stock: Stock) -> None:
    done = cli("check", *stock.pictures.values(), "--report", "report.html")
    assert "about one picture" in done.err
    assert not Path("report.html").exists()


def test_another_file_is_overwritten_only_on_purpose(stock: Stock, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("mine")
    assert cli("check", stock.pictures["harbour"], "--report", out).code != 0
    assert out.read_text() == "mine"
    assert cli("check", stock.pictures["harbour"], "--report", out, "--force").code == 0
    assert out.read_text().startswith("<!doctype html>")


# ---- explanations


def test_explaining_shows_every_work_with_its_scores_and_limits(stock: Stock, tmp_path: Path) -> None:
    query = tmp_path / "query.jpg"
    query.write_bytes(encoded(scene(0), "JPEG", quality=60))
    done = cli("check", query, "--explain")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    limits = next(line.split() for line in lines if line.split()[:1] == ["limit"])
    row = next(line for line in lines if line.split()[:1] == [stock.ids["harbour"]] and "decisive" in line).split()
    assert "a near hash proved a copy" in done.out
    assert "<=31" in limits
    assert any(cell.endswith("*") for cell in row)
    told = cli("check", query, "--explain", "--json").answer["explanation"]
    assert (told["stopped"], told["considered"][0]["proposed_by"][-1]) == ("pdq", "pdq")
    assert told["calibrations"][told["considered"][0]["calibration"]]["strict"] > 0.5


def test_without_asking_no_explanation_is_printed(stock: Stock) -> None:
    done = cli("check", stock.pictures["harbour"], "--json")
    assert "explanation" not in done.answer


def test_a_check_that_a_digest_answered_is_explained_too(stock: Stock) -> None:
    done = cli("check", stock.marked["harbour"], "--explain")
    assert "1 work considered; a digest in the register answered" in done.out
    assert any(line.split()[:3] == [stock.ids["harbour"], "digest", "(decisive)"] for line in done.out.splitlines())
