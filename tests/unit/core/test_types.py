import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest
from provenance.core.types import Evidence, Grade, WorkId


@given(st.integers(0, 2**64 - 1))
def test_a_work_id_survives_its_text_form(payload: int):
    text = str(WorkId(payload))
    assert len(text) == 16
    assert WorkId.parse(text) == WorkId(payload)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_text_forms_sort_like_their_numbers(a: int, b: int):
    assert (str(WorkId(a)) < str(WorkId(b))) == (a < b)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pv-",
        "pv-000000000000",
        "pv-00000000000000",
        "pv-0000000000o00",
        "xx-0000000000000",
        "pv-zzzzzzzzzzzzz",
        "PV-0000000000000",
    ],
)
def test_other_texts_are_refused(text: str):
    with pytest.raises(InvalidRequest):
        WorkId.parse(text)


@pytest.mark.parametrize("payload", [-1, 2**64])
def test_other_numbers_are_refused(payload: int):
    with pytest.raises(InvalidRequest):
        WorkId(payload)


def test_only_similar_and_none_are_no_match():
    assert [grade for grade in Grade if not grade.is_match] == [
        Grade.SHARED_ELEMENT,
        Grade.SIBLING,
        Grade.SIMILAR,
        Grade.NONE,
    ]
    assert sorted(Grade, key=lambda grade: grade.rank) == list(Grade)


def test_a_distance_speaks_when_it_is_small():
    assert Evidence("pdq", 10, 31, lower_is_closer=True).speaks
    assert not Evidence("pdq", 40, 31, lower_is_closer=True).speaks
    assert Evidence("geometry", 12, 8).speaks
    assert not Evidence("geometry", 5, 8).speaks
