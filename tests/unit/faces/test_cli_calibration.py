"""`provenance review` and `provenance calibration report`."""

from pathlib import Path

import pytest

from tests.cli import Stock, cli
from tests.service import decoded, encoded


@pytest.fixture
def checked(stock: Stock, tmp_path: Path) -> str:
    """The id of a check of a mirrored part of the harbour."""
    part = decoded(stock.pictures["harbour"].read_bytes())[20:220, 40:300]
    path = tmp_path / "part.jpg"
    path.write_bytes(encoded(part, "JPEG", quality=80))
    return str(cli("check", path, "--json").answer["id"])


def test_decisions_are_told_beside_what_was_promised(stock: Stock, checked: str) -> None:
    assert "nobody decided" in cli("calibration", "report").out
    done = cli("review", checked, stock.ids["harbour"], "confirm", "--note", "看过了", "--json")
    assert (done.code, done.answer["opinion"], done.answer["reviewer"], done.answer["note"]) == (
        0,
        "confirm",
        "local",
        "看过了",
    )
    told = cli("calibration", "report", "--json").answer
    assert (told["checks"], told["reviewed"]) == (1, 1)
    assert told["grades"][done.answer["grade"]]["confirmed"] == 1
    assert told["alarms"][0]["expected"]["queries"] > 100
    shown = cli("calibration", "report")
    assert shown.code == 0
    assert done.answer["calibration"] in shown.out
    assert "1.000 (0.207 to 1.000)" in shown.out  # Wilson, one of one


def test_what_does_not_fit_is_refused(stock: Stock, checked: str) -> None:
    assert cli("review", checked, stock.ids["harbour"], "perhaps").code == 2
    assert cli("review", checked, "pv-0000000000000", "confirm").code == 5
    assert cli("review", "chk_nothing", stock.ids["harbour"], "confirm").code == 5
