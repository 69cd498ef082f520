"""The kinds: the same everywhere, never flat, always different, at any size."""

import hashlib
import itertools
import json
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from generators import ALGORITHMIC_MEDIA, InvalidRecipe, recipe_hash
from generators.procedural import ProceduralGenerator
from generators.procedural.kinds import KINDS
from generators.recipe import Choice, Integer

GENERATOR = ProceduralGenerator()
GOLDEN = Path(__file__).with_name("golden.json")
QUICK = {
    "reaction-diffusion": {"steps": 400, "cells": 96},
    "flow-field": {"reach": 0.3},
    "attractor": {"millions": 4},
    "marbling": {"drops": 80},
}
KIND_NAMES = GENERATOR.kinds


def recipe(kind, **fields):
    return {"generator": "procedural", "kind": kind, "width": 256, "height": 256, **QUICK.get(kind, {}), **fields}


@lru_cache(maxsize=64)
def make(kind, seed=1, **fields):
    return GENERATOR.make(recipe(kind, **fields), seed=seed)


def thumbnail(pixels):
    """uint8[8, 8, 3]: block means, coarse enough to be the same on every machine to a level or two."""
    height, width = pixels.shape[0] // 8 * 8, pixels.shape[1] // 8 * 8
    blocks = pixels[:height, :width].reshape(8, height // 8, 8, width // 8, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def digests():
    """sha256 of every kind's pixels; also run in another process by a test below."""
    return {kind: hashlib.sha256(make(kind).pixels.tobytes()).hexdigest() for kind in KIND_NAMES}


def test_at_least_six_kinds():
    assert len(KIND_NAMES) == len(KINDS) == 10
    assert list(KIND_NAMES) == sorted(KIND_NAMES)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_golden_thumbnail(kind):
    """The picture of version 1, seed 1. Changed on purpose? Raise VERSION, then run tests/unit/generators/golden.py."""
    golden = np.frombuffer(bytes.fromhex(json.loads(GOLDEN.read_text())[kind]), np.uint8).reshape(8, 8, 3)
    difference = np.abs(thumbnail(make(kind).pixels).astype(int) - golden)
    assert difference.max() <= 3


def test_bit_for_bit_without_the_fast_instruction_sets():
    """Another process, one thread, and NumPy and OpenCV held to their oldest code paths: as on another machine."""
    slow = {
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 X86_V3 AVX512_ICL AVX512_SPR AVX2 FMA3 AVX512F AVX512_SKX",
        "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,AVX,FP16,FMA3,SSE4.2,SSE4.1",
        "OMP_NUM_THREADS": "1",
    }
    code = "import json, tests.unit.generators.test_procedural as t; print(json.dumps(t.digests()))"
    path = os.pathsep.join(filter(None, sys.path))
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, **slow, "PYTHONPATH": path},
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(answer.stdout) == digests()


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_seeds_differ(kind):
    first, second = (make(kind, seed).pixels.astype(int) for seed in (1, 2))
    assert np.abs(first - second).mean() > 8


ALL_PAIRS = list(itertools.product(KIND_NAMES, GENERATOR.palettes))
SOME_PAIRS = [(KIND_NAMES[index % len(KIND_NAMES)], palette) for index, palette in enumerate(GENERATOR.palettes)]


@pytest.mark.parametrize(
    ("kind", "palette"),
    [pytest.param(*pair, marks=[] if pair in SOME_PAIRS else [pytest.mark.slow]) for pair in ALL_PAIRS],
)
def test_every_palette_gives_a_picture(kind, palette):
    pixels = make(kind, 3, palette=palette).pixels
    grey = pixels.mean(axis=2)
    assert pixels.dtype == np.uint8
    assert grey.std() > 12, "not flat"
    blocks = grey.reshape(8, 32, 8, 32).transpose(0, 2, 1, 3).reshape(64, -1)
    assert (blocks.std(axis=1) > 1.0).all(), "no empty corner: every part has texture"
    assert len(np.unique(pixels.reshape(-1, 3) >> 4, axis=0)) > 20


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(("width", "height"), [(257, 389)])
def test_shapes(kind, width, height):
    assert make(kind, width=width, height=height).pixels.shape == (height, width, 3)


