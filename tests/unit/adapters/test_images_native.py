"""Depth, grey, alpha and colour space of a still: what goes in comes out, with the change on top."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from provenance.adapters.images import PillowImages, deep
from provenance.watermark import LatticeWatermarker
from tests.unit.adapters.image_samples import (
    ADOBE_PRIMARIES,
    P3_PRIMARIES,
    opened,
    photo,
    png_chunks,
    png_with,
    raw_png,
    rgb_profile,
    saved,
)

IMAGES = PillowImages()
PROPHOTO_PRIMARIES = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def wide(count: int, width: int = 96, height: int = 64) -> np.ndarray:
    """uint16[H, W, count], with something in the low bytes too."""
    rng = np.random.default_rng(count)
    base = photo(width, height, seed=1).astype(np.uint16) * 257
    layers = np.dstack((base, rng.integers(0, 65536, base.shape[:2], np.uint16)))
    chosen = layers[..., {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[count]]
    return np.clip(chosen.astype(int) + rng.integers(-120, 121, chosen.shape), 0, 65535).astype(np.uint16)


def png16(layers: np.ndarray) -> bytes:
    height, width, count = layers.shape
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in layers)
    return raw_png((width, height, 16, COLOUR_TYPES[count]), rows)


def tiff16(layers: np.ndarray) -> bytes:
    """By OpenCV, LZW with a predictor."""
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[layers.shape[2]]
    return cv2.imencode(".tiff", layers[..., order])[1].tobytes()


def layers_of(data: bytes) -> np.ndarray:
    """uint16[H, W, count] as OpenCV reads them; PNG rows of grey and alpha by hand, which it makes colour."""
    if data.startswith(b"\x89PNG") and data[25] == 4:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        return found[..., [0, 3]]
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return found[..., None] if found.ndim == 2 else found[..., (2, 1, 0, 3)[: found.shape[2]]]


def nudged(pixels: np.ndarray, seed: int = 0) -> np.ndarray:
    """As a mark does it: the same for red, green and blue, a few levels."""
    change = np.random.default_rng(seed).integers(-4, 5, (*pixels.shape[:2], 1))
    return np.clip(pixels.astype(int) + change, 0, 255).astype(np.uint8)


# ---- 16 bits


@pytest.mark.parametrize(
    ("make", "count"), [(png16, 1), (png16, 2), (png16, 3), (png16, 4), (tiff16, 1), (tiff16, 3), (tiff16, 4)]
)
def test_sixteen_bits_stay_and_get_the_change_on_top(make, count):
    layers = wide(count)
    picture = IMAGES.read(make(layers))
    marked = nudged(picture.pixels)
    written = IMAGES.write(picture, marked)[0]
    found = layers_of(written)
    assert (found.dtype, found.shape) == (np.uint16, layers.shape)
    change = marked.astype(int) - picture.pixels
    colours = 1 if count < 3 else 3
    expected = np.clip(layers[..., :colours].astype(int) + 257 * change[..., :colours], 0, 65535)
    np.testing.assert_array_equal(found[..., :colours], expected)
    np.testing.assert_array_equal(found[..., colours:], layers[..., colours:])
    again = IMAGES.read(written)
    assert np.abs(again.pixels.astype(int) - marked).max() <= 1
    assert again.notes == picture.notes == ("its 16 bits are looked at as 8",)


def test_a_big_endian_tiff_keeps_its_depth():
    layers = wide(1, 5, 1)
    entries = [(256, 3, 5), (257, 3, 1), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    entries += [(278, 3, 1), (279, 4, 10)]
    body = b"".join(
        struct.pack(">HHI", code, kind, 1) + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for code, kind, value in entries
    )
    head = b"MM\x00*" + struct.pack(">I", 18) + layers.astype(">u2").tobytes()
    picture = IMAGES.read(head + struct.pack(">H", len(entries)) + body + bytes(4))
    np.testing.assert_array_equal(layers_of(IMAGES.write(picture, picture.pixels)[0]), layers)


def test_sixteen_bits_are_turned_upright():
    layers = wide(4)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = IMAGES.read(png_with(png16(layers), (b"eXIf", exif.tobytes().removeprefix(b"Exif\x00\x00"))))
    assert picture.pixels.shape == (96, 64, 3)
    np.testing.assert_array_equal(layers_of(IMAGES.write(picture, picture.pixels)[0]), np.rot90(layers, -1))


@pytest.mark.parametrize(("count", "key"), [(1, struct.pack(">H", 9)), (3, struct.pack(">HHH", 9, 9, 9))])
def test_a_colour_key_becomes_an_alpha_of_the_same_depth(count, key):
    layers = wide(count)
    layers[5, 5] = 9
    picture = IMAGES.read(png_with(png16(layers), (b"tRNS", key)))
    found = layers_of(IMAGES.write(picture, picture.pixels)[0])
    np.testing.assert_array_equal(found[..., :count], layers)
    assert (found[..., count] == 0).sum() == 1
    assert found[5, 5, count] == 0


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 140), st.integers(1, 9)),
    count=st.integers(1, 4),
    seed=st.integers(0, 2**32),
    smooth=st.booleans(),
)
def test_what_is_written_deep_is_read_by_others(size, count, seed, smooth):
    """Long enough for more than one block of rows, and for all filters to be the best somewhere."""
    rng = np.random.default_rng(seed)
    layers = rng.integers(0, 65536, (*size, count), np.uint16)
    if smooth:
        layers = np.cumsum(layers // 512, axis=rng.integers(0, 2), dtype=np.uint16)
    np.testing.assert_array_equal(layers_of(deep.png_file(layers)), layers)
    if count != 2:
        np.testing.assert_array_equal(layers_of(deep.tiff_file(layers)), layers)


# ---- grey


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [("PNG", "L", {}), ("PNG", "LA", {}), ("TIFF", "L", {}), ("TIFF", "LA", {}), ("JPEG", "L", {"quality": 95})],
)
def test_grey_stays_grey(name, mode, options):
    image = Image.fromarray(photo()).convert("L")
    if mode == "LA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    picture = IMAGES.read(saved(image, name, **options))
    marked = nudged(picture.pixels)
    written = opened(IMAGES.write(picture, marked)[0])
    assert written.mode == mode
    error = np.abs(np.asarray(written.getchannel("L")).astype(int) - marked[..., 0])
    assert error.mean() < 2 if name == "JPEG" else error.max() == 0
    if mode == "LA":
        np.testing.assert_array_equal(np.asarray(written.getchannel("A")), np.asarray(image.getchannel("A")))


@pytest.mark.parametrize("data", [saved(Image.fromarray(photo()).convert("L"), "PNG"), png16(wide(1))])
def test_a_colour_on_grey_makes_it_a_colour_picture(data):
    picture = IMAGES.read(data)
    stamped = picture.pixels.copy()
    stamped[:9, :9] = (200, 30, 30)
    written = opened(IMAGES.write(picture, stamped)[0])
    assert written.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(written), stamped)


# ---- colour spaces


def grey_profile(gamma: float) -> bytes:
    """An ICC v2 profile of grey with a gamma."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + b"".join(struct.pack(">i", round(v * 65536)) for v in (0.9642, 1.0, 0.8249))
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\x00" + bytes(78 + 1)
    table, bodies = b"", b""
    for name, body in ((b"desc", text), (b"wtpt", white), (b"kTRC", curve)):
        table += name + struct.pack(">II", 128 + 4 + 36 + len(bodies), len(body))
        bodies += body
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, 168 + len(bodies), b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head[36:40] = b"acsp"
    head[68:80] = white[8:]
    return bytes(head) + struct.pack(">I", 3) + table + bodies


