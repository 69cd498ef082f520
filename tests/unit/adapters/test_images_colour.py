"""ICC profiles, CMYK and orientation, against textbook formulas and independent readers."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from provenance.adapters.images import PillowImages, colour, pictures
from provenance.adapters.images.colour import srgb_profile
from provenance.core.errors import UnreadableImage
from tests.unit.adapters.image_samples import (
    ADOBE_PRIMARIES,
    P3_PRIMARIES,
    SRGB_PRIMARIES,
    exif_block,
    expected_srgb,
    opened,
    photo,
    png_chunks,
    png_with,
    rgb_profile,
    saved,
)

IMAGES = PillowImages()
BROKEN = "its colour profile is broken or does not fit: treated as sRGB"


@pytest.mark.parametrize("name", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(("primaries", "gamma"), [(ADOBE_PRIMARIES, 2.2), (P3_PRIMARIES, 2.2), (SRGB_PRIMARIES, 1.8)])
def test_wide_colours_are_converted_to_srgb(name, primaries, gamma):
    pixels = photo()
    options = {"lossless": True} if name == "WEBP" else {}
    data = saved(pixels, name, icc_profile=rgb_profile(primaries, gamma, "wide test space"), **options)
    picture = IMAGES.read(data)
    expected = expected_srgb(pixels, primaries, round(gamma * 256) / 256)
    inside = (expected > 1) & (expected < 254)
    error = np.abs(picture.pixels - expected)[inside.all(axis=-1)]
    assert error.max() <= 2
    assert error.mean() < 0.5
    assert np.abs(pixels - expected).max() > 10
    assert picture.notes == ("its colours (wide test space) are looked at in sRGB",)


def test_a_jpegs_profile_is_converted():
    data = saved(photo(), "JPEG", quality=95, icc_profile=rgb_profile(ADOBE_PRIMARIES, 2.2))
    expected = expected_srgb(np.asarray(opened(data)), ADOBE_PRIMARIES, 563 / 256)
    assert np.abs(IMAGES.read(data).pixels - expected).max() <= 2


def test_a_profile_over_several_jpeg_segments_is_put_together():
    profile = rgb_profile(ADOBE_PRIMARIES, 2.2) + bytes(70_000)
    profile = len(profile).to_bytes(4, "big") + profile[4:]
    picture = IMAGES.read(saved(photo(), "JPEG", icc_profile=profile))
    assert picture.notes == ("its colours (test) are looked at in sRGB",)


@pytest.mark.parametrize(
    "profile", [srgb_profile(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()]
)
def test_srgb_by_any_name_changes_no_pixel(profile):
    pixels = photo()
    picture = IMAGES.read(saved(pixels, "PNG", icc_profile=profile))
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert picture.notes == ()


@pytest.mark.parametrize("profile", [b"not a profile", rgb_profile(P3_PRIMARIES, 2.2)[:150], bytes(128)])
def test_a_broken_profile_costs_the_profile_not_the_picture(profile):
    pixels = photo()
    picture = IMAGES.read(saved(pixels, "PNG", icc_profile=profile))
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert picture.notes == (BROKEN,)


def test_a_jpeg_with_a_missing_profile_segment_has_a_broken_profile():
    data = saved(photo(), "JPEG", icc_profile=rgb_profile(P3_PRIMARIES, 2.2))
    assert IMAGES.read(data.replace(b"ICC_PROFILE\x00\x01\x01", b"ICC_PROFILE\x00\x01\x02")).notes == (BROKEN,)


def test_a_cmyk_profile_on_rgb_pixels_does_not_fit():
    profile = bytearray(rgb_profile(P3_PRIMARIES, 2.2))
    profile[16:20] = b"CMYK"
    assert IMAGES.read(saved(photo(), "PNG", icc_profile=bytes(profile))).notes == (BROKEN,)


def test_an_rgb_profile_applies_to_grey_and_palette_pixels():
    profile = rgb_profile(SRGB_PRIMARIES, 1.0)
    grey = Image.fromarray(photo()).convert("L")
    expected = expected_srgb(np.asarray(grey.convert("RGB")), SRGB_PRIMARIES, 1.0)
    for image in (grey, grey.quantize(256)):
        data = saved(image, "PNG", icc_profile=profile)
        reference = np.asarray(opened(data).convert("RGB"))
        expected = expected_srgb(reference, SRGB_PRIMARIES, 1.0)
        assert np.abs(IMAGES.read(data).pixels - expected).max() <= 2


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_written_file_keeps_the_profile_that_the_source_named(name):
    profile = rgb_profile(P3_PRIMARIES, 2.2)
    tagged = IMAGES.read(saved(photo(), name, icc_profile=profile))
    plain = IMAGES.read(saved(photo(), name))
    assert opened(IMAGES.write(tagged, tagged.pixels)[0]).info["icc_profile"] == profile
    assert "icc_profile" not in opened(IMAGES.write(plain, plain.pixels)[0]).info


@pytest.mark.parametrize("kind", ["palette", "broken", "one way"])
def test_a_written_file_names_srgb_where_its_samples_could_not_be_kept(kind, monkeypatch):
    image = Image.fromarray(photo())
    if kind == "one way":
        monkeypatch.setattr(colour, "_backward", lambda *_: None)
    profile = b"not a profile" if kind == "broken" else rgb_profile(P3_PRIMARIES, 2.2)
    picture = IMAGES.read(saved(image.quantize(64) if kind == "palette" else image, "PNG", icc_profile=profile))
    written = IMAGES.write(picture, picture.pixels)[0]
    assert png_chunks(written)[b"sRGB"] == b"\x01"
    assert b"iCCP" not in png_chunks(written)
    np.testing.assert_array_equal(np.asarray(opened(written)), picture.pixels)


def test_the_srgb_profile_is_the_same_bytes_on_every_day():
    assert srgb_profile()[24:36] == b"\x07\xd0\x00\x01\x00\x01" + bytes(6)
    description = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(srgb_profile())))
    assert "sRGB" in description


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk_ink_becomes_light(name):
    """Pillow writes JPEG CMYK inverted, as Adobe does: read naively, white paper would be black."""
    inks = np.zeros((16, 48, 4), np.uint8)
    inks[:, 16:32, 0] = 255  # cyan
    inks[:, 32:, 3] = 255  # black
    picture = IMAGES.read(saved(Image.fromarray(inks, "CMYK"), name))
    assert np.abs(picture.pixels[8, [8, 24, 40]].astype(int) - [[255] * 3, [0, 255, 255], [0] * 3]).max() <= 3
    assert picture.notes == ("CMYK converted to sRGB by the simple formula, without a profile",)
    assert opened(IMAGES.write(picture, picture.pixels)[0]).mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_orientation_is_applied_and_reset(name, orientation):
    options = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}.get(name, {"quality": 95})
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(photo(), name, exif=exif, **options)
    upright = np.asarray(ImageOps.exif_transpose(opened(data)).convert("RGB"))
    picture = IMAGES.read(data)
    np.testing.assert_array_equal(picture.pixels, upright)
    written = opened(IMAGES.write(picture, picture.pixels)[0])
    assert written.getexif().get(0x0112, 1) == 1
    assert np.abs(np.asarray(written.convert("RGB")).astype(int) - upright).mean() < 2


def test_alpha_turns_with_the_picture():
    alpha = np.zeros((64, 96), np.uint8)
    alpha[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = IMAGES.read(saved(np.dstack((photo(), alpha)), "PNG", exif=exif))
    assert picture.alpha is not None
    assert picture.alpha.shape == (96, 64)
    assert picture.alpha[:8, -8:].min() == 255
    assert picture.alpha.sum() == alpha.sum()


@pytest.mark.parametrize("value", [0, 9, 700])
def test_a_senseless_orientation_is_none(value):
    data = png_with(saved(photo(), "PNG"), (b"eXIf", exif_block(value)))
    np.testing.assert_array_equal(IMAGES.read(data).pixels, photo())


@pytest.mark.parametrize(
    ("chunk", "note"),
    [
        ((b"gAMA", (100_000).to_bytes(4, "big")), "gamma 1.000"),
        ((b"cICP", b"\x09\x10\x00\x01"), "cICP"),
    ],
)
def test_colour_that_is_not_converted_is_named(chunk, note):
    (said,) = IMAGES.read(png_with(saved(photo(), "PNG"), chunk)).notes
    assert note in said
    assert "treated as sRGB" in said


def test_a_gifs_profile_is_converted():
    image = Image.fromarray(photo()).quantize(64)
    data = saved(image, "GIF")
    profile = rgb_profile(ADOBE_PRIMARIES, 2.2)
    blocks = b"".join(
        bytes([len(part)]) + part for part in (profile[at : at + 255] for at in range(0, len(profile), 255))
    )
    at = data.index(b"\x2c", 13 + 3 * 64)
    tagged = data[:at] + b"\x21\xff\x0bICCRGBG1012" + blocks + b"\x00" + data[at:]
    picture = IMAGES.read(tagged)
    assert "colours converted from test to sRGB" in picture.notes
    assert (
        np.abs(picture.pixels - expected_srgb(np.asarray(image.convert("RGB")), ADOBE_PRIMARIES, 563 / 256)).max() <= 2
    )


def test_a_picture_whose_size_the_decoder_sees_otherwise_is_damaged(monkeypatch):
    """The limits held for the size in the header, so no other size may come out."""
    walk = pictures._WALKS["PNG"]
    monkeypatch.setitem(pictures._WALKS, "PNG", lambda *given: replace(walk(*given), width=95))
    with pytest.raises(UnreadableImage, match="headers disagree"):
        IMAGES.read(saved(photo(), "PNG"))
