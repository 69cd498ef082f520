"""Folders of pictures through `mark` and `detect` as real processes: progress, Ctrl-C, and going on afterwards."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli import PROGRAM, environment, heed_ctrl_c, process
from tests.integration.test_cli import on_a_terminal
from tests.service import encoded, scene

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(surroundings: Path) -> Path:
    """Pictures in nested folders in three formats, one too small, one that is no picture, one hidden."""
    pictures = {
        "a.png": encoded(scene(300)),
        "deep/a.png": encoded(scene(301)),
        "deep/er/photo.jpg": encoded(scene(302), "JPEG", quality=92),
        "deep/er/web.webp": encoded(scene(303), "WEBP", quality=92),
        "deep/tiny.png": encoded(scene(304, width=20, height=20)),
        "broken.jpg": b"not a picture",
        ".hidden.png": encoded(scene(305)),
    }
    for name, data in pictures.items():
        (surroundings / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (surroundings / "in" / name).write_bytes(data)
    return surroundings / "in"


def outputs(folder: Path) -> list[str]:
    """Every file below, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


GOOD = ["a.png", "deep/a.png", "deep/er/photo.jpeg", "deep/er/web.webp"]


def test_a_folder_is_marked_and_read_and_bad_files_do_not_stop_the_rest(folder: Path) -> None:
    done = process("mark", "in", "--payload", "0xfeed", "--out", "out", "--json")
    assert done.returncode == 1, done
    lines = {Path(line["file"]).name: line for line in map(json.loads, done.stdout.splitlines())}
    assert outputs(Path("out")) == GOOD
    assert (lines["tiny.png"]["error"], lines["broken.jpg"]["error"]) == ("cannot-hold-mark", "unsupported-format")
    assert lines["tiny.png"]["hint"]
    assert lines["photo.jpg"]["marked"] == "out/deep/er/photo.jpeg"
    found = process("detect", "out", "--json")
    assert found.returncode == 0, found
    marks = [json.loads(line)["mark"] for line in found.stdout.splitlines()]
    assert [mark["payload"] for mark in marks] == ["0x000000000000feed"] * len(GOOD)
    for mark in marks:
        x, y = zip(*mark["region"], strict=True)
        assert (max(x) - min(x)) * (max(y) - min(y)) > 0.5
    assert process("detect", "in/a.png", "in/deep/a.png").returncode == 5


def test_ctrl_c_leaves_whole_files_and_the_run_goes_on_later(folder: Path) -> None:
    for number in range(20):
        (folder / f"more-{number:02}.png").write_bytes(encoded(scene(310 + number)))
    assert process("mark", "in/a.png", "--payload", "7", "--out", "warm").returncode == 0, "kernels are compiled"
    command = [*PROGRAM, "mark", "in", "--payload", "7", "--out", "out", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment({}), preexec_fn=heed_ctrl_c, **pipes) as child:
        for _ in range(3):
            assert child.stdout.readline()
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert " of 26 were done" in err
    before = outputs(Path("out"))
    assert 0 < len(before) < 24
    assert not [name for name in before if ".part" in name]
    written = {name: Path("out", name).stat().st_mtime_ns for name in before}
    again = process("mark", "in", "--payload", "7", "--out", "out", "--skip-existing", "--json")
    assert again.returncode == 1
    lines = [json.loads(line) for line in again.stdout.splitlines()]
    assert len(outputs(Path("out"))) == 24
    assert [line["status"] for line in lines if "status" in line].count("skipped") == len(before)
    assert {name: Path("out", name).stat().st_mtime_ns for name in before} == written
    assert len([line for line in lines if "error" in line]) == 2


def test_a_terminal_shows_how_fast_it_is(folder: Path) -> None:
    for number in range(12):
        (folder / f"more-{number:02}.png").write_bytes(encoded(scene(310 + number)))
    code, shown = on_a_terminal("mark", "in", "--payload", "7", "--out", "out")
    assert code == 1
    assert "marking" in shown
    assert "/18" in shown
    assert "/s" in shown
    assert "2 of 18 failed:" in shown
    assert "18 pictures: 16 marked, 2 not marked" in shown
