"""The value that the built-in generators answer."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.recipe import Recipe, recipe_hash

ALGORITHMIC_MEDIA: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
"""IPTC NewsCodes: "created purely by an algorithm not based on any sampled training data"."""


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedArtwork:
    """Pixels and how they came to be. `pixels` uint8[H, W, 3] sRGB, read-only;
    `recipe` has every default written out.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    recipe: Recipe
    seed: int
    digital_source_type: str = ALGORITHMIC_MEDIA

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError("an artwork's pixels are uint8[H, W, 3]")
        self.pixels.setflags(write=False)

    @property
    def recipe_hash(self) -> str:
        """sha256 hex over the canonical JSON of recipe and seed."""
        return recipe_hash(self.recipe, self.seed)
