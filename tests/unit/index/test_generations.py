"""Sealed generations: whatever happens to the process or the disk, what loads is whole, and the newest that can be."""

import errno
import json
import logging
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from index.vectors import generations as module
from index.vectors import sealing
from index.vectors.generations import CURRENT, FolderInUse, Generations, NotSealed

ARRAYS = {
    "vectors": np.arange(12, dtype=np.float16).reshape(3, 4),
    "ids": np.array([5, 7, 9], np.int64),
    "nothing": np.empty((0, 128), np.uint8),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "keypoints": np.zeros(2, dtype=[("x", "<f4"), ("octave", "u1")]),
    "scalar": np.array(3),
    "names.json": b'["a"]',
    "empty": b"",
}


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def owner(folder):
    with Generations(folder) as owner:
        yield owner


@pytest.fixture
def two(owner) -> Generations:
    """Two generations: checkpoint 1 and, current, checkpoint 2."""
    owner.write({"a": np.full(1000, 1)}, checkpoint=1, models=["m"])
    owner.write({"a": np.full(1000, 2)}, checkpoint=2, models=["m"])
    return owner


def current(folder: Path) -> Path:
    return folder / (folder / CURRENT).read_text().strip()


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 16
    path.write_bytes(data)


class TestRoundTrip:
    def test_what_was_written_loads(self, owner):
        name = owner.write(ARRAYS, checkpoint=42, models=["net/1", "pdq"])
        found = owner.load()
        assert (found.name, found.checkpoint, found.models) == (name, 42, ("net/1", "pdq"))
        assert set(found.arrays) | set(found.blobs) == set(ARRAYS)
        for key, array in found.arrays.items():
            assert array.dtype == ARRAYS[key].dtype
            np.testing.assert_array_equal(array, ARRAYS[key])
        assert dict(found.blobs) == {"names.json": b'["a"]', "empty": b""}

    def test_an_empty_folder_holds_nothing(self, owner):
        assert owner.load() is None
        assert owner.damaged == ()

    def test_arrays_are_read_only_memory_maps(self, owner):
        owner.write(ARRAYS, checkpoint=1)
        vectors = owner.load().arrays["vectors"]
        assert isinstance(vectors.base, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            vectors[0] = 1

    def test_loaded_arrays_outlive_their_files(self, owner):
        owner.write({"a": np.arange(5)}, checkpoint=1)
        found = owner.load()
        for number in range(3):
            owner.write({"a": np.zeros(5, int)}, checkpoint=2 + number)
        assert not (owner.folder / found.name).exists()
        assert found.arrays["a"].tolist() == [0, 1, 2, 3, 4]

    def test_a_memory_map_of_the_last_one_can_be_written_again(self, owner):
        owner.write({"a": np.arange(5)}, checkpoint=1)
        owner.write(owner.load().arrays, checkpoint=2)
        assert owner.load().arrays["a"].tolist() == [0, 1, 2, 3, 4]

    @pytest.mark.parametrize("name", ["", "../a", "a/b", "A", ".hidden", "a" * 101])
    def test_a_name_must_be_a_plain_file_name(self, owner, name):
        with pytest.raises(ValueError, match="not a name"):
            owner.write({name: np.zeros(1)}, checkpoint=1)

    def test_objects_are_refused(self, owner):
        with pytest.raises(ValueError, match="Python objects"):
            owner.write({"a": np.array([{}])}, checkpoint=1)
        assert owner.load() is None

    def test_bad_arguments(self, owner, folder):
        with pytest.raises(ValueError, match="checkpoint"):
            owner.write({}, checkpoint=-1)
        with pytest.raises(ValueError, match="at least one"):
            Generations(folder / "other", keep=0)


class TestPruning:
    def test_the_current_and_the_one_before_stay(self, owner):
        names = [owner.write({"a": np.zeros(1)}, checkpoint=n) for n in range(4)]
        assert sorted(path.name for path in owner.folder.glob("generation-*")) == names[2:]

    def test_keep_one(self, folder):
        with Generations(folder, keep=1) as owner:
            names = [owner.write({}, checkpoint=n) for n in range(3)]
        assert [path.name for path in folder.glob("generation-*")] == names[2:]

    def test_a_damaged_one_is_pruned_before_a_sound_one(self, two, folder):
        damaged = current(folder)
        flip(damaged / "a.npy", -1)
        assert two.load().checkpoint == 1
        assert two.damaged == (damaged.name,)
        two.write({"a": np.zeros(1)}, checkpoint=3)
        assert not damaged.exists()
        flip(current(folder) / "a.npy", -1)
        assert two.load().checkpoint == 1

    def test_failing_to_prune_is_no_failure(self, two, monkeypatch, caplog):
        def refuse(self, missing_ok=False):
            raise PermissionError(errno.EPERM, "no")

        monkeypatch.setattr(Path, "unlink", refuse)
        two.write({}, checkpoint=3)
        assert two.load().checkpoint == 3
        assert "could not prune" in caplog.text


class TestModels:
    def test_a_generation_of_other_models_is_passed_over(self, owner, caplog):
        owner.write({}, checkpoint=1, models=["old"])
        owner.write({}, checkpoint=2, models=["new"])
        assert owner.load(models=["old"]).checkpoint == 1
        assert owner.load(models=["other"]) is None
        assert owner.damaged == ()
        assert "other models" in caplog.text


class TestDamage:
    """Every damage falls back to the previous generation, is logged and listed, and never raises."""

    def falls_back(self, two, caplog) -> None:
        damaged = current(two.folder).name
        with caplog.at_level(logging.WARNING):
            assert two.load().checkpoint == 1
        assert two.damaged == (damaged,)
        assert damaged in caplog.text

    @pytest.mark.parametrize("file", ["a.npy", "manifest.json"])
    @pytest.mark.parametrize("where", [0, 0.1, 0.5, 0.9, 1])
    def test_a_flipped_bit(self, two, folder, caplog, file, where):
        path = current(folder) / file
        end = path.stat().st_size - (
            2 if file == "manifest.json" else 1
        )  # but not the final newline, which says nothing
        flip(path, int(where * end))
        self.falls_back(two, caplog)

    @pytest.mark.parametrize("file", ["a.npy", "manifest.json"])
    @pytest.mark.parametrize("share", [0, 0.5, 0.99])
    def test_a_truncated_file(self, two, folder, caplog, file, share):
        path = current(folder) / file
        os.truncate(path, int(path.stat().st_size * share))
        self.falls_back(two, caplog)

    @pytest.mark.parametrize("file", ["a.npy", "manifest.json"])
    def test_a_missing_file(self, two, folder, caplog, file):
        (current(folder) / file).unlink()
        self.falls_back(two, caplog)

    @pytest.mark.parametrize("content", [b"[]", b'{"body": 1, "crc32": 2}', b"\xff\xfe", b"null"])
    def test_a_manifest_of_something_else(self, two, folder, caplog, content):
        (current(folder) / "manifest.json").write_bytes(content)
        self.falls_back(two, caplog)

    @pytest.mark.parametrize("change", [{"format": 99}, {"files": [{"name": "a"}]}, {"checkpoint": None}])
    def test_a_whole_manifest_with_strange_content(self, two, folder, caplog, change):
        path = current(folder) / "manifest.json"
        body = json.loads(path.read_text())["body"] | change
        crc32 = sealing.zlib.crc32(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
        path.write_text(json.dumps({"body": body, "crc32": crc32}))
        self.falls_back(two, caplog)

    def test_an_array_file_that_is_no_array(self, two, folder, caplog):
        path = current(folder) / "a.npy"
        path.write_bytes(b"not an array")
        manifest = current(folder) / "manifest.json"
        body = json.loads(manifest.read_text())["body"]
        body["files"][0] |= {"bytes": 12, "crc32": sealing.zlib.crc32(b"not an array")}
        crc32 = sealing.zlib.crc32(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
        manifest.write_text(json.dumps({"body": body, "crc32": crc32}))
        self.falls_back(two, caplog)

    def test_when_both_are_damaged_nothing_is_loaded(self, two, folder):
        for path in folder.glob("generation-*/a.npy"):
            flip(path, 200)
        assert two.load() is None
        assert len(two.damaged) == 2
        two.write({"a": np.ones(1)}, checkpoint=9)
        assert two.load().checkpoint == 9
        assert two.damaged == ()

    def test_a_deleted_generation(self, two, folder, caplog):
        module._discard(current(folder))
        assert two.load().checkpoint == 1
        assert "missing" in caplog.text

    def test_a_deleted_folder(self, two, folder):
        module._discard(folder)
        assert two.load() is None

    @pytest.mark.parametrize("content", [None, b"", b"../../etc\n", b"\xff", b"generation-x\n"])
    def test_without_a_sound_CURRENT_the_newest_loads(self, two, folder, content):  # noqa: N802
        (folder / CURRENT).unlink()
        if content is not None:
            (folder / CURRENT).write_bytes(content)
        assert two.load().checkpoint == 2

    def test_random_damage_never_raises_and_never_answers_wrongly(self, two, folder):
        dice = random.Random(3)
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "LOCK")
        for path in files:
            whole = path.read_bytes()
            for _ in range(40):
                data = bytearray(whole[: dice.randrange(len(whole) + 1)] if dice.random() < 0.3 else whole)
                for _ in range(dice.randrange(4)):
                    if data:
                        data[dice.randrange(len(data))] = dice.randrange(256)
                path.write_bytes(data)
                found = two.load()
                assert (found.arrays["a"] == found.checkpoint).all()
            path.write_bytes(whole)


class TestFullDisk:
    @pytest.fixture(params=["write", "fsync", "rename", "replace", "mkdir"])
    def full(self, request, monkeypatch):
        """Makes one kind of call fail, from its nth time on."""

        def refuse_after(count: int) -> None:
            calls = iter(range(count))
            owner, name = {
                "write": (sealing._Checksummed, "write"),
                "fsync": (os, "fsync"),
                "rename": (Path, "rename"),
                "replace": (Path, "replace"),
                "mkdir": (Path, "mkdir"),
            }[request.param]
            real = getattr(owner, name)

            def limited(*args, **kwargs):
                if next(calls, None) is None:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return real(*args, **kwargs)

            monkeypatch.setattr(owner, name, limited)

        return refuse_after

    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_the_last_generation_stays_in_force(self, two, folder, full, after, monkeypatch):
        before = (folder / CURRENT).read_text()
        full(after)
        refused = None
        try:
            two.write({"a": np.full(10, 3), "b": np.zeros(4)}, checkpoint=3)
        except NotSealed as error:
            refused = error
        if refused is None:
            assert after > 0
            assert two.load().checkpoint == 3
        else:
            assert refused.errno == errno.ENOSPC
            assert "could not seal" in str(refused)
            assert (folder / CURRENT).read_text() == before
            assert two.load().checkpoint == 2
            assert not list(folder.glob(".unsealed-generation*"))
        monkeypatch.undo()
        two.write({"a": np.full(10, 4)}, checkpoint=4)
        assert two.load().checkpoint == 4


class TestOwnership:
    def test_there_is_one_owner(self, owner, folder):
        with pytest.raises(FolderInUse, match="read_only=True"):
            Generations(folder)

    def test_closing_lets_the_next_one_in(self, folder):
        first = Generations(folder)
        first.close()
        with Generations(folder) as second:
            second.write({}, checkpoint=1)
        with pytest.raises(ValueError, match="closed"):
            first.write({}, checkpoint=2)

    def test_forgetting_to_close_is_no_lock_for_ever(self, folder):
        Generations(folder)
        Generations(folder).close()

    def test_readers_load_and_never_write(self, two, folder):
        reader = Generations(folder, read_only=True)
        assert reader.load().checkpoint == 2
        with pytest.raises(PermissionError, match="read-only"):
            reader.write({}, checkpoint=3)

    def test_a_reader_keeps_up_with_an_owner_that_prunes(self, folder, monkeypatch):
        with Generations(folder, keep=1) as owner:
            owner.write({}, checkpoint=1)
            real = module.read_generation
            late = iter([2, 3])

            def overtaken(path):
                if (checkpoint := next(late, None)) is not None:
                    owner.write({}, checkpoint=checkpoint)
                return real(path)

            monkeypatch.setattr(module, "read_generation", overtaken)
            assert Generations(folder, read_only=True).load().checkpoint == 3

    def test_a_reader_needs_no_folder_and_makes_none(self, folder):
        assert Generations(folder, read_only=True).load() is None
        assert not folder.exists()

    def test_a_folder_that_cannot_be_written(self, two, folder, monkeypatch):
        two.close()
        real = os.open

        def refuse(path, flags, *rest, **more):
            if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
                raise OSError(errno.EROFS, "Read-only file system")
            return real(path, flags, *rest, **more)

        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(NotSealed, match="can't be written"):
            Generations(folder)
        assert Generations(folder, read_only=True).load().checkpoint == 2

    def test_a_file_in_the_way(self, tmp_path):
        (tmp_path / "index").write_text("")
        with pytest.raises(NotSealed, match="can't be written"):
            Generations(tmp_path / "index")

    def test_an_owner_sweeps_what_a_killed_one_left(self, folder):
        (folder / ".unsealed-generation-0000000001").mkdir(parents=True)
        (folder / ".unsealed-CURRENT").write_text("x")
        with Generations(folder):
            assert [path.name for path in folder.iterdir()] == ["LOCK"]


WRITER = textwrap.dedent("""
    import sys
    import numpy as np
    from index.vectors.generations import Generations

    with Generations(sys.argv[1]) as owner:
        found = owner.load()
        number = found.checkpoint if found else 0
        print("ready", flush=True)
        while True:
            number += 1
            owner.write({"a": np.full(20_000, number), "b": bytes([number % 256]) * 5000}, checkpoint=number)
            print(number, flush=True)
""")


def test_kill_9_at_any_moment_loses_nothing_that_was_sealed(folder):
    dice = random.Random(11)
    last = 0
    for announced in (0, 1, 3, 0, 2, 4, 1, 5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, folder], stdout=subprocess.PIPE, text=True)
        assert writer.stdout.readline() == "ready\n"  # the lock of the killed one is gone, too
        said = [int(writer.stdout.readline()) for _ in range(announced)]
        time.sleep(dice.uniform(0, 0.02))  # somewhere in the writing of the next
        writer.send_signal(signal.SIGKILL)
        last = max([last, *said, *map(int, writer.communicate()[0].split())])
        found = Generations(folder, read_only=True).load()
        sealed = found.checkpoint if found else 0
        assert sealed in (last, last + 1)  # the one that was sealed but not yet announced
        if found:
            assert (found.arrays["a"] == sealed).all()
            assert found.blobs["b"] == bytes([sealed % 256]) * 5000
        last = sealed
    assert last >= 16
