"""mark and detect: the watermark alone."""

import pytest

from provenance.core.types import WorkId
from tests.cli import cli
from tests.service import encoded, scene


@pytest.fixture
def folder(surroundings):
    """Two pictures of one name in two folders."""
    for number, name in enumerate(("a/x.png", "b/x.png")):
        path = surroundings / "in" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(encoded(scene(number + 200)))
    return surroundings / "in"


class TestMark:
    def test_a_tree_of_pictures_keeps_its_shape_and_every_mark_is_found(self, folder):
        done = cli("mark", folder, "--payload", "0xabc", "--json")
        assert done.code == 0, done
        assert [line["marked"] for line in done.lines] == ["marked/a/x.png", "marked/b/x.png"]
        found = cli("detect", "marked", "--json")
        assert found.code == 0
        assert [line["mark"]["payload"] for line in found.lines] == ["0x0000000000000abc"] * 2

    def test_two_files_of_one_name_do_not_overwrite_each_other(self, folder):
        done = cli("mark", folder / "a" / "x.png", folder / "b" / "x.png", "--payload", "7")
        assert done.code == 1
        assert "marked/x.png is there already" in done.err
        assert done.out == f"{folder / 'a' / 'x.png'} -> marked/x.png\n"
        assert cli("mark", folder / "a" / "x.png", "--payload", "7").code == 0, "the same again is no conflict"
        assert cli("mark", folder / "b" / "x.png", "--payload", "7", "--force").code == 0

    def test_through_a_pipe(self, folder):
        work = str(WorkId(77))
        done = cli("mark", "-", "--payload", work, "--out", "-", stdin=(folder / "a" / "x.png").read_bytes())
        assert done.code == 0, done
        found = cli("detect", "-", stdin=done.raw)
        assert found.out.startswith(f"-: {work}, scale 1.00, key wm-")

    @pytest.mark.parametrize("payload", ["nonsense", "-1", "18446744073709551616", "0x", "pv-short", "1.5", ""])
    def test_what_is_no_payload(self, folder, payload):
        done = cli("mark", folder, f"--payload={payload}")
        assert done.code == 2
        assert not (folder.parent / "home").exists()

    @pytest.mark.parametrize("arguments", [("--out", "-"), ("--out", "-", "--json")])
    def test_standard_output_takes_one_file(self, folder, arguments):
        assert cli("mark", folder, "--payload", "7", *arguments).code == 2

    def test_a_picture_that_can_not_hold_it_does_not_stop_the_others(self, folder):
        (folder / "a" / "tiny.png").write_bytes(encoded(scene(3, width=16, height=16)))
        done = cli("mark", folder, "--payload", "7", "--json")
        assert done.code == 1
        assert [line.get("error") for line in done.lines] == ["cannot-hold-mark", None, None]


class TestDetect:
    def test_none_is_not_found(self, stock):
        done = cli("detect", stock.pictures["harbour"])
        assert (done.code, done.out) == (5, f"{stock.pictures['harbour']}: no mark\n")
        assert cli("detect", stock.pictures["harbour"], "--json").answer["mark"] is None

    def test_one_among_several_is_enough(self, stock):
        done = cli("detect", stock.pictures["harbour"], stock.marked["harbour"])
        assert done.code == 0
        assert stock.ids["harbour"] in done.out

    def test_a_file_that_can_not_be_read_is_an_error_and_not_a_missing_mark(self, stock, surroundings):
        (surroundings / "broken.png").write_bytes(b"text")
        done = cli("detect", "broken.png", stock.marked["harbour"], "--json")
        assert done.code == 1
        assert [line.get("error") for line in done.lines] == ["unsupported-format", None]

    def test_the_json_has_stable_keys(self, stock):
        mark = cli("detect", stock.marked["harbour"], "--json").answer["mark"]
        assert sorted(mark) == ["confidence", "key_id", "mirrored", "payload", "rotation", "scale", "work_id"]

    def test_without_keys_nothing_can_be_said(self, folder):
        done = cli("detect", folder)
        assert done.code == 2
        assert "provenance init" in done.err
