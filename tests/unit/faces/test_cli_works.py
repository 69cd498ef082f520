"""register, generate, show, withdraw and check, around a real home folder."""

import json
from pathlib import Path

import pytest

from provenance.faces.cli import files
from provenance.faces.cli.commands import works
from tests.cli import cli
from tests.service import decoded, encoded, scene


@pytest.fixture
def picture(surroundings: Path) -> Path:
    path = surroundings / "new.png"
    path.write_bytes(encoded(scene(77)))
    return path


class TestRegister:
    def test_a_folder_with_good_and_bad_files_goes_on_to_its_end(self, stock, tmp_path):
        folder = tmp_path / "mixed"
        (folder / "below").mkdir(parents=True)
        (folder / "a-broken.png").write_bytes(stock.pictures["meadow"].read_bytes()[:5000])
        (folder / "b-known.png").write_bytes(stock.pictures["harbour"].read_bytes())
        (folder / "below" / "c-new.png").write_bytes(encoded(scene(50)))
        done = cli("register", folder, "--out", tmp_path / "fresh", "--json")
        broken, known, new = done.lines
        assert done.code == 1
        assert (broken["error"], broken["file"]) == ("unreadable-image", str(folder / "a-broken.png"))
        assert (known["error"], known["existing"]) == ("conflict", stock.ids["harbour"])
        assert (new["title"], new["status"]) == ("c-new", "active")
        assert sorted(path.name for path in (tmp_path / "fresh").iterdir()) == [
            f"{new['id']}.cert.json",
            f"{new['id']}.png",
        ]
        assert json.loads(Path(new["certificate"]).read_text())["credentialSubject"]["work"] == new["id"]
        assert Path(new["file"]).read_bytes() != (folder / "below" / "c-new.png").read_bytes()

    def test_a_development_home_makes_itself(self, picture, surroundings):
        done = cli("register", picture, "--terms", "commercial", "--title", "First light")
        assert done.code == 0, done
        assert done.out.startswith("pv-")
        shown = cli("show", done.out.split()[0], "--json").answer
        assert (shown["title"], shown["terms"]) == ("First light", "commercial")
        assert (surroundings / "registered").is_dir()

    def test_through_a_pipe(self, stock, picture):
        done = cli("register", "-", "--out", "-", stdin=picture.read_bytes())
        assert done.code == 0, done
        assert decoded(done.raw).shape == decoded(picture.read_bytes()).shape
        work = done.err.split()[0]
        assert f"provenance show {work} --certificate" in done.err
        assert cli("show", work, "--file", "-").raw == done.raw
        assert cli("show", work, "--json").answer["title"] == ""

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("--terms", "nonsense"), 2, "personal"),
            (("--out", "new.png/out"), 6, "can't be written"),
            (("--out", "-", "--json"), 2, "not both"),
            (("missing.png",), 5, "missing.png"),
        ],
    )
    def test_what_is_wrong_for_all_files_is_told_before_the_first_is_registered(
        self, stock, picture, arguments, code, told
    ):
        done = cli("register", picture, *arguments)
        assert done.code == code, done
        assert told in done.err + done.out
        assert len(cli("show", "--json").lines) == 2

    def test_a_work_that_could_not_be_written_out_is_not_lost(self, stock, picture, monkeypatch):
        """The disk may fill up between the registration and the file."""

        def full(path, data, *, force=False):
            raise files.Unavailable(f"{path} can't be written: No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(works.files, "write", full)
            done = cli("register", picture, "--json")
        assert done.code == 6
        newest = cli("show", "--json").lines[0]
        assert newest["title"] == "new"
        assert f"provenance show {newest['id']} --file FILE --certificate FILE" in done.answer["hint"]

    @pytest.mark.parametrize("name", ["x" * 240, "beep\x07\n"])
    def test_no_file_is_refused_for_its_name(self, stock, surroundings, name):
        path = surroundings / f"{name}.png"
        path.write_bytes(encoded(scene(51)))
        done = cli("register", path)
        assert done.code == 0, done
        assert "\x07" not in done.out
        title = cli("show", "--json").lines[0]["title"]
        assert title.isprintable()
        assert title == name[:200].replace("\x07", "").replace("\n", "")

    @pytest.mark.parametrize("field", ["MAX_PIXELS", "MAX_UPLOAD_BYTES"])
    def test_limits_of_the_settings_hold(self, stock, picture, monkeypatch, field):
        monkeypatch.setenv(f"PROVENANCE_{field}", "2000")
        done = cli("register", picture, "--json")
        assert (done.code, done.answer["error"]) == (1, "too-large")


class TestGenerate:
    def test_it_lists_its_kinds_without_making_anything(self, surroundings):
        done = cli("generate", "?", "--json")
        assert len(done.answer["kinds"]) >= 4
        assert cli("generate", "?").out.split() == done.answer["kinds"]
        assert not (surroundings / "home").exists()

    def test_a_recipe_and_seeds_give_works_and_the_same_again_are_known(self, stock, tmp_path):
        recipe = {"generator": "procedural", "kind": "agate", "width": 384, "height": 384}
        (tmp_path / "recipe.json").write_text(json.dumps(recipe))
        done = cli("generate", f"@{tmp_path / 'recipe.json'}", "--seed", 5, "--count", 2, "--json")
        assert done.code == 0, done
        assert [line["title"] for line in done.lines] == ["agate 5", "agate 6"]
        again = cli("generate", json.dumps(recipe), "--seed", 6, "--json")
        assert (again.code, again.answer["existing"]) == (1, done.lines[1]["id"])
        assert again.answer["file"] == "agate 6"

    @pytest.mark.parametrize(
        ("recipe", "told"),
        [("{", "JSON"), ('{"kind": "x"}', "generator"), ("no-such-kind", "no-such-kind"), ("@none.json", "none.json")],
    )
    def test_a_wrong_recipe_is_told(self, stock, recipe, told):
        done = cli("generate", recipe)
        assert done.code == (5 if recipe.startswith("@") else 2)
        assert told in done.err


class TestShow:
    def test_the_newest_first_in_columns(self, stock):
        header, *lines = cli("show").out.splitlines()
        assert header.split()[0] == "work"
        assert [line.split()[0] for line in lines] == [stock.ids["meadow"], stock.ids["harbour"]]
        assert lines[0].endswith("meadow")
        column = header.index("title")
        assert all(line[column:] in stock.ids for line in lines)
        assert len(cli("show", "--limit", 1).out.splitlines()) == 2

    def test_one_work(self, stock):
        done = cli("show", stock.ids["harbour"])
        assert "harbour" in done.out
        assert stock.ids["harbour"] in done.out
        assert cli("show", stock.ids["harbour"], "--json").answer["id"] == stock.ids["harbour"]

    def test_file_and_certificate_are_those_that_were_handed_out(self, stock, tmp_path):
        work = stock.ids["harbour"]
        done = cli("show", work, "--file", tmp_path / "f.png", "--certificate", tmp_path / "c.json")
        assert done.code == 0, done
        assert (tmp_path / "f.png").read_bytes() == stock.marked["harbour"].read_bytes()
        assert (tmp_path / "c.json").read_bytes() == stock.certificates["harbour"].read_bytes()

    def test_standard_output_takes_the_certificate_alone(self, stock):
        done = cli("show", stock.ids["harbour"], "--certificate", "-")
        assert done.raw == stock.certificates["harbour"].read_bytes()
        assert cli("show", stock.ids["harbour"], "--certificate", "-", "--file", "-").code == 2
        assert cli("show", stock.ids["harbour"], "--certificate", "-", "--json").code == 2

    def test_another_works_file_is_overwritten_only_on_purpose(self, stock):
        target = stock.marked["meadow"]
        before = target.read_bytes()
        done = cli("show", stock.ids["harbour"], "--file", target)
        assert done.code == 1
        assert "--force" in done.err
        assert target.read_bytes() == before
        assert cli("show", stock.ids["harbour"], "--file", target, "--force").code == 0
        assert target.read_bytes() == stock.marked["harbour"].read_bytes()

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [(("pv-0000000000000",), 5), (("nonsense",), 2), (("--file", "x.png"), 2), (("--limit", "0"), 2)],
    )
    def test_what_can_not_be_shown(self, stock, arguments, code):
        assert cli("show", *arguments).code == code

    def test_a_home_that_is_not_there_is_not_made(self, surroundings):
        done = cli("show")
        assert done.code == 2
        assert "provenance init" in done.err
        assert not (surroundings / "home").exists()


