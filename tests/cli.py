"""The command line for tests: run in this process, or as a process of its own, around a home folder that is copied."""

import ctypes
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provenance.faces.cli import main
from tests.service import encoded, scene

PASSPHRASE = "a passphrase for tests"
PROGRAM = (sys.executable, "-m", "provenance.faces.cli")
_ROOT = Path(__file__).parents[1]
_CAPBSET_DROP, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2


@dataclass(frozen=True)
class Outcome:
    code: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """With --json: what each line says."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def answer(self) -> dict[str, Any]:
        """With --json: what the one line says."""
        (only,) = self.lines
        return only


def cli(*arguments: object, stdin: bytes = b"") -> Outcome:
    """`provenance …` in this process."""
    out, err = io.BytesIO(), io.BytesIO()
    streams = (
        io.TextIOWrapper(out, encoding="utf-8", write_through=True),
        io.TextIOWrapper(err, encoding="utf-8", write_through=True),
        io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
    )
    before = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr, sys.stdin = streams
    try:
        main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout, sys.stderr, sys.stdin = before
    return Outcome(code, out.getvalue(), err.getvalue().decode())


def process(
    *arguments: object, stdin: bytes = b"", env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """`provenance …` as a process of its own; `options` as for subprocess.run."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        input=stdin,
        env=environment(env or {}),
        capture_output=True,
        check=False,
        timeout=120,
        **options,
    )


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_ROOT), "NO_COLOR": "1", **changes}


def heed_ctrl_c() -> None:
    """As `preexec_fn`: a shell's background job, where tests may run, ignores SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def obey_permissions() -> None:
    """As `preexec_fn`: root gives up the right to pass over permissions, which nobody else has anyway."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
        prctl(_CAPBSET_DROP, capability, 0, 0, 0)


@dataclass(frozen=True)
class Stock:
    """A home folder with two works. `pictures` and `marked` are files by name, `ids` work ids by name."""

    home: Path
    pictures: dict[str, Path]
    marked: dict[str, Path]
    certificates: dict[str, Path]
    ids: dict[str, str]


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, and settings for a home folder in it that is not there yet."""
    for name in [name for name in os.environ if name.startswith("PROVENANCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PROVENANCE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PROVENANCE_KEY_PASSPHRASE", PASSPHRASE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def stocked_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stock")
    (folder / "pictures").mkdir()
    for number, name in enumerate(("harbour", "meadow")):
        (folder / "pictures" / f"{name}.png").write_bytes(encoded(scene(number)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROVENANCE_HOME", str(folder / "home"))
        patch.setenv("PROVENANCE_KEY_PASSPHRASE", PASSPHRASE)
        assert cli("init").code == 0
        done = cli("register", folder / "pictures", "--out", folder / "out", "--json")
    assert done.code == 0, done
    (folder / "registered.json").write_text(json.dumps(done.lines))
    return folder


@pytest.fixture
def stock(surroundings: Path, stocked_once: Path) -> Stock:
    """The test's own copy of a home with works: "harbour" and, after it, "meadow"."""
    shutil.copytree(stocked_once, surroundings, dirs_exist_ok=True)
    works = {Path(line["source"]).stem: line for line in json.loads((surroundings / "registered.json").read_text())}
    return Stock(
        home=surroundings / "home",
        pictures={name: surroundings / "pictures" / f"{name}.png" for name in works},
        marked={name: surroundings / "out" / Path(line["file"]).name for name, line in works.items()},
        certificates={name: surroundings / "out" / Path(line["certificate"]).name for name, line in works.items()},
        ids={name: line["id"] for name, line in works.items()},
    )


@pytest.fixture
def keys_file(stock: Stock, tmp_path: Path) -> Path:
    """The public keys of the stocked home, as a verifier gets them."""
    path = tmp_path / "keys.json"
    path.write_bytes(cli("keys", "export").raw)
    return path


def without(folder: Path, *packages: str) -> dict[str, str]:
    """Environment for a process in which these packages are not installed; `folder` holds what that takes."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""
    )
    return {"PYTHONPATH": f"{folder}{os.pathsep}{_ROOT}"}
