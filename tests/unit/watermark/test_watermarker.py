"""One key: what goes in comes out, what can't go in is refused with the reason, and nothing else is ever answered."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from provenance.core.errors import CannotHoldMark, InvalidRequest, Misconfigured
from provenance.watermark import LatticeWatermarker
from provenance.watermark.detector import FALSE_POSITIVE_BOUND, LatticeDetector
from provenance.watermark.gauntlet import Gauntlet
from tests.unit.watermark.conftest import KEY, OTHER_KEY, PAYLOAD, jpeg, load, psnr, texture

Marked = Callable[[str], np.ndarray]
NAMES = ["photo-canyon.jpg", "photo-alps.jpg", "painting-pearl.jpg", "painting-wave.jpg", "ai-car.jpg", "flat-camp.png"]


@pytest.mark.parametrize("name", NAMES)
def test_real_pictures_round_trip_almost_unchanged(marker: LatticeWatermarker, marked_of: Marked, name: str) -> None:
    marked = marked_of(name)
    assert marked.dtype == np.uint8
    assert marked.shape == load(name).shape
    assert 39 < psnr(load(name), marked) < 46.3
    found = marker.detect(marked)
    assert found is not None
    assert found.payload == PAYLOAD
    assert found.key_id == marker.key_id
    assert found.confidence == 1 - FALSE_POSITIVE_BOUND


@pytest.mark.parametrize("size", [(200, 200), (256, 700), (1300, 900)])
def test_sizes_round_trip(marker: LatticeWatermarker, size: tuple[int, int]) -> None:
    found = marker.detect(marker.embed(texture(*size), PAYLOAD))
    assert found is not None
    assert found.payload == PAYLOAD


def test_grey_pictures_stay_grey(marker: LatticeWatermarker) -> None:
    grey = np.repeat(texture(300, 300)[..., :1], 3, axis=2)
    marked = marker.embed(grey, 1)
    assert (marked == marked[..., :1]).all()
    assert marker.detect(marked).payload == 1


def test_what_lies_under_transparency_does_not_matter(marker: LatticeWatermarker) -> None:
    """Alpha is not the engine's; a quarter that a viewer paints white must not cost the mark."""
    marked = marker.embed(texture(512, 512), PAYLOAD)
    marked[256:, 256:] = 255
    assert marker.detect(marked).payload == PAYLOAD


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_pictures_hold_the_mark_and_survive_compression(marker: LatticeWatermarker, level: int) -> None:
    marked = marker.embed(np.full((400, 400, 3), level, np.uint8), PAYLOAD)
    assert marker.detect(jpeg(marked, 75)).payload == PAYLOAD


@pytest.mark.parametrize("payload", [0, 2**64 - 1])
def test_extreme_payloads(marker: LatticeWatermarker, payload: int) -> None:
    assert marker.detect(marker.embed(texture(256, 256), payload)).payload == payload


def test_embedding_is_deterministic_and_leaves_its_input_alone() -> None:
    pixels = texture(256, 300)
    before = pixels.copy()
    one, two = (LatticeWatermarker(KEY).embed(pixels, PAYLOAD) for _ in range(2))
    assert np.array_equal(one, two)
    assert np.array_equal(pixels, before)
    assert one is not pixels


def test_read_only_and_strided_pictures_are_taken(marker: LatticeWatermarker) -> None:
    pixels = texture(300, 300)[::-1, :, ::-1]
    pixels.flags.writeable = False
    assert marker.detect(marker.embed(pixels, 3)[:, :, :]).payload == 3


@pytest.mark.parametrize("name", NAMES)
def test_unmarked_pictures_say_nothing(marker: LatticeWatermarker, name: str) -> None:
    assert marker.detect(load(name)) is None


def test_noise_says_nothing(marker: LatticeWatermarker) -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        assert marker.detect(rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)) is None


@pytest.mark.parametrize("name", NAMES[:3])
def test_another_key_reads_nothing(marked_of: Marked, name: str) -> None:
    assert LatticeWatermarker(OTHER_KEY).detect(marked_of(name)) is None


def test_a_second_mark_of_another_key_leaves_the_first_readable(marker: LatticeWatermarker, marked_of: Marked) -> None:
    other = LatticeWatermarker(OTHER_KEY)
    twice = other.embed(marked_of("photo-canyon.jpg"), 42)
    assert other.detect(twice).payload == 42
    assert marker.detect(twice).payload == PAYLOAD


def test_small_pictures_are_refused_with_the_sizes(marker: LatticeWatermarker) -> None:
    with pytest.raises(CannotHoldMark, match="100 x 127") as refusal:
        marker.embed(texture(127, 100), 1)
    assert "128" in refusal.value.hint


def test_narrow_pictures_are_refused(marker: LatticeWatermarker) -> None:
    with pytest.raises(CannotHoldMark, match="too small"):
        marker.embed(texture(150, 1600), 1)


def test_black_and_white_noise_is_refused_for_lack_of_room(marker: LatticeWatermarker) -> None:
    hard = 255 * np.random.default_rng(1).integers(0, 2, (256, 256, 1), dtype=np.uint8).repeat(3, axis=2)
    with pytest.raises(CannotHoldMark, match="pure black and pure white"):
        marker.embed(hard, 1)


def test_a_picture_that_drowns_the_mark_is_refused_for_its_size(marker: LatticeWatermarker) -> None:
    busy = np.random.default_rng(0).integers(0, 256, (128, 128, 1), np.uint8).repeat(3, axis=2)
    with pytest.raises(CannotHoldMark, match="too small") as refusal:
        marker.embed(busy, 1)
    assert refusal.value.hint


