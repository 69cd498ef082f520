"""Recipes: what is refused, what is written out, and the bytes that the hash is over."""

import hashlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators import InvalidRecipe, Recipe, recipe_hash
from generators.recipe import MAX_FIELDS, MAX_SAFE_INTEGER, MAX_TEXT, Choice, Integer, Number, check_seed, complete

FIELDS = {"sides": Integer(6, 3, 12), "bend": Number(0.5, 0.0, 1.0), "ground": Choice("paper", ("paper", "night"))}


def read(**fields):
    return Recipe.read({"generator": "toy", **fields})


def test_canonical_bytes_are_rfc_8785():
    recipe = read(z=1.0, b=True, text='é"\n', small=1e-7, whole=10)
    assert recipe.canonical() == (
        '{"b":true,"generator":"toy","small":1e-7,"text":"é\\"\\n","whole":10,"z":1}'.encode()
    )


def test_the_hash_is_over_recipe_and_seed():
    expected = hashlib.sha256(b'{"recipe":{"bend":0.5,"generator":"toy"},"seed":7}').hexdigest()
    assert recipe_hash(read(bend=0.5), 7) == expected
    assert recipe_hash(read(bend=0.5), 8) != expected
    assert recipe_hash(read(bend=0.25), 7) != expected


def test_the_order_of_fields_does_not_matter():
    one = Recipe.read({"generator": "toy", "a": 1, "b": 2})
    other = Recipe.read({"b": 2, "a": 1, "generator": "toy"})
    assert one == other
    assert hash(one) == hash(other)
    assert recipe_hash(one, 0) == recipe_hash(other, 0)


def test_a_recipe_cannot_be_changed():
    recipe = read(a=1)
    with pytest.raises(AttributeError):
        recipe.items = ()
    recipe.as_dict()["a"] = 2
    assert recipe.get("a") == 1


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True).filter(lambda name: name != "generator"),
        st.booleans()
        | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
        | st.floats(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
        max_size=6,
    )
)
def test_canonical_json_reads_back_as_the_same_recipe(fields):
    recipe = read(**fields)
    again = Recipe.read(json.loads(recipe.canonical()))
    assert again.canonical() == recipe.canonical()
    assert recipe_hash(again, 1) == recipe_hash(recipe, 1)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ([], None),
        ({}, "generator"),
        ({"generator": 3}, "generator"),
        ({"generator": "toy", "A": 1}, None),
        ({"generator": "toy", 3: 1}, None),
        ({"generator": "toy", "a" * 33: 1}, None),
        ({"generator": "toy", "a": None}, "a"),
        ({"generator": "toy", "a": [1]}, "a"),
        ({"generator": "toy", "a": {"b": 1}}, "a"),
        ({"generator": "toy", "a": math.nan}, "a"),
        ({"generator": "toy", "a": math.inf}, "a"),
        ({"generator": "toy", "a": MAX_SAFE_INTEGER + 1}, "a"),
        ({"generator": "toy", "a": 1e300}, "a"),
        ({"generator": "toy", "a": "x" * (MAX_TEXT + 1)}, "a"),
        ({"generator": "toy", "a": "\ud800"}, "a"),
        ({"generator": "toy", **{f"f{n}": n for n in range(MAX_FIELDS)}}, None),
    ],
)
def test_a_recipe_outside_the_limits_is_refused(raw, field):
    with pytest.raises(InvalidRecipe) as caught:
        Recipe.read(raw)
    assert caught.value.field == field
    assert isinstance(caught.value, ValueError)


def test_limits_themselves_are_allowed():
    assert read(a="x" * MAX_TEXT, b=MAX_SAFE_INTEGER, c=-MAX_SAFE_INTEGER).get("b") == MAX_SAFE_INTEGER
    assert len(read(**{f"f{n}": n for n in range(MAX_FIELDS - 1)}).items) == MAX_FIELDS


def test_complete_writes_the_defaults_out():
    assert complete(read(sides=4), FIELDS).as_dict() == {
        "generator": "toy",
        "sides": 4,
        "bend": 0.5,
        "ground": "paper",
    }


def test_a_recipe_with_and_without_its_defaults_has_one_hash():
    bare, full = complete(read(), FIELDS), complete(read(bend=0.5, sides=6, ground="paper"), FIELDS)
    assert recipe_hash(bare, 3) == recipe_hash(full, 3)


def test_a_whole_number_may_stand_for_a_real_one():
    assert complete(read(bend=1), FIELDS).canonical() == complete(read(bend=1.0), FIELDS).canonical()


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"side": 4}, "side", "this recipe takes bend, ground, sides"),
        ({"sides": 4.0}, "sides", "whole number"),
        ({"sides": True}, "sides", "whole number"),
        ({"sides": "4"}, "sides", "whole number"),
        ({"sides": 2}, "sides", "between 3 and 12, not 2"),
        ({"sides": 13}, "sides", "between 3 and 12"),
        ({"bend": True}, "bend", "must be a number"),
        ({"bend": "0.5"}, "bend", "must be a number"),
        ({"bend": -0.001}, "bend", "between 0 and 1"),
        ({"bend": 1.001}, "bend", "between 0 and 1"),
        ({"ground": "moon"}, "ground", "one of paper, night"),
        ({"ground": 1}, "ground", "one of paper, night"),
    ],
)
def test_complete_says_what_is_wrong(fields, field, words):
    with pytest.raises(InvalidRecipe, match=words) as caught:
        complete(read(**fields), FIELDS)
    assert caught.value.field == field


def test_nan_is_no_number_in_range():
    with pytest.raises(InvalidRecipe):
        FIELDS["bend"].read("bend", math.nan)


@pytest.mark.parametrize("seed", [0, 1, MAX_SAFE_INTEGER])
def test_seeds_in_range(seed):
    assert check_seed(seed) == seed


@pytest.mark.parametrize("seed", [-1, MAX_SAFE_INTEGER + 1, 1.0, True, "1", None])
def test_seeds_out_of_range(seed):
    with pytest.raises(InvalidRecipe) as caught:
        recipe_hash(read(), seed)
    assert caught.value.field == "seed"


def test_number_needs_a_number():
    with pytest.raises(InvalidRecipe):
        read(a="text").number("a")
    with pytest.raises(InvalidRecipe):
        read().integer("a")
