"""docs/generators.md names every kind, field, range, word and palette as they are."""

from pathlib import Path

import pytest

from generators.procedural import ProceduralGenerator
from generators.procedural.generator import MAX_SIDE, MIN_SIDE, VERSION
from generators.procedural.kinds import KINDS
from generators.recipe import MAX_FIELDS, MAX_TEXT, Choice

DOC = (Path(__file__).parents[3] / "docs" / "generators.md").read_text(encoding="utf-8")


def spelled(name, field):
    if isinstance(field, Choice):
        return f"`{name}` {' / '.join(field.options)}"
    return f"`{name}` {field.low:g} to {field.high:g} ({field.default:g})"


@pytest.mark.parametrize("kind", ProceduralGenerator().kinds)
def test_the_row_of_a_kind(kind):
    fields = "; ".join(spelled(name, field) for name, field in KINDS[kind].fields.items())
    assert f"| `{kind}` | {KINDS[kind].summary} | {fields} |" in DOC


def test_palettes_limits_and_version():
    assert ", ".join(f"`{name}`" for name in ProceduralGenerator().palettes) in DOC
    assert f"{MIN_SIDE} to {MAX_SIDE}" in DOC
    assert f"`version` ({VERSION})" in DOC
    assert f"at most {MAX_FIELDS} fields, {MAX_TEXT} characters" in DOC


def test_the_picture_is_there_and_small():
    sheet = Path(__file__).parents[3] / "docs" / "images" / "procedural.jpg"
    assert 20_000 < sheet.stat().st_size <= 250 * 1024
