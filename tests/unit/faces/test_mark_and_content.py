"""A decoded mark never stands alone: what the API, the command line and the reports say of marks that were copied onto
other pictures, and where they say that marks and works lie in a collage."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.cli import Stock, cli
from tests.service import Api, decoded, encoded, picture, scene


def forgery(marked: np.ndarray) -> np.ndarray:
    """What a forger without the key does: the marked picture's fine detail, which has the mark in it, added to another
    picture of the same size, 320 x 256 (docs/watermark.md, "Security limits")."""
    fine = marked.astype(np.float32) - cv2.GaussianBlur(marked, (0, 0), 2.5)
    other = cv2.resize(decoded(picture("photo-alps.jpg")), (320, 256), interpolation=cv2.INTER_AREA)
    return np.clip(other + np.clip(fine, -12, 12), 0, 255).astype(np.uint8)


@pytest.fixture
def forged(stock: Stock, surroundings: Path) -> Path:
    """A picture that carries the mark of "harbour" and shows something else. Made without the key."""
    path = surroundings / "forged.png"
    path.write_bytes(encoded(forgery(decoded(stock.marked["harbour"].read_bytes()))))
    return path


class TestCopiedMark:
    def test_the_mark_verifies_and_the_check_disagrees(self, stock: Stock, forged: Path):
        assert cli("detect", forged, "--json").answer["mark"]["work_id"] == stock.ids["harbour"], "the forgery works"
        done = cli("check", forged, "--fail-on-match", "--json")
        assert done.code == 0, "it is no match"
        assert done.answer["grade"] in ("none", "similar")
        assert done.answer["mark"]["work_id"] == stock.ids["harbour"]
        (match,) = [match for match in done.answer["matches"] if match["work_id"] == stock.ids["harbour"]]
        assert match["copied_mark"]
        assert match["evidence"][0]["kind"] == "mark"

    def test_people_are_told_so(self, stock: Stock, forged: Path):
        done = cli("check", forged)
        assert f"{stock.ids['harbour']}  none" in done.out
        assert "its mark is in the picture, which shows something else: the mark may have been copied" in done.out

    @pytest.mark.parametrize(
        ("lang", "words"), [("en", "the mark may have been copied onto it"), ("zh", "水印可能是被复制过去的")]
    )
    def test_the_report_says_it_in_words(self, stock: Stock, forged: Path, lang: str, words: str):
        assert cli("check", forged, "--report", "report.html", "--lang", lang).code == 0
        assert words in Path("report.html").read_text()

    def test_the_report_says_it_to_programs(self, stock: Stock, forged: Path):
        assert cli("check", forged, "--report", "report.json").code == 0
        (finding,) = json.loads(Path("report.json").read_text())["findings"]
        assert (finding["record"]["work_id"], finding["copied_mark"]) == (stock.ids["harbour"], True)

    def test_it_can_not_be_registered_either(self, stock: Stock, forged: Path):
        done = cli("register", forged, "--json")
        assert done.code == 1
        assert done.answer["error"] == "rejected"
        assert stock.ids["harbour"] in done.answer["reason"]

    def test_the_service_says_it(self, api: Api):
        work = api.register(encoded(scene(901)))
        report = api.check(encoded(forgery(decoded(api.file(work["id"])))))
        assert report["mark"]["work_id"] == work["id"]
        assert [match["copied_mark"] for match in report["matches"] if match["work_id"] == work["id"]] == [True]


def box(region: Any) -> tuple[float, float, float, float]:
    """(left, top, right, bottom)."""
    x, y = zip(*region, strict=True)
    return min(x), min(y), max(x), max(y)


def shared(region: Any, other: tuple[float, float, float, float]) -> float:
    """What the box around a region and another box have in common, of what they cover together."""
    one = box(region)

    def area(left: float, top: float, right: float, bottom: float) -> float:
        return max(right - left, 0) * max(bottom - top, 0)

    both = area(*map(max, one[:2], other[:2]), *map(min, one[2:], other[2:]))
    return both / (area(*one) + area(*other) - both)


PLACES = {"harbour": (20, 30), "meadow": (420, 110)}  # left, top; each work has 320 x 256 of 780 x 400 pixels


class TestCollage:
    """Two works beside each other on a ground of its own, each over a part of it."""

    @pytest.fixture
    def collage(self, stock: Stock, surroundings: Path) -> Path:
        y, x = np.mgrid[0:400, 0:780] / 640
        canvas = np.dstack([90 + 60 * x, 120 + 50 * np.sin(3 * y), 150 - 40 * x * y]).astype(np.uint8)
        for name, (left, top) in PLACES.items():
            canvas[top : top + 256, left : left + 320] = decoded(stock.marked[name].read_bytes())
        path = surroundings / "collage.jpg"
        path.write_bytes(encoded(canvas, "JPEG", quality=90))
        return path

    def true_box(self, name: str) -> tuple[float, float, float, float]:
        left, top = PLACES[name]
        return left / 780, top / 400, (left + 320) / 780, (top + 256) / 400

    def test_both_works_are_found_and_the_mark_is_located(self, stock: Stock, collage: Path):
        report = cli("check", collage, "--json").answer
        found = {match["work_id"]: match for match in report["matches"] if match["grade"] != "similar"}
        assert set(found) == set(stock.ids.values())
        names = {work_id: name for name, work_id in stock.ids.items()}
        for work_id, match in found.items():
            assert not match["copied_mark"]
            assert match["grade"] in ("partial", "edited")
            assert box(match["region_query"]) == pytest.approx(self.true_box(names[work_id]), abs=0.08)
        carrier = names[report["mark"]["work_id"]]
        assert shared(report["mark"]["region"], self.true_box(carrier)) > 0.35
        (other,) = set(PLACES) - {carrier}
        assert shared(report["mark"]["region"], self.true_box(other)) < 0.1

    def test_the_mark_and_the_look_of_its_work_lie_in_one_place(self, stock: Stock, collage: Path):
        report = cli("check", collage, "--json").answer
        (match,) = [match for match in report["matches"] if match["work_id"] == report["mark"]["work_id"]]
        assert shared(report["mark"]["region"], box(match["region_query"])) > 0.35
        assert next(witness["kind"] for witness in match["evidence"] if witness["speaks"]) == "mark"

    def test_people_are_told_where(self, stock: Stock, collage: Path):
        out = cli("check", collage).out
        for work_id in stock.ids.values():
            (line,) = [line for line in out.splitlines() if line.strip().startswith(work_id)]
            assert ", at x " in line
