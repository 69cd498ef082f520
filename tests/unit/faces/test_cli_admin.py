"""init, doctor, db, index, keys, apikey: what whoever runs the service needs on a good and on a bad day."""

import shutil
from pathlib import Path

import pytest

from index import Matcher
from provenance.adapters.store import SqlStore
from provenance.adapters.store.schema import downgrade
from tests.cli import cli
from tests.service import encoded, scene


class TestInit:
    def test_it_makes_a_home_and_is_safe_to_repeat(self, surroundings):
        first, again = cli("init", "--json").answer, cli("init", "--json").answer
        assert (first["new_keys"], again["new_keys"]) == (True, False)
        assert first["issuer"] == again["issuer"]
        assert first["issuer"].startswith("did:key:z6Mk")
        assert cli("doctor").code == 0

    def test_it_tells_what_to_back_up(self, surroundings):
        assert "back up its keys folder" in cli("init").out

    def test_production_wants_a_passphrase_and_leaves_nothing_behind(self, surroundings, monkeypatch):
        monkeypatch.setenv("PROVENANCE_ENVIRONMENT", "production")
        monkeypatch.delenv("PROVENANCE_KEY_PASSPHRASE")
        done = cli("init")
        assert done.code == 2
        assert "PROVENANCE_KEY_PASSPHRASE" in done.err
        assert not (surroundings / "home" / "provenance.sqlite3").exists()

    def test_an_address_makes_the_issuer_a_web_identity(self, surroundings, monkeypatch):
        monkeypatch.setenv("PROVENANCE_BASE_URL", "https://art.example")
        assert cli("init", "--json").answer["issuer"] == "did:web:art.example"

    def test_a_home_that_can_not_be_made(self, surroundings, monkeypatch):
        (surroundings / "file").write_bytes(b"")
        monkeypatch.setenv("PROVENANCE_HOME", "file/home")
        done = cli("init")
        assert done.code == 6
        assert "file/home" in done.err


class TestSettings:
    @pytest.mark.parametrize(
        ("name", "value"), [("MAX_PIXELS", "abc123"), ("ENVIRONMENT", "prod123"), ("BASE_URL", "ftp://x123")]
    )
    def test_a_wrong_one_is_named_without_its_value(self, surroundings, monkeypatch, name, value):
        monkeypatch.setenv(f"PROVENANCE_{name}", value)
        done = cli("show")
        assert done.code == 2
        assert f"PROVENANCE_{name}: " in done.err
        assert value not in done.err
        assert "docs/settings.md" in done.err

    def test_a_file_of_settings_that_is_no_text(self, surroundings):
        (surroundings / ".env").write_bytes(b"\xff\xfe")
        done = cli("show")
        assert done.code == 2
        assert ".env" in done.err


class TestDoctor:
    def ailing(self):
        done = cli("doctor", "--json")
        assert done.code == 6
        assert done.answer["ok"] is False
        return {name: part for name, part in done.answer["checks"].items() if not part["ok"]}

    def test_all_is_well(self, stock):
        done = cli("doctor")
        assert done.code == 0
        assert [line.split()[1] for line in done.out.splitlines()[1:]] == ["ok"] * 6
        assert cli("doctor", "--json").answer["ok"] is True

    def test_a_home_without_keys_is_told_and_stays_without(self, surroundings):
        assert "provenance init" in self.ailing()["keys"]["hint"]
        assert not (surroundings / "home").exists()

    def test_lost_keys_are_not_quietly_replaced(self, stock):
        shutil.rmtree(stock.home / "keys")
        assert "backup" in self.ailing()["keys"]["hint"]
        assert not (stock.home / "keys").exists()

    @pytest.mark.parametrize("passphrase", ["wrong", None])
    def test_a_passphrase_that_does_not_fit(self, stock, monkeypatch, passphrase):
        if passphrase:
            monkeypatch.setenv("PROVENANCE_KEY_PASSPHRASE", passphrase)
        else:
            monkeypatch.delenv("PROVENANCE_KEY_PASSPHRASE")
            monkeypatch.setenv("PROVENANCE_ENVIRONMENT", "production")
        assert {"keys", "watermark"} <= set(self.ailing())
        done = cli("doctor")
        assert done.out.count("PROVENANCE_KEY_PASSPHRASE") == 1, "one hint is told once"

    def test_a_database_that_is_behind(self, stock):
        store = SqlStore(f"sqlite:///{stock.home / 'provenance.sqlite3'}")
        downgrade(store._engine, "base")
        store.close()
        assert "db upgrade" in str(self.ailing()["database"])
        assert cli("db", "status", "--json").answer["problem"]
        assert cli("db", "upgrade").code == 0
        assert cli("db", "status", "--json").answer["problem"] is None
        assert cli("doctor").code == 0

    def test_a_damaged_index_is_rebuilt_without_a_word(self, stock):
        spoil(stock.home / "index")
        assert cli("doctor").code == 0

    def test_an_index_folder_that_can_not_be_used(self, stock):
        shutil.rmtree(stock.home / "index")
        (stock.home / "index").write_bytes(b"")
        assert set(self.ailing()) == {"index"}


def spoil(index: Path) -> None:
    """Every generation is there and damaged."""
    arrays = list(index.glob("generation-*/data*"))
    assert arrays
    for path in arrays:
        path.write_bytes(b"\0" * path.stat().st_size)


