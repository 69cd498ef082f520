"""`provenance check --report`."""

import json
from pathlib import Path

import pytest

from tests.cli import Stock, cli


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
