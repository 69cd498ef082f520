"""A meadow of invented plants, grown by recursion (Prusinkiewicz and Lindenmayer, "The Algorithmic Beauty of Plants"):
pale ones far away, rich ones near, against an evening sky or plain paper."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.procedural.canvas import Image, Pixels, Sheet, develop, lerp, tooth
from generators.procedural.dice import Dice
from generators.procedural.noise import Noise
from generators.procedural.palette import blend
from generators.procedural.scene import Kind, Scene
from generators.recipe import Choice, Integer

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Brush:
    """Colours of one plant, already faded for its distance; `size` in units is its height."""

    sheet: Sheet
    dice: Dice
    stem: Image
    leaf: Image
    bloom: Image
    heart: Image
    size: float

    def taper(self, spine: Points, width: float) -> None:
        """A stem that thins toward its tip."""
        across = _normals(spine) * (np.linspace(1.0, 0.25, len(spine)) * width / 2)[:, None]
        self.sheet.polygon(np.concatenate([spine + across, (spine - across)[::-1]]), self.stem)

    def blade(self, foot: Points, tip: Points, width: float, colour: Image) -> None:
        """A leaf or petal from foot to tip, a little bent, its far half darker, with a midrib."""
        t = np.linspace(0, 1, 17)
        bend = self.dice.bell() * 0.08
        axis, side = tip - foot, np.array([foot[1] - tip[1], tip[0] - foot[0]])
        spine = foot + axis * t[:, None] + side * (bend * t * (1 - t) * 4)[:, None]
        half = side * (width * np.sqrt(t) * (1 - t) ** 0.8 * 1.6)[:, None]
        self.sheet.polygon(np.concatenate([spine + half, (spine - half)[::-1]]), colour)
        self.sheet.polygon(np.concatenate([spine, (spine - half)[::-1]]), lerp(colour, self.stem, 0.28))
        self.sheet.line(spine[:-2], lerp(colour, self.stem, 0.5), 0.0011)


def draw(scene: Scene) -> Pixels:
    """Ground, then plants from the far ones to the near ones."""
    frame, dice = scene.frame, scene.dice.split("meadow")
    ground, haze = _ground(scene, dice)
    sheet = Sheet(frame, ground)
    count = round(scene.recipe.integer("plants") * frame.right)
    places = (np.arange(count) + dice.uniforms(count, 0.05, 0.95)) / count
    nearness = np.sort(dice.uniforms(count))
    species = dice.order(len(_SPECIES))[: dice.integer(2, 5)]
    for place, near in zip(places[dice.order(count)], nearness, strict=True):
        grow = _SPECIES[int(species[dice.integer(0, len(species))])]
        foot = np.array([place * frame.right * 1.1 - 0.05, frame.bottom + 0.04 + 0.10 * near])
        brush = _brush(scene, sheet, dice, haze=haze, near=float(near))
        grow(brush, foot)
    return develop(sheet.image(), scene.dice, grain=0.028, texture=tooth(frame, scene.dice))


def _ground(scene: Scene, dice: Dice) -> tuple[Image, Image]:
    """The backdrop float32[h, w, 3], and the colour that far plants fade to."""
    frame, inks = scene.frame, scene.palette.colours
    x, y = frame.grid(2)
    cloud = frame.enlarge(Noise(dice.split("wash")).fractal(x * np.float32(1.5), y * np.float32(2.4), 4), 2)
    sky = scene.style("backdrop", ("paper", "dusk", "night"))
    stops = {
        "paper": [inks[5], inks[5], lerp(inks[5], inks[4], 0.6)],
        "dusk": [inks[2], inks[3], inks[4], inks[5]],
        "night": [inks[0], lerp(inks[0], inks[1], 0.5), inks[1], lerp(inks[1], inks[2], 0.6)],
    }[sky]
    full_x, full_y = frame.grid()
    level = np.clip(full_y / np.float32(frame.bottom) + np.float32(0.07) * cloud, 0, 1)
    image = blend(np.stack(stops), 2048)[(level * np.float32(2047)).astype(np.int64)]
    cx, cy, radius = (
        dice.uniform(0.15, 0.85) * frame.right,
        dice.uniform(0.15, 0.5) * frame.bottom,
        dice.uniform(0.07, 0.2),
    )
    away = np.sqrt((full_x - np.float32(cx)) ** 2 + (full_y - np.float32(cy)) ** 2)
    disc = np.clip((np.float32(radius) - away) * np.float32(frame.unit) + np.float32(0.5), 0, 1)
    moon = lerp(inks[4], scene.palette.spot, 0.6) if sky == "paper" else inks[5]
    return lerp(image, moon, disc * np.clip(np.float32(0.9) + np.float32(0.12) * cloud, 0, 1)), np.asarray(
        stops[-1], np.float32
    )


def _brush(scene: Scene, sheet: Sheet, dice: Dice, *, haze: Image, near: float) -> _Brush:
    """A plant's colours and height: the farther, the paler and lower."""
    inks, fade = scene.palette.colours, 0.72 * (1 - near) ** 1.3
    warm = np.concatenate([inks[2:5], scene.palette.spot[None]])
    pick = dice.integers(3, 0, 4)
    stem, leaf = inks[0], lerp(inks[1], inks[2], dice.uniform(0, 0.6))
    colours = (stem, leaf, warm[pick[0]], warm[pick[1]] if pick[0] != pick[1] else inks[5])
    faded = [lerp(colour, haze, fade) for colour in colours]
    size = (0.5 + 0.5 * near) * dice.uniform(0.6, 1.12) * min(scene.frame.bottom, 1.25)
    return _Brush(sheet, dice, faded[0], faded[1], faded[2], faded[3], size)


