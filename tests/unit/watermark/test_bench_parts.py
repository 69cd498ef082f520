"""The benchmark's parts: attacks do what they are named for, pictures follow the rule, measures and runs are right."""

import functools
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scripts.bench import watermark_drawn, watermark_measures, watermark_runs
from scripts.bench.watermark_attacks import ATTACKS, HARD, STANDARD, applies
from scripts.bench.watermark_pictures import Picture, choose, flattened, is_in
from tests.unit.watermark.conftest import load, psnr


def test_there_are_46_standard_attacks() -> None:
    assert len(STANDARD) == 46
    assert not set(STANDARD) & set(HARD)


def test_every_attack_answers_a_picture_and_repeats_itself() -> None:
    pixels = load("ai-car.jpg")[::2, ::2].copy()
    before = pixels.copy()
    for name, attack in ATTACKS.items():
        one, two = (attack(pixels, np.random.default_rng(1)) for _ in range(2))
        assert one.dtype == np.uint8, name
        assert one.ndim == 3, name
        assert one.shape[2] == 3, name
        assert np.array_equal(one, two), name
        assert (name == "none") == (one.shape == pixels.shape and np.array_equal(one, pixels)), name
    assert np.array_equal(pixels, before)


def test_attacks_have_the_sizes_of_their_names() -> None:
    pixels = load("ai-car.jpg")
    rng = np.random.default_rng(0)
    sizes = {"resize-0.5": 320, "crop-50": 320, "crop-35": 224, "social-512": 512, "rotate-45-grown": 906}
    for name, size in sizes.items():
        assert abs(ATTACKS[name](pixels, rng).shape[1] - size) <= 2, name


def test_bending_has_its_amplitude() -> None:
    ramp = np.repeat(np.tile(np.arange(200, dtype=np.uint8), (200, 1))[..., None], 3, axis=2)
    bent = ATTACKS["bend-2px"](ramp, np.random.default_rng(0))
    moved = (bent.astype(float) - ramp)[20:-20, 20:-20, 0]
    assert 1.0 < np.sqrt((moved**2).mean()) < 3.5


@pytest.mark.parametrize(
    ("attack", "side", "counts"),
    [("crop-50", 100, True), ("crop-35", 511, False), ("crop-35", 512, True), ("resize-0.25", 1023, False)],
)
def test_hard_attacks_count_from_their_size(attack: str, side: int, counts: bool) -> None:
    assert applies(attack, side, 90) is applies(attack, 90, side) is counts


def test_quality_measures() -> None:
    pixels = load("ai-car.jpg")
    noisy = ATTACKS["noise-10"](pixels, np.random.default_rng(0))
    assert watermark_measures.psnr(pixels, noisy) == pytest.approx(psnr(pixels, noisy), abs=1e-3)
    assert watermark_measures.ssim(pixels, pixels) == pytest.approx(1)
    assert watermark_measures.ssim(pixels, noisy) < 0.95


@pytest.mark.parametrize(
    ("hits", "of", "interval"),
    [(0, 0, (0, 1)), (0, 10, (0, 0.2775)), (10, 10, (0.7225, 1)), (50, 100, (0.4038, 0.5962))],
)
def test_wilson_intervals(hits: int, of: int, interval: tuple[float, float]) -> None:
    assert watermark_measures.wilson(hits, of) == pytest.approx(interval, abs=1e-4)


def test_a_bootstrap_interval_holds_the_mean() -> None:
    values = np.random.default_rng(0).normal(5, 1, 400).tolist()
    low, high = watermark_measures.bootstrap_mean(values, seed=1)
    assert low < np.mean(values) < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)
    with pytest.raises(ValueError, match="no values"):
        watermark_measures.bootstrap_mean([], seed=1)


def test_tables_are_markdown() -> None:
    assert watermark_measures.table(("a", "b"), [("x", 1.23456)]) == "| a | b |\n|---|---|\n| x | 1.235 |"


def test_splits_do_not_meet_and_cover_everything(tmp_path: Path) -> None:
    names = [f"kind-{index % 2}/{index}.png" for index in range(40)]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    found = {split: {p.name for p in choose(tmp_path, split, 0, 0) if p.folder} for split in ("test", "tuning")}
    assert found["test"] == {name for name in names if hashlib.sha256(name.encode()).digest()[-1] % 4 == 0}
    assert found["test"]
    assert found["test"] | found["tuning"] == set(names)
    assert not found["test"] & found["tuning"]
    assert is_in(next(iter(found["test"])), "test")


def test_half_of_the_order_is_generated_art_and_kinds_take_turns(tmp_path: Path) -> None:
    pictures = choose(tmp_path, "test", 40, 0)
    assert [picture.is_generated for picture in pictures[:20]] == [True, False] * 10
    assert {picture.kind for picture in pictures[1:11:2]} == set(watermark_drawn.KINDS)
    assert pictures[:7] == choose(tmp_path, "test", 7, 0)
    assert pictures != choose(tmp_path, "test", 40, 1)


