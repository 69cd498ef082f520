"""The benchmark of matching: the checkpoint, the distractors, the peers, and the goal table."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.attacks.pictures import Pictures
from scripts.attacks.trial import Ask, Sizes
from scripts.bench import matching
from scripts.bench.distinct_pictures import Distinct
from scripts.bench.matching_distractors import TILE, Distractors, tiles
from scripts.bench.matching_metrics import Row
from scripts.bench.matching_peers import PEERS, Answered, Method, with_weights
from scripts.bench.matching_report import ENGINE, Answers, goal_table, report_edition, tables
from scripts.bench.matching_rows import Key, OtherRows, Rows
from scripts.bench.matching_run import TEST, Pass, Runner
from tests.copy_networks import write_onnx

ASK = Ask("positive", 3, "a.jpg", "single", ("crop",), "a.jpg")
ROW = Row("a.jpg", "single", ("crop",), "a.jpg", (("a.jpg", 0.5), ("b.jpg", 0.25)), 0.75, 12.5, ("a.jpg",))


def scene(seed: int, height: int = 300, width: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (15, 20, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def test_answers_survive_a_stop(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = Rows(path, {"seed": 1})
    rows.registered("a.jpg", 5.0)
    rows.answered(ASK, ROW)
    with path.open("a") as file:
        file.write('{"stage": "positive", "num')  # killed here
    again = Rows(path, {"seed": 1})
    assert again.rows == {Key("positive", 3): ROW}
    assert again.registrations == {"a.jpg": 5.0}
    assert again.has(ASK)
    again.registered("b.jpg", 6.0)
    assert Rows(path, {"seed": 1}).registrations == {"a.jpg": 5.0, "b.jpg": 6.0}


def test_rows_of_another_engine_are_refused_unless_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    Rows(path, {"seed": 1, "method": "engine 1"}).answered(ASK, ROW)
    before = path.read_bytes()
    with pytest.raises(OtherRows, match="--again"):
        Rows(path, {"seed": 1, "method": "engine 2"})
    assert path.read_bytes() == before
    assert not Rows(path, {"seed": 1, "method": "engine 2"}, again=True).rows
    assert not Rows(path, {"seed": 1, "method": "engine 2"}).rows


def test_tiles_share_no_pixel_and_show_something() -> None:
    picture = scene(1, 3 * TILE + 5, 2 * TILE)
    picture[:TILE, :TILE] = 90
    found = list(tiles(picture))
    assert [tile.shape for tile in found] == [(TILE, TILE, 3)] * 5
    assert np.array_equal(found[0], picture[:TILE, TILE : 2 * TILE])
    assert not list(tiles(scene(1, TILE, TILE)))


def test_a_turned_or_smaller_copy_is_not_distinct() -> None:
    distinct = Distinct()
    assert distinct.take(scene(1))
    assert not distinct.take(np.ascontiguousarray(np.rot90(scene(1))))
    assert not distinct.take(cv2.resize(scene(1), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA))
    assert not distinct.take(np.full((300, 300, 3), 7, np.uint8))
    assert distinct.take(scene(2))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(48):
        cv2.imwrite(str(folder / f"{number}.jpg"), scene(number))
    return Pictures(folder)


def test_distractors_are_distinct_pictures_then_tiles(pictures: Pictures, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "known.png"), scene(0))  # of the corpus already
    cv2.imwrite(str(tmp_path / "wide.png"), scene(900, TILE + 10, 3 * TILE))
    (tmp_path / "no.png").write_bytes(b"no picture")
    whole = len(pictures.names(test=False)) + 1
    distractors = Distractors(pictures, [tmp_path], whole + 2)
    ids = [id_ for id_, _ in distractors]
    assert (distractors.count.pictures, distractors.count.tiles) == (whole, 2)
    assert str(distractors.count) == f"{whole} distinct pictures and 2 tiles of distinct regions"
    assert ids[-3:] == ["distractor/0:wide.png", "tile-0/0:wide.png", "tile-1/0:wide.png"]
    assert not set(ids) & {f"distractor/{name}" for name in pictures.names(test=True)}
    assert [id_ for id_, _ in Distractors(pictures, [], 3)] == ids[:3]


def test_photos_of_a_series_are_no_distractors(pictures: Pictures, tmp_path: Path) -> None:
    series, single, *_ = pictures.names(test=False)
    for name in (series, single):
        cv2.imwrite(str(tmp_path / name), pictures.read(name)[..., ::-1])
    lines = ["path,kind,credit,original_name", f"{series},photo,,dataset__shiny_sneaker__02_1.jpg", f"{single},photo,,"]
    (tmp_path / "index.csv").write_text("\n".join(lines))
    assert [id_ for id_, _ in Distractors(Pictures(tmp_path), [], 9)] == [f"distractor/{single}"]


@pytest.mark.parametrize("name", ["phash", "pdq", "pdq8", "orb"])
def test_a_peer_finds_the_picture_itself(name: str) -> None:
    method = PEERS[name]()
    for number in range(4):
        method.add(str(number), scene(number))
    method.finish()
    answered = method.ask(scene(2))
    assert answered.answers[0][0] == "2"
    assert answered.answers == tuple(sorted(answered.answers, key=lambda answer: -answer[1]))
    if name == "orb":
        assert answered.boxes["2"] == pytest.approx((0, 0, 1, 1), abs=0.02)


def test_eight_orientations_find_what_one_does_not() -> None:
    turned = np.ascontiguousarray(np.rot90(scene(2)))
    found = []
    for name in ("pdq", "pdq8"):
        method = PEERS[name]()
        method.add("2", scene(2))
        method.finish()
        found.append(method.ask(turned).answers[0][1])
    assert found[0] < -60
    assert found[1] > -31


def test_sscd_is_a_peer_where_its_weights_are_given(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    weights = write_onnx(tmp_path / "sscd.onnx")
    method = with_weights(weights, None)["sscd"]()
    for number in range(4):
        method.add(str(number), scene(number))
    method.finish()
    assert method.ask(scene(2)).answers[0] == ("2", pytest.approx(1.0, abs=1e-3))
    assert "sscd-onnx/" in method.identity
    assert list(tmp_path.iterdir()) == [weights]  # nothing is left beside them
    assert "sscd" not in with_weights(None, None)


class Oracle(Method):
    """Knows nothing but the mean colour, which the attacks here leave alone."""

    name = "oracle"

    def __init__(self, identity: str = "oracle 1") -> None:
        self.identity = identity
        self.asked = 0
        self._means: dict[str, float] = {}

    def add(self, id_: str, picture: np.ndarray) -> None:
        self._means[id_] = float(picture.mean())

    def ask(self, picture: np.ndarray) -> Answered:
        self.asked += 1
        near = sorted((abs(picture.mean() - mean), id_) for id_, mean in self._means.items())
        return Answered(tuple((id_, -distance) for distance, id_ in near[:3]), claimed=(near[0][1],))


def test_a_finished_run_asks_nobody_again(pictures: Pictures, tmp_path: Path) -> None:
    run = Pass("all", TEST, Sizes(references=4, positives=6, negatives=3, shared=0), seed=2)
    first, second = Oracle(), Oracle()
    found = Runner(tmp_path, {"all": pictures}, again=False).run(run, {"oracle": lambda: first})
    again = Runner(tmp_path, {"all": pictures}, again=False).run(run, {"oracle": lambda: second})
    assert (first.asked, second.asked) == (9, 0)
    assert again["oracle"].rows == found["oracle"].rows
    assert len(again["oracle"].registrations) == 4
    with pytest.raises(OtherRows):
        Runner(tmp_path, {"all": pictures}, again=False).run(run, {"oracle": lambda: Oracle("oracle 2")})


def test_drawn_pictures_are_measured_without_a_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matching, "DRAWN", 1)
    sizes = ("--images", "6", "--sample", "3", "--peers", "pdq")
    asked = ("--edition", "drawn", "--corpus", str(tmp_path), "--json", str(tmp_path / "out.json"))
    monkeypatch.setattr("sys.argv", ["matching", *asked, *sizes])
    matching.main()
    told = capsys.readouterr().out
    assert told.startswith("drawn: 6 registered, 6 queries, distractors: none")
    assert "### drawn" in told
    assert "goal: reached" not in told


def test_the_goal_table_says_what_was_reached_and_missed() -> None:
    good = [Row("a", "single", ("crop",), "a", (("a", 1.9),), 0.9, 100.0, ("a",))] * 9
    lost = [Row("b", "partial", ("part-crop",), "b", (), 0.0, 100.0)]
    negatives = [Row("n", "unrelated", (), "", (("a", 0.1),), 0.0, 90.0)] * 4
    answers = Answers(negatives, [*good, *lost, *negatives], [50.0], negatives, [*good, *lost, *negatives])
    told = report_edition({ENGINE: answers}, {ENGINE: "engine"}, 0)
    assert told["methods"][ENGINE]["muAP"][0] == 0.9
    text = goal_table({"photo": told})
    assert "| muAP | >= .900: **.900 (" in text
    assert ".950: **.000 (.000-.793)** missed" in text  # the partial copy
    assert "| CPU ms per check | <= 250: **100 (90-100)** reached | - |" in text
    assert "| true box, IoU > .5, of all positives | >= .900: **.900 (" in text
    assert "not measured" in text  # art
    whole = tables({"editions": {"photo": told}})
    assert "| crop | 9/9, - |" in whole
    assert "| part-crop | 0/1, - |" in whole
    assert json.loads(json.dumps(told)) == told
