"""`python -m scripts.demo`, reduced: its report, its exit code, its page; and that it fails when the product does."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
KEYS = {
    "registered",
    "misuses",
    "found",
    "innocent",
    "false_matches",
    "certificates_verified",
    "tampered_refused",
    "seconds",
}

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FOUND_NOTHING = """
import sys
import index.matcher
from provenance.watermark import RotatingWatermarker

index.matcher.Matcher.explain = lambda self, picture, *, candidates=(): []
from scripts.demo.__main__ import main
sys.exit(main())
"""
FOUND_EVERYWHERE = """
import sys
import index.matcher
from index import Match

def explain(self, picture, *, candidates=()):
    return [Match(id_, "copy", 0.99, ()) for id_ in list(self._catalogue._slots)[:1]]

index.matcher.Matcher.explain = explain
from scripts.demo.__main__ import main
sys.exit(main())
"""


def run(out: Path, *arguments: str, program: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(program or ["-m", "scripts.demo"]), "--out", str(out), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PROVENANCE_")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, run(out, "--works", "4", "--innocent", "4")


def report(out: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((out / "report.json").read_text())
    return document


def test_it_ends_well_and_reports_what_it_did(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, process = told
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    document = report(out)
    assert set(document) >= KEYS
    assert document["registered"] == document["certificates_verified"] == 4
    assert document["found"] == document["misuses"] == 20
    assert (document["innocent"], document["false_matches"], document["tampered_refused"]) == (4, 0, 2)
    assert document["seconds"] > 0


def test_it_shows_a_table_and_why_the_tampered_were_refused(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, process = told
    for heading in ("file", "grade", "matched work", "probability", "ms"):
        assert heading in process.stdout
    assert "invalid-signature" in process.stdout
    assert "content-mismatch" in process.stdout


def test_the_marked_files_and_certificates_are_there_for_a_look(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, _ = told
    assert len(list((out / "works").glob("*.cert.json"))) == 4
    assert len(list((out / "works").glob("pv-*"))) == 8
    assert len(list((out / "uploads").iterdir())) == 24


def test_a_report_for_the_other_side_is_there_in_both_languages(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, process = told
    made = sorted((out / "reports").iterdir())
    assert [path.name.partition(".")[2] for path in made] == ["en.html", "en.pdf", "zh.html", "zh.pdf"]
    assert all(path.name in process.stdout.replace("\n", "") for path in made)
    works = [path.name.partition(".")[0] for path in (out / "works").glob("*.cert.json")]
    assert any(work in made[0].read_text("utf-8") for work in works)
    assert made[1].read_bytes().startswith(b"%PDF-")


class Loads(HTMLParser):
    """Collects whatever a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.pictures = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pictures += tag in ("img", "image")
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "background", "action") or (
                name in ("href", "xlink:href") and tag != "a"
            ):
                self.addresses.append(value or "")


def test_the_page_is_self_contained(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, _ = told
    html = (out / "report.html").read_text()
    page = Loads()
    page.feed(html)
    assert page.pictures >= 24
    assert [address[:60] for address in page.addresses if not address.startswith(("data:", "#"))] == []
    assert re.findall(r"url\((?!['\"]?(?:data:|#))[^)]*\)", html) == []
    assert "@import" not in html


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        reason = "no chromium on this machine"
        if os.environ.get("PROVENANCE_TEST_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def test_a_browser_shows_the_page(told: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    out, _ = told
    shot = tmp_path / "page.png"
    subprocess.run(
        [
            _chromium(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--window-size=1200,2000",
            f"--screenshot={shot}",
            (out / "report.html").as_uri(),
        ],
        capture_output=True,
        timeout=240,
        check=True,
    )
    with Image.open(shot) as image:
        pixels = np.asarray(image.convert("RGB"))
    colours = np.unique(pixels.reshape(-1, 3) // 16, axis=0)
    assert len(colours) > 200  # pictures, not only a background and text
    assert pixels.std() > 20


@pytest.mark.parametrize(
    ("broken", "told_apart"),
    [(FOUND_NOTHING, ("found", "misuses")), (FOUND_EVERYWHERE, ("false_matches", "innocent"))],
    ids=["a matcher that finds nothing", "a matcher that finds a work in everything"],
)
def test_it_fails_when_the_product_does(tmp_path: Path, broken: str, told_apart: tuple[str, str]) -> None:
    process = run(tmp_path / "out", "--works", "2", "--innocent", "2", program=["-c", broken])
    assert process.returncode == 1, process.stdout[-3000:] + process.stderr[-3000:]
    document = report(tmp_path / "out")
    if told_apart[0] == "found":
        assert document["found"] < document["misuses"]
    else:
        assert document["false_matches"] == document["innocent"] == 2
