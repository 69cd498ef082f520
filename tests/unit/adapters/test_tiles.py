"""A folder of tiles: whole files, one writer at a time, and a disk that refuses."""

import threading
from pathlib import Path

import pytest

from provenance.adapters.tiles import TileFolder
from provenance.core.errors import Unavailable


def test_what_was_put_is_there_for_another_process(tmp_path: Path) -> None:
    folder = TileFolder(tmp_path / "log")
    assert folder.get("tile/0/x001/234") is None
    folder.put("tile/0/x001/234", b"one")
    folder.put("tile/0/x001/234", b"one two")
    assert TileFolder(tmp_path / "log").get("tile/0/x001/234") == b"one two"
    assert [path.name for path in (tmp_path / "log/tile/0/x001").iterdir()] == ["234"]


def test_turns_exclude_each_other(tmp_path: Path) -> None:
    inside, done = [], []

    def enter(name: int) -> None:
        with TileFolder(tmp_path).alone():
            inside.append(name)
            assert len(inside) - len(done) == 1
            done.append(name)

    threads = [threading.Thread(target=enter, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(8))


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    folder = TileFolder(tmp_path / "file")
    with pytest.raises(Unavailable, match="can't be written"):
        folder.put("tile/0/000", b"")
    with pytest.raises(Unavailable, match="can't be read"):
        folder.get("tile/0/000")
    with pytest.raises(Unavailable, match="can't be written"), folder.alone():
        pass
