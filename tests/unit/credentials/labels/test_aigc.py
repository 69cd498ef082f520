import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest
from provenance.credentials.labels import AigcKind, AigcLabel, read_aigc
from provenance.credentials.labels.aigc import MAX_JSON, passed_on
from tests.unit.credentials.labels.policies import aigc_labels

OURS = AigcLabel(producer="001191330000MA0000000X00000", produce_id="pv-3f9k2m8xq0abc")
THEIRS = AigcLabel(
    kind=AigcKind.POSSIBLY_GENERATED, producer="OTHER", produce_id="7", producer_code='{"Type":"TC260PG"}'
)


def test_the_json_has_the_standards_members_in_its_order():
    assert OURS.json() == (
        '{"Label":"1","ContentProducer":"001191330000MA0000000X00000","ProduceID":"pv-3f9k2m8xq0abc",'
        '"ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}'
    )


@given(aigc_labels)
def test_a_label_is_read_back_as_it_was(label):
    assert read_aigc(label.json()) == label
    assert label.json().isascii()


@pytest.mark.parametrize("value", ["has space", "中文", "tab\t", "\x7f", "x" * 513])
def test_values_are_printable_ascii_without_spaces(value):
    with pytest.raises(InvalidRequest, match="printable ASCII"):
        AigcLabel(producer=value, produce_id="1")


@pytest.mark.parametrize("values", [("", "1"), ("0011", "")])
def test_the_producer_and_the_number_may_not_be_empty(values):
    with pytest.raises(InvalidRequest, match="needs the producer"):
        AigcLabel(producer=values[0], produce_id=values[1])


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"AIGC": json.loads(THEIRS.json())}),
        json.dumps({"AIGC": THEIRS.json()}),
        json.dumps({"Label": "2", "ContentProducer": "OTHER", "ProduceID": "7", "ReservedCode1": '{"Type":"TC260PG"}'}),
    ],
)
def test_labels_of_others_are_read_in_the_forms_that_are_seen(text):
    assert read_aigc(text) == THEIRS


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"AIGC": 3}', '{"Label": 1}', '{"Label":"4","ContentProducer":"x","ProduceID":"y"}',
     '{"Label":"1","ContentProducer":7,"ProduceID":"y"}', '{"Label":"1","ContentProducer":"x y","ProduceID":"y"}',
     "[" * 100_000, '{"Label":"1","ContentProducer":"x","ProduceID":"y","z":"' + "z" * MAX_JSON + '"}'],
)  # fmt: skip
def test_anything_else_is_no_label(text):
    with pytest.raises(InvalidRequest):
        read_aigc(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    with pytest.raises(InvalidRequest):
        read_aigc(text)


def test_another_producers_label_stays_and_we_join_it_as_propagator():
    label = passed_on(THEIRS.json(), OURS)
    assert (label.kind, label.producer, label.produce_id) == (AigcKind.POSSIBLY_GENERATED, "OTHER", "7")
    assert label.producer_code == '{"Type":"TC260PG"}'
    assert (label.propagator, label.propagate_id) == (OURS.producer, OURS.produce_id)


def test_joining_twice_is_the_same_as_once():
    once = passed_on(THEIRS.json(), OURS)
    assert passed_on(once.json(), OURS) == once


@pytest.mark.parametrize(
    "found", [None, "", "{}", "not a label", AigcLabel(producer=OURS.producer, produce_id="old").json()]
)
def test_where_no_other_producer_is_named_the_label_is_ours(found):
    assert passed_on(found, OURS) == OURS
