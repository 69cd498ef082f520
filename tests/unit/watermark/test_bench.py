"""The benchmark's harness: deterministic, resumable, honest about what was refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.bench import watermark, watermark_report, watermark_runs
from scripts.bench.watermark_attacks import ATTACKS
from scripts.bench.watermark_pictures import Picture
from tests.unit.watermark.conftest import PICTURES, load

ARGUMENTS = ["--sample", "1", "--attacks", "jpeg-50,mirror,crop-35", "--split", "tuning", "--original-sizes"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies under names of which some fall into the test split."""
    for index in range(24):
        kind = tmp_path / "pictures" / f"kind-{index % 2}"
        kind.mkdir(exist_ok=True, parents=True)
        shutil.copy(PICTURES / "photo-alps.jpg", kind / f"{index}.jpg")
    return tmp_path / "pictures"


def row(picture: str, **values: object) -> watermark_runs.Row:
    """A marked picture's row."""
    measured = {"psnr": 41.0, "ssim": 0.99, "embed_ms": 1.0, "found_ms": 2.0, "miss_ms": 3.0}
    counted = {"exact": {"none": 1, "crop-35": 0}, "wrong": 0, "unmarked_answer": False}
    names = {"scheme": "lattice", "picture": picture, "kind": picture.partition("/")[0], "size": [640, 480]}
    return names | {"payload_bits": 64, "check_bits": 32} | measured | counted | values


def refusal(picture: str) -> watermark_runs.Row:
    names = {"scheme": "lattice", "picture": picture, "kind": picture.partition("/")[0], "size": [640, 480]}
    return names | {"refused": "too flat", "lost": ["none", "crop-35"]}


def test_a_run_is_deterministic_and_resumes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = []
    for name in ("one.json", "two.json"):
        assert watermark.main([*ARGUMENTS, "--images", str(folder), "--json", str(tmp_path / name)]) == 0
        reports.append(json.loads((tmp_path / name).read_text()))
    exact = [report["rows"][0]["exact"] for report in reports]
    assert exact[0]["jpeg-50"] == exact[0]["mirror"] == 1
    assert exact[0] == exact[1]
    assert reports[0]["rows"][0]["psnr"] == reports[1]["rows"][0]["psnr"]
    capsys.readouterr()
    monkeypatch.setattr(watermark, "measure", lambda *_: pytest.fail("a finished picture was measured again"))
    assert watermark.main([*ARGUMENTS, "--images", str(folder), "--json", str(tmp_path / "one.json")]) == 0
    assert "| jpeg-50 | 1.000 | 0.207-1.000 | 1 | 1.000 |" in capsys.readouterr().out


