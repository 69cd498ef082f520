"""What the local folder promises beyond the port, and what happens when a file system fails."""

import errno
import hashlib
import os
import uuid
from pathlib import Path

import fsspec
import pytest

from provenance.adapters.blobs import FsspecBlobs, durable
from provenance.core.errors import Misconfigured, NotFound, Unavailable

DATA = b"a picture"
DIGEST = hashlib.sha256(DATA).hexdigest()
PLACE = Path(DIGEST[:2], DIGEST[2:4], DIGEST)


def files_in(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_a_blob_lies_at_its_digest_and_nothing_else_stays(tmp_path):
    FsspecBlobs(str(tmp_path)).put(DATA)
    assert files_in(tmp_path) == [PLACE]
    assert (tmp_path / PLACE).read_bytes() == DATA


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_missing_folder_is_made(tmp_path, prefix):
    root = tmp_path / "a" / "b"
    assert FsspecBlobs(f"{prefix}{root}").put(DATA) == DIGEST
    assert (root / PLACE).is_file()


def test_another_instance_sees_the_blob(tmp_path):
    FsspecBlobs(str(tmp_path)).put(DATA)
    assert FsspecBlobs(str(tmp_path)).get(DIGEST) == DATA


def test_a_put_is_on_disk_in_the_right_order(tmp_path, monkeypatch):
    """The file is synced before it gets its name, and every folder above it after."""
    blobs = FsspecBlobs(str(tmp_path))
    events = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(
        os, "fsync", lambda fd: (events.append(str(Path(f"/proc/self/fd/{fd}").readlink())), sync(fd))[1]
    )
    monkeypatch.setattr(Path, "replace", lambda self, target: (events.append("replace"), replace(self, target))[1])
    blobs.put(DATA)
    assert events[0].startswith(str(tmp_path / "incoming" / DIGEST))
    folders = [str(tmp_path / parent) for parent in PLACE.parents]
    assert events[1:] == ["replace", *(folder.rstrip("/.") for folder in folders)]
    events.clear()
    blobs.put(DATA)
    assert events == [folder.rstrip("/.") for folder in folders]


@pytest.mark.parametrize("damage", [b"", b"a pictur", b"b picture"])
def test_a_damaged_blob_is_never_served_and_the_next_put_repairs_it(tmp_path, damage):
    blobs = FsspecBlobs(str(tmp_path))
    blobs.put(DATA)
    (tmp_path / PLACE).write_bytes(damage)
    with pytest.raises(Unavailable, match="damaged") as caught:
        blobs.get(DIGEST)
    assert caught.value.hint == "restore it from a backup"
    blobs.put(DATA)
    assert blobs.get(DIGEST) == DATA


def test_a_damaged_blob_in_an_object_store_is_never_served():
    url = f"memory://{uuid.uuid4()}"
    blobs = FsspecBlobs(url)
    blobs.put(DATA)
    fsspec.filesystem("memory").pipe_file(f"{url}/{PLACE}", b"b picture")
    with pytest.raises(Unavailable, match="damaged"):
        blobs.get(DIGEST)


def test_an_object_store_is_not_written_twice_but_a_short_copy_is_mended(monkeypatch):
    url = f"memory://{uuid.uuid4()}"
    blobs = FsspecBlobs(url)
    blobs.put(DATA)
    memory = fsspec.filesystem("memory")
    written = []
    pipe = type(memory).pipe_file
    monkeypatch.setattr(type(memory), "pipe_file", lambda *given: (written.append(given[1]), pipe(*given))[1])
    blobs.put(DATA)
    assert written == []
    pipe(memory, f"{url}/{PLACE}", DATA[:3])
    blobs.put(DATA)
    assert len(written) == 1
    assert blobs.get(DIGEST) == DATA


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "the permissions forbid it"),
        (errno.EIO, "the disk reports an input/output error"),
        (errno.EMFILE, "Too many open files"),
    ],
)
def test_a_write_that_fails_says_why_and_leaves_nothing(tmp_path, monkeypatch, code, reason):
    blobs = FsspecBlobs(str(tmp_path))

    def fail(_: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(Unavailable) as caught:
            blobs.put(DATA)
    assert caught.value.reason == f"cannot store a blob: {reason}"
    assert files_in(tmp_path) == []
    with pytest.raises(NotFound):
        blobs.get(DIGEST)
    assert blobs.put(DATA) == DIGEST


def test_a_read_that_fails_says_why(tmp_path):
    blobs = FsspecBlobs(str(tmp_path))
    (tmp_path / PLACE).mkdir(parents=True)
    with pytest.raises(Unavailable, match="cannot read a blob"):
        blobs.get(DIGEST)


def test_a_file_in_the_way_of_the_folder_is_said(tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(Unavailable, match="cannot prepare the blob folder"):
        FsspecBlobs(str(tmp_path / "taken" / "blobs"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_said(tmp_path):
    blobs = FsspecBlobs(str(tmp_path))
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(Unavailable, match="permissions"):
            blobs.put(DATA)
    finally:
        tmp_path.chmod(0o700)


def test_an_object_stores_own_errors_become_unavailable(monkeypatch):
    class Throttled(Exception):
        pass

    def fail(*_: object) -> None:
        raise Throttled("slow down")

    blobs = FsspecBlobs(f"memory://{uuid.uuid4()}")
    monkeypatch.setattr(type(fsspec.filesystem("memory")), "pipe_file", fail)
    with pytest.raises(Unavailable, match="cannot store a blob: Throttled: slow down"):
        blobs.put(DATA)


@pytest.mark.parametrize("url", ["nosuch://bucket", "wat+42://x"])
def test_an_unknown_protocol_is_misconfigured(url):
    with pytest.raises(Misconfigured, match="no file system serves"):
        FsspecBlobs(url)


def test_only_abandoned_temporary_files_are_swept(tmp_path):
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name, hours in (("old", 25), ("new", 1)):
        (incoming / name).write_bytes(b"half")
        then = (incoming / name).stat().st_mtime - hours * 3600
        os.utime(incoming / name, (then, then))
    FsspecBlobs(str(tmp_path))
    assert [path.name for path in incoming.iterdir()] == ["new"]
    assert durable.sweep(tmp_path) == 0
