"""Stained glass: panes are the Voronoi cells of points that are laid out as a sun, a rose, waves or shards."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from generators.procedural.canvas import BLACK, WHITE, Frame, Image, Pixels, Sheet, develop, lerp
from generators.procedural.dice import Dice
from generators.procedural.noise import Noise
from generators.procedural.scene import Kind, Scene
from generators.recipe import Choice, Integer, Number

_MOTIFS: Final = ("sun", "rose", "waves", "shards")

Points = NDArray[np.float64]


def draw(scene: Scene) -> Pixels:
    """Lay out, colour, light the panes, lay the lead."""
    frame, dice = scene.frame, scene.dice.split("panes")
    motif = scene.style("motif", _MOTIFS)
    heart = np.array([dice.uniform(0.2, 0.8) * frame.right, dice.uniform(0.2, 0.75) * frame.bottom])
    panes = _panes(_layout(scene, dice, motif, heart))
    colours = _colours(scene, dice, motif, np.stack([_middle(pane) for pane in panes]), heart)
    label = _labels(frame, panes)
    image = _glass(scene, dice, panes, colours, label)
    return develop(_lead(scene, image, panes, heart), scene.dice, grain=0.022)


def _layout(scene: Scene, dice: Dice, motif: str, heart: Points) -> Points:
    """Pane centres, float64[n, 2], reaching beyond the picture on all sides."""
    frame, count = scene.frame, scene.recipe.integer("panes")
    gap = (frame.right * frame.bottom / count) ** 0.5
    if motif in ("sun", "rose"):
        return _rings(dice, heart, gap, dice.uniform(0.55, 0.8) if motif == "sun" else 1.0)
    extent = np.array([frame.right, frame.bottom])
    if motif == "waves":
        return _swell(dice, extent + 1, gap)
    points = dice.uniforms(2 * int((extent + 1).prod() / gap**2)).reshape(-1, 2) * (extent + 1) - 0.5
    squeeze = np.sqrt(((points - heart) ** 2).sum(axis=1, keepdims=True))
    return np.asarray(heart + (points - heart) * np.minimum(1.0, 0.35 + squeeze))


def _swell(dice: Dice, extent: Points, gap: float) -> Points:
    """Rows of upright panes, every other one shifted, lifted and lowered by noise."""
    columns, rows = int(extent[0] / gap / 0.6), int(extent[1] / gap * 0.62)
    across, down = np.arange(columns) / columns * extent[0] - 0.5, np.arange(rows) / rows * extent[1] - 0.5
    x, y = np.meshgrid(across, down)
    x = x + (np.arange(rows)[:, None] % 2) * gap * 0.3
    lift = Noise(dice.split("swell")).fractal((x * 1.2).astype(np.float32), (y * 0.8).astype(np.float32), 2)
    points = np.stack([x, y + 0.30 * lift], axis=-1).reshape(-1, 2)
    return np.asarray(points + 0.12 * gap * dice.bells(points.size).reshape(-1, 2))


def _rings(dice: Dice, heart: Points, gap: float, swirl: float) -> Points:
    """Rings about the heart, each with a whole number of panes, every other one turned by half a pane."""
    parts, radius, turn = [heart[None]], 0.0, 0.0
    petals = dice.integer(7, 15)
    while radius < 2.4:
        radius += gap * (0.9 + 0.5 * radius * dice.uniform(0.6, 1.2)) * (0.75 if swirl == 1.0 else 1.0)
        around = petals * max(1, round(2 * np.pi * radius / gap / petals * swirl))
        turn += np.pi / around + (dice.uniform(-0.05, 0.05) if swirl == 1.0 else 0.12)
        angle = np.arange(around) * (2 * np.pi / around) + turn
        ring = heart + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        parts.append(ring + 0.05 * gap * dice.bells(2 * around).reshape(-1, 2))
    return np.concatenate(parts)


def _panes(points: Points) -> list[Points]:
    """The bounded Voronoi cells near the picture, as outlines."""
    diagram = Voronoi(np.round(points * (1 << 20)) / (1 << 20))
    regions = [diagram.regions[number] for number in diagram.point_region]
    outlines = [diagram.vertices[region] for region in regions if region and -1 not in region]
    return [outline for outline in outlines if np.abs(outline).max() < 6]


def _middle(pane: Points) -> Points:
    return np.asarray(pane.mean(axis=0))


def _labels(frame: Frame, panes: list[Points]) -> NDArray[np.int32]:
    """Which pane a pixel shows, int32[h, w]; the lead hides the seams."""
    label = np.zeros((frame.height, frame.width), np.int32)
    for number, pane in enumerate(panes):
        corners = np.round((pane * frame.unit - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(label, [corners], number, cv2.LINE_8, 4)
    return label


def _colours(scene: Scene, dice: Dice, motif: str, middles: Points, heart: Points) -> Image:
    """float32[n, 3]: colour follows the layout (distance from the heart, or height), with neighbours a little apart."""
    inks = np.concatenate([scene.palette.colours[1:5], scene.palette.spot[None]])
    away = np.sqrt(((middles - heart) ** 2).sum(axis=1))
    x, y = (middles.T * 1.4).astype(np.float32)
    noise = Noise(dice.split("colour")).fractal(x, y, 2)
    if motif == "waves":
        place = middles[:, 1] / scene.frame.bottom + 0.25 * noise
    elif motif == "shards":
        place = 0.5 + 0.55 * noise
    else:
        place = away * dice.uniform(0.9, 1.5) + 0.18 * noise
    order = np.concatenate([[3], dice.order(len(inks))]) if motif == "sun" else dice.order(len(inks))
    index = np.floor(place * len(order) + 0.35 * dice.bells(len(place))).astype(np.int64)
    if motif in ("rose", "waves"):
        index = np.floor(place * len(order) * 1.6).astype(np.int64) + (dice.uniforms(len(place)) < 0.2)
    colours = inks[order[np.abs(index) % len(order)]]
    colours[dice.uniforms(len(place)) < 0.05] = scene.palette.paper * np.float32(0.9)
    shade = 1 + 0.13 * dice.bells(len(place)).astype(np.float32)
    return np.asarray(np.clip(colours * shade[:, None], 0, 1), np.float32)


def _glass(scene: Scene, dice: Dice, panes: list[Points], colours: Image, label: NDArray[np.int32]) -> Image:
    """Every pane is a sheet of its own: a slope of light, streaks and seeds in the glass."""
    frame = scene.frame
    x, y = frame.grid()
    middles = np.stack([_middle(pane) for pane in panes]).astype(np.float32)
    slope = (dice.bells(2 * len(panes)).reshape(-1, 2) * 0.9).astype(np.float32)
    light = slope[label, 0] * (x - middles[label, 0]) + slope[label, 1] * (y - middles[label, 1])
    noise, half = Noise(dice.split("streaks")), frame.grid(1)
    streaks = frame.enlarge(noise.fractal(half[0] * np.float32(9), half[1] * np.float32(34), 4, gain=0.6), 1)
    texture = np.float32(scene.recipe.number("texture") * 0.10)
    image = colours[label] * (1 + light + texture * streaks)[..., None]
    return np.asarray(np.clip(image, 0, 1), np.float32)


def _lead(scene: Scene, image: Image, panes: list[Points], heart: Points) -> Image:
    """Dark cames with a thin shine, and daylight that falls off from the heart of the window."""
    frame, width = scene.frame, 0.0075 * scene.recipe.number("lead")
    white, black = WHITE, BLACK
    mask, shine = Sheet(frame, black), Sheet(frame, black)
    for pane in panes:
        mask.line(pane, white, width, closed=True)
        shine.line(pane - width * 0.18, white, width * 0.16, closed=True)
    x, y = frame.grid()
    away = (x - np.float32(heart[0])) ** 2 + (y - np.float32(heart[1])) ** 2
    lit = image * (np.float32(0.66) + np.float32(0.44) / (1 + np.float32(2.6) * away))[..., None]
    lit = lerp(lit, scene.palette.paper, np.float32(0.45) / (1 + np.float32(26) * away))
    came = lerp(scene.palette.dark * np.float32(0.55), scene.palette.paper, 0.30 * shine.image()[..., 0])
    return lerp(lit, came, mask.image()[..., 0])


KIND: Final = Kind(
    name="stained-glass",
    summary="leaded panes with the light behind them",
    fields={
        "motif": Choice("auto", ("auto", *_MOTIFS)),
        "panes": Integer(220, 40, 900),
        "lead": Number(1.0, 0.4, 2.0),
        "texture": Number(1.0, 0.0, 2.0),
    },
    draw=draw,
)
