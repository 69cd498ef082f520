"""The benchmark: its attacks do what they are named for, and it is deterministic and resumable."""

import importlib
import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from tests.unit.watermark.conftest import PICTURES, load, psnr

SCRIPTS = Path(__file__).parents[3] / "scripts" / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.delitem(importlib.sys.modules, "watermark", raising=False)  # type: ignore[attr-defined]
    return importlib.import_module("watermark")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies under names of which some fall into the test split."""
    for index in range(24):
        kind = tmp_path / f"kind-{index % 2}"
        kind.mkdir(exist_ok=True)
        shutil.copy(PICTURES / "photo-alps.jpg", kind / f"{index}.jpg")
    return tmp_path


def test_there_are_46_standard_attacks(bench: ModuleType) -> None:
    assert len(bench.STANDARD) == 46
    assert not set(bench.STANDARD) & set(bench.HARD)


def test_every_attack_answers_a_picture_and_repeats_itself(bench: ModuleType) -> None:
    pixels = load("ai-car.jpg")[::2, ::2].copy()
    before = pixels.copy()
    for name, attack in bench.ATTACKS.items():
        one, two = (attack(pixels, np.random.default_rng(1)) for _ in range(2))
        assert one.dtype == np.uint8, name
        assert one.ndim == 3, name
        assert one.shape[2] == 3, name
        assert np.array_equal(one, two), name
        assert (name == "none") == (one.shape == pixels.shape and np.array_equal(one, pixels)), name
    assert np.array_equal(pixels, before)


def test_attacks_have_the_sizes_of_their_names(bench: ModuleType) -> None:
    pixels = load("ai-car.jpg")
    rng = np.random.default_rng(0)
    sizes = {"resize-0.5": 320, "crop-50": 320, "crop-35": 224, "social-512": 512, "rotate-45-grown": 906}
    for name, size in sizes.items():
        assert abs(bench.ATTACKS[name](pixels, rng).shape[1] - size) <= 2, name


def test_bending_has_its_amplitude(bench: ModuleType) -> None:
    ramp = np.repeat(np.tile(np.arange(200, dtype=np.uint8), (200, 1))[..., None], 3, axis=2)
    bent = bench.ATTACKS["bend-2px"](ramp, np.random.default_rng(0))
    moved = (bent.astype(float) - ramp)[20:-20, 20:-20, 0]
    assert 1.0 < np.sqrt((moved**2).mean()) < 3.5


def test_quality_measures(bench: ModuleType) -> None:
    pixels = load("ai-car.jpg")
    noisy = bench.ATTACKS["noise-10"](pixels, np.random.default_rng(0))
    assert bench.psnr(pixels, noisy) == pytest.approx(psnr(pixels, noisy))
    assert bench.ssim(pixels, pixels) == pytest.approx(1)
    assert bench.ssim(pixels, noisy) < 0.95


def test_splits_do_not_meet_and_kinds_take_turns(bench: ModuleType, folder: Path) -> None:
    test, tuning = (bench.choose(folder, split, 99, 0) for split in ("test", "tuning"))
    assert test
    assert not set(test) & set(tuning)
    assert len(test) + len(tuning) == 24
    assert [path.parent.name for path in tuning[:2]] == ["kind-0", "kind-1"]
    assert bench.choose(folder, "tuning", 2, 0) == tuning[:2]


def test_a_run_is_deterministic_and_resumes(
    bench: ModuleType, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--images", str(folder), "--sample", "1", "--attacks", "jpeg-50,mirror", "--split", "tuning"]
    reports = []
    for name in ("one.json", "two.json"):
        assert bench.main([*arguments, "--json", str(tmp_path / name)]) == 0
        reports.append(json.loads((tmp_path / name).read_text()))
    exact = [report["pictures"][0]["exact"] for report in reports]
    assert exact == [{"jpeg-50": 1, "mirror": 1}] * 2
    assert reports[0]["pictures"][0]["psnr"] == reports[1]["pictures"][0]["psnr"]
    monkeypatch.setattr(bench, "measure", lambda *_: pytest.fail("a finished picture was measured again"))
    assert bench.main([*arguments, "--json", str(tmp_path / "one.json")]) == 0
    assert "| **mean** | 1.0000 |" in capsys.readouterr().out


def test_refused_pictures_are_counted(bench: ModuleType, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "tiny.png")
    row = bench.measure(tmp_path / "tiny.png", "tiny.png", ["none"], 0)
    assert "too small" in row["error"]
    assert bench.summarise([row], ["none"]) == {"pictures": 1, "refused": 1}


def test_unknown_attacks_end_the_run(bench: ModuleType, folder: Path) -> None:
    with pytest.raises(SystemExit, match="sledgehammer"):
        bench.main(["--images", str(folder), "--attacks", "sledgehammer"])
