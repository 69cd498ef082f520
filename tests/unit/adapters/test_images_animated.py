"""Animations: our frames are those of an independent reader, and every one of them is written."""

import struct
import tracemalloc
import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from provenance.adapters.images import ImageLimits, PillowImages
from provenance.adapters.images.animated.changes import Box, bounds, in_blocks
from provenance.adapters.images.animated.film import spread
from provenance.core.errors import InvalidRequest, Rejected, TooLarge, UnreadableImage
from provenance.core.types import Picture
from provenance.watermark import LatticeWatermarker
from tests.unit.adapters.animations import (
    NAMES,
    RAW,
    Part,
    by_pillow,
    moving,
    raw_apng,
    raw_gif,
    raw_webp,
    seen_by_pillow,
    timing,
)
from tests.unit.adapters.image_samples import ADOBE_PRIMARIES, exif_block, photo, psnr, rgb_profile

IMAGES = PillowImages()
PALETTE = np.array([[10, 20, 30], [200, 40, 40], [40, 200, 90], [250, 250, 5], [128, 128, 128]], np.uint8)


def shown(data: bytes, images: PillowImages = IMAGES) -> list[np.ndarray]:
    return [frame.pixels for frame in images.frames(images.read(data))]


def rewritten(picture: Picture, change=lambda pixels: pixels, images: PillowImages = IMAGES) -> bytes:
    return images.write_frames(picture, (change(frame.pixels) for frame in images.frames(picture)))[0]


def assert_same_look(ours: np.ndarray, theirs: np.ndarray) -> None:
    """uint8[H, W, 3] against uint8[H, W, 4]: equal wherever something is seen."""
    seen = theirs[..., 3] > 0
    np.testing.assert_array_equal(ours[seen], theirs[seen][:, :3])


# ---- reading


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_is_what_pillow_shows(name):
    data = by_pillow(moving(5), name)
    picture = IMAGES.read(data)
    assert (picture.frames, picture.alpha, picture.notes) == (5, None, ())
    for ours, theirs in zip(shown(data), seen_by_pillow(data), strict=True):
        assert_same_look(ours, theirs)
    np.testing.assert_array_equal(picture.pixels, shown(data)[0])


@st.composite
def part(draw, width: int, height: int, *, name: str, first: bool) -> Part:
    """A frame anywhere on the canvas, of few colours, partly transparent. A PNG's first frame covers the canvas."""
    full = first and name == "PNG"
    wide = width if full else draw(st.integers(1, width))
    high = height if full else draw(st.integers(1, height))
    left = 0 if full else draw(st.integers(0, width - wide)) & ~1
    top = 0 if full else draw(st.integers(0, height - high)) & ~1
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    layers = np.empty((high, wide, 4), np.uint8)
    layers[..., :3] = PALETTE[rng.integers(0, len(PALETTE), (high, wide))]
    layers[..., 3] = 255 * (rng.random((high, wide)) < draw(st.sampled_from([0.3, 0.8, 1.0])))
    layers[layers[..., 3] == 0] = 0
    disposals = {"GIF": [0, 1, 2, 3], "PNG": [0, 1, 2], "WEBP": [0, 1]}[name]
    return Part(
        layers,
        left,
        top,
        delay=draw(st.integers(0, 900)),
        disposal=draw(st.sampled_from(disposals)),
        blend=1 if name == "GIF" else draw(st.integers(0, 1)),
    )


@st.composite
def animation(draw, name: str) -> tuple[tuple[int, int], list[Part]]:
    width, height = draw(st.integers(2, 9)), draw(st.integers(2, 9))
    count = draw(st.integers(2, 6))
    return (width, height), [draw(part(width, height, name=name, first=not number)) for number in range(count)]