@pytest.mark.parametrize("kind", [kind for kind in KIND_NAMES if kind != "attractor"])
def test_the_composition_does_not_depend_on_the_size(kind):
    small, large = (thumbnail(make(kind, 4, width=side, height=side).pixels).astype(int) for side in (256, 512))
    assert np.corrcoef(small.ravel(), large.ravel())[0, 1] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["attractor", "marbling", "mist"])
def test_the_largest_size(kind):
    pixels = make(kind, width=4096, height=4096, **({"millions": 1} if kind == "attractor" else {})).pixels
    assert pixels.shape == (4096, 4096, 3)
    assert pixels.std() > 12


def extremes(kind):
    """Every field of a kind at each end of its range, or at each word."""
    for name, field in KINDS[kind].fields.items():
        values = field.options if isinstance(field, Choice) else (field.low, field.high)
        for value in values:
            yield name, value


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(kind, *pair) for kind in KIND_NAMES for pair in extremes(kind) if pair[0] not in QUICK.get(kind, {})],
)
def test_every_field_at_its_ends(kind, name, value):
    pixels = make(kind, 5, **{name: value}).pixels
    assert pixels.shape == (256, 256, 3)
    assert pixels.std() > 5


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_number_changes_the_picture(kind):
    """A field without effect would be a lie in the recipe."""
    usual = make(kind, 6).pixels
    for name, field in KINDS[kind].fields.items():
        if not isinstance(field, Choice):
            asked = QUICK.get(kind, {}).get(name, field.default)
            value = field.low if asked != field.low else field.high
            assert not np.array_equal(make(kind, 6, **{name: value}).pixels, usual), name


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "oil-on-canvas"}, "kind"),
        ({"kind": 3}, "kind"),
        ({"generator": "other"}, "generator"),
        ({"width": 255}, "width"),
        ({"height": 4097}, "height"),
        ({"width": 512.0}, "width"),
        ({"width": True}, "width"),
        ({"palette": "neon"}, "palette"),
        ({"version": 2}, "version"),
        ({"tilt": 2.0}, "tilt"),
        ({"turbulence": 1.0}, "turbulence"),
    ],
)
def test_a_wrong_field_is_named(fields, field):
    with pytest.raises(InvalidRecipe) as caught:
        GENERATOR.make({**recipe("bauhaus"), **fields}, seed=1)
    assert caught.value.field == field


def test_the_kind_is_needed():
    with pytest.raises(InvalidRecipe, match="kind must be one of agate, attractor"):
        GENERATOR.make({"generator": "procedural"}, seed=1)


def test_the_artwork_knows_its_recipe():
    artwork = make("bauhaus", 9, palette="dusk")
    assert artwork.seed == 9
    assert artwork.recipe.as_dict() == {
        "generator": "procedural",
        "version": 1,
        "kind": "bauhaus",
        "width": 256,
        "height": 256,
        "palette": "dusk",
        "depth": 7,
        "tilt": 1.0,
        "calm": 0.25,
    }
    assert artwork.recipe_hash == recipe_hash(artwork.recipe, 9)
    assert artwork.recipe_hash == "e836bb92bc172aef8079a1f39b0e27f288f5afd1a62faf6fda77c7cf1c4cc071"
    assert artwork.digital_source_type == ALGORITHMIC_MEDIA


def test_defaults_are_1024_square_and_the_seed_picks_the_palette():
    full = GENERATOR.complete({"generator": "procedural", "kind": "bauhaus"})
    assert (full.get("width"), full.get("height"), full.get("palette")) == (1024, 1024, "auto")


def test_fields_and_summaries_describe_every_kind():
    for kind in KIND_NAMES:
        assert GENERATOR.fields(kind)["width"] == Integer(1024, 256, 4096)
        assert GENERATOR.summary(kind)
    with pytest.raises(InvalidRecipe):
        GENERATOR.fields("oil-on-canvas")
