"""Suminagashi and ebru: drops of ink on water, then combs drawn through them.

Jaffer and Lu et al., "Mathematical Marbling" (IEEE CG&A 2012): a drop of radius r at c moves every older point p to
c + (p - c) sqrt(1 + r^2 / |p - c|^2); a comb line moves it along the line by z / (1 + (d / width)^2). Outlines are
carried along as polygons; sqrt and division are exact in IEEE 754.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.procedural.canvas import Image, Pixels, Sheet, develop, lerp, tooth
from generators.procedural.dice import Dice
from generators.procedural.scene import Kind, Scene
from generators.recipe import Choice, Integer, Number

_VERTICES: Final = 1000
_STYLES: Final = ("suminagashi", "comb", "stone", "swirl")

Outlines = NDArray[np.float64]


def draw(scene: Scene) -> Pixels:
    """Drop, comb, lay the paper on."""
    dice = scene.dice.split("bath")
    style = scene.style("style", _STYLES)
    centres, radii, colours = _drops(scene, dice, style)
    outlines = _spread(centres, radii)
    for _ in range(scene.recipe.integer("combs") if style != "stone" else 1):
        outlines = _comb(outlines, dice, style, scene.recipe.number("strength"))
    sheet = Sheet(scene.frame, scene.palette.paper)
    for outline, colour in zip(outlines, colours, strict=True):
        sheet.polygon(outline, colour)
    return develop(sheet.image(), scene.dice, grain=0.026, texture=tooth(scene.frame, scene.dice))


def _drops(scene: Scene, dice: Dice, style: str) -> tuple[Outlines, NDArray[np.float64], Image]:
    """Where each drop falls, its radius, its colour; oldest first."""
    frame, count = scene.frame, scene.recipe.integer("drops")
    size = np.array([frame.right, frame.bottom])
    inks = np.concatenate([scene.palette.colours, scene.palette.spot[None]])
    if style == "suminagashi":
        wells = dice.uniforms(2 * dice.integer(3, 7), 0.05, 0.95).reshape(-1, 2) * size
        well = dice.integers(count, 0, len(wells))
        centres = wells[well] + 0.008 * dice.bells(2 * count).reshape(-1, 2)
        ink = dice.integers(count, 0, 3)
        rank = np.arange(count) // len(wells)
        colours = np.where((rank % 2 == 0)[:, None], inks[np.array([0, 1, 6])][ink], lerp(inks[5], inks[4], 0.25))
        return centres, dice.uniforms(count, 0.045, 0.1), np.asarray(colours, np.float32)
    centres = dice.uniforms(2 * count, -0.1, 1.1).reshape(-1, 2) * size
    radii = dice.uniforms(count) ** 2.5 * 0.12 + 0.012
    weight = np.array([1, 2, 3, 3, 2, 2, 1])
    order = np.repeat(np.arange(7), weight)
    return centres, radii * (size.prod() ** 0.5), inks[order[dice.integers(count, 0, len(order))]]


def _spread(centres: Outlines, radii: NDArray[np.float64]) -> Outlines:
    """Let the drops fall one after another; float64[n, vertices, 2]."""
    angle = np.arange(_VERTICES) * (2 * np.pi / _VERTICES)
    circle = np.round(np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 << 24)) / (1 << 24)
    out = np.empty((len(centres), _VERTICES, 2))
    for number, (centre, radius) in enumerate(zip(centres, radii, strict=True)):
        older = out[:number]
        older -= centre
        squared = older[..., 0] ** 2 + older[..., 1] ** 2
        older *= np.sqrt(1 + radius * radius / np.maximum(squared, 1e-9))[..., None]
        older += centre
        out[number] = circle * radius + centre
    return out


def _comb(outlines: Outlines, dice: Dice, style: str, strength: float) -> Outlines:
    """One pass of a comb, a stylus, or a breath over the bath."""
    if style == "comb":
        return _tines(outlines, dice, strength)
    centre, reach = dice.uniforms(2, 0.1, 0.9), dice.uniform(0.10, 0.4)
    offset = outlines - centre
    distance = np.sqrt(offset[..., 0] ** 2 + offset[..., 1] ** 2)
    angle = dice.uniform(0.5, 1.3) * (1 if dice.chance(0.5) else -1) * strength / (1 + (distance / reach) ** 4)
    angle *= 3.0 if style == "swirl" else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack(
        [offset[..., 0] * cos - offset[..., 1] * sin, offset[..., 0] * sin + offset[..., 1] * cos], axis=-1
    )
    return np.asarray(turned + centre)


def _tines(outlines: Outlines, dice: Dice, strength: float) -> Outlines:
    """Parallel tines, `gap` apart: neighbours pull the same way, or to and fro."""
    angle, gap = dice.uniform(0, 2 * np.pi), dice.uniform(0.06, 0.22)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = outlines[..., 0] * -along[1] + outlines[..., 1] * along[0]
    lane = across / gap + dice.uniform()
    side = np.floor(lane)
    off = np.abs(lane - side - 0.5)  # 0 on a tine, 0.5 between two
    pull = 1 / (1 + (off / 0.16) ** 2) - 1 / (1 + (0.5 / 0.16) ** 2)
    if dice.chance(0.5):
        pull = pull * np.where(side % 2 == 0, 1.0, -1.0)
    return np.asarray(outlines + along * (pull * dice.uniform(0.7, 1.3) * gap * 1.6 * strength)[..., None])


KIND: Final = Kind(
    name="marbling",
    summary="ink on water, combed and lifted onto paper",
    fields={
        "style": Choice("auto", ("auto", *_STYLES)),
        "drops": Integer(170, 20, 240),
        "combs": Integer(3, 0, 8),
        "strength": Number(1.0, 0.0, 2.0),
    },
    draw=draw,
)
