"""Truchet tiles after Smith (1987), on a bent sheet: two arcs a tile, turned at random, join into long loops.

Every loop has a colour of its own: the arcs' ends are a graph, and its connected components are the loops.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from generators.procedural.canvas import Image, Pixels, develop, lerp, smoothstep, tooth
from generators.procedural.dice import Dice
from generators.procedural.noise import Field, Noise
from generators.procedural.scene import Kind, Scene
from generators.recipe import Number

_SIDE: Final = 128  # tiles of the whole sheet, to a side

Whole = NDArray[np.int64]


def draw(scene: Scene) -> Pixels:
    """Bend the sheet, find every pixel's tile and arc, colour the bands and the ground between them."""
    frame, dice = scene.frame, scene.dice.split("tiles")
    u, v = _sheet(scene, dice)
    column, row = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    turned = (dice.uniforms(_SIDE * _SIDE) < 0.5).reshape(_SIDE, _SIDE)
    flip = turned[row, column]
    x, y = u - column, v - row
    x = np.where(flip, 1 - x, x)  # now the arcs are centred on (0, 0) and (1, 1)
    near = x + y < 1
    distance = np.sqrt(np.where(near, x, 1 - x) ** 2 + np.where(near, y, 1 - y) ** 2)
    loop = _loops(turned)[row, column, near.astype(np.int64)]
    corner = column + row + np.where(near, flip, 1 - flip) + np.where(near, 0, 1)
    parity = (corner + (distance > 0.5)) & 1
    image = _paint(scene, np.asarray(distance - np.float32(0.5), np.float32), loop, parity)
    return develop(image, scene.dice, grain=0.026, texture=tooth(frame, scene.dice))


def _sheet(scene: Scene, dice: Dice) -> tuple[Field, Field]:
    """Tile coordinates of every pixel, float32[h, w] each: turned, scaled, and bent by noise."""
    frame, tiles = scene.frame, scene.recipe.number("tiles") * dice.uniform(0.8, 1.25)
    angle = dice.uniform(0, np.pi / 2)
    cos, sin = (np.float32(round(float(f(angle)) * tiles * 4096) / 4096) for f in (np.cos, np.sin))
    bend = np.float32(scene.recipe.number("bend") * 0.22)
    x, y = frame.grid(1)
    noise = Noise(dice)
    wx = x + bend * noise.fractal(x * np.float32(1.4), y * np.float32(1.4), 2, gain=0.35)
    wy = y + bend * noise.fractal(x * np.float32(1.4) + 60, y * np.float32(1.4), 2, gain=0.35)
    wx, wy = wx - np.float32(frame.right / 2), wy - np.float32(frame.bottom / 2)
    middle = np.float32(_SIDE / 2)
    u, v = frame.enlarge(cos * wx - sin * wy + middle, 1), frame.enlarge(sin * wx + cos * wy + middle, 1)
    top = np.float32(_SIDE - 1)
    return np.clip(u, 1, top), np.clip(v, 1, top)


def _loops(turned: NDArray[np.bool_]) -> Whole:
    """int64[row, column, 2]: the loop of the arc round (1, 1) [0] and round (0, 0) [1] of a tile, before its flip."""
    row, column = np.mgrid[0:_SIDE, 0:_SIDE]
    above, below = row * _SIDE + column, (row + 1) * _SIDE + column  # edge midpoints as graph nodes
    offset = (_SIDE + 1) * _SIDE
    left, right = offset + row * (_SIDE + 1) + column, offset + row * (_SIDE + 1) + column + 1
    first = np.where(turned, right, left)  # a flipped tile's (0, 0) lies at its right
    second = np.where(turned, left, right)
    ends = np.concatenate([above.ravel(), below.ravel()]), np.concatenate([first.ravel(), second.ravel()])
    nodes = 2 * offset
    links = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(nodes, nodes))
    _, label = connected_components(links, directed=False)
    return np.stack([label[below], label[above]], axis=-1).astype(np.int64)


def _paint(scene: Scene, off: Field, loop: Whole, parity: Whole) -> Image:
    """`off`: distance from the middle of the band, in tiles."""
    dice, inks = scene.dice.split("paint"), scene.palette.colours
    tile = scene.frame.unit / scene.recipe.number("tiles")  # pixels, roughly
    half = np.float32(scene.recipe.number("band") / 2)
    choice = dice.order(5)
    grounds = (
        np.stack([inks[-1], lerp(inks[-1], inks[3], 0.45)])
        if dice.chance(0.6)
        else np.stack([inks[0], lerp(inks[0], inks[1], 0.6)])
    )
    image = grounds[parity]
    shade = 1 - smoothstep(0.0, 0.16, np.abs(off) - half)
    image = image * (1 - np.float32(0.28) * shade)[..., None]
    body = scene.palette.body[choice[: dice.integer(3, 6)]]
    number = dice.integers(int(loop.max()) + 1, 0, len(body))
    colour = body[number[loop]]
    strands = dice.integer(1, 5)
    lane = (off + half) / (2 * half) * np.float32(strands)
    inner = np.abs(lane - np.floor(lane) - np.float32(0.5))
    sharp = np.float32(tile * 2) * half / np.float32(strands)
    light = np.clip((np.float32(0.5) - inner) * sharp - np.float32(0.9), 0, 1)
    tube = np.clip(1 - (off / half) ** 2, 0, 1)
    colour = colour * (np.float32(0.72) + np.float32(0.36) * tube)[..., None]
    colour = lerp(lerp(colour, inks[0] if grounds[0].mean() > 0.5 else inks[-1], 0.75), colour, light)
    inside = np.clip((half - np.abs(off)) * np.float32(tile) + np.float32(0.5), 0, 1)
    return lerp(image, colour, inside)


KIND: Final = Kind(
    name="truchet",
    summary="loops of ribbon on a bent lattice",
    fields={
        "tiles": Number(9.0, 4.0, 24.0),
        "bend": Number(1.0, 0.0, 1.5),
        "band": Number(0.42, 0.15, 0.7),
    },
    draw=draw,
)