def model(size: tuple[int, int], parts: list[Part], name: str) -> list[np.ndarray]:
    """The rules of the three formats, pixel by pixel."""
    width, height = size
    canvas: list[list[tuple[int, ...]]] = [[(0, 0, 0, 0)] * width for _ in range(height)]
    clears = {"GIF": 2, "PNG": 1, "WEBP": 1}[name]
    frames = []
    for number, one in enumerate(parts):
        before = [row[:] for row in canvas]
        high, wide = one.layers.shape[:2]
        places = [(y, x) for y in range(high) for x in range(wide)]
        for y, x in places:
            value = tuple(int(v) for v in one.layers[y, x])
            if not one.blend or value[3]:
                canvas[one.top + y][one.left + x] = value
        frames.append(np.array(canvas, np.uint8))
        restores = one.disposal == {"GIF": 3, "PNG": 2}.get(name)
        cleared = one.disposal == clears or (restores and name == "PNG" and number == 0)
        for y, x in places:
            if cleared:
                canvas[one.top + y][one.left + x] = (0, 0, 0, 0)
            elif restores:
                canvas[one.top + y][one.left + x] = before[one.top + y][one.left + x]
    return frames


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_mixture_of_places_disposals_and_blending(name, data):
    size, parts = data.draw(animation(name))
    file = RAW[name](size, parts)
    picture = IMAGES.read(file)
    expected = model(size, parts, name)
    assert picture.frames == len(parts)
    for ours, theirs in zip(shown(file), expected, strict=True):
        assert_same_look(ours, theirs)
    written = rewritten(picture)
    again = IMAGES.read(written)
    assert timing(written) == timing(file)
    for ours, theirs, pillow in zip(shown(written), expected, seen_by_pillow(written), strict=True):
        assert_same_look(ours, theirs)
        assert_same_look(ours, pillow)
        np.testing.assert_array_equal(pillow[..., 3] > 0, theirs[..., 3] > 0)
    assert again.frames == len(parts)


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_half_transparent_colours_mix_as_the_formats_say(name):
    below = np.full((4, 4, 4), (200, 100, 0, 255), np.uint8)
    above = np.full((4, 4, 4), (0, 100, 250, 64), np.uint8)
    data = RAW[name]((4, 4), [Part(below), Part(above)])
    second = shown(data)[1]
    expected = (np.array([0, 100, 250]) * 64 + np.array([200, 100, 0]) * 191) / 255
    assert np.abs(second - expected).max() <= 1
    if name == "WEBP":  # Pillow has libwebp compose; for PNG it mixes the alphas too
        assert np.abs(second.astype(int) - seen_by_pillow(data)[1][..., :3]).max() <= 1


def test_a_half_transparent_colour_over_another_keeps_both_alphas():
    below = np.full((2, 2, 4), (200, 100, 0, 128), np.uint8)
    above = np.full((2, 2, 4), (0, 100, 250, 128), np.uint8)
    data = raw_apng((2, 2), [Part(below), Part(above)])
    written = rewritten(IMAGES.read(data))
    pixel = seen_by_pillow(written)[1][0, 0].astype(int)
    assert np.abs(pixel - [67, 100, 166, 192]).max() <= 1


def test_a_default_image_outside_the_animation_is_marked_and_stays_outside():
    hidden = np.full((4, 4, 4), (9, 9, 9, 255), np.uint8)
    parts = [Part(np.full((4, 4, 4), (value, 0, 0, 255), np.uint8)) for value in (50, 100)]
    data = raw_apng((4, 4), parts, hidden=hidden)
    picture = IMAGES.read(data)
    assert picture.frames == 3
    assert [int(frame[0, 0, 0]) for frame in shown(data)] == [9, 50, 100]
    written = rewritten(picture, lambda pixels: pixels + 1)
    assert [int(frame[0, 0, 0]) for frame in shown(written)] == [10, 51, 101]
    with Image.open(BytesIO(written)) as image:
        assert (image.n_frames, image.default_image) == (3, True)


def test_a_gif_frame_that_sticks_out_is_cut_off():
    size, red = (4, 4), np.full((4, 4, 4), (200, 40, 40, 255), np.uint8)
    data = raw_gif(size, [Part(red), Part(np.full((4, 4, 4), (10, 20, 30, 255), np.uint8), 2, 2)])
    second = shown(data)[1]
    assert second.shape == (4, 4, 3)
    assert second[3, 3].tolist() == [10, 20, 30]
    assert second[0, 0].tolist() == [200, 40, 40]


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_animations_are_turned_upright(name):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = by_pillow(moving(3), name, exif=exif)
    picture = IMAGES.read(data)
    assert picture.pixels.shape == (96, 64, 3)
    written = rewritten(picture)
    for ours, theirs in zip(seen_by_pillow(written), seen_by_pillow(data), strict=True):
        np.testing.assert_array_equal(ours, np.rot90(theirs, -1))
    with Image.open(BytesIO(written)) as image:
        assert image.getexif().get(0x0112, 1) == 1


