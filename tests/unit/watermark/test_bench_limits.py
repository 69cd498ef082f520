"""The smaller benchmarks: schemes and peers, false positives, limits, costs, pairs."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from provenance.watermark import LatticeWatermarker
from scripts.bench import (
    watermark_cost,
    watermark_false_positives,
    watermark_limits,
    watermark_pairs,
    watermark_schemes,
)
from scripts.bench.watermark_pictures import Picture
from scripts.bench.watermark_schemes import NotMarked
from tests.unit.watermark.conftest import load, texture


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    Image.fromarray(texture(300, 300)).save(tmp_path / "texture.png")
    return Picture("texture.png", tmp_path, resize=False)


def test_payloads_are_drawn_by_name_and_fit() -> None:
    assert watermark_schemes.payload_of(0, "a") != watermark_schemes.payload_of(0, "b")
    assert watermark_schemes.payload_of(0, "a", 32) == watermark_schemes.payload_of(0, "a") >> 32


def test_the_lattice_declines_with_a_reason() -> None:
    lattice = watermark_schemes.scheme("lattice", 0)
    with pytest.raises(NotMarked, match="too small"):
        lattice.embed(np.zeros((20, 20, 3), np.uint8), 1)
    assert lattice.detect(texture(200, 200)) is None


class Encoder:
    """A peer's encoder: writes the bits into the blue channel's lowest bits, and fails on small pictures."""

    def set_watermark(self, kind: str, bits: list[int]) -> None:
        assert kind == "bits"
        self.bits = bits

    def encode(self, pixels: np.ndarray, method: str) -> np.ndarray:
        if min(pixels.shape[:2]) < 256:
            raise RuntimeError("image too small")
        print("chatter")
        out = pixels.copy()
        out[0, : len(self.bits), 0] = out[0, : len(self.bits), 0] & 254 | self.bits
        return out


class Decoder:
    def __init__(self, kind: str, length: int) -> None:
        self.length = length

    def decode(self, pixels: np.ndarray, method: str) -> list[int]:
        if pixels.shape[1] < self.length:
            raise IndexError
        return [int(value) & 1 for value in pixels[0, : self.length, 0]]


def test_peers_get_bgr_and_their_failures_are_results(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library = ModuleType("imwatermark")
    vars(library).update(WatermarkEncoder=Encoder, WatermarkDecoder=Decoder)
    monkeypatch.setitem(sys.modules, "imwatermark", library)
    watermark_schemes.scheme.cache_clear()
    peer = watermark_schemes.scheme("dwtDct", 0)
    pixels, payload = texture(256, 256), 0xDEAD_BEEF_0123_4567
    marked = peer.embed(pixels, payload)
    assert np.array_equal(marked[..., :2], pixels[..., :2])  # blue is the last of RGB
    assert peer.detect(marked) == payload
    assert (peer.payload_bits, peer.check_bits) == (64, 0)
    with pytest.raises(NotMarked, match="RuntimeError: image too small"):
        peer.embed(pixels[:100], payload)
    assert peer.detect(pixels[:, :9]) is None
    assert capsys.readouterr().out == ""
    watermark_schemes.scheme.cache_clear()


def test_a_missing_peer_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imwatermark", None)
    watermark_schemes.scheme.cache_clear()
    with pytest.raises(SystemExit, match="extra `peers`"):
        watermark_schemes.scheme("dwtDctSvd", 0)


@pytest.mark.parametrize("number", range(4))
def test_a_batch_of_each_source_answers_nothing_false(
    number: int, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watermark_false_positives, "BATCH", 3)
    row = watermark_false_positives.measure(number, picture, 0)
    assert row["source"] == list(watermark_false_positives.SOURCES)[number]
    assert row["detections"] == 3
    assert row["false"] == []
    assert row["cpu_s"] > 0


def test_an_answer_without_a_mark_is_false_and_another_payload_too(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watermark_false_positives, "BATCH", 2)
    monkeypatch.setattr(LatticeWatermarker, "detect", lambda self, pixels: SimpleNamespace(payload=7))
    unmarked, damaged = (watermark_false_positives.measure(number, picture, 0) for number in (0, 3))
    assert [one["payload"] for one in unmarked["false"] + damaged["false"]] == [7] * 4
    monkeypatch.setattr(watermark_false_positives, "payload_of", lambda *_: 7)
    assert watermark_false_positives.measure(3, picture, 0)["read"] == 2
    summary = watermark_false_positives.summarise([unmarked, damaged])
    assert (summary["all"]["detections"], len(summary["all"]["false"])) == (4, 4)
    assert "| unmarked | 2 | 2 |" in watermark_false_positives.render(summary)


def test_variants_stay_affordable_and_differ() -> None:
    rng = np.random.default_rng(0)
    shown = [watermark_false_positives._variant(texture(900, 400), ("none",), rng) for _ in range(40)]
    sides = [max(pixels.shape[:2]) for pixels in shown]
    assert all(side == 768 or 96 <= side < 320 for side in sides)
    assert len(set(sides)) > 20


def test_small_and_flat_trials(picture: Picture) -> None:
    jobs = watermark_limits.small_jobs([picture], 0) | watermark_limits.flat_jobs(2, 0)
    assert len(jobs) == len(watermark_limits.SMALL_SIDES) + 8
    rows = [jobs["256 px: texture.png"](), jobs["flat: 255 0 255"]()]
    assert [row["exact"] for row in rows] == [1, 1]
    tiny = watermark_limits._trial("tiny", "x", np.zeros((40, 40, 3), np.uint8), 75, 0)
    summary = watermark_limits.summarise([*rows, tiny])
    assert summary["256 px, JPEG 75"]["exact"] == summary["flat colour, JPEG 50"]["exact"] == 1
    assert summary["tiny"] | {"lost": []} == {
        "of": 1, "refused": 1, "exact": 0, "psnr_mean": 0.0, "psnr_min": 0.0, "ssim_mean": 0.0, "lost": [],
    }  # fmt: skip
    text = watermark_limits.render({"setup": {"seed": 0}, "limits": summary})
    assert "| tiny | 0.000 | 0.000-0.793 | 1 | 1 | 0 |" in text


def test_costs_at_1024_px() -> None:
    costs = watermark_cost.medians([texture(300, 300), np.zeros((20, 20, 3), np.uint8)])
    assert set(costs) == {f"{name} at 1024 px, CPU ms" for name in ("embed", "embed, no check", "found", "not found")}
    assert 0 < costs["embed, no check at 1024 px, CPU ms"] < costs["embed at 1024 px, CPU ms"]
    assert watermark_cost.medians([]) == {}


def test_a_large_picture_is_read_back() -> None:
    costs = watermark_cost.large(0.5)
    assert [name.partition(" at ")[0] for name in costs] == ["embed", "found", "memory over the input"]
    assert min(costs.values()) >= 0


def test_a_triple_shows_the_difference_amplified() -> None:
    original = np.full((4, 4, 3), 100, np.uint8)
    marked = original.copy()
    marked[0, 0], marked[1, 1] = 102, 80
    shown = watermark_pairs.triple(original, marked)
    assert shown.shape == (4, 20, 3)
    amplified = shown[:, -4:, 0]
    assert (amplified[0, 0], amplified[1, 1], amplified[3, 3]) == (160, 0, 128)


def test_pairs_leave_out_what_cannot_be_marked(tmp_path: Path, picture: Picture) -> None:
    Image.new("RGB", (30, 30)).save(tmp_path / "tiny.png")
    tiny = Picture("tiny.png", tmp_path, resize=False)
    names, triples = watermark_pairs.pairs([tiny, picture, tiny], 5, 320, 0)
    assert names == ["texture.png"]
    assert triples[0].shape == (320, 3 * 320 + 8, 3)
    assert watermark_pairs.sheet(triples).shape == (328, 2 * (968 + 16), 3)


def test_the_sheet_stays_under_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = load("ai-car.jpg")
    free = watermark_pairs.compressed(pixels)
    monkeypatch.setattr(watermark_pairs, "LIMIT", len(free) // 2)
    held = watermark_pairs.compressed(pixels)
    assert len(held) <= len(free) // 2
    assert cv2.imdecode(np.frombuffer(held, np.uint8), cv2.IMREAD_COLOR).shape == pixels.shape
    monkeypatch.setattr(watermark_pairs, "LIMIT", 100)
    with pytest.raises(ValueError, match="does not fit"):
        watermark_pairs.compressed(pixels)


def test_false_positives_resume_from_their_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watermark_false_positives, "BATCH", 2)
    arguments = ["--images", str(tmp_path), "--json", str(tmp_path / "out.json"), "--detections"]
    assert watermark_false_positives.main([*arguments, "2"]) == 0
    first = json.loads((tmp_path / "out.json").read_text())
    assert watermark_false_positives.main([*arguments, "3"]) == 0
    second = json.loads((tmp_path / "out.json").read_text())
    assert second["rows"][0] == first["rows"][0]
    assert second["summary"]["all"]["detections"] == 4
    assert "1 of 1: 1" in capsys.readouterr().err
