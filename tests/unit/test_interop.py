"""The parts of `make interop` that run without a service: lines, table, what counts as a failure."""

import io
import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image

from scripts.interop import __main__ as program
from scripts.interop import bindings
from scripts.interop.outcomes import Line, NotRun, Refused, Result, Verifier, as_json, expect, table
from scripts.interop.registered import Artwork

OK = Line("one", "a thing", Result.ACCEPTED, "fine")
NO = Line("two", "a thing", Result.REFUSED, "a | b")
AWAY = Line("three", "a thing", Result.NOT_RUN, "install it")


def raising(error: Exception):
    def run(_registered):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "result"),
    [(NotRun("install it"), Result.NOT_RUN), (Refused("no"), Result.REFUSED), (KeyError("x"), Result.REFUSED)],
)
def test_whatever_goes_wrong_in_a_verifier_is_its_line(error, result):
    line = Verifier("v", "c", raising(error)).line(None)
    assert (line.verifier, line.claim, line.result) == ("v", "c", result)
    assert str(error) in line.said


def test_a_verifier_that_accepts():
    assert Verifier("v", "c", lambda _: "fine").line(None) == Line("v", "c", Result.ACCEPTED, "fine")


def test_expectations():
    expect([1], "never")
    with pytest.raises(Refused, match="reason"):
        expect([], "reason")


def test_the_table_survives_what_verifiers_say():
    rows = list(table([OK, NO]))
    assert [row.count("|") for row in rows] == [5, 5, 5, 5]
    assert as_json([OK, NO]) == {"lines": [OK.json, NO.json], "failed": 1}
    assert json.dumps(as_json([OK]))


def test_it_is_written_between_its_marks(tmp_path):
    document = tmp_path / "interop.md"
    document.write_text("before\n<!-- table -->\nold\n<!-- end of table -->\nafter\n")
    for lines in ([OK], [OK, NO]):
        program.write(lines, document)
        text = document.read_text()
        assert text.startswith("before\n<!-- table -->\n| verifier |")
        assert text.endswith("<!-- end of table -->\nafter\n")
        assert text.count("| one |") == 1
    assert "old" not in text


@pytest.mark.parametrize(("required", "failures"), [(None, [NO]), ("1", [NO, AWAY])])
def test_what_counts_as_a_failure(monkeypatch, required, failures):
    monkeypatch.delenv("PROVENANCE_TEST_REQUIRE_ALL", raising=False)
    if required:
        monkeypatch.setitem(os.environ, "PROVENANCE_TEST_REQUIRE_ALL", required)
    assert [line for line in (OK, NO, AWAY) if program._counts_as_failure(line)] == failures
    rubric = Line(next(iter(program._BY_HAND)), "", Result.NOT_RUN, "")
    assert not program._counts_as_failure(rubric)


def test_the_document_has_a_line_for_every_verifier_and_none_that_failed():
    text = (Path(__file__).parents[2] / "docs" / "interop.md").read_text("utf-8")
    shown = text.partition("<!-- table -->")[2].partition("<!-- end of table -->")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|", shown, re.MULTILINE)[1:]  # but for the header
    assert [name for name, _, _ in rows] == [verifier.name for verifier in program.VERIFIERS]
    assert {result for _, _, result in rows} <= {"ok", "not run"}
    assert {name for name, _, _ in rows} >= program._BY_HAND


def test_the_stripped_copy_has_lost_its_metadata_and_a_tenth_of_each_side():
    golden = Path(__file__).parents[1] / "golden" / "credentials" / "valid.png"
    copy = bindings.stripped(Artwork("PNG", "image/png", "pv", golden.read_bytes()))
    with Image.open(io.BytesIO(copy)) as opened, Image.open(golden) as whole:
        assert opened.format == "JPEG"
        assert opened.size == tuple(round(side * 0.9) for side in whole.size)
        assert not {"xmp", "exif", "icc_profile"} & set(opened.info)
    assert b"jumb" not in copy
