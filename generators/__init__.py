"""Modules that produce artworks. They import nothing of `provenance`, `index` or `contracts`."""

from generators.artwork import ALGORITHMIC_MEDIA, GeneratedArtwork
from generators.ports import Artwork, Generator
from generators.recipe import InvalidRecipe, Recipe, recipe_hash

__all__ = ["ALGORITHMIC_MEDIA", "Artwork", "GeneratedArtwork", "Generator", "InvalidRecipe", "Recipe", "recipe_hash"]
