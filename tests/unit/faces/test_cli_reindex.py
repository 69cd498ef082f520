"""`provenance reindex`: from the bundled model to two, with a small network of SSCD's shape that the test makes."""

import pytest

from tests.cli import cli
from tests.copy_networks import write_onnx


@pytest.fixture
def weights(stock, surroundings, monkeypatch):
    """Two works by the bundled model, and settings that name one more."""
    from index.embedders.sscd import enrol

    path = write_onnx(surroundings / "tiny.onnx")
    enrol(path)
    monkeypatch.setenv("PROVENANCE_EMBEDDER", "lite0,sscd")
    monkeypatch.setenv("PROVENANCE_SSCD_WEIGHTS", str(path))
    return path


def states():
    return [(one["state"], one["described"], one["works"]) for one in cli("index", "status", "--json").answer["sets"]]


def found(picture):
    report = cli("check", picture, "--json").answer
    kinds = {evidence["kind"].partition(":")[0] for match in report["matches"] for evidence in match["evidence"]}
    return [match["work_id"] for match in report["matches"]], report["models"], kinds


@pytest.fixture
def look(stock, surroundings):
    """A picture that only looks can find."""
    from PIL import Image

    with Image.open(stock.pictures["meadow"]) as picture:
        picture.convert("RGB").resize((280, 220)).save(surroundings / "look.jpg", quality=70)
    return surroundings / "look.jpg"


def test_searches_go_on_with_the_models_before_until_it_is_done(stock, weights, look):
    ids, models, _ = found(look)  # the settings name two models, and one of them has seen nothing
    assert stock.ids["meadow"] in ids
    assert not any(name.startswith("sscd") for name in models)
    assert states() == [("serving", 2, 2), ("coming", 0, 2)]
    assert "0 of 2 works described" in cli("doctor", "--json").answer["checks"]["index"]["detail"]

    answer = cli("reindex", "--json").answer
    assert (answer["state"], answer["works"], answer["described"], answer["failed"]) == ("serving", 2, 2, 0)
    assert states() == [("retired", 2, 2), ("serving", 2, 2)]

    ids, models, kinds = found(look)
    assert stock.ids["meadow"] in ids
    assert models[-1].startswith("sscd-onnx/")
    assert "descriptor" in kinds


def test_a_second_run_has_nothing_to_do(stock, weights):
    assert cli("reindex").code == 0
    again = cli("reindex")
    assert again.code == 0
    assert again.out.startswith("2 of 2 works are described by efficientnet-lite0")


def test_a_new_work_is_described_by_both_meanwhile(stock, weights, surroundings):
    from tests.service import encoded, scene

    (surroundings / "new.png").write_bytes(encoded(scene(901)))
    assert cli("register", surroundings / "new.png").code == 0
    assert states() == [("serving", 3, 3), ("coming", 1, 3)]
    assert cli("reindex", "--json").answer["described"] == 3


def test_works_that_fail_keep_searches_where_they_are(stock, weights):
    blob = next(path for path in (stock.home / "blobs").rglob("*") if path.is_file() and is_picture(path))
    kept = blob.read_bytes()
    blob.unlink()
    failed = cli("reindex", "--json")
    assert failed.code == 1
    assert (failed.answer["state"], failed.answer["described"], failed.answer["failed"]) == ("coming", 1, 1)
    assert failed.answer["failures"][0]["reason"]
    assert "--without-failed" in cli("reindex").out

    blob.write_bytes(kept)
    assert cli("reindex", "--retry-failed", "--json").answer["state"] == "serving"


def is_picture(path) -> bool:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path):
            return True
    except UnidentifiedImageError:
        return False


def test_failed_works_can_be_left_behind_on_purpose(stock, weights):
    blob = next(path for path in (stock.home / "blobs").rglob("*") if path.is_file() and is_picture(path))
    blob.unlink()
    assert cli("reindex", "--without-failed", "--json").answer["state"] == "serving"
    assert states() == [("retired", 2, 2), ("serving", 1, 2)]


def test_models_that_are_gone_are_told_with_what_to_do(stock, weights, monkeypatch, look):
    assert cli("reindex").code == 0
    weights.unlink()
    monkeypatch.setenv("PROVENANCE_EMBEDDER", "lite0")
    done = cli("check", look)
    assert done.code == 2
    assert "sscd-onnx/" in done.err
    assert "can't be loaded" in done.err
    assert "run `provenance reindex`" in done.err

    assert cli("reindex", "--json").answer["described"] == 2  # needs no old model
    assert found(look)[0] == [stock.ids["meadow"]] or stock.ids["meadow"] in found(look)[0]


def test_what_another_version_described_is_told_and_described_again(stock, monkeypatch, look):
    """As after an update of the package with other models or another layout: nothing can load the ones before."""
    from sqlalchemy import text

    from provenance.adapters.store import SqlStore

    store = SqlStore(f"sqlite:///{stock.home / 'provenance.sqlite3'}")
    with store.unit() as unit:
        connection = unit.works._session.connection()
        connection.execute(text("UPDATE model_sets SET key = 'before', models = '[\"lite0/0\"]'"))
        connection.execute(text("UPDATE fingerprint_ops SET models = 'before' WHERE models IS NOT NULL"))
    store.close()
    done = cli("check", look)
    assert done.code == 2
    assert "the works were described by lite0/0, which can't be loaded" in done.err
    assert "provenance reindex" in done.err
    assert not cli("doctor", "--json").answer["checks"]["index"]["ok"]

    assert cli("reindex", "--json").answer["described"] == 2
    assert stock.ids["meadow"] in found(look)[0]
    assert cli("doctor").code == 0


def test_old_fingerprints_go_when_somebody_says_so(stock, weights):
    assert cli("reindex").code == 0
    assert cli("index", "prune", "--json").answer == {"deleted": 2}
    assert states() == [("serving", 2, 2)]
    assert cli("index", "prune").out == "0 fingerprints deleted\n"


def test_its_rate_has_a_bound(stock, weights, monkeypatch):
    slept = []
    monkeypatch.setattr("provenance.faces.cli.commands.reindex.time.sleep", slept.append)
    assert cli("reindex", "--rate", "0.05").code == 0
    assert slept
    assert slept[-1] > 20  # two works take forty seconds