def test_a_mark_that_cannot_be_read_back_is_never_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    marker = LatticeWatermarker(KEY)
    monkeypatch.setattr(Gauntlet, "margin", lambda *_: 0.0)
    monkeypatch.setattr(Gauntlet, "reads", lambda *_: False)
    with pytest.raises(CannotHoldMark, match="flat"):
        marker.embed(texture(300, 300), 1)


def test_what_stands_still_between_two_frames_gets_the_same_change(marker: LatticeWatermarker) -> None:
    """Otherwise the mark of an animation flickers, and its frames no longer compress against each other."""
    first = texture(400, 500)
    second = first.copy()
    second[150:300, 200:400] = texture(150, 200)[::-1]
    change, apart, together = (
        marked.astype(int) - frame
        for marked, frame in (
            (marker.embed(first, 5), first),
            (marker.embed(second, 5), second),
            (marker.embed(second, 5, like=first), second),
        )
    )
    still = np.s_[:100, :, 0]
    assert np.corrcoef(change[still].ravel(), together[still].ravel())[0, 1] > 0.9
    assert np.corrcoef(change[still].ravel(), apart[still].ravel())[0, 1] < 0.5
    assert marker.detect((second + together).astype(np.uint8)).payload == 5


def test_a_wide_margin_needs_no_second_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gauntlet, "reads", lambda *_: pytest.fail("read again"))
    large = cv2.resize(load("photo-canyon.jpg"), (768, 768), interpolation=cv2.INTER_CUBIC)
    LatticeWatermarker(KEY).embed(large, 1)


def test_a_small_picture_is_searched_whatever_its_margin_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The margin is counted where the place is known; on little content it is the search that fails."""
    monkeypatch.setattr(LatticeWatermarker, "_strength", lambda *_: (3.0, True))
    monkeypatch.setattr(LatticeDetector, "read", lambda *_: None)
    with pytest.raises(CannotHoldMark):
        LatticeWatermarker(KEY).embed(cv2.resize(load("ai-car.jpg"), (300, 300)), 1)


def test_a_small_picture_that_the_search_would_miss_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    marker = LatticeWatermarker(KEY)
    monkeypatch.setattr(Gauntlet, "reads", lambda *_: True)
    monkeypatch.setattr(LatticeDetector, "read", lambda *_: None)
    with pytest.raises(CannotHoldMark, match="too small"):
        marker.embed(cv2.resize(load("ai-car.jpg"), (160, 160), interpolation=cv2.INTER_AREA), 1)


def strength(pixels: np.ndarray, marked: np.ndarray) -> float:
    return float(np.std(marked.astype(float) - pixels))


def test_strength_is_spent_where_the_margins_are_thin(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, marker = load("photo-canyon.jpg"), LatticeWatermarker(KEY)
    spent = []
    for margin in (25.0, 14.0, 8.0):
        monkeypatch.setattr(Gauntlet, "margin", lambda *_, found=margin: found)
        spent.append(strength(pixels, marker.embed(pixels, 1)))
    assert spent[0] < spent[1] < spent[2]
    assert 20 * np.log10(255 / spent[2]) > 39


def test_strong_compression_alone_is_not_worth_every_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that JPEG 10 costs the mark in any case is asked for WebP 50 instead; for that it gets stronger, but
    stays over 42 dB."""
    pixels, marker = load("photo-canyon.jpg"), LatticeWatermarker(KEY)
    for after_webp, least, most in ((-20.0, 42, 42.7), (20.0, 45.5, 46.5)):
        answers = itertools.cycle([25.0, -40.0, after_webp])
        monkeypatch.setattr(Gauntlet, "margin", lambda *_, answers=answers: next(answers))
        assert least < psnr(pixels, marker.embed(pixels, 1)) < most


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((300, 300), np.uint8),
        np.zeros((300, 300, 4), np.uint8),
        np.zeros((300, 300, 3), np.float32),
        np.zeros((0, 300, 3), np.uint8),
        [[[0, 0, 0]]],
    ],
)
def test_other_arrays_are_refused(marker: LatticeWatermarker, pixels: object) -> None:
    for act in (marker.detect, lambda value: marker.embed(value, 1)):
        with pytest.raises(InvalidRequest, match="pixels"):
            act(pixels)  # type: ignore[operator]


def test_payload_is_checked_before_any_work(marker: LatticeWatermarker) -> None:
    with pytest.raises(InvalidRequest, match="64-bit"):
        marker.embed(texture(300, 300), 2**64)


def test_short_keys_are_refused() -> None:
    with pytest.raises(Misconfigured, match="16 bytes"):
        LatticeWatermarker(b"short")


def test_key_id_is_derived_or_given() -> None:
    assert LatticeWatermarker(KEY).key_id == LatticeWatermarker(KEY).key_id
    assert LatticeWatermarker(KEY).key_id != LatticeWatermarker(OTHER_KEY).key_id
    assert LatticeWatermarker(KEY, name="2026").key_id == "2026"


def test_threads_may_share_one_marker(marker: LatticeWatermarker, marked_of: Marked) -> None:
    pictures = [marked_of(name) if i % 2 else load(name) for i, name in enumerate(NAMES)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(marker.detect, pictures)) == [marker.detect(picture) for picture in pictures]


@pytest.mark.slow
def test_large_pictures_stay_inside_the_memory_budget() -> None:
    """Beyond its input, marking holds its output and one float32 plane: 7/3 of the input, and a constant."""
    import tracemalloc

    marker = LatticeWatermarker(KEY)
    pixels = cv2.resize(texture(600, 800), (6400, 4800), interpolation=cv2.INTER_CUBIC)
    tracemalloc.start()
    try:
        marked = marker.embed(pixels, PAYLOAD)
        assert tracemalloc.get_traced_memory()[1] < 3.5 * pixels.nbytes
    finally:
        tracemalloc.stop()
    assert marker.detect(marked).payload == PAYLOAD