def test_an_animations_profile_is_converted():
    frames = [photo(seed=number) for number in range(2)]
    data = by_pillow(frames, "WEBP", icc_profile=rgb_profile(ADOBE_PRIMARIES, 2.2))
    picture = IMAGES.read(data)
    assert picture.notes == ("colours converted from test to sRGB",)
    with Image.open(BytesIO(rewritten(picture))) as image:
        assert "icc_profile" in image.info
    assert IMAGES.read(rewritten(picture)).notes == ()


# ---- writing


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rounds", [0, 3, None])
def test_time_and_rounds_are_kept(name, rounds):
    delays = [10, 0, 250, 65_000]
    options = {"duration": delays} | ({} if rounds is None else {"loop": rounds})
    data = by_pillow(moving(4), name, **options)
    if rounds is None:
        data = data.replace(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00", b"")  # a GIF that is shown once
    assert timing(rewritten(IMAGES.read(data))) == timing(data)


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_change_is_drawn_once(name):
    """The marked animation flickers no more than the owner's, and its file has no more to draw."""
    frames = moving(4)
    picture = IMAGES.read(by_pillow(frames, name))
    owners = shown(picture.source)
    rng = np.random.default_rng(0)
    written = rewritten(picture, lambda pixels: pixels ^ rng.integers(0, 2, pixels.shape, np.uint8))
    ours = shown(written)
    for number in range(1, 4):
        still = (owners[number] == owners[number - 1]).all(axis=2)
        assert 0.3 < still.mean() < 1
        np.testing.assert_array_equal(ours[number][still], ours[number - 1][still])


def test_a_lossy_webp_stays_lossy_and_close():
    frames = [photo(128, 96, seed=number) for number in range(3)]
    data = by_pillow(frames, "WEBP", lossless=False, quality=85)
    picture = IMAGES.read(data)
    for ours, theirs in zip(shown(rewritten(picture)), shown(data), strict=True):
        assert psnr(ours, theirs) > 36


@pytest.mark.parametrize("name", NAMES)
def test_an_opaque_animation_is_written_without_alpha(name):
    assert IMAGES.read(rewritten(IMAGES.read(by_pillow(moving(3), name)))).alpha is None


def test_the_colour_that_stands_for_a_hole_is_moved_by_one():
    frames = [np.full((8, 8, 3), (1, 2, 3), np.uint8), np.full((8, 8, 3), (1, 2, 3), np.uint8)]
    frames[1][4:] = (7, 7, 7)
    frames[1][6, 6] = (9, 9, 9)
    written = rewritten(IMAGES.read(by_pillow(frames, "PNG")))
    for ours, theirs in zip(seen_by_pillow(written), frames, strict=True):
        assert ours[..., 3].min() == 255
        assert np.abs(ours[..., :3].astype(int) - theirs).max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_owners_words_are_kept(name):
    data = by_pillow(moving(2), name, **({"comment": b"by Ada"} if name == "GIF" else {"exif": exif_block(1)}))
    data = IMAGES.label(data, {"dc:rights": "(c) Ada"})
    written = rewritten(IMAGES.read(data))
    assert written.count(b"(c) Ada") == 1
    assert b"Ada L." in written or b"by Ada" in written
    labelled = IMAGES.label(written, {"dc:rights": "(c) Bob"})
    for ours, theirs in zip(shown(labelled), shown(written), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", NAMES)
def test_writing_is_deterministic(name):
    picture = IMAGES.read(by_pillow(moving(3), name))
    assert rewritten(picture) == rewritten(picture, images=PillowImages())


@pytest.mark.parametrize("name", NAMES)
def test_other_frames_than_the_picture_has_are_refused(name):
    picture = IMAGES.read(by_pillow(moving(3), name))
    with pytest.raises(InvalidRequest, match="fewer"):
        IMAGES.write_frames(picture, [picture.pixels] * 2)
    with pytest.raises(InvalidRequest, match="more"):
        IMAGES.write_frames(picture, [picture.pixels] * 4)
    with pytest.raises(InvalidRequest, match="not uint8"):
        IMAGES.write_frames(picture, [picture.pixels[1:]] * 3)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_caller_raises_comes_out_as_it_is(name):
    def broken():
        raise OSError("my own")
        yield

    with pytest.raises(OSError, match="my own"):
        IMAGES.write_frames(IMAGES.read(by_pillow(moving(3), name)), broken())


def test_a_still_is_its_only_frame():
    picture = IMAGES.read(by_pillow(moving(1), "PNG"))
    (frame,) = IMAGES.frames(picture, most=5)
    assert (picture.frames, frame.index) == (1, 0)
    assert IMAGES.write_frames(picture, [255 - frame.pixels]) == IMAGES.write(picture, 255 - frame.pixels)


# ---- the mark


@pytest.fixture(scope="module")
def marker() -> LatticeWatermarker:
    return LatticeWatermarker(bytes(range(32)))


def travelling(count: int = 3, side: int = 320) -> list[np.ndarray]:
    """A camera that moves over a picture with some texture."""
    rng = np.random.default_rng(1)
    base = Image.fromarray(rng.integers(30, 226, (14, 14, 3), dtype=np.uint8)).resize(
        (500, 500), Image.Resampling.BICUBIC
    )
    grain = np.clip(np.asarray(base).astype(int) + rng.integers(-8, 9, (500, 500, 1)), 0, 255).astype(np.uint8)
    return [grain[16 * number :, 20 * number :][:side, :side] for number in range(count)]


@pytest.mark.parametrize(
    ("name", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": False, "quality": 80})]
)
def test_the_mark_is_read_from_every_written_frame(name, options, marker):
    picture = IMAGES.read(by_pillow(travelling(), name, **options))
    written = rewritten(picture, lambda pixels: marker.embed(pixels, 4711))
    assert len(shown(written)) == 3
    for frame in seen_by_pillow(written):
        found = marker.detect(np.ascontiguousarray(frame[..., :3]))
        assert found is not None
        assert found.payload == 4711


@pytest.mark.parametrize("name", NAMES)
def test_the_mark_is_read_where_the_ground_stands_still(name, marker):
    """Most of a later frame then carries the pattern of an earlier one: they are in phase."""
    ground, block = travelling(1)[0], photo(90, 90, seed=3)
    frames = [ground.copy() for _ in range(3)]
    for number, frame in enumerate(frames):
        frame[60:150, 60 * number : 60 * number + 90] = block
    picture = IMAGES.read(by_pillow(frames, name))
    written = rewritten(picture, lambda pixels: marker.embed(pixels, 99, like=picture.pixels))
    payloads = [found and found.payload for found in map(marker.detect, shown(written))]
    assert payloads == [99, 99, 99]


@pytest.mark.parametrize("name", NAMES)
def test_memory_does_not_grow_with_the_frames(name):
    """A hundred frames of 200 kB each are written with a few of them in memory, and the compressed file."""
    picture = IMAGES.read(by_pillow(moving(100, width=256, height=256), name))
    canvas = picture.pixels.nbytes
    tracemalloc.start()
    try:
        written = rewritten(picture)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak - 2 * len(written) - 2 * len(picture.source) < 20 * canvas


# ---- hostile files


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (raw_apng((4, 4), [Part(np.zeros((4, 4, 4), np.uint8)), Part(np.zeros((4, 4, 4), np.uint8), 1, 0)]), "outside"),
        (raw_webp((4, 4), [Part(np.zeros((4, 4, 4), np.uint8)), Part(np.zeros((4, 4, 4), np.uint8), 0, 2)]), "outside"),
        (raw_apng((4, 4), [Part(np.zeros((4, 4, 4), np.uint8), disposal=7)] * 2), "outside"),
    ],
)
def test_a_frame_outside_the_canvas_is_damage(data, reason):
    with pytest.raises(UnreadableImage, match=reason):
        IMAGES.read(data)


def test_chunks_out_of_order_are_damage():
    data = bytearray(raw_apng((4, 4), [Part(np.zeros((4, 4, 4), np.uint8))] * 3))
    at = data.index(b"fdAT") + 7
    data[at] = 9
    size = int.from_bytes(data[at - 11 : at - 7], "big")
    struct.pack_into(">I", data, at - 3 + size, zlib.crc32(data[at - 7 : at - 3 + size]))
    with pytest.raises(UnreadableImage, match="out of order"):
        IMAGES.read(bytes(data))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_cut_off_inside_any_frame_is_damage(name):
    data = by_pillow(moving(5), name)
    for end in range(60, len(data) - 1, len(data) // 23):
        with pytest.raises(Rejected):
            IMAGES.read(data[:end])


@pytest.mark.parametrize("name", NAMES)
def test_bytes_turned_in_any_place_give_frames_or_a_rejection(name):
    data = by_pillow(moving(4), name)
    rng = np.random.default_rng(5)
    for _ in range(150):
        changed = bytearray(data)
        for at in rng.integers(8, len(data), 3):
            changed[at] = rng.integers(0, 256)
        with suppress(Rejected):
            picture = IMAGES.read(bytes(changed))
            for frame in IMAGES.frames(picture):
                assert frame.pixels.shape == picture.pixels.shape
            rewritten(picture)


def test_a_damaged_later_frame_is_rejected_when_its_turn_comes():
    data = bytearray(by_pillow(moving(3), "WEBP"))
    at = data.index(b"ANMF", data.index(b"ANMF", data.index(b"ANMF") + 1) + 1)
    data[at + 8 + 16 + 8 + 5 : at + 8 + 16 + 8 + 20] = bytes(15)
    frames = IMAGES.frames(IMAGES.read(bytes(data)))
    assert [next(frames).index, next(frames).index] == [0, 1]
    with pytest.raises(UnreadableImage):
        next(frames)


@pytest.mark.parametrize("name", NAMES)
def test_the_limits_of_an_animation_are_named(name):
    picture = IMAGES.read(by_pillow(moving(5), name))
    few = PillowImages(ImageLimits(animation_frames=4))
    with pytest.raises(TooLarge, match="5 frames; the limit is 4"):
        few.frames(picture)
    with pytest.raises(TooLarge, match="5 frames; the limit is 4"):
        few.write_frames(picture, iter([]))
    small = PillowImages(ImageLimits(animation_pixels=5 * 96 * 64 - 1))
    with pytest.raises(TooLarge, match="30,720 pixels over all its frames; the limit is 30,719"):
        small.frames(picture)
    assert len(list(PillowImages(ImageLimits(animation_frames=5, animation_pixels=5 * 96 * 64)).frames(picture))) == 5


@pytest.mark.parametrize("name", NAMES)
def test_a_long_animation_is_looked_at_as_far_as_the_limits_go(name):
    picture = IMAGES.read(by_pillow(moving(9), name))
    assert [frame.index for frame in IMAGES.frames(picture, most=5)] == [0, 2, 4, 6, 8]
    assert [f.index for f in PillowImages(ImageLimits(animation_frames=5)).frames(picture, most=3)] == [0, 2, 4]
    assert [f.index for f in PillowImages(ImageLimits(animation_pixels=1)).frames(picture, most=3)] == [0]


def test_thousands_of_frames_are_walked_and_not_decoded(monkeypatch):
    tiny = np.full((2, 2, 4), (10, 20, 30, 255), np.uint8)
    files = [RAW[name]((2, 2), [Part(tiny, delay=6_500)] * 2_001) for name in NAMES]

    def decode(*_: object, **__: object) -> None:
        raise AssertionError("a decoder ran")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    for data in files:
        with pytest.raises(TooLarge, match="more than 2,000 frames"):
            IMAGES.read(data)


def test_a_bomb_of_many_large_frames_costs_no_more_than_the_limit():
    """A GIF of 300 frames that each fill 20 megapixels: a few kilobytes that would be 6 gigapixels."""
    part = Part(np.full((1, 1, 4), (10, 20, 30, 255), np.uint8))
    data = raw_gif((5000, 4000), [part] * 300)
    picture = IMAGES.read(data)
    assert (picture.frames, picture.width) == (300, 5000)
    with pytest.raises(TooLarge, match="6,000,000,000 pixels"):
        IMAGES.frames(picture)
    assert [frame.index for frame in IMAGES.frames(picture, most=5)] == [0, 2, 5, 8, 11]


def test_a_small_canvas_does_not_hide_large_frames():
    big = bytearray(raw_gif((4, 4), [Part(np.full((4, 4, 4), (10, 20, 30, 255), np.uint8))] * 2))
    at = big.rindex(b"\x2c\x00\x00\x00\x00\x04\x00\x04\x00")
    struct.pack_into("<HH", big, at + 5, 65_000, 65_000)
    with pytest.raises(TooLarge):
        IMAGES.read(bytes(big))


# ---- parts


def test_bounds_and_blocks():
    mask = np.zeros((20, 30), bool)
    assert bounds(mask) == Box(0, 0, 1, 1)
    mask[7, 9] = mask[17, 21] = True
    assert bounds(mask) == Box(9, 7, 22, 18)
    assert bounds(mask).even() == Box(8, 6, 22, 18)
    grown = in_blocks(mask, 16)
    assert grown.sum() == 16 * 16 + 4 * 14
    assert grown[mask].all()


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(1, 5, [0]), (2, 5, [0, 1]), (5, 5, [0, 1, 2, 3, 4]), (100, 2, [0, 99]), (7, 1, [0])],
)
def test_spread(count, most, expected):
    assert spread(count, most) == expected
