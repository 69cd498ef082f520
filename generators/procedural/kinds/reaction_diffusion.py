"""Gray-Scott reaction-diffusion (Pearson, "Complex Patterns in a Simple System", 1993), lit like relief.

du/dt = Du lap(u) - u v^2 + F (1 - u);  dv/dt = Dv lap(v) + u v^2 - (F + k) v.  Feed F and kill k drift over the
picture, so that one pattern turns into another. Only +, - and * run in the loop: the growth is the same everywhere.
"""

from typing import Final

import numpy as np

from generators.procedural.canvas import WHITE, Frame, Image, Pixels, develop, double, lerp, smoothstep
from generators.procedural.dice import Dice
from generators.procedural.noise import Field, Noise
from generators.procedural.palette import blend
from generators.procedural.scene import Kind, Scene
from generators.recipe import Choice, Integer

_FINE: Final = np.float32(0.035)  # diffusion rate of v, cells^2 a step; that of u is twice as high
_BOLD: Final = np.float32(0.115)
_HABITS: Final = {  # (F, k) at the two ends of the drift
    "coral": ((0.0545, 0.0620), (0.0400, 0.0600)),
    "maze": ((0.0290, 0.0570), (0.0400, 0.0605)),
    "cells": ((0.0300, 0.0620), (0.0370, 0.0645)),
    "fingerprint": ((0.0370, 0.0600), (0.0300, 0.0565)),
    "holes": ((0.0390, 0.0580), (0.0480, 0.0610)),
}


def draw(scene: Scene) -> Pixels:
    """Grow on a coarse grid, enlarge, light."""
    concentration = _grow(scene, scene.dice.split("growth"))
    for _ in range(2):
        concentration = double(double(concentration).T).T
    height = _resample(concentration, scene.frame)
    return develop(_light(scene, height), scene.dice, grain=0.024)


def _grow(scene: Scene, dice: Dice) -> Field:
    """v after `steps` steps on about `cells`^2 cells, edges reflecting; float32[rows + 2, columns + 2]."""
    frame, cells = scene.frame, scene.recipe.integer("cells")
    side = cells / (frame.right * frame.bottom) ** 0.5
    rows, columns = round(side * frame.bottom), round(side * frame.right)
    x = (np.arange(columns) / cells).astype(np.float32)[None, :]
    y = (np.arange(rows) / cells).astype(np.float32)[:, None]
    noise = Noise(dice)
    (f0, k0), (f1, k1) = _HABITS[scene.style("habit", tuple(_HABITS))]
    size = np.clip(
        noise.fractal(x * np.float32(1.5) + 90, y * np.float32(1.5), 2) * np.float32(0.9) + np.float32(0.5), 0, 1
    )
    spread = _FINE + (_BOLD - _FINE) * size
    drift = np.clip(
        noise.fractal(x * np.float32(2.2), y * np.float32(2.2), 2) * np.float32(0.8) + np.float32(0.5), 0, 1
    )
    feed, kill = np.float32(f0) + np.float32(f1 - f0) * drift, np.float32(k0) + np.float32(k1 - k0) * drift
    seeds = noise.fractal(x * np.float32(9) + 50, y * np.float32(9), 3) > np.float32(0.25)
    u, v = np.ones((rows + 2, columns + 2), np.float32), np.zeros((rows + 2, columns + 2), np.float32)
    u[1:-1, 1:-1] -= np.float32(0.5) * seeds
    v[1:-1, 1:-1] += np.float32(0.25) * seeds
    _react((u, v), spread, (feed, kill), scene.recipe.integer("steps"))
    return v


def _react(fields: tuple[Field, Field], rate: Field, feed_kill: tuple[Field, Field], steps: int) -> None:
    """Run the equations in place on fields (u, v) with a rim of one cell; `rate` is the diffusion rate of v."""
    (u, v), (feed, kill) = fields, feed_kill
    loss, rate_u = feed + kill, rate * np.float32(2)
    reaction, spread, work = np.empty_like(feed), np.empty_like(feed), np.empty_like(feed)
    inner_u, inner_v = u[1:-1, 1:-1], v[1:-1, 1:-1]
    for _ in range(steps):
        for field in fields:
            field[0], field[-1], field[:, 0], field[:, -1] = field[1], field[-2], field[:, 1], field[:, -2]
        np.multiply(inner_v, inner_v, out=reaction)
        reaction *= inner_u
        _laplacian(v, spread, work)
        spread *= rate
        spread += reaction
        np.multiply(loss, inner_v, out=work)
        spread -= work
        inner_v += spread
        _laplacian(u, spread, work)
        spread *= rate_u
        spread -= reaction
        np.subtract(np.float32(1), inner_u, out=work)
        work *= feed
        spread += work
        inner_u += spread


def _laplacian(field: Field, out: Field, work: Field) -> None:
    np.add(field[:-2, 1:-1], field[2:, 1:-1], out=out)
    out += field[1:-1, :-2]
    out += field[1:-1, 2:]
    np.multiply(field[1:-1, 1:-1], np.float32(4), out=work)
    out -= work


def _resample(field: Field, frame: Frame) -> Field:
    """The inner part of a field (one grid cell of rim was enlarged too) at the frame's size, linear."""
    for count in (frame.height, frame.width):
        span = len(field) - 10
        at = (np.arange(count) + 0.5) / count * span + 4.5
        low = np.floor(at).astype(np.int64)
        part = (at - low).astype(np.float32)[:, None]
        field = np.ascontiguousarray((field[low] * (1 - part) + field[low + 1] * part).T)
    return field


def _light(scene: Scene, height: Field) -> Image:
    """Valleys in one colour, ridges in another that changes over the picture; a lamp at one side, soft highlights."""
    frame, dice = scene.frame, scene.dice.split("light")
    low, high = np.float32(height.min()), np.float32(height.max())
    level = (height - low) / max(high - low, np.float32(1e-3))
    x, y = frame.grid(3)
    place = frame.enlarge(Noise(dice).fractal(x * np.float32(1.3), y * np.float32(1.3), 3), 3)
    night = dice.chance(0.6)
    inks = scene.palette.body[1:] if night else scene.palette.body[[0, 1, 2, 4]]
    hues = blend(inks[dice.order(4)[:3]], 1024)[
        (np.clip(place * np.float32(0.6) + np.float32(0.5), 0, 1) * np.float32(1023)).astype(np.int64)
    ]
    valley = scene.palette.dark if night else scene.palette.paper
    image = lerp(lerp(valley, hues, 0.14), hues, smoothstep(0.15, 0.62, level))
    slope_y, slope_x = np.gradient(level * np.float32(frame.unit * 0.022))
    angle = dice.uniform(0, 2 * np.pi)
    toward = np.float32(round(float(np.cos(angle)), 4)), np.float32(round(float(np.sin(angle)), 4))
    facing = slope_x * toward[0] + slope_y * toward[1]
    lamp = (facing * np.float32(0.75) + np.float32(0.66)) / np.sqrt(1 + slope_x**2 + slope_y**2)
    image = image * np.clip(np.float32(0.50) + lamp * np.float32(0.78), 0.35, 1.3)[..., None]
    return lerp(image, WHITE, np.clip((lamp - np.float32(0.82)) * np.float32(2.0), 0, 0.5))


KIND: Final = Kind(
    name="reaction-diffusion",
    summary="coral, mazes and cells that chemistry could grow",
    fields={
        "habit": Choice("auto", ("auto", *_HABITS)),
        "cells": Integer(224, 96, 320),
        "steps": Integer(2000, 400, 6000),
    },
    draw=draw,
)