def test_a_checkpoint_of_another_run_is_left_alone(folder: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "out.rows"
    watermark_runs.run({"a": dict}, {"seed": 1}, checkpoint=checkpoint)
    before = checkpoint.read_text()
    with pytest.raises(SystemExit, match="belongs to another run"):
        watermark.main([*ARGUMENTS, "--images", str(folder), "--json", str(tmp_path / "out.json")])
    assert checkpoint.read_text() == before


@pytest.mark.parametrize(("option", "word"), [("--attacks", "sledgehammer"), ("--peers", "invisible ink")])
def test_unknown_names_end_the_run(folder: Path, option: str, word: str) -> None:
    with pytest.raises(SystemExit, match=word):
        watermark.main(["--images", str(folder), option, word])


def test_a_refused_picture_has_a_reason_and_loses_what_applies_to_its_size(tmp_path: Path) -> None:
    Image.new("RGB", (64, 640)).save(tmp_path / "thin.png")
    measured = watermark.measure(Picture("thin.png", tmp_path, resize=False), "lattice", ["none", "resize-0.25"], 0)
    assert "too small" in measured["refused"]
    assert measured["lost"] == ["none"]


def test_transparent_pictures_are_attacked_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The colours under the transparency are marked; the attacks get what a viewer shows."""
    pixels = load("photo-alps.jpg")
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:, :60] = 0
    Image.fromarray(np.dstack([pixels, alpha])).save(tmp_path / "cut.png")
    seen: list[np.ndarray] = []
    monkeypatch.setitem(ATTACKS, "none", lambda shown, _: (seen.append(shown), shown)[1])
    row = watermark.measure(Picture("cut.png", tmp_path, resize=False), "lattice", ["none"], 0)
    assert row["exact"] == {"none": 1}
    assert (seen[0][:, :60] == 255).all()
    assert not (seen[0][:, 60:] == 255).all()


def test_peers_get_pictures_that_all_of_them_take(tmp_path: Path) -> None:
    for name, size in {"small": (255, 400), "large": (769, 400), "a": (256, 300), "b": (768, 300)}.items():
        Image.new("RGB", size).save(tmp_path / f"{name}.png")
    pictures = [Picture(f"{name}.png", tmp_path, resize=False) for name in ("small", "a", "large", "b")]
    assert [picture.name for picture in watermark.for_peers(pictures, 9)] == ["a.png", "b.png"]
    assert [picture.name for picture in watermark.for_peers(pictures, 1)] == ["a.png"]


def test_refusals_do_not_vanish_from_the_rates() -> None:
    rows = [row("a/1"), row("a/2", exact={"none": 0, "crop-35": 0}, wrong=1), refusal("b/3")]
    report = watermark_report.summarise(rows, ["none", "crop-35"], [])
    ours = report["lattice"]
    assert (ours["pictures"], ours["refused"], ours["wrong"]) == (3, 1, 1)
    assert ours["exact"]["none"] == [1, 2, 1]
    assert ours["standard_mean"] == 1 / 2
    assert ours["standard_mean_refused_lost"] == 1 / 3
    assert ours["hard_mean"] == 0
    assert report["refusals"] == {"b/3": "too flat"}
    assert report["kinds"]["b"]["refused"] == 1
    text = watermark_report.render({"seed": 0}, report)
    assert "| b/3 | too flat |" in text
    assert "| **exact, mean of the standard attacks** | 0.5000 |" in text
    assert "| none | 0.500 | 0.095-0.905 | 2 | 0.333 |" in text


def test_a_run_in_which_everything_is_refused_says_so() -> None:
    report = watermark_report.summarise([refusal("b/3")], ["none"], [])
    assert report["lattice"] == {"pictures": 1, "refused": 1, "exact": {"none": [0, 0, 1]}}
    assert "| none | - | 0.000-1.000 | 0 | 0.000 |" in watermark_report.render({"seed": 0}, report)


def test_the_worst_pictures_come_first() -> None:
    rows = [row("a/1"), row("a/2", exact={"none": 0, "crop-35": 0}), row("a/3", exact={"none": 1, "crop-35": 1})]
    worst = watermark_report.summarise(rows, ["none", "crop-35"], [])["worst"]
    assert [(one["picture"], one["missed"]) for one in worst] == [("a/2", ["none", "crop-35"]), ("a/1", ["crop-35"])]


def test_sizes_are_told_apart() -> None:
    rows = [row("a/1", size=[256, 256]), row("a/2", size=[2048, 900]), row("a/3", size=[300, 401])]
    sizes = watermark_report.summarise(rows, ["none"], [])["sizes"]
    assert {name: one["pictures"] for name, one in sizes.items()} == {"0-400 px": 1, "401-640 px": 1, "from 1025 px": 1}


def test_peers_are_compared_on_the_same_pictures_only() -> None:
    rows = [row("a/1"), row("a/2", exact={"none": 0, "crop-35": 0}), row("a/1", scheme="peer", payload_bits=32)]
    report = watermark_report.summarise(rows, ["none", "crop-35"], ["a/1"])
    assert report["lattice"]["pictures"] == 2
    assert {name: one["pictures"] for name, one in report["peers"].items()} == {"lattice": 1, "peer": 1}
    text = watermark_report.render({"seed": 0}, report)
    assert "| payload bits | 64 | 32 |" in text
    assert "| none | 1.000 | 1.000 |" in text


def test_peers_keep_their_rows_when_the_engine_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run of the lattice belongs to one engine; the peers' minutes are not spent again."""
    asked: list[str] = []

    def measure(picture: Picture, scheme: str, *_: object) -> watermark_runs.Row:
        asked.append(scheme)
        return row(picture.name, scheme=scheme)

    monkeypatch.setattr(watermark, "measure", measure)
    kept = [
        "--images",
        str(folder),
        "--sample",
        "1",
        "--attacks",
        "none,crop-35",
        "--peers",
        "dwtDct",
        "--peer-sample",
        "1",
    ]
    kept += ["--split", "tuning", "--original-sizes", "--peer-rows", str(tmp_path / "peers.rows")]
    for digest in ("one", "two"):
        monkeypatch.setattr(watermark_runs, "engine_digest", lambda digest=digest: digest)
        assert watermark.main([*kept, "--json", str(tmp_path / f"{digest}.json")]) == 0
    assert asked == ["lattice", "dwtDct", "lattice"]
    report = json.loads((tmp_path / "two.json").read_text())
    assert report["setup"]["engine"] == "two"
    assert set(report["summary"]["peers"]) == {"lattice", "dwtDct"}
