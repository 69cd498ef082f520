"""Progress: lines in a log tell how far it is, how fast, and how long it will take."""

import sys

import pytest

from provenance.faces.cli import progress as module
from provenance.faces.cli.progress import EVERY, progress


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock: its one number is the time, in seconds."""
    at = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: at[0])
    return at


def pass_through(count: int, now: list[float], seconds: float, *, as_json: bool = False) -> None:
    with progress(range(count), "marking", as_json=as_json) as listed:
        for _ in listed:
            now[0] += seconds


@pytest.mark.parametrize("as_json", [True, False])
def test_a_long_run_tells_its_rate_and_what_is_left(now, capsys, as_json) -> None:
    pass_through(100, now, 2.0, as_json=as_json)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "marking: 5 of 100, 0.5/s, 0:03:10 left"
    assert err.splitlines()[-1] == "marking: 95 of 100, 0.5/s, 0:00:10 left"
    assert len(err.splitlines()) == 19


def test_a_short_run_tells_nothing(now, capsys) -> None:
    pass_through(8, now, EVERY / 10)
    assert capsys.readouterr().err == ""


def test_one_picture_has_no_progress(now, capsys) -> None:
    pass_through(1, now, 10 * EVERY)
    assert capsys.readouterr().err == ""


def test_what_was_skipped_at_the_start_does_not_promise_a_quick_end(now, capsys) -> None:
    with progress(range(1000), "marking", as_json=False) as listed:
        for number in listed:
            now[0] += 0.01 if number < 900 else 10
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "marking: 999 of 1000, 0.1/s, 0:00:10 left"


def test_more_than_an_hour_is_told_in_hours(now, capsys) -> None:
    pass_through(1000, now, 15.0)
    assert capsys.readouterr().err.splitlines()[0] == "marking: 1 of 1000, 0.067/s, 4:09:45 left"


def test_what_stops_the_work_goes_through(now) -> None:
    def interrupted() -> None:
        with progress(range(5), "marking", as_json=False):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_json_on_a_terminal_is_not_mixed_with_a_bar(monkeypatch) -> None:
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    items = [1, 2]
    with progress(items, "marking", as_json=True) as listed:
        assert listed is items
