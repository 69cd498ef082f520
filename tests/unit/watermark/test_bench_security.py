"""The attackers' tools find and remove what they are built for, and the tables count it right."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from provenance.core.errors import CannotHoldMark
from provenance.watermark import LatticeWatermarker
from provenance.watermark.layout import PERIOD, layout_of
from scripts.bench import watermark_keyless, watermark_security
from scripts.bench.watermark_pictures import Picture
from tests.unit.watermark.conftest import KEY, PAYLOAD, load, psnr, texture

Marked = Callable[[str], np.ndarray]


def tiled(period: int, amplitude: float) -> np.ndarray:
    """A picture of faint texture with a strong periodic tile on it."""
    rng = np.random.default_rng(3)
    tile = cv2.GaussianBlur(rng.normal(0, 1, (period, period)), (0, 0), 1.2)
    plane = np.tile(amplitude * tile / tile.std(), (512 // period,) * 2) + rng.normal(0, 2, (512, 512)) + 128
    return np.repeat(np.clip(np.rint(plane), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def correlation(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), two.ravel())[0, 1])


def test_averaging_finds_a_tile_of_its_period_and_no_other() -> None:
    pixels = tiled(128, 3)
    mark = pixels[..., 0].astype(float) - 128
    right, wrong = (correlation(watermark_keyless.averaged_tile(pixels, period), mark) for period in (128, 96))
    assert right > 0.7
    assert abs(wrong) < 0.3
    assert np.sqrt(np.mean(watermark_keyless.averaged_tile(pixels, 128) ** 2)) == pytest.approx(1, abs=1e-3)


def test_estimates_resemble_the_mark(marked_of: Marked) -> None:
    marked = marked_of("photo-alps.jpg")
    mark = (marked.astype(float) - load("photo-alps.jpg")).mean(axis=2)
    assert correlation(watermark_keyless.denoised_residual(marked, float(mark.std())), mark) > 0.15
    assert correlation(watermark_keyless.whitened_residual(marked), mark) > 0.25


def test_flat_pictures_have_no_residual() -> None:
    flat = np.full((64, 64, 3), 90, np.uint8)
    assert not watermark_keyless.denoised_residual(flat, 2.0).any()
    assert np.isfinite(watermark_keyless.whitened_residual(flat)).all()


def test_subtracting_the_mark_itself_restores_the_picture(marked_of: Marked) -> None:
    original = load("ai-car.jpg")
    mark = (marked_of("ai-car.jpg").astype(np.float32) - original)[..., 1]
    assert psnr(watermark_keyless.subtract(marked_of("ai-car.jpg"), mark), original) > 48


def test_notching_takes_a_wave_out() -> None:
    x = np.arange(400)
    wave = 20 * np.cos(2 * np.pi * 50 / 400 * x)[None, :] + np.zeros((400, 1))
    grey = np.rint(texture(400, 400)[..., 0] / 4 + 90 + wave).astype(np.uint8)
    pixels = np.repeat(grey[..., None], 3, axis=2)
    [[fy, fx]] = watermark_keyless.strongest(watermark_keyless.whitened_power([pixels]), 1)
    assert (fy, fx) == pytest.approx((0, 50 / 400), abs=1.5 / watermark_keyless.GRID)
    before, after = (
        abs(np.fft.rfft(p.mean(axis=(0, 2)))[50])
        for p in (pixels, watermark_keyless.notch(pixels, np.array([[fy, fx]])))
    )
    assert after < before / 20


def test_ten_works_of_one_key_show_its_constellation() -> None:
    """What docs/watermark.md says about collusion is not a worry but a fact, and this is the tool that shows it."""
    marker = LatticeWatermarker(KEY)
    works = [marker.embed(texture(512, 512, seed), PAYLOAD + seed) for seed in range(6)]
    found = watermark_keyless.strongest(watermark_keyless.whitened_power(works), 60) * PERIOD
    sync = layout_of(KEY).sync
    sync = np.where(sync[:, :1] < 0, -sync, sync)
    distance = np.abs(found[:, None, ::-1] - sync[None]).max(axis=2)
    assert (distance.min(axis=0) <= 1).mean() > 0.8


def test_a_transplanted_mark_has_the_strength_that_was_asked_for(marked_of: Marked) -> None:
    target = load("painting-wave.jpg")
    forged = watermark_keyless.transplanted(marked_of("ai-car.jpg"), target, 38)
    assert forged.shape == target.shape
    assert psnr(target, forged) == pytest.approx(38, abs=0.7)


def test_every_attack_on_one_picture(tmp_path: Path) -> None:
    for index in range(4):
        Image.fromarray(texture(300, 300, index)).save(tmp_path / f"{index}.png")
    victim, other, *colluders = (Picture(f"{index}.png", tmp_path, resize=False) for index in range(4))
    row = watermark_security.measure(victim, other, tuple(colluders), 0)
    assert row["read"]
    assert set(row["removal"]) == set(watermark_keyless.removals())
    assert row["removal"]["collusion of 10: 1700 peaks"]["cost"] > row["removal"]["collusion of 10: 28 peaks"]["cost"]
    assert row["again"]["another key"] == "first"
    assert set(row["copy"]) == {"42 dB", "40 dB", "37 dB", "34 dB"}
    assert all(answer["said_copied"] <= answer["decodes"] for answer in row["copy"].values())


def test_marking_again_may_be_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LatticeWatermarker, "embed", refuse)
    again = watermark_security._marked_again(LatticeWatermarker(KEY), texture(128, 128), PAYLOAD, 0)
    assert set(again.values()) == {"refused"}


def refuse(*_: object) -> np.ndarray:
    raise CannotHoldMark("full")


def test_a_picture_that_cannot_be_marked_is_counted(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "tiny.png")
    tiny = Picture("tiny.png", tmp_path, resize=False)
    row = watermark_security.measure(tiny, tiny, (), 0)
    assert "too small" in row["refused"]
    assert watermark_security.summarise([row])["refused"] == 1


@pytest.mark.parametrize(
    ("read", "cost", "held"), [(True, 0.0, True), (True, 20.0, True), (False, 6.1, True), (False, 6.0, False)]
)
def test_held_means_read_or_dear(read: bool, cost: float, held: bool) -> None:
    assert watermark_security.is_held({"read": read, "cost": cost}) is held


def outcome(picture: str, weak: tuple[bool, float], strong: tuple[bool, float]) -> dict:
    removal = {
        f"notching: {name}": {"read": read, "cost": cost} for name, (read, cost) in {"1": weak, "2": strong}.items()
    }
    return {
        "picture": picture,
        "removal": removal,
        "copy": {"40 dB": {"decodes": True, "said_copied": picture == "a"}},
        "again": {"another key": "first" if picture == "a" else "none"},
    }


def test_the_attacker_chooses_the_cheapest_removal_per_picture() -> None:
    rows = [outcome("a", (True, 1.0), (False, 9.0)), outcome("b", (False, 3.0), (False, 2.0))]
    summary = watermark_security.summarise(rows)
    assert summary["removal"]["notching: 1"] == {
        "held": 1, "read": 1, "of": 2, "cost_median": 2.0, "cost_least_removed": 3.0,
    }  # fmt: skip
    any_setting = summary["removal"]["notching: any setting"]
    assert (any_setting["held"], any_setting["read"], any_setting["cost_least_removed"]) == (1, 0, 2.0)
    assert summary["removal"]["any attack"] == any_setting
    assert summary["copy"]["40 dB"] == {"of": 2, "decoded": 2, "said_copied": 1}
    assert summary["again"]["another key"] == {"first": 1, "second": 0, "none": 1, "wrong": 0, "refused": 0}
    text = watermark_security.render(summary)
    assert "| 40 dB | 0.500 | 0.095-0.905 | 2 | 2 | 1 |" in text
    assert "| another key | 1 | 0 | 1 | 0 | 0 |" in text
