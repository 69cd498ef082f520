"""`provenance check FOLDER`: goes on where it stopped, and says what shows the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from provenance.usecases.check import CheckPicture
from tests.cli import Stock, cli
from tests.service import encoded, scene


@pytest.fixture
def folder(stock: Stock, tmp_path: Path) -> Path:
    """A copy of a work, a picture twice, a part of it, and one that can't be read."""
    made = tmp_path / "uploads"
    made.mkdir()
    (made / "a-copy.png").write_bytes(stock.marked["harbour"].read_bytes())
    for name in ("b.png", "c.png"):
        (made / name).write_bytes(encoded(scene(71)))
    (made / "d-part.jpg").write_bytes(encoded(scene(71)[16:240, 20:300], "JPEG", quality=80))
    (made / "e-broken.png").write_bytes(b"broken")
    return made


def checked(monkeypatch: pytest.MonkeyPatch, *, die_at: int | None = None) -> list[int]:
    """Counts the checks; the one with the number `die_at` is interrupted by Ctrl-C."""
    done: list[int] = []
    check = CheckPicture.__call__

    def counting(self: CheckPicture, query: Any) -> Any:
        if len(done) == die_at:
            raise KeyboardInterrupt
        done.append(len(query.data))
        return check(self, query)

    monkeypatch.setattr(CheckPicture, "__call__", counting)
    return done


def test_the_same_file_is_told_without_being_asked(stock: Stock, folder: Path) -> None:
    done = cli("check", folder)
    assert done.code == 1
    assert f"same-file: {folder / 'b.png'}, {folder / 'c.png'}" in done.err
    assert "near" not in done.err
    assert cli("check", folder, "--json").lines[-1].keys() >= {"error", "file"}  # no summary where none was asked for


def test_near_duplicates_are_told_when_asked_for(stock: Stock, folder: Path) -> None:
    done = cli("check", folder, "--duplicates", "--json")
    summary = done.lines[-1]["summary"]
    assert (summary["pictures"], summary["failed"], summary["grades"]["identical"]) == (5, 1, 1)
    (group,) = summary["duplicates"]
    assert (group["kind"], group["files"]) == (
        "near",
        [str(folder / name) for name in ("b.png", "c.png", "d-part.jpg")],
    )


def test_a_run_that_was_stopped_goes_on(
    stock: Stock, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state.jsonl"
    whole = cli("check", folder, "--duplicates", "--json").lines[-1]["summary"]
    with monkeypatch.context() as patch:
        checked(patch, die_at=2)
        stopped = cli("check", folder, "--resume", state, "--duplicates", "--json")
    assert stopped.code == 130
    assert f"--resume {state}" in stopped.err
    assert len(state.read_text("utf-8").splitlines()) == 3  # what the run is about, and two pictures
    with monkeypatch.context() as patch:
        rest = checked(patch)
        done = cli("check", folder, "--resume", state, "--duplicates", "--json")
    assert len(rest) == 3  # of five
    assert done.code == 1
    assert done.lines[-1]["summary"] == whole | {"done_before": 2}
    again = cli("check", folder, "--resume", state, "--fail-on-match", "--json")
    assert (again.code, len(again.lines)) == (1, 1)  # nothing but the summary
    assert again.lines[-1]["summary"]["done_before"] == 5


def test_a_row_that_was_cut_off_is_done_again(stock: Stock, folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    assert cli("check", folder, "--resume", state).code == 1
    whole = state.read_bytes()
    state.write_bytes(whole[:-20])
    assert cli("check", folder, "--resume", state, "--json").lines[-1]["summary"]["done_before"] == 4
    assert state.read_bytes().splitlines()[:5] == whole.splitlines()[:5]
    assert all(json.loads(line) for line in state.read_bytes().splitlines())


def test_a_picture_that_changed_is_checked_again(
    stock: Stock, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state.jsonl"
    cli("check", folder, "--resume", state)
    (folder / "c.png").write_bytes(encoded(scene(72)))
    again = checked(monkeypatch)
    summary = cli("check", folder, "--resume", state, "--json").lines[-1]["summary"]
    assert (len(again), summary["done_before"], summary["duplicates"]) == (1, 4, [])


def test_what_may_pass_is_tried_again(
    stock: Stock, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from provenance.core.errors import Unavailable

    state = tmp_path / "state.jsonl"

    def refuse(*_: object) -> None:
        raise Unavailable("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(CheckPicture, "__call__", refuse)
        assert cli("check", folder, "--resume", state).code == 6
    assert len(state.read_bytes().splitlines()) == 1
    assert cli("check", folder, "--resume", state, "--json").lines[-1]["summary"]["done_before"] == 0


@pytest.mark.parametrize("content", ["notes\n", "{}\n", '{"file": "a"}\n', "no line end", "[1]\n"])
def test_another_file_is_refused_and_left_alone(stock: Stock, folder: Path, tmp_path: Path, content: str) -> None:
    state = tmp_path / "mine.txt"
    state.write_text(content)
    assert cli("check", folder, "--resume", state).code == 2
    assert state.read_text() == content


def test_a_run_for_another_licensee_is_another_run(stock: Stock, folder: Path, tmp_path: Path) -> None:
    state = tmp_path / "state.jsonl"
    cli("check", folder, "--resume", state)
    done = cli("check", folder, "--resume", state, "--licensee", "did:example:shop")
    assert done.code == 2
    assert "not of a run like this one" in done.err


def test_a_state_file_that_can_not_be_written_is_said_first(stock: Stock, folder: Path, tmp_path: Path) -> None:
    done = cli("check", folder, "--resume", tmp_path / "nowhere" / "state.jsonl")
    assert (done.code, done.out) == (6, "")
