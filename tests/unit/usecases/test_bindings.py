"""Soft bindings as text: base64 as careful and careless clients write it, names, and the watermark's value."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest
from provenance.core.types import WorkId
from provenance.credentials.c2pa import iscc
from provenance.usecases.bindings import check_alg, mark_value, marked_work, read_value, written_value
from provenance.watermark.keystream import ALG
from tests.service import scene


@given(st.binary(min_size=1, max_size=200))
def test_every_writing_of_a_value_is_read_as_the_same_bytes(value: bytes) -> None:
    standard, url_safe = base64.b64encode(value).decode(), base64.urlsafe_b64encode(value).decode()
    for text in (standard, url_safe, standard.rstrip("="), url_safe.rstrip("="), standard.replace("+", " ")):
        assert read_value(text) == value
    assert written_value(read_value(url_safe)) == standard


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_value(text)
    except InvalidRequest:
        return
    assert value
    assert read_value(written_value(value)) == value


@given(st.integers(0, 2**64 - 1))
def test_a_watermark_names_its_work(payload: int) -> None:
    value = mark_value(WorkId(payload))
    assert (len(value), marked_work(value)) == (8, WorkId(payload))


@pytest.mark.parametrize(
    "alg", [ALG, iscc.ALG, "com.adobe.trustmark.P", "castLabs.watermark.1", "ai.trufo.gen1.image-lite"]
)
def test_names_of_the_c2pa_list_are_names(alg: str) -> None:
    assert check_alg(alg) == alg


@pytest.mark.parametrize("alg", ["", " ", "a b", "a/b", "ä", "a\n", ".a", "a" * 201])
def test_other_texts_are_none(alg: str) -> None:
    with pytest.raises(InvalidRequest):
        check_alg(alg)


def test_the_bits_that_are_searched_are_those_of_the_iscc() -> None:
    units = iscc.units(scene(1), b"a file")
    near = iscc.units(scene(1) // 2, b"a file")
    bits = iscc.code_bits(units.image)
    assert iscc.image_bits(units.value) == bits
    assert (bits ^ iscc.code_bits(near.image)).bit_count() == iscc.distance(units.image, near.image)
    for value in (b"", b"\x21", units.value[1:], units.value[34:], bytes(34)):
        assert iscc.image_bits(value) is None
