"""What every generator promises, whoever wrote it: the built-in one, and those that are installed as plug-ins."""

import hashlib
from importlib.metadata import entry_points

import numpy as np
import pytest

from generators import Artwork, Generator
from generators.procedural import ProceduralGenerator

SAMPLES = {  # a few small recipes for each generator; a plug-in without one is asked for its defaults
    "procedural": [
        {"generator": "procedural", "kind": "bauhaus", "width": 256, "height": 320},
        {"generator": "procedural", "kind": "marbling", "width": 300, "height": 256, "palette": "lagoon", "drops": 40},
        {"generator": "procedural", "kind": "mist", "width": 256, "height": 256, "hour": "night"},
    ]
}


def generators() -> list[Generator]:
    plugged = [point.load()() for point in entry_points(group="provenance.generators") if point.name != "procedural"]
    return [ProceduralGenerator(), *plugged]


CASES = [
    pytest.param((generator, recipe), id=f"{generator.name}-{number}")
    for generator in generators()
    for number, recipe in enumerate(SAMPLES.get(generator.name, [{"generator": generator.name}]))
]


@pytest.fixture(params=CASES, scope="module")
def case(request: pytest.FixtureRequest) -> tuple[Generator, dict]:
    return request.param


@pytest.fixture(scope="module")
def artwork(case: tuple[Generator, dict]) -> Artwork:
    generator, recipe = case
    return generator.make(recipe, seed=5)


def test_pixels_are_srgb_bytes(artwork: Artwork):
    assert artwork.pixels.dtype == np.uint8
    assert artwork.pixels.ndim == 3
    assert artwork.pixels.shape[2] == 3
    assert min(artwork.pixels.shape[:2]) >= 64
    assert artwork.pixels.flags.c_contiguous
    assert artwork.pixels.std() > 5


def test_the_same_recipe_and_seed_give_the_same_artwork(case, artwork: Artwork):
    generator, recipe = case
    again = generator.make(dict(reversed(recipe.items())), seed=5)
    assert hashlib.sha256(again.pixels).digest() == hashlib.sha256(artwork.pixels).digest()
    assert again.recipe_hash == artwork.recipe_hash


def test_a_fresh_generator_gives_the_same_artwork(case, artwork: Artwork):
    generator, recipe = case
    assert np.array_equal(type(generator)().make(recipe, seed=5).pixels, artwork.pixels)


def test_another_seed_gives_another_artwork(case, artwork: Artwork):
    generator, recipe = case
    other = generator.make(recipe, seed=6)
    assert other.recipe_hash != artwork.recipe_hash
    assert not np.array_equal(other.pixels, artwork.pixels)


def test_the_recipe_is_not_touched(case):
    generator, recipe = case
    before = dict(recipe)
    generator.make(recipe, seed=1)
    assert recipe == before


def test_the_hash_is_a_sha256_in_hex(artwork: Artwork):
    assert len(artwork.recipe_hash) == 64
    assert set(artwork.recipe_hash) <= set("0123456789abcdef")


def test_the_source_type_is_iptc(artwork: Artwork):
    assert artwork.digital_source_type.startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")


@pytest.mark.parametrize("change", [{"no_such_field": 1}, {"generator": "somebody-else"}, {"generator": None}])
def test_a_bad_recipe_is_a_value_error(case, change):
    generator, recipe = case
    with pytest.raises(ValueError, match=r"\w"):
        generator.make({**recipe, **change}, seed=1)


@pytest.mark.parametrize("seed", [-1, 1 << 80, "7", None])
def test_a_bad_seed_is_a_value_error(case, seed):
    generator, recipe = case
    with pytest.raises(ValueError, match="seed"):
        generator.make(recipe, seed=seed)
