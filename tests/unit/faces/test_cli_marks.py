"""mark and detect: the watermark alone."""

from io import BytesIO

import pytest
from PIL import Image

from provenance.core.types import WorkId
from tests.cli import cli
from tests.service import decoded, encoded, scene

MARK_KEYS = ["confidence", "grid", "key_id", "mirrored", "payload", "region", "rotation", "scale", "work_id"]


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

    def test_every_frame_of_an_animation(self, folder):
        frames = [Image.open(BytesIO(encoded(scene(number)))) for number in (301, 302, 303)]
        path = folder / "moving.gif"
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=80)
        told = f"{path} -> marked/moving.gif\n  note: 3 of 3 frames carry the mark\n"
        assert cli("mark", path, "--payload", "0xabc").out == told
        with Image.open("marked/moving.gif") as marked:
            assert marked.n_frames == 3
            for number in range(3):
                marked.seek(number)
                still = folder / f"{number}.png"
                marked.convert("RGB").save(still)
                assert cli("detect", still, "--json").lines[0]["mark"]["payload"] == "0x0000000000000abc"
        assert cli("detect", "marked/moving.gif").code == 0

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
        refused = done.lines[0]
        assert sorted(refused) == ["error", "file", "hint", "milliseconds", "reason"]
        assert not list((folder.parent / "marked").rglob("tiny*"))

    def test_refusals_are_summed_up_for_people(self, folder):
        for name in ("one", "two"):
            (folder / f"{name}.png").write_bytes(encoded(scene(3, width=16, height=16)))
        (folder / "broken.png").write_bytes(b"text")
        done = cli("mark", folder, "--payload", "7")
        assert done.code == 1
        summary = done.err[done.err.index("3 of 5 failed") :].splitlines()
        assert summary[1].startswith("  2 cannot-hold-mark: a picture of 16 x 16 pixels is too small")
        assert summary[2].startswith("  1 unsupported-format: ")
        assert summary[3] == "5 pictures: 2 marked, 3 not marked"

    def test_the_json_says_what_became_of_each_file(self, folder):
        first, _ = cli("mark", folder, "--payload", "0xabc", "--json").lines
        assert first.pop("milliseconds") > 0
        assert 37 < first.pop("psnr") < 60
        assert first == {
            "file": str(folder / "a" / "x.png"),
            "marked": "marked/a/x.png",
            "status": "marked",
            "work_id": str(WorkId(0xABC)),
            "payload": "0x0000000000000abc",
            "notes": [],
        }

    def test_the_same_again_is_unchanged(self, folder):
        cli("mark", folder, "--payload", "7")
        before = {path: path.stat().st_mtime_ns for path in (folder.parent / "marked").rglob("*.png")}
        again = cli("mark", folder, "--payload", "7", "--json")
        assert (again.code, [line["status"] for line in again.lines]) == (0, ["unchanged"] * 2)
        assert {path: path.stat().st_mtime_ns for path in before} == before
        assert cli("mark", folder, "--payload", "8").code == 1, "another payload is another file"
        assert cli("mark", folder, "--payload", "8", "--force").code == 0
        assert {line["mark"]["payload"] for line in cli("detect", "marked", "--json").lines} == {"0x0000000000000008"}

    def test_a_run_that_was_stopped_is_taken_up_again(self, folder):
        """With what the format is called otherwise in, and without a look into what is there."""
        (folder / "photo.JPG").write_bytes(encoded(scene(210), "JPEG", quality=95))
        assert cli("mark", folder, "--payload", "7").code == 0
        (folder.parent / "marked" / "b" / "x.png").unlink()
        (folder.parent / "marked" / "photo.jpeg").write_bytes(b"left alone")
        again = cli("mark", folder, "--payload", "7", "--skip-existing", "--json")
        assert again.code == 0
        assert [line["status"] for line in again.lines] == ["skipped", "marked", "skipped"]
        assert [line["psnr"] is None for line in again.lines] == [True, False, True]
        assert (folder.parent / "marked" / "photo.jpeg").read_bytes() == b"left alone"

    def test_to_overwrite_and_to_skip_contradict_each_other(self, folder):
        assert cli("mark", folder, "--payload", "7", "--force", "--skip-existing").code == 2

    @pytest.mark.parametrize("how", ["--force", "--skip-existing"])
    def test_two_pictures_never_share_an_output(self, surroundings, how):
        """x.jpg and x.jpeg are both written as x.jpeg."""
        for number, name in enumerate(("x.jpeg", "x.jpg")):
            (surroundings / "in").mkdir(exist_ok=True)
            (surroundings / "in" / name).write_bytes(encoded(scene(number + 220), "JPEG", quality=95))
        assert cli("mark", "in", "--payload", "7", how).code == 1
        done = cli("mark", "in", "--payload", "7", how)
        assert done.code == 1
        assert "that of in/x.jpeg" in done.err
        assert cli("detect", "marked").code == 0

    def test_outputs_below_the_pictures_are_not_marked_again(self, folder):
        for _ in range(2):
            done = cli("mark", folder, "--payload", "7", "--out", folder / "marked", "--json")
            assert done.code == 0
            assert len(done.lines) == 2

    def test_a_picture_is_never_overwritten_by_its_marked_self(self, folder):
        before = (folder / "a" / "x.png").read_bytes()
        done = cli("mark", folder / "a" / "x.png", "--payload", "7", "--out", folder / "a", "--force")
        assert done.code == 1
        assert "is the picture itself" in done.err
        assert (folder / "a" / "x.png").read_bytes() == before

    def test_what_another_mark_covers_is_refused(self, folder, monkeypatch):
        """Both marks are in the picture; the reader answers one of them."""
        from provenance.core.types import Detection
        from provenance.watermark import RotatingWatermarker

        other = Detection(0xABC, 1.0, 1.0, 0.0, mirrored=False)
        monkeypatch.setattr(RotatingWatermarker, "detect", lambda *_: other)
        done = cli("mark", folder / "a" / "x.png", "--payload", "7", "--json")
        assert done.code == 1
        assert done.answer["error"] == "cannot-hold-mark"
        assert str(WorkId(0xABC)) in done.answer["reason"]
        assert not list((folder.parent / "marked").iterdir())


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
        assert sorted(mark) == MARK_KEYS

    def test_it_says_where_in_the_picture_the_mark_lies(self, stock, surroundings):
        collage = scene(230, width=900, height=300)
        collage[20:276, 40:360] = decoded(stock.marked["harbour"].read_bytes())
        (surroundings / "collage.png").write_bytes(encoded(collage))
        mark = cli("detect", "collage.png", "--json").answer["mark"]
        assert mark["work_id"] == stock.ids["harbour"]
        x, y = zip(*mark["region"], strict=True)
        assert max(x) < 0.5, "the work lies in the left part"
        assert len(mark["grid"]) == 6
        shown = cli("detect", "collage.png").out
        assert f", at x {min(x):.0%} to {max(x):.0%}, y {min(y):.0%} to {max(y):.0%}, key" in shown

    def test_of_an_animation_it_says_which_frame_it_read(self, stock, surroundings):
        flat, marked = scene(1) * 0 + 128, decoded(stock.marked["harbour"].read_bytes())
        frames = [Image.fromarray(pixels) for pixels in (flat, marked, marked)]
        frames[0].save(surroundings / "moving.png", save_all=True, append_images=frames[1:], duration=100)
        assert cli("detect", "moving.png", "--json").answer["frame"] == 1
        assert cli("detect", "moving.png").out.startswith(f"moving.png: frame 2: {stock.ids['harbour']}")

    def test_after_a_rotation_new_marks_name_the_new_key_and_old_ones_are_read(self, folder):
        """The steps of docs/watermark.md."""
        picture = folder / "a" / "x.png"
        assert cli("mark", picture, "--payload", "0", "--out", "before").code == 0
        current = cli("keys", "rotate", "--watermark", "--json").answer["id"]
        assert cli("mark", picture, "--payload", "0", "--out", "after").code == 0
        found = cli("detect", "before/x.png", "after/x.png").out.splitlines()
        assert found[1].endswith(f"key {current}")
        assert str(WorkId(0)) in found[0]
        assert not found[0].endswith(current)

    def test_people_are_told_that_a_mark_alone_is_not_the_work(self, stock):
        assert "`provenance check` compares both" in cli("detect", stock.marked["harbour"]).err
        assert cli("detect", stock.marked["harbour"], "--json").err == ""
        assert cli("detect", stock.pictures["harbour"]).err == "", "there is nothing to misread"

    def test_without_keys_nothing_can_be_said(self, folder):
        done = cli("detect", folder)
        assert done.code == 2
        assert "provenance init" in done.err
