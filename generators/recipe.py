"""Recipes: what a generator is asked for, as a frozen value with one canonical spelling (RFC 8785) and a hash.

A recipe is a flat JSON object of scalars. `Recipe.read` holds the limits that keep hostile input small; `complete`
checks it against a generator's own fields and writes the defaults out, so that a later change of a default cannot
change what an old hash stands for.
"""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import rfc8785

Scalar: TypeAlias = str | int | float | bool

MAX_FIELDS: Final = 64
MAX_TEXT: Final = 4096
MAX_SAFE_INTEGER: Final = 2**53 - 1  # RFC 8785 section 3.2.2.3: numbers are IEEE 754 doubles
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


class InvalidRecipe(ValueError):
    """A recipe or seed cannot be used. `field` names the part at fault, where there is one."""

    def __init__(self, reason: str, *, field: str | None = None) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number, `low` to `high` inclusive."""

    default: int
    low: int
    high: int

    def read(self, name: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidRecipe(f"{name} must be a whole number", field=name)
        if not self.low <= value <= self.high:
            raise InvalidRecipe(f"{name} must be between {self.low} and {self.high}, not {value:.6g}", field=name)
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A real number, `low` to `high` inclusive."""

    default: float
    low: float
    high: float

    def read(self, name: str, value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InvalidRecipe(f"{name} must be a number", field=name)
        if not self.low <= value <= self.high:  # also refuses NaN
            raise InvalidRecipe(f"{name} must be between {self.low:g} and {self.high:g}, not {value:.6g}", field=name)
        return float(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    default: str
    options: tuple[str, ...]

    def read(self, name: str, value: object) -> str:
        if not isinstance(value, str) or value not in self.options:
            raise InvalidRecipe(f"{name} must be one of {', '.join(self.options)}", field=name)
        return value


Field: TypeAlias = Integer | Number | Choice


@dataclass(frozen=True, slots=True)
class Recipe:
    """A checked recipe: (name, scalar) pairs in name order; equal recipes have equal canonical bytes."""

    items: tuple[tuple[str, Scalar], ...]

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Recipe":
        """Check names, types and sizes, whatever the generator. Raises InvalidRecipe."""
        if not isinstance(raw, Mapping):
            raise InvalidRecipe("a recipe is a JSON object")
        if len(raw) > MAX_FIELDS:
            raise InvalidRecipe(f"a recipe has at most {MAX_FIELDS} fields, not {len(raw)}")
        recipe = cls(tuple(sorted((_name(name), _scalar(name, value)) for name, value in raw.items())))
        if not isinstance(recipe.get("generator"), str):
            raise InvalidRecipe("a recipe names its generator", field="generator")
        return recipe

    @property
    def generator(self) -> str:
        return str(self.get("generator"))

    def get(self, name: str) -> Scalar | None:
        """The field's value; None when the recipe does not have it."""
        return dict(self.items).get(name)

    def number(self, name: str) -> float:
        """The field's number. Raises InvalidRecipe when the recipe has no such number."""
        value = self.get(name)
        if not isinstance(value, int | float):
            raise InvalidRecipe(f"{name} is not a number of this recipe", field=name)
        return float(value)

    def integer(self, name: str) -> int:
        """The field's whole number. Raises InvalidRecipe when the recipe has no such number."""
        return int(self.number(name))

    def as_dict(self) -> dict[str, Scalar]:
        return dict(self.items)

    def canonical(self) -> bytes:
        """The recipe's JSON as RFC 8785 (JCS) bytes, UTF-8."""
        return rfc8785.dumps(self.as_dict())


def _name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRecipe(f"{str(name)[:40]!r} is not a field name: use lower-case letters, digits and _")
    return name


def _scalar(name: str, value: object) -> Scalar:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise InvalidRecipe(f"{name} is longer than {MAX_TEXT} characters", field=name)
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidRecipe(f"{name} holds half of a surrogate pair, which has no UTF-8 form", field=name)
        return value
    if isinstance(value, int | float):  # bool too
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidRecipe(f"{name} must be a finite number", field=name)
        if abs(value) > MAX_SAFE_INTEGER:
            raise InvalidRecipe(f"{name} is beyond 2^53 - 1, which JSON numbers do not carry exactly", field=name)
        return value
    raise InvalidRecipe(f"{name} must be text, a number or a truth value", field=name)


def complete(recipe: Recipe, fields: Mapping[str, Field]) -> Recipe:
    """The recipe with every field of `fields` checked and every default written out; `generator` is kept.

    Raises InvalidRecipe on a field that `fields` does not know, naming the known ones.
    """
    given = recipe.as_dict()
    generator = given.pop("generator")
    unknown = sorted(given.keys() - fields.keys())
    if unknown:
        known = ", ".join(sorted(fields))
        raise InvalidRecipe(f"unknown field {unknown[0]!r}; this recipe takes {known}", field=unknown[0])
    values: dict[str, Scalar] = {
        name: field.read(name, given.get(name, field.default)) for name, field in fields.items()
    }
    return Recipe(tuple(sorted({**values, "generator": generator}.items())))


def check_seed(seed: object) -> int:
    """A seed is a whole number, 0 to 2^53 - 1, so that it has one JSON spelling. Raises InvalidRecipe."""
    return Integer(0, 0, MAX_SAFE_INTEGER).read("seed", seed)


def recipe_hash(recipe: Recipe, seed: int) -> str:
    """sha256 (lower-case hex) over the RFC 8785 form of `{"recipe": ..., "seed": ...}`. A bad seed: InvalidRecipe."""
    return hashlib.sha256(rfc8785.dumps({"recipe": recipe.as_dict(), "seed": check_seed(seed)})).hexdigest()
