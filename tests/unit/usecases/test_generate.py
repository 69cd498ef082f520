"""From a recipe to something that can be registered."""

import hashlib
from typing import Any

import numpy as np
import pytest

from provenance import plugins
from provenance.core.errors import InvalidRequest
from provenance.credentials.vocabulary import ALGORITHMIC_MEDIA, DIGITAL_SOURCE_TYPES
from provenance.usecases.generate import MAX_SEED, Generate
from tests.unit.usecases.conftest import Studio, decoded


def recipe(**changes: Any) -> dict[str, Any]:
    return {"generator": "procedural", "kind": "mist", "width": 256, "height": 256, **changes}


def test_an_artwork_is_a_png_with_its_recipes_hash(studio: Studio) -> None:
    submission = studio.generate(recipe(), seed=5, owner="studio", title="mist 5", terms="commercial")
    pixels = decoded(submission.data)
    assert pixels.shape == (256, 256, 3)
    assert pixels.std() > 5
    assert submission.digital_source_type in DIGITAL_SOURCE_TYPES
    assert submission.digital_source_type == ALGORITHMIC_MEDIA
    assert len(submission.recipe_hash or "") == len(hashlib.sha256().hexdigest())
    assert (submission.owner, submission.title, submission.terms) == ("studio", "mist 5", "commercial")


def test_the_same_recipe_and_seed_give_the_same_file_and_another_seed_another(studio: Studio) -> None:
    first, again, other = (studio.generate(recipe(), seed=seed, owner="studio") for seed in (5, 5, 6))
    assert first == again
    assert first.recipe_hash != other.recipe_hash
    assert not np.array_equal(decoded(first.data), decoded(other.data))


def test_a_generated_work_is_registered_with_its_recipes_hash(studio: Studio) -> None:
    submission = studio.generate(recipe(), seed=5, owner="studio")
    work = studio.register(submission)
    assert work.recipe_hash == submission.recipe_hash
    assert submission.recipe_hash in str(work.certificate)


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_a_seed_is_63_bits(studio: Studio, seed: int) -> None:
    with pytest.raises(InvalidRequest, match="seed"):
        studio.generate(recipe(), seed=seed, owner="studio")


@pytest.mark.parametrize("name", [None, 7, ["procedural"]])
def test_a_recipe_names_its_generator(studio: Studio, name: Any) -> None:
    with pytest.raises(InvalidRequest, match="names no generator"):
        studio.generate(recipe(generator=name), seed=1, owner="studio")


@pytest.mark.parametrize(
    "changes", [{"kind": "oil"}, {"width": -5}, {"width": "wide"}, {"width": 10**9}, {"unheard": 1}, {"palette": 7}]
)
def test_an_impossible_recipe_is_refused_in_words(studio: Studio, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="recipe"):
        studio.generate(recipe(**changes), seed=1, owner="studio")


def test_an_unknown_generator_is_the_recipes_mistake(studio: Studio) -> None:
    generate = Generate(
        generator=lambda name: plugins.load("generators", name)(), images=studio.images, max_pixels=1 << 22
    )
    with pytest.raises(InvalidRequest, match="'stylegan'") as caught:
        generate(recipe(generator="stylegan"), seed=1, owner="studio")
    assert "procedural" in (caught.value.hint or "")


def test_a_recipe_larger_than_the_limit_is_refused_before_it_is_drawn(studio):
    recipe = {"generator": "procedural", "kind": "agate", "width": 4096, "height": 4096}
    with pytest.raises(InvalidRequest, match="4096 x 4096"):
        studio.generate(recipe, seed=1, owner="ada")
