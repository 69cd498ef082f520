"""The log through somebody else's eyes: Go's sumdb verifies our checkpoints, tiles, bundles and proofs.

Needs the Debian packages golang-go and golang-golang-x-mod-dev.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provenance.credentials.tlog.tiles import ENTRIES, Tile, bundles, tiles_of
from provenance.credentials.tlog.tree import consistency_path, inclusion_path
from tests.unit.credentials.tlog.trees import LOG, WITNESSES, entries
from tests.unit.usecases.log_studio import LocalWitness, LogStudio, ServedLog

pytestmark = pytest.mark.integration

SOURCE = Path(__file__).parents[1] / "interop" / "go" / "verify.go"
GOPATH = Path("/usr/share/gocode")  # where Debian puts the sources of Go packages


def _go() -> str | None:
    found = shutil.which("go") or next(map(str, sorted(Path("/usr/lib").glob("go-1.*/bin/go"), reverse=True)), None)
    return found if (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir() else None


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = _go()
    if go is None:
        if os.environ.get("PROVENANCE_TEST_REQUIRE_ALL") == "1":
            pytest.fail("golang-go and golang-golang-x-mod-dev are not installed")
        pytest.skip("golang-go and golang-golang-x-mod-dev are not installed")
    folder = tmp_path_factory.mktemp("go")
    environment = {
        **os.environ,
        "GOPATH": str(GOPATH),
        "GO111MODULE": "off",
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "GOPROXY": "off",
        "CGO_ENABLED": "0",
    }
    built = subprocess.run(
        [go, "build", "-o", folder / "verify", SOURCE], env=environment, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder / "verify"


def published(folder: Path, old: int, size: int, index: int) -> Path:
    """A log that grew from `old` to `size` entries, laid out for the verifier."""
    studio = LogStudio(folder / "cache")
    with studio.store.unit() as unit:
        for entry in entries(old):
            unit.log.append("test", entry, at=studio.clock())
    before = studio.publish()
    with studio.store.unit() as unit:
        for entry in entries(size)[old:]:
            unit.log.append("test", entry, at=studio.clock())
    studio.publish()
    studio.ask(LocalWitness(WITNESSES[0]))()
    nodes = studio.tree.nodes(size)
    parts = {
        "vkey": LOG.public.text.encode(),
        "old": before.note.encode(),
        "new": studio.newest.note.encode(),
        "entry": entries(size)[index],
        "index": str(index).encode(),
        "path": b"".join(inclusion_path(index, size, nodes)),
        "consistency": b"".join(consistency_path(old, size, nodes)),
    }
    served = ServedLog(studio)
    for tile in tiles_of(size):
        parts[tile.path] = served.fetch(f"{served.PREFIX}/{tile.path}")
    for tile in bundles(0, size):
        assert tile.level == ENTRIES
        parts[f"bundle/{tile.index}"] = served.fetch(f"{served.PREFIX}/{tile.path}")
    for name, data in parts.items():
        path = folder / "log" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "log"


def run(verifier: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([verifier, folder], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("old", "size", "index"), [(1, 2, 1), (7, 20, 5), (200, 256, 255), (255, 300, 270), (300, 1000, 999)]
)
def test_go_verifies_our_log(
    verifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: int, size: int, index: int
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    done = run(verifier, published(tmp_path, old, size, index))
    assert (done.returncode, done.stdout) == (0, f"{size} entries, index {index}, from {old}\n"), done.stderr


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("new", "note:"),
        ("entry", "inclusion:"),
        ("path", "inclusion paths differ"),
        ("consistency", "consistency paths differ"),
        ("bundle/0", "root of the entries"),
        (Tile(0, 0, 20).path, "root of the tiles"),
    ],
)
def test_go_refuses_what_was_changed(
    verifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    """So that the test above is known to test something."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    folder = published(tmp_path, 7, 20, 5)
    data = bytearray((folder / name).read_bytes())
    data[10 if name == "new" else -1] ^= 1
    (folder / name).write_bytes(data)
    done = run(verifier, folder)
    assert done.returncode != 0
    assert reason in done.stderr
