"""Our units against iscc-core, the reference implementation of ISO 24138."""

import io

import iscc_core
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from provenance.core.errors import InvalidRequest
from provenance.credentials.c2pa import iscc

FILE = b"the bytes handed to the signing step" * 3_000


def picture(seed=3, side=160):
    """A smooth scene: noise alone has no image to speak of."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side * 4 // 3, side), Image.Resampling.BICUBIC))


def reference(image: Image.Image) -> str:
    """ISO 24138's preprocessing of a picture in the Pillow terms of the reference SDK."""
    background = Image.new(image.mode, image.size, image.getpixel((0, 0)))
    difference = ImageChops.difference(image, background)
    box = ImageChops.add(difference, difference).getbbox()
    grey = (image.crop(box) if box else image).convert("L").resize((32, 32), Image.Resampling.BICUBIC)
    return iscc_core.gen_image_code(list(grey.tobytes()), bits=256)["iscc"]


def test_the_units_are_the_references():
    found = iscc.units(picture(), FILE)

    assert found.image == reference(Image.fromarray(picture()))
    assert found.data == iscc_core.gen_data_code(io.BytesIO(FILE), bits=256)["iscc"]
    assert found.instance == iscc_core.gen_instance_code(io.BytesIO(FILE), bits=256)["iscc"]


def test_the_value_is_an_iscc_seq():
    found = iscc.units(picture(), FILE)

    assert found.binding.alg == "io.iscc.v0"
    assert found.value == iscc_core.encode_seq([found.image, found.data, found.instance])
    assert iscc_core.decode_seq(found.value) == [found.image, found.data, found.instance]
    assert iscc.split(found.value) == (found.image, found.data, found.instance)
    assert iscc.image_of(found.value) == found.image


def test_a_border_of_one_colour_does_not_count():
    inner = picture()
    framed = np.full((inner.shape[0] + 40, inner.shape[1] + 60, 3), (12, 34, 56), np.uint8)
    framed[20:-20, 30:-30] = inner

    assert iscc.image_code(framed) == reference(Image.fromarray(framed)) == iscc.image_code(inner)


def test_a_picture_of_one_colour_has_a_code():
    flat = np.full((40, 40, 3), 90, np.uint8)

    assert iscc.image_code(flat) == reference(Image.fromarray(flat))


def test_transparency_is_white():
    alpha = np.zeros(picture().shape[:2], np.uint8)
    alpha[40:120, 40:120] = 255
    over_white = np.where(alpha[..., None] == 255, picture(), 255).astype(np.uint8)

    assert iscc.image_code(picture(), alpha) == iscc.image_code(over_white)


def test_the_distance_tells_copies_from_strangers():
    code = iscc.image_code(picture())
    body = io.BytesIO()
    Image.fromarray(picture()).resize((130, 97)).save(body, "JPEG", quality=60)
    copy = np.asarray(Image.open(body).convert("RGB"))

    assert iscc.distance(code, code) == 0
    assert iscc.distance(code, iscc.image_code(copy)) < 48
    assert iscc.distance(code, iscc.image_code(picture(seed=4))) > 64


def test_the_instance_code_knows_its_file():
    value = iscc.units(picture(), FILE).value

    assert iscc.same_file(value, FILE)
    assert not iscc.same_file(value, FILE + b"!")


def test_only_image_codes_are_compared():
    found = iscc.units(picture(), FILE)

    with pytest.raises(InvalidRequest, match="Image-Codes"):
        iscc.distance(found.data, found.data)
    with pytest.raises(InvalidRequest, match="Image-Codes"):
        iscc.distance(found.image, found.data)


@pytest.mark.parametrize("text", ["", "ISCC:", "ISCC:EEA!!", "ISCC:EEAQ", "ISCC:EED" + "1" * 60, "é"])
def test_what_is_no_unit(text):
    with pytest.raises(InvalidRequest):
        iscc.distance(text, text)


def test_values_of_another_form():
    good = iscc.units(picture(), FILE).value

    for value in (b"", good[:-1], good * 6, b"\x21\x17" + good[2:], b"\x61\x07" + good[2:]):
        with pytest.raises(InvalidRequest):
            iscc.split(value)
    assert iscc.image_of(good[34:]) is None


@given(st.binary(max_size=120))
def test_a_strangers_value_is_split_as_the_reference_splits_it(value):
    try:
        found = list(iscc.split(value))
    except InvalidRequest:
        return
    assert iscc_core.decode_seq(value) == found


@pytest.mark.parametrize("edge", ["top", "bottom", "left", "right"])
def test_a_border_on_one_side_is_cut_too(edge):
    inner = picture()
    wide = {"top": ((9, 0), (0, 0)), "bottom": ((0, 9), (0, 0)), "left": ((0, 0), (9, 0)), "right": ((0, 0), (0, 9))}
    framed = np.pad(inner, (*wide[edge], (0, 0)), constant_values=0)
    framed[0, 0] = 0  # the border's colour is that of the top left pixel

    assert iscc.image_code(framed) == reference(Image.fromarray(framed))
