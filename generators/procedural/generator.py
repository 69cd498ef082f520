"""The built-in generator behind the `Generator` port."""

from collections.abc import Mapping
from typing import Any, Final

from generators.artwork import GeneratedArtwork
from generators.procedural.canvas import Frame
from generators.procedural.dice import Dice
from generators.procedural.kinds import KINDS
from generators.procedural.palette import PALETTES
from generators.procedural.scene import Scene
from generators.recipe import Choice, Field, Integer, InvalidRecipe, Recipe, check_seed, complete

VERSION: Final = 1  # raise it when any kind draws other pixels from the same recipe and seed
MIN_SIDE: Final = 256
MAX_SIDE: Final = 4096
AUTO: Final = "auto"


class ProceduralGenerator:
    """Draws pictures of the `kinds`; the same recipe and seed give the same pixels (how far: docs/generators.md)."""

    name = "procedural"

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(sorted(KINDS))

    @property
    def palettes(self) -> tuple[str, ...]:
        return tuple(PALETTES)

    def summary(self, kind: str) -> str:
        """One line for a person. Raises InvalidRecipe for an unknown kind."""
        return KINDS[self._kind(kind)].summary

    def fields(self, kind: str) -> dict[str, Field]:
        """The fields of a recipe of this kind, with defaults and ranges. Raises InvalidRecipe for an unknown kind."""
        side = Integer(1024, MIN_SIDE, MAX_SIDE)
        return {
            "kind": Choice(self._kind(kind), (kind,)),
            "version": Integer(VERSION, VERSION, VERSION),
            "width": side,
            "height": side,
            "palette": Choice(AUTO, (AUTO, *PALETTES)),
            **KINDS[kind].fields,
        }

    def complete(self, recipe: Mapping[str, Any]) -> Recipe:
        """The checked recipe with every default written out. Raises InvalidRecipe."""
        read = Recipe.read(recipe)
        if read.generator != self.name:
            raise InvalidRecipe(f"this recipe is for the generator {read.generator[:40]!r}", field="generator")
        return complete(read, self.fields(self._kind(read.get("kind"))))

    def make(self, recipe: Mapping[str, Any], *, seed: int) -> GeneratedArtwork:
        """Draw the picture. Raises InvalidRecipe (a ValueError) on a bad recipe or seed."""
        full, number = self.complete(recipe), check_seed(seed)
        kind = KINDS[str(full.get("kind"))]
        dice = Dice(number, self.name, kind.name)
        name = str(full.get("palette"))
        palette = PALETTES[dice.split("palette").pick(self.palettes) if name == AUTO else name]
        frame = Frame(full.integer("width"), full.integer("height"))
        scene = Scene(frame, palette, dice, full)
        return GeneratedArtwork(pixels=kind.draw(scene), recipe=full, seed=number)

    def _kind(self, value: object) -> str:
        return Choice("", self.kinds).read("kind", value)