def test_the_folders_sizes_are_spread_by_the_rule(tmp_path: Path) -> None:
    sides = set()
    for index in range(64):
        Image.new("RGB", (60, 40)).save(tmp_path / f"{index}.png")
        pixels, alpha = Picture(f"{index}.png", tmp_path).load()
        assert alpha is None
        sides.add(pixels.shape[:2])
        assert Picture(f"{index}.png", tmp_path, resize=False).load()[0].shape == (40, 60, 3)
    shorts, longs = {min(side) for side in sides}, {max(side) for side in sides}
    assert {256, 320, 384, 40} <= shorts
    assert {512, 896, 1024, 1280, 1536, 2048, 60} <= longs


def test_transparency_is_kept_aside_and_flattened_on_white(tmp_path: Path) -> None:
    layers = np.full((4, 4, 4), (10, 20, 30, 255), np.uint8)
    layers[0, 0, 3], layers[0, 1, 3] = 0, 51
    Image.fromarray(layers).save(tmp_path / "cut.png")
    pixels, alpha = Picture("cut.png", tmp_path, resize=False).load()
    assert (pixels == (10, 20, 30)).all()
    shown = flattened(pixels, alpha)
    assert [tuple(shown[0, column]) for column in (0, 1, 2)] == [(255,) * 3, (206, 208, 210), (10, 20, 30)]
    assert flattened(pixels, None) is pixels


@pytest.mark.parametrize("kind", watermark_drawn.KINDS)
def test_drawn_pictures_repeat_themselves_and_are_what_they_are_called(kind: str) -> None:
    pixels, alpha = watermark_drawn.draw(kind, "1")
    again, _ = watermark_drawn.draw(kind, "1")
    assert np.array_equal(pixels, again)
    assert max(pixels.shape) == watermark_drawn.SIDES[1]
    assert pixels.std() > 1
    assert (alpha is not None) == (kind == "alpha")
    facts = {
        "text": lambda: 0.02 < (pixels < 100).mean() < 0.3,
        "line-art": lambda: (pixels == 255).mean() > 0.5,
        "dark": lambda: np.median(pixels) < 30,
        "flat": lambda: len(np.unique(pixels.reshape(-1, 3), axis=0)) < pixels[..., 0].size / 50,
        "alpha": lambda: 0.4 < (alpha > 127).mean() < 0.9 and alpha.min() == 0,
    }
    assert facts[kind]()


def test_works_come_in_every_kind_and_in_sizes_up_to_2048() -> None:
    names = watermark_drawn.works()
    assert len(names) == len(set(names)) == 40
    pixels, _ = watermark_drawn.draw("work", next(name for name in names if name.startswith("bauhaus")))
    assert max(pixels.shape) in watermark_drawn.WORK_SIDES


def doubled(number: int) -> watermark_runs.Row:
    return {"doubled": 2 * number}


def test_a_run_keeps_what_is_finished_and_drops_a_line_cut_short(tmp_path: Path) -> None:
    checkpoint = tmp_path / "rows"
    jobs = {str(number): functools.partial(doubled, number) for number in range(4)}
    some = {key: jobs[key] for key in ("2", "0")}
    watermark_runs.run(some, {"seed": 0}, checkpoint=checkpoint)
    with checkpoint.open("a") as file:
        file.write('["1", {"doub')
    poisoned = jobs | {key: functools.partial(pytest.fail, "a finished job ran again") for key in some}
    rows = watermark_runs.run(poisoned, {"seed": 0}, checkpoint=checkpoint)
    assert rows == {str(number): doubled(number) for number in range(4)}
    assert list(rows) == list(jobs)
    assert [json.loads(line)[0] for line in checkpoint.read_text().splitlines()[1:]] == ["2", "0", "1", "3"]


def test_no_job_begins_after_the_time_limit(tmp_path: Path) -> None:
    jobs = {"a": functools.partial(pytest.fail, "began too late")}
    assert watermark_runs.run(jobs, {}, minutes=-1, checkpoint=tmp_path / "rows") == {}


@pytest.mark.integration
def test_processes_give_the_same_rows(tmp_path: Path) -> None:
    jobs = {str(number): functools.partial(doubled, number) for number in range(7)}
    assert watermark_runs.run(jobs, {}, workers=2) == watermark_runs.run(jobs, {}, workers=1)


def test_the_engine_is_named_by_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "code.py").write_text("a = 1\n")
    monkeypatch.setattr(watermark_runs, "_ENGINE", tmp_path)
    before = watermark_runs.engine_digest()
    assert before == watermark_runs.engine_digest()
    (tmp_path / "code.py").write_text("a = 2\n")
    assert watermark_runs.engine_digest() != before
    assert watermark_runs.engine_commit() == "-"