def _normals(spine: Points) -> Points:
    ahead = np.gradient(spine, axis=0)
    length = np.sqrt((ahead**2).sum(axis=1, keepdims=True) + 1e-12)
    return np.asarray(np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / length)


def _spine(dice: Dice, foot: Points, angle: float, length: float, *, sag: float = 0.25) -> Points:
    """A bent line, float64[25, 2]; `angle` 0 is up, its curvature grows toward the tip."""
    t = np.linspace(0, 1, 25)
    heading = angle + sag * dice.bell() * t**1.5 + 0.1 * dice.bell() * t
    steps = np.stack([np.sin(heading), -np.cos(heading)], axis=1) * (length / 24)
    return np.asarray(foot + np.concatenate([np.zeros((1, 2)), np.cumsum(steps[:-1], axis=0)]))


def _toward(angle: float, length: float) -> Points:
    return length * np.array([np.sin(angle), -np.cos(angle)])


def _heading(spine: Points, at: int) -> float:
    before, after = spine[max(0, at - 1)], spine[min(len(spine) - 1, at + 1)]
    return float(np.arctan2(after[0] - before[0], before[1] - after[1]))


def _foliage(brush: _Brush, spine: Points, first: int, spread: float, size: float) -> None:
    """Leaves on alternate sides, smaller toward the tip."""
    for number, at in enumerate(range(first, 21, 2)):
        angle = _heading(spine, at) + (spread if number % 2 else -spread) * (1 - 0.3 * at / 24)
        length = size * (1.1 - at / 26)
        brush.blade(spine[at], spine[at] + _toward(angle, length), 0.2, brush.leaf)


def _flower(brush: _Brush, at: Points, radius: float, petals: int) -> None:
    """Petals around a heart, seen a little from the side."""
    turn, squash = brush.dice.uniform(0, 6.28), brush.dice.uniform(0.6, 1.0)
    for number in range(petals):
        angle = turn + number * 2 * np.pi / petals
        tip = at + np.array([np.cos(angle), np.sin(angle) * squash]) * radius
        brush.blade(at, tip, 1.9 / petals, lerp(brush.bloom, brush.heart, 0.22 * (number % 2)))
    brush.sheet.disc((float(at[0]), float(at[1])), radius * 0.24, brush.heart)
    for angle in np.arange(9) * 2.4:
        dot = at + np.array([np.cos(angle), np.sin(angle)]) * radius * 0.15
        brush.sheet.disc((float(dot[0]), float(dot[1])), radius * 0.035, brush.stem)


