"""A slice of agate: warped growth fronts around one or more nuclei, banded like chalcedony, with a crystal heart."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.procedural.canvas import Image, Pixels, develop, lerp, smoothstep
from generators.procedural.dice import Dice
from generators.procedural.noise import Field, Noise
from generators.procedural.scene import Kind, Scene
from generators.recipe import Integer, Number

_STEPS: Final = 8192  # entries of the band table


def draw(scene: Scene) -> Pixels:
    """Growth time of every pixel, coloured through a table of bands; light from the crystals."""
    growth = _growth(scene)
    table = _bands(scene, scene.dice.split("bands"))
    image = table[np.clip(np.floor(growth * _STEPS), 0, _STEPS - 1).astype(np.int64)]
    image = _heart(scene, image, growth)
    x, y = scene.frame.grid(1)
    noise = Noise(scene.dice.split("fibre"))
    fibre = scene.frame.enlarge(noise.fractal(x * np.float32(30), y * np.float32(30), 3), 1)
    return develop(image * (1 + np.float32(0.035) * fibre[..., None]), scene.dice, grain=0.022)


def _growth(scene: Scene) -> Field:
    """0 at the heart to 1 at the farthest corner, float32[h, w]."""
    dice, frame = scene.dice.split("growth"), scene.frame
    x, y = frame.grid(1)
    warp = np.float32(scene.recipe.number("warp"))
    noise, shift = Noise(dice), np.float32(dice.uniform(0, 99))
    bend_x = noise.fractal(x * np.float32(1.3) + shift, y * np.float32(1.3), 3)
    bend_y = noise.fractal(x * np.float32(1.3), y * np.float32(1.3) + shift + 40, 3)
    u, v = x + np.float32(0.16) * warp * bend_x, y + np.float32(0.16) * warp * bend_y
    front = np.full(u.shape, np.float32(9), np.float32)
    for _ in range(scene.recipe.integer("nuclei")):
        cx, cy = dice.uniform(0.1, 0.9) * frame.right, dice.uniform(0.1, 0.9) * frame.bottom
        lean, stretch = dice.uniform(-0.7, 0.7), dice.uniform(0.55, 1.0)
        across, along = (u - np.float32(cx)), (v - np.float32(cy)) + np.float32(lean) * (u - np.float32(cx))
        distance = np.sqrt((across * np.float32(stretch)) ** 2 + along**2) + np.float32(dice.uniform(0, 0.12))
        front = _meet(front, distance)
    front = front + np.float32(0.05) * warp * noise.fractal(u * np.float32(4), v * np.float32(4), 3)
    front = np.maximum(front, 0)
    full = frame.enlarge(front, 1)
    return np.asarray(full / np.float32(full.max() * 1.0001), np.float32)


def _meet(a: Field, b: Field) -> Field:
    """A smooth minimum (Quilez' polynomial): two fronts that grow together."""
    h = np.maximum(np.float32(0.16) - np.abs(a - b), 0)
    return np.asarray(np.minimum(a, b) - h * h * np.float32(1 / 0.64), np.float32)


def _bands(scene: Scene, dice: Dice) -> Image:
    """float32[_STEPS, 3]: broad zones of the palette, thin dark and light lines, everything a little soft."""
    inks = scene.palette.colours
    zones = 3 + scene.recipe.integer("zones")
    order = [int(dice.integer(0, len(inks))) for _ in range(zones)]
    edges = np.sort(dice.uniforms(zones - 1, 0.1, 1.0)) ** 0.8
    zone = np.searchsorted(edges, np.arange(_STEPS) / _STEPS)
    colour = inks[np.array(order)][zone]
    ripple = np.zeros(_STEPS)
    for _ in range(160):
        centre, width = dice.uniform() ** 0.9 * _STEPS, _STEPS * dice.uniform(0.0008, 0.010)
        ripple += dice.bell() * np.clip(1 - np.abs(np.arange(_STEPS) - centre) / width, 0, 1)
    colour = lerp(colour, inks[-1], np.clip(ripple * 0.5, 0, 0.85).astype(np.float32))
    colour = lerp(colour, inks[0], np.clip(-ripple * 0.42, 0, 0.75).astype(np.float32))
    for _ in range(dice.integer(2, 5)):
        start, width = dice.integer(0, _STEPS), dice.integer(20, 90)
        colour[start : start + width] = scene.palette.spot
    return _soften(colour, 13)


def _soften(table: Image, span: int) -> Image:
    """A running mean by shifted sums, in one fixed order."""
    padded = np.pad(table, ((span // 2, span // 2), (0, 0)), mode="edge")
    total: NDArray[np.float32] = np.zeros_like(table)
    for shift in range(span):
        total += padded[shift : shift + len(table)]
    return total / np.float32(span)


def _heart(scene: Scene, image: Image, growth: Field) -> Image:
    """Crystals where growth came last: facets of light, darker toward the wall; and a rough rind outside."""
    frame, dice = scene.frame, scene.dice.split("heart")
    x, y = frame.grid(1)
    noise = Noise(dice)
    facets = np.abs(noise.fractal(x * np.float32(14), y * np.float32(14), 4, gain=0.65))
    light = frame.enlarge(facets, 1)
    size = scene.recipe.number("heart")
    rough = growth + np.float32(0.85 * size) * (light - np.float32(0.4))
    inside = 1 - smoothstep(size * 0.72 - 1e-3, size, rough)
    crystal = lerp(scene.palette.colours[1], scene.palette.paper, np.clip(light * np.float32(1.7), 0, 1))
    return lerp(image, crystal, inside)


KIND: Final = Kind(
    name="agate",
    summary="a polished slice of banded stone",
    fields={
        "nuclei": Integer(2, 1, 4),
        "warp": Number(1.0, 0.0, 2.0),
        "zones": Integer(8, 2, 20),
        "heart": Number(0.14, 0.0, 0.4),
    },
    draw=draw,
)