class TestWithdraw:
    def test_it_leaves_every_answer_and_stays_on_the_record(self, stock):
        work = stock.ids["harbour"]
        assert cli("withdraw", work).out == f"{work} is withdrawn\n"
        assert cli("withdraw", work, "--json").answer["status"] == "withdrawn"
        found = cli("check", stock.marked["harbour"], "--json").answer["matches"]
        assert work not in [match["work_id"] for match in found]
        assert cli("show", work, "--json").answer["withdrawn_at"]

    @pytest.mark.parametrize(("work", "code"), [("pv-0000000000000", 5), ("nonsense", 2)])
    def test_an_unknown_work(self, stock, work, code):
        assert cli("withdraw", work).code == code


class TestCheck:
    def test_a_list_can_be_read_down_by_its_grades(self, stock, surroundings):
        (surroundings / "other.png").write_bytes(encoded(scene(99)))
        (surroundings / "broken.png").write_bytes(b"text")
        done = cli("check", stock.marked["harbour"], "broken.png", "other.png")
        assert done.code == 1
        lines = done.out.splitlines()
        assert lines[0].split()[:2] == ["identical", str(stock.marked["harbour"])]
        assert stock.ids["harbour"] in lines[1]
        assert "registered 20" in lines[2]
        assert "harbour" in lines[2]
        assert "evidence: file" in lines[3]
        (grade,) = [line.split()[0] for line in lines if "other.png" in line]
        assert grade in ("none", "similar")
        assert "broken.png: " in done.err
        assert done.err.endswith(f"3 pictures: 1 identical, 1 {grade}, 1 could not be checked\n")

    def test_programs_get_the_whole_report(self, stock, surroundings):
        pixels = decoded(stock.marked["meadow"].read_bytes())
        (surroundings / "copy.jpg").write_bytes(encoded(pixels, "JPEG", quality=80))
        done = cli("check", "copy.jpg", "--json", "--licensee", "did:example:shop")
        assert done.code == 0
        (match,) = done.answer["matches"]
        assert (match["work_id"], match["grade"]) == (stock.ids["meadow"], "copy")
        assert match["licence"]["status"] == "not-licensed"
        assert {"file", "grade", "id", "matches", "mark", "query", "models", "policy"} <= set(done.answer)

    def test_a_pipe_and_a_code_for_scripts(self, stock):
        data = stock.pictures["harbour"].read_bytes()
        assert cli("check", "-", stdin=data).code == 0
        assert cli("check", "-", "--fail-on-match", stdin=data).code == 1
        assert cli("check", "-", "--fail-on-match", stdin=encoded(scene(98))).code == 0

    def test_a_licensee_is_checked_before_models_load(self, stock):
        assert cli("check", stock.marked["harbour"], "--licensee", "someone@example.org").code == 2

    def test_a_home_without_keys_answers_nothing(self, picture):
        """In a folder that was misspelt every picture would be unknown."""
        done = cli("check", picture)
        assert done.code == 2
        assert "PROVENANCE_HOME" in done.err

    def test_a_folder_without_pictures(self, stock, tmp_path):
        (tmp_path / "empty").mkdir()
        assert cli("check", tmp_path / "empty").code == 5
