"""Files, folders and standard streams as arguments: nothing half-written, nothing silently overwritten."""

import errno
import os
from pathlib import Path

import pytest

from provenance.core.errors import Conflict, InvalidRequest, NotFound, Unavailable
from provenance.faces.cli import files

PNG = b"\x89PNG"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.png", "a.JPG", "deep/b.png", "deep/c.webp", "notes.txt", ".hidden.png", ".git/d.png"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    return tmp_path / "tree"


def names(found: list[files.Named], base: Path) -> list[str]:
    return [str(picture.path.relative_to(base)) for picture in found]


class TestPictures:
    def test_of_a_folder_every_picture_below_it_in_order_of_name(self, tree):
        assert names(files.pictures([tree]), tree) == ["a.JPG", "b.png", "deep/b.png", "deep/c.webp"]

    def test_outputs_of_one_name_stay_apart(self, tree):
        assert [str(picture.place) for picture in files.pictures([tree])] == ["a", "b", "deep/b", "deep/c"]

    def test_a_file_that_is_named_is_taken_whatever_it_is_called(self, tree):
        assert names(files.pictures([tree / "notes.txt"]), tree) == ["notes.txt"]

    def test_what_was_named_twice_is_taken_once(self, tree):
        assert names(files.pictures([tree / "b.png", tree, tree / "b.png"]), tree)[:2] == ["b.png", "a.JPG"]
        assert len(files.pictures([tree / "b.png", tree])) == 4

    def test_a_folder_of_outputs_is_left_out_unless_it_is_named(self, tree):
        assert names(files.pictures([tree], without=tree / "deep"), tree) == ["a.JPG", "b.png"]
        assert names(files.pictures([tree / "deep"], without=tree / "deep"), tree) == ["deep/b.png", "deep/c.webp"]

    def test_a_missing_file_is_named(self, tree):
        with pytest.raises(NotFound, match=r"nothing\.png"):
            files.pictures([tree, tree / "nothing.png"])

    def test_a_folder_without_pictures_says_what_it_looked_for(self, tmp_path):
        with pytest.raises(NotFound) as refused:
            files.pictures([tmp_path])
        assert ".png" in refused.value.hint

    def test_standard_input_is_a_picture_without_a_title(self):
        (only,) = files.pictures([files.STANDARD])
        assert (str(only), only.title, str(only.place)) == ("-", "", "stdin")

    def test_standard_input_can_be_read_once(self):
        with pytest.raises(InvalidRequest):
            files.pictures([files.STANDARD, files.STANDARD])

    def test_a_pipe_can_be_named(self, tmp_path):
        """As bash does it for `<(…)`."""
        os.mkfifo(tmp_path / "pipe")
        assert len(files.pictures([tmp_path / "pipe"])) == 1

    def test_a_folder_that_can_not_be_listed_is_an_error_and_not_empty(self, tree, monkeypatch):
        def refuse(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(os, "scandir", refuse)
        with pytest.raises(Unavailable, match="Permission denied"):
            files.pictures([tree])


class TestRead:
    def test_what_is_over_the_limit_is_not_read_to_its_end(self, tmp_path):
        path = tmp_path / "large"
        path.write_bytes(bytes(1000))
        assert len(files.read(path, limit=10)) == 11
        assert len(files.read(path)) == 1000

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(NotFound, match="there is no file"):
            files.read(tmp_path / "none")

    def test_a_folder_can_not_be_read_as_a_file(self, tmp_path):
        with pytest.raises(Unavailable, match="can't be read"):
            files.read(tmp_path)


class TestWrite:
    def test_folders_on_the_way_are_made(self, tmp_path):
        files.write(tmp_path / "a" / "b" / "c.png", b"new")
        assert (tmp_path / "a" / "b" / "c.png").read_bytes() == b"new"

    def test_the_users_umask_decides_who_may_read(self, tmp_path):
        before = os.umask(0o027)
        try:
            files.write(tmp_path / "c.png", b"new")
        finally:
            os.umask(before)
        assert (tmp_path / "c.png").stat().st_mode & 0o777 == 0o640

    def test_another_file_is_never_overwritten(self, tmp_path):
        path = tmp_path / "c.png"
        path.write_bytes(b"somebody's")
        with pytest.raises(Conflict, match="another file") as refused:
            files.write(path, b"new")
        assert path.read_bytes() == b"somebody's"
        assert "--force" in refused.value.hint

    def test_the_same_file_again_is_no_conflict(self, tmp_path):
        files.write(tmp_path / "c.png", b"new")
        files.write(tmp_path / "c.png", b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["c.png"]

    def test_force_overwrites(self, tmp_path):
        (tmp_path / "c.png").write_bytes(b"old")
        files.write(tmp_path / "c.png", b"new", force=True)
        assert (tmp_path / "c.png").read_bytes() == b"new"

    def test_a_folder_of_that_name_is_a_conflict(self, tmp_path):
        (tmp_path / "c.png").mkdir()
        with pytest.raises(Conflict):
            files.write(tmp_path / "c.png", b"new")

    def test_a_link_to_elsewhere_is_not_followed(self, tmp_path):
        (tmp_path / "precious").write_bytes(b"precious")
        (tmp_path / "c.png").symlink_to(tmp_path / "precious")
        files.write(tmp_path / "c.png", b"new", force=True)
        assert (tmp_path / "precious").read_bytes() == b"precious"

    @pytest.mark.parametrize("force", [False, True])
    def test_a_full_disk_leaves_nothing_behind(self, tmp_path, monkeypatch, force):
        def full(_descriptor):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(Unavailable, match="No space left"):
            files.write(tmp_path / "c.png", b"new", force=force)
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_is_a_file_is_named(self, tmp_path):
        (tmp_path / "out").write_bytes(b"")
        with pytest.raises(Unavailable, match="out"):
            files.write(tmp_path / "out" / "c.png", b"new")

    @pytest.mark.parametrize("there", [None, b"new", b"somebody's"])
    def test_without_hard_links_the_same_rules_hold(self, tmp_path, monkeypatch, there):
        """FAT and some network file systems have none."""

        def no_links(*_):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_links)
        path = tmp_path / "c.png"
        if there is not None:
            path.write_bytes(there)
        if there == b"somebody's":
            with pytest.raises(Conflict):
                files.write(path, b"new")
        else:
            files.write(path, b"new")
        assert path.read_bytes() == (there or b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["c.png"]


class TestOutputs:
    def test_a_folder_is_made_and_left_empty(self, tmp_path):
        files.writable(tmp_path / "a" / "b")
        assert list((tmp_path / "a" / "b").iterdir()) == []

    def test_a_place_where_nothing_can_be_made_is_refused(self, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(Unavailable, match="can't be written"):
            files.writable(tmp_path / "file" / "out")

    def test_standard_output_needs_no_folder(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        files.writable(files.STANDARD)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("count", "as_json"), [(2, False), (1, True)])
    def test_standard_output_takes_one_thing(self, count, as_json):
        with pytest.raises(InvalidRequest):
            files.one_output(files.STANDARD, count, as_json=as_json)

    def test_folders_take_any_number(self):
        files.one_output(Path("out"), 100, as_json=True)
        files.one_output(None, 100)

    def test_suffixes_follow_the_media_type(self):
        assert [files.suffix(kind) for kind in ("image/png", "image/jpeg")] == [".png", ".jpeg"]