class TestIndex:
    def found(self, stock, surroundings):
        """What a check answers to a picture that only looks can find."""
        from PIL import Image

        with Image.open(stock.pictures["meadow"]) as picture:
            picture.convert("RGB").resize((280, 220)).save(surroundings / "look.jpg", quality=70)
        report = cli("check", surroundings / "look.jpg", "--json").answer
        return [(match["work_id"], match["grade"], match["probability"]) for match in report["matches"]]

    @pytest.mark.parametrize("damage", ["deleted", "spoiled", "emptied", "rebuilt"])
    def test_whatever_happens_to_its_files_the_answers_stay(self, stock, surroundings, damage):
        before = self.found(stock, surroundings)
        assert stock.ids["meadow"] in [work for work, *_ in before]
        folder = stock.home / "index"
        if damage == "deleted":
            shutil.rmtree(folder)
        elif damage == "spoiled":
            spoil(folder)
        elif damage == "emptied":
            for path in folder.glob("**/*"):
                if path.is_file():
                    path.write_bytes(b"")
        else:
            assert cli("index", "rebuild", "--json").answer == {"operations": 2}
        assert self.found(stock, surroundings) == before

    def test_a_rebuild_counts_and_seals(self, stock):
        spoil(stock.home / "index")
        assert cli("index", "rebuild").out == "rebuilt from 2 operations\n"
        with Matcher.open(stock.home / "index", read_only=True) as matcher:
            assert (len(matcher), matcher.checkpoint()) == (2, 2)

    def test_a_rebuild_drops_what_the_record_does_not_have(self, stock):
        with Matcher.open(stock.home / "index") as matcher:
            matcher.add(["pv-stray"], [scene(300)])
        cli("index", "rebuild")
        with Matcher.open(stock.home / "index", read_only=True) as matcher:
            assert "pv-stray" not in matcher
            assert len(matcher) == 2

    def test_an_owner_is_not_disturbed(self, stock):
        with Matcher.open(stock.home / "index"):
            done = cli("index", "rebuild")
            assert done.code == 6
            assert "stop the service" in done.err
            assert cli("index", "status").code == 0

    def test_its_status(self, stock):
        answer = cli("index", "status", "--json").answer
        assert (answer["checkpoint"], answer["record"]) == (2, 2)
        assert answer["models"]
        assert cli("index", "status").out.startswith("the index has 2 of 2 operations")


class TestKeys:
    def test_the_history_in_columns(self, stock):
        header, signing, watermark = cli("keys", "list").out.splitlines()
        assert header.split() == ["kind", "created", "state", "id"]
        assert signing.split()[2] == watermark.split()[2] == "current"
        assert [line["kind"] for line in cli("keys", "list", "--json").lines] == ["signing", "watermark"]

    def test_after_a_rotation_old_certificates_verify_and_old_marks_are_read(self, stock, surroundings):
        signing = cli("keys", "rotate", "--json").answer["id"]
        watermark = cli("keys", "rotate", "--watermark").out.split()[0]
        states = [line.split()[2] for line in cli("keys", "list").out.splitlines()[1:]]
        assert states == ["retired", "current", "retired", "current"]
        exported = cli("keys", "export", "--json")
        (surroundings / "keys.json").write_bytes(exported.raw)
        assert signing in exported.out
        assert cli("verify", stock.certificates["harbour"], "--jwks", surroundings / "keys.json").code == 0
        assert cli("detect", stock.marked["harbour"]).code == 0
        (surroundings / "later.png").write_bytes(encoded(scene(301)))
        done = cli("register", "later.png", "--json").answer
        assert watermark in cli("detect", done["file"]).out

    def test_public_keys_need_no_passphrase(self, stock, monkeypatch):
        monkeypatch.delenv("PROVENANCE_KEY_PASSPHRASE")
        assert cli("keys", "export").answer["keys"][0]["crv"] == "Ed25519"
        assert cli("keys", "list").code == 0


class TestApiKeys:
    def test_it_is_shown_once_and_revoked_at_once(self, stock):
        made = cli("apikey", "create", "画廊", "--scope", "works:read", "--json").answer
        assert made["key"].startswith(f"pvk_{made['id']}_")
        assert made["key"] not in cli("apikey", "list", "--json").out
        assert cli("apikey", "revoke", made["id"]).code == 0
        _, line = cli("apikey", "list").out.splitlines()
        assert line.split() == [made["id"], "画廊", "revoked", "works:read"]
        (listed,) = cli("apikey", "list", "--json").lines
        assert sorted(listed) == ["id", "owner", "revoked", "scopes"]

    def test_the_key_alone_is_printed_for_scripts(self, stock):
        assert cli("apikey", "create", "studio").out.startswith("pvk_")

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("create", "studio", "--scope", "everything"), 2),
            (("create", ""), 2),
            (("revoke", "unknown"), 5),
        ],
    )
    def test_what_can_not_be_done(self, stock, arguments, code):
        assert cli("apikey", *arguments).code == code


@pytest.mark.parametrize(
    "command",
    [
        ("db", "status"),
        ("index", "status"),
        ("index", "rebuild"),
        ("keys", "list"),
        ("keys", "rotate"),
        ("apikey", "list"),
        ("withdraw", "pv-0000000000000"),
        ("anchor",),
    ],
)
def test_a_home_that_was_misspelt_is_not_made(surroundings, command):
    done = cli(*command, "--json")
    assert (done.code, done.answer["error"]) == (2, "misconfigured")
    assert "PROVENANCE_HOME" in done.answer["hint"]
    assert not (surroundings / "home").exists()