SPACES = {
    "adobe": rgb_profile(ADOBE_PRIMARIES, 2.2),
    "p3": rgb_profile(P3_PRIMARIES, 2.2),
    "prophoto": rgb_profile(PROPHOTO_PRIMARIES, 1.8),
}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(("name", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_a_profile_is_kept_and_the_view_changes_as_was_asked(space, name, options):
    pixels = photo(192, 128)
    picture = IMAGES.read(saved(pixels, name, icc_profile=SPACES[space], **options))
    same = opened(IMAGES.write(picture, picture.pixels)[0])
    assert same.info["icc_profile"] == SPACES[space]
    np.testing.assert_array_equal(np.asarray(same), pixels)
    marked = nudged(picture.pixels)
    again = IMAGES.read(IMAGES.write(picture, marked)[0])
    inside = ((picture.pixels > 12) & (picture.pixels < 243)).all(axis=2)
    error = np.abs(again.pixels[inside].astype(int) - marked[inside])
    assert error.mean() < 0.6
    assert np.percentile(error, 99) <= 3


def test_a_large_change_is_led_back_by_its_ends():
    """A visible label: white on a dark box."""
    picture = IMAGES.read(saved(photo(320, 240), "PNG", icc_profile=SPACES["adobe"]))
    stamped = IMAGES.stamp(picture.pixels, "zh")
    again = IMAGES.read(IMAGES.write(picture, stamped)[0])
    assert np.abs(again.pixels.astype(int) - stamped).max() <= 3


def test_sixteen_bits_in_another_space_keep_both():
    layers = wide(4)
    profile = (b"iCCP", b"x\x00\x00" + zlib.compress(SPACES["adobe"]))
    picture = IMAGES.read(png_with(png16(layers), profile))
    assert picture.notes == ("its 16 bits are looked at as 8", "its colours (test) are looked at in sRGB")
    same = IMAGES.write(picture, picture.pixels)[0]
    np.testing.assert_array_equal(layers_of(same), layers)
    assert opened(same).info["icc_profile"] == SPACES["adobe"]
    marked = nudged(picture.pixels)
    again = IMAGES.read(IMAGES.write(picture, marked)[0])
    assert np.abs(again.pixels.astype(int) - marked).mean() < 0.8
    np.testing.assert_array_equal(again.alpha, picture.alpha)


@pytest.mark.parametrize("make", [lambda grey, icc: saved(grey, "PNG", icc_profile=icc), None])
def test_grey_of_another_gamma_stays_what_it_is(make):
    profile = grey_profile(1.8)
    grey = Image.fromarray(photo()).convert("L")
    if make is None:
        data = png_with(png16(wide(1)), (b"iCCP", b"x\x00\x00" + zlib.compress(profile)))
    else:
        data = make(grey, profile)
    picture = IMAGES.read(data)
    assert picture.notes[-1] == "its colours (grey) are looked at in sRGB"
    marked = nudged(picture.pixels)
    written = IMAGES.write(picture, marked)[0]
    assert opened(written).mode == opened(data).mode
    assert opened(written).info["icc_profile"] == profile
    assert np.abs(IMAGES.read(written).pixels.astype(int) - marked).mean() < 0.8


def test_a_profile_over_several_segments_is_kept():
    profile = SPACES["p3"] + bytes(150_000)
    profile = len(profile).to_bytes(4, "big") + profile[4:]
    picture = IMAGES.read(saved(photo(), "JPEG", icc_profile=profile))
    assert opened(IMAGES.write(picture, picture.pixels)[0]).info["icc_profile"] == profile


def test_what_says_what_a_pngs_numbers_mean_is_kept():
    chunks = {b"gAMA": (100_000).to_bytes(4, "big"), b"cHRM": bytes(range(32)), b"cICP": b"\x09\x10\x00\x01"}
    picture = IMAGES.read(png_with(saved(photo(), "PNG"), *chunks.items()))
    found = png_chunks(IMAGES.write(picture, picture.pixels)[0])
    assert {name: found[name] for name in chunks} == chunks


# ---- the mark


@pytest.fixture(scope="module")
def marker() -> LatticeWatermarker:
    return LatticeWatermarker(bytes(range(32)))


def grainy() -> np.ndarray:
    grain = np.random.default_rng(2).integers(-10, 11, (320, 320, 1))
    return np.clip(photo(320, 320, seed=4).astype(int) + grain, 0, 255).astype(np.uint8)


KINDS = {
    "16-bit PNG": lambda p: png16(p.astype(np.uint16) * 257 + 90),
    "16-bit grey PNG": lambda p: png16(p[..., :1].astype(np.uint16) * 257),
    "16-bit TIFF": lambda p: tiff16(p.astype(np.uint16) * 257 + 90),
    "16-bit ProPhoto PNG": lambda p: png_with(
        png16(p.astype(np.uint16) * 257), (b"iCCP", b"x\x00\x00" + zlib.compress(SPACES["prophoto"]))
    ),
    "grey JPEG": lambda p: saved(Image.fromarray(p).convert("L"), "JPEG", quality=80),
    "P3 JPEG": lambda p: saved(p, "JPEG", quality=90, icc_profile=SPACES["p3"]),
    "Adobe WebP": lambda p: saved(p, "WEBP", quality=90, icc_profile=SPACES["adobe"]),
    "Adobe AVIF": lambda p: saved(p, "AVIF", quality=80, icc_profile=SPACES["adobe"]),
    "ProPhoto TIFF": lambda p: saved(p, "TIFF", icc_profile=SPACES["prophoto"]),
    "coarse JPEG": lambda p: saved(p, "JPEG", quality=60),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_mark_is_read_through_the_normal_reader(kind, marker):
    picture = IMAGES.read(KINDS[kind](grainy()))
    written = IMAGES.write(picture, marker.embed(picture.pixels, 4711))[0]
    found = marker.detect(IMAGES.read(written).pixels)
    assert found is not None
    assert found.payload == 4711
