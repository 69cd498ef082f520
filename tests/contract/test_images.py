"""The Images port: untrusted bytes to a Picture and back."""

import numpy as np
import pytest

from provenance.adapters.images import PillowImages
from provenance.core.errors import Rejected
from provenance.core.ports import Images
from tests.unit.adapters.image_samples import photo, saved

FORMATS = ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF"]


@pytest.fixture(params=[PillowImages], ids=["pillow"])
def images(request: pytest.FixtureRequest) -> Images:
    return request.param()


@pytest.mark.parametrize("name", FORMATS)
def test_read_answers_srgb_pixels_and_the_file_as_it_came(images: Images, name):
    data = saved(photo(), name)
    picture = images.read(data)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape == (64, 96, 3)
    assert (picture.format, picture.source) == (name, data)
    assert picture.media_type.startswith("image/")


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_can_be_read_again(images: Images, name):
    picture = images.read(saved(photo(), name))
    data, media_type = images.write(picture, picture.pixels)
    again = images.read(data)
    assert again.media_type == media_type
    assert again.pixels.shape == picture.pixels.shape
    assert np.abs(again.pixels.astype(int) - picture.pixels).mean() < 4


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_alpha_comes_back(images: Images, name):
    alpha = np.full((64, 96), 255, np.uint8)
    alpha[:, :48] = 0
    picture = images.read(saved(np.dstack((photo(), alpha)), name))
    again = images.read(images.write(picture, picture.pixels)[0])
    assert again.alpha is not None
    assert np.abs(again.alpha.astype(int) - alpha).mean() < 4


@pytest.mark.parametrize("name", FORMATS)
def test_a_label_changes_no_pixel_and_is_in_the_next_file_too(images: Images, name):
    data = saved(photo(), name)
    labelled = images.label(data, {"dc:rights": "(c) Ada", "dc:creator": ("Ada", "Bob")})
    assert b"(c) Ada" in labelled
    picture = images.read(labelled)
    assert np.array_equal(picture.pixels, images.read(data).pixels)
    assert b"(c) Ada" in images.write(picture, picture.pixels)[0]
    assert b"(c) Ada" not in images.label(labelled, {"dc:rights": None})


def test_a_stamp_is_seen_and_leaves_the_rest_of_the_picture(images: Images):
    pixels = photo(320, 240)
    for language in ("en", "zh"):
        stamped = images.stamp(pixels, language)
        changed = (stamped != pixels).any(axis=2)
        assert 0.001 < changed.mean() < 0.05
        assert not changed[:200].any()
    with pytest.raises(Rejected):
        images.stamp(photo(24, 16), "zh")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", saved(photo(), "GIF")[:60]])
def test_bad_bytes_get_no_label(images: Images, data):
    with pytest.raises(Rejected):
        images.label(data, {"dc:rights": "(c) Ada"})


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg/>", saved(photo(), "PNG")[:60], saved(photo(), "JPEG")[:300]])
def test_bad_bytes_are_rejected_with_a_reason_and_a_hint(images: Images, data):
    with pytest.raises(Rejected) as caught:
        images.read(data)
    assert caught.value.reason
    assert caught.value.hint
