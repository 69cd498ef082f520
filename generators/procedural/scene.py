"""What a kind of picture is, and what it is given to draw with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from generators.procedural.canvas import Frame, Pixels
from generators.procedural.dice import Dice
from generators.procedural.palette import Palette
from generators.recipe import Field, Recipe


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture to be drawn: its size, palette, chance and checked settings."""

    frame: Frame
    palette: Palette
    dice: Dice
    recipe: Recipe

    def choice(self, name: str) -> str:
        return str(self.recipe.get(name))

    def style(self, name: str, options: tuple[str, ...]) -> str:
        """The chosen word, or for `auto` one that the seed picks from `options`."""
        chosen = self.choice(name)
        picked = self.dice.split(name).pick(options)
        return picked if chosen == "auto" else chosen


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of picture: its name in recipes, one line about it, its own fields, and how to draw it."""

    name: str
    summary: str
    fields: Mapping[str, Field]
    draw: Callable[[Scene], Pixels]