def _daisy(brush: _Brush, foot: Points) -> None:
    dice = brush.dice
    spine = _spine(dice, foot, dice.bell() * 0.1, brush.size)
    brush.taper(spine, 0.009 * brush.size + 0.002)
    _foliage(brush, spine, dice.integer(3, 7), 0.8, brush.size * 0.2)
    _flower(brush, spine[-1], brush.size * dice.uniform(0.13, 0.22), dice.integer(8, 19))


def _umbel(brush: _Brush, foot: Points) -> None:
    """Rays on rays, each with a floret: wild carrot."""
    dice = brush.dice
    spine = _spine(dice, foot, dice.bell() * 0.1, brush.size * 0.9)
    brush.taper(spine, 0.010 * brush.size + 0.002)
    _foliage(brush, spine, 4, 0.7, brush.size * 0.16)
    for angle in np.linspace(-1.1, 1.1, dice.integer(11, 18)):
        ray = _spine(dice, spine[-1], _heading(spine, 24) + angle, brush.size * 0.2 * (1 - 0.16 * angle**2), sag=0.1)
        brush.sheet.line(ray, brush.stem, 0.0016)
        for small in np.linspace(-1.2, 1.2, 7):
            tip = ray[-1] + _toward(_heading(ray, 24) + small, brush.size * 0.035)
            brush.sheet.line(np.stack([ray[-1], tip]), brush.stem, 0.0009)
            brush.sheet.disc((float(tip[0]), float(tip[1])), brush.size * dice.uniform(0.006, 0.012), brush.bloom)


def _fern(brush: _Brush, foot: Points) -> None:
    dice = brush.dice
    spine = _spine(dice, foot, dice.bell() * 0.25, brush.size * 0.85, sag=0.6)
    brush.taper(spine, 0.008 * brush.size + 0.002)
    for at in range(3, 25):
        for side in (-1, 1):
            length = brush.size * 0.30 * (1 - ((at - 9) / 17) ** 2)
            angle = _heading(spine, at) + side * 1.15
            brush.blade(spine[at], spine[at] + _toward(angle, length), 0.11, lerp(brush.leaf, brush.bloom, at / 60))


def _grass(brush: _Brush, foot: Points) -> None:
    """Arching blades and a nodding ear."""
    dice = brush.dice
    for _ in range(dice.integer(4, 8)):
        spine = _spine(dice, foot, dice.bell() * 0.22, brush.size * dice.uniform(0.4, 0.95), sag=0.6)
        brush.taper(spine, 0.012 * brush.size)
    spine = _spine(dice, foot, dice.bell() * 0.12, brush.size, sag=0.5)
    brush.taper(spine, 0.006 * brush.size)
    for at in range(15, 25):
        for side in (-0.5, 0.5):
            tip = spine[at] + _toward(_heading(spine, at) + side, brush.size * 0.06)
            brush.blade(spine[at], tip, 0.22, brush.bloom)


def _branching(brush: _Brush, foot: Points) -> None:
    """A bush by recursion, berries at its tips."""

    def branch(at: Points, angle: float, length: float, depth: int) -> None:
        spine = _spine(brush.dice, at, angle, length, sag=0.3)
        brush.taper(spine, 0.0035 * depth * brush.size + 0.001)
        if depth == 1:
            brush.blade(spine[12], spine[12] + _toward(angle + 0.8, length * 0.6), 0.24, brush.leaf)
            brush.sheet.disc(
                (float(spine[-1][0]), float(spine[-1][1])), brush.size * brush.dice.uniform(0.009, 0.016), brush.bloom
            )
            return
        for turn in (-0.5, 0.08, 0.55):
            start = spine[-1] if turn != 0.55 else spine[15]
            branch(start, _heading(spine, 24) + turn * brush.dice.uniform(0.6, 1.3), length * 0.62, depth - 1)

    branch(foot, brush.dice.bell() * 0.08, brush.size * 0.48, 4)


_SPECIES: Final[tuple[Callable[[_Brush, Points], None], ...]] = (_daisy, _umbel, _fern, _grass, _branching)

KIND: Final = Kind(
    name="botanical",
    summary="a meadow of invented plants",
    fields={
        "plants": Integer(17, 3, 40),
        "backdrop": Choice("auto", ("auto", "paper", "dusk", "night")),
    },
    draw=draw,
)
