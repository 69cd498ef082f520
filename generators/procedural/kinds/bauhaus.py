"""Recursive subdivision: a tilted plan of rectangles, each with one plain shape, printed on rough paper."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.procedural.canvas import Image, Pixels, Sheet, develop, lerp, tooth
from generators.procedural.dice import Dice
from generators.procedural.scene import Kind, Scene
from generators.recipe import Integer, Number

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Draws in the plan's own coordinates: the sheet lies turned and shifted over it."""

    sheet: Sheet
    turn: Points  # float64[2, 2]
    shift: Points  # float64[2]

    def fill(self, points: Points, colour: Image) -> None:
        self.sheet.polygon(points @ self.turn.T + self.shift, colour)

    def line(self, points: Points, colour: Image, width: float) -> None:
        self.sheet.line(points @ self.turn.T + self.shift, colour, width)


@dataclass(frozen=True, slots=True)
class _Cell:
    x: float
    y: float
    width: float
    height: float

    @property
    def short(self) -> float:
        return min(self.width, self.height)

    def at(self, points: Points) -> Points:
        """From the unit square to the cell."""
        return np.asarray(points * np.array([self.width, self.height]) + np.array([self.x, self.y]))

    @property
    def outline(self) -> Points:
        return self.at(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float))


def draw(scene: Scene) -> Pixels:
    """Divide, fill, press onto paper."""
    frame, dice = scene.frame, scene.dice.split("plan")
    angle = dice.uniform(-0.6, 0.6) * scene.recipe.number("tilt") + (np.pi / 4 if dice.chance(0.25) else 0.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sheet = Sheet(frame, scene.palette.paper)
    plan = _Plan(sheet, turn, np.array([frame.right, frame.bottom]) / 2)
    reach = (frame.right**2 + frame.bottom**2) ** 0.5 + 0.2
    cells = _divide(_Cell(-reach / 2, -reach / 2, reach, reach), dice, scene.recipe.integer("depth"))
    for cell in cells:
        _fill(plan, cell, scene, dice)
    return develop(sheet.image(), scene.dice, grain=0.034, texture=tooth(frame, scene.dice))


def _divide(cell: _Cell, dice: Dice, depth: int) -> list[_Cell]:
    """Split across the longer side, seldom in the middle, until small or spared."""
    if depth == 0 or cell.short < 0.07 or (cell.short < 0.32 and dice.chance(0.12)):
        return [cell]
    at = dice.uniform(0.3, 0.7)
    if cell.width * dice.uniform(0.8, 1.25) > cell.height:
        first = _Cell(cell.x, cell.y, cell.width * at, cell.height)
        second = _Cell(cell.x + first.width, cell.y, cell.width - first.width, cell.height)
    else:
        first = _Cell(cell.x, cell.y, cell.width, cell.height * at)
        second = _Cell(cell.x, cell.y + first.height, cell.width, cell.height - first.height)
    return _divide(first, dice, depth - 1) + _divide(second, dice, depth - 1)


def _fill(plan: _Plan, cell: _Cell, scene: Scene, dice: Dice) -> None:
    """One ground, one shape, both from the palette; some cells stay plain."""
    inks = np.concatenate([scene.palette.colours, scene.palette.spot[None]])
    weights = np.repeat(np.arange(7), [2, 3, 3, 3, 3, 4, 1])
    ground, first, second = inks[weights[dice.integers(3, 0, len(weights))]]
    plan.fill(cell.outline, ground)
    if dice.chance(scene.recipe.number("calm")) or np.abs(first - ground).sum() < 0.15:
        return
    shape: Callable[[_Plan, _Cell, Dice, tuple[Image, Image]], None] = dice.pick(_SHAPES)
    shape(plan, cell, dice, (first, second if np.abs(second - first).sum() > 0.15 else lerp(first, ground, 0.5)))


def _arc(start: float, sweep: float, radius: float = 1.0) -> Points:
    angle = start + np.linspace(0, sweep, 65)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _fan(plan: _Plan, cell: _Cell, dice: Dice, inks: tuple[Image, Image]) -> None:
    """Quarter rings about a corner."""
    corner = np.array([dice.integer(0, 2), dice.integer(0, 2)], float)
    towards = 1 - 2 * corner
    count = dice.integer(1, 6)
    for number in range(count):
        pie = np.concatenate([[[0, 0]], _arc(0, np.pi / 2, cell.short * (1 - number / count))]) * towards
        plan.fill(pie + cell.at(corner[None])[0], inks[number % 2])


def _target(plan: _Plan, cell: _Cell, dice: Dice, inks: tuple[Image, Image]) -> None:
    """A disc, or rings."""
    centre, radius = cell.at(np.array([[0.5, 0.5]]))[0], cell.short * dice.uniform(0.3, 0.47)
    count = dice.integer(1, 4)
    for number in range(count):
        plan.fill(centre + _arc(0, 2 * np.pi, radius * (1 - number / count)), inks[number % 2])


def _dome(plan: _Plan, cell: _Cell, dice: Dice, inks: tuple[Image, Image]) -> None:
    """Half discs, back to back or as a wave."""
    start, radius = dice.integer(0, 4) * np.pi / 2, cell.short * 0.46
    centre = cell.at(np.array([[0.5, 0.5]]))[0]
    plan.fill(centre + _arc(start, np.pi, radius), inks[0])
    if dice.chance(0.5):
        plan.fill(centre + _arc(start + np.pi, np.pi, radius * 0.6), inks[1])


def _wedge(plan: _Plan, cell: _Cell, dice: Dice, inks: tuple[Image, Image]) -> None:
    """A triangle over half of the cell, and perhaps its answer."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    first = dice.integer(0, 4)
    plan.fill(cell.at(corners[np.array([first, first + 1, first + 2]) % 4]), inks[0])
    if dice.chance(0.4):
        small = corners[np.array([first + 2, first + 3, first]) % 4]
        plan.fill(cell.at(small * 0.55 + small.mean(axis=0) * 0.45), inks[1])


def _stripes(plan: _Plan, cell: _Cell, dice: Dice, inks: tuple[Image, Image]) -> None:
    """Bars of uneven widths along one side."""
    edges = np.sort(dice.uniforms(2 * dice.integer(2, 6)))
    for low, high in edges.reshape(-1, 2):
        bar = np.array([[low, 0], [high, 0], [high, 1], [low, 1]])
        plan.fill(cell.at(bar if cell.width > cell.height else bar[:, ::-1]), inks[0])


def _leaf(plan: _Plan, cell: _Cell, dice: Dice, inks: tuple[Image, Image]) -> None:
    """Where two quarter discs overlap."""
    t = np.linspace(0, np.pi / 2, 48)
    blade = np.concatenate([np.stack([np.sin(t), 1 - np.cos(t)], 1), np.stack([1 - np.sin(t), np.cos(t)], 1)])
    if dice.chance(0.5):
        blade = np.stack([1 - blade[:, 0], blade[:, 1]], axis=1)
    plan.fill(cell.at(blade), inks[0])
    plan.fill(cell.at(blade * 0.5 + 0.25), inks[1])


def _strings(plan: _Plan, cell: _Cell, dice: Dice, inks: tuple[Image, Image]) -> None:
    """Threads between two sides: an envelope curve."""
    turned = dice.chance(0.5)
    for t in np.linspace(0, 1, dice.integer(8, 18)):
        ends = np.array([[t, 0], [1, t]]) if turned else np.array([[0, t], [t, 1]])
        plan.line(cell.at(ends), inks[0], 0.0022)


_SHAPES: Final = (_fan, _fan, _target, _dome, _wedge, _stripes, _leaf, _strings)

KIND: Final = Kind(
    name="bauhaus",
    summary="a tilted plan of plain shapes",
    fields={
        "depth": Integer(7, 2, 10),
        "tilt": Number(1.0, 0.0, 1.0),
        "calm": Number(0.25, 0.0, 0.9),
    },
    draw=draw,
)
