"""Make an artwork from a recipe, ready to be registered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from provenance.core.errors import InvalidRequest, NotFound
from provenance.core.ports import Generator, Images
from provenance.core.types import Picture
from provenance.usecases.register import Submission

MAX_SEED = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """A recipe names its generator; the seed makes it complete. Raises InvalidRequest."""

    generator: Callable[[str], Generator]
    images: Images

    def __call__(
        self, recipe: Mapping[str, Any], *, seed: int, owner: str, title: str = "", terms: str = "personal"
    ) -> Submission:
        name = recipe.get("generator")
        if not isinstance(name, str):
            raise InvalidRequest("the recipe names no generator", hint='add "generator": "procedural"')
        if not 0 <= seed <= MAX_SEED:
            raise InvalidRequest("the seed must be between 0 and 2^63 - 1")
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
        )
