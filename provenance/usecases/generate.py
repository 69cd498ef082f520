"""Make an artwork from a recipe, ready to be registered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import from_json

from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.manifests import Software
from provenance.core.ports import Generator, Images
from provenance.core.types import Picture
from provenance.usecases.register import Submission

MAX_SEED: Final = (1 << 53) - 1
"""JSON numbers are exact up to here (RFC 8785), so that a recipe and its seed hash the same everywhere."""


def read_recipe(text: str | bytes) -> dict[str, Any]:
    """A recipe from JSON text that a stranger may have written: nesting is bounded whatever the interpreter's own
    limit. Raises InvalidRequest."""
    try:
        recipe = from_json(text)
    except ValueError as error:
        raise InvalidRequest("the recipe is not valid JSON") from error
    if not isinstance(recipe, dict):
        raise InvalidRequest("the recipe is not a JSON object")
    return recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """A recipe names its generator; the seed makes it complete. Raises InvalidRequest.

    `max_pixels` bounds what one request may cost: a generator's working memory grows with the picture's area.
    """

    generator: Callable[[str], Generator]
    images: Images
    max_pixels: int

    def __call__(
        self, recipe: Mapping[str, Any], *, seed: int, owner: str, title: str = "", terms: str = "personal"
    ) -> Submission:
        name = recipe.get("generator")
        if not isinstance(name, str):
            raise InvalidRequest("the recipe names no generator", hint='add "generator": "procedural"')
        if not 0 <= seed <= MAX_SEED:
            raise InvalidRequest("the seed must be between 0 and 2^53 - 1")
        self._check_size(recipe)
        try:
            artwork = self.generator(name).make(recipe, seed=seed)
        except ValueError as error:
            raise InvalidRequest(f"the recipe is not valid: {error}") from error
        except NotFound as error:
            raise InvalidRequest(error.reason, hint=error.hint) from error
        data, _ = self.images.write(Picture(artwork.pixels, None, "PNG", "image/png", b""), artwork.pixels)
        return Submission(
            data=data,
            owner=owner,
            title=title,
            terms=terms,
            digital_source_type=artwork.digital_source_type,
            recipe_hash=artwork.recipe_hash,
            made_with=Software(name),
        )

    def _check_size(self, recipe: Mapping[str, Any]) -> None:
        sides = [side for side in (recipe.get("width"), recipe.get("height")) if isinstance(side, int)]
        if len(sides) == 2 and sides[0] * sides[1] > self.max_pixels:
            raise InvalidRequest(
                f"the recipe asks for {sides[0]} x {sides[1]} pixels; {self.max_pixels:,} are the limit",
                hint="ask for a smaller picture",
            )
