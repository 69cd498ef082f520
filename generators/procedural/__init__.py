"""Procedural art: pictures computed from a recipe and a seed, with no model and no training data."""

from generators.procedural.generator import ProceduralGenerator

__all__ = ["ProceduralGenerator"]
