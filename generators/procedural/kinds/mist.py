"""Mountains behind mountains in mist: a sky, a sun or moon, ridges that fade with distance, sometimes a lake."""

from typing import Final

import numpy as np

from generators.procedural.canvas import BLACK, Frame, Image, Pixels, develop, lerp, smoothstep
from generators.procedural.dice import Dice
from generators.procedural.noise import Field, Noise
from generators.procedural.palette import blend
from generators.procedural.scene import Kind, Scene
from generators.recipe import Choice, Integer, Number

_HOURS: Final = ("dawn", "noon", "night")


def draw(scene: Scene) -> Pixels:
    """From far to near; the lake mirrors what stands above it."""
    hour = scene.style("hour", _HOURS)
    shore = scene.frame.bottom * scene.dice.split("shore").uniform(0.66, 0.8)
    lake = scene.style("water", ("lake", "none", "none")) == "lake"
    image = _sky(scene, hour)
    count = scene.recipe.integer("ridges")
    for number in range(count):
        nearness = number / max(1, count - 1)
        if lake and nearness == 1.0:
            image = _mirror(scene, image, shore)
        image = _ridge(scene, image, hour, number)
    return develop(image, scene.dice, grain=0.026)


def _air(scene: Scene, hour: str) -> tuple[Image, Image, Image]:
    """Zenith, horizon and near-ground colours, float32[3] each."""
    inks = scene.palette.colours
    if hour == "night":
        return (
            lerp(inks[0], BLACK, 0.25),
            lerp(inks[1], inks[3], 0.45),
            lerp(inks[0], BLACK, 0.55),
        )
    if hour == "noon":
        return lerp(inks[3], inks[5], 0.35), inks[5], inks[0]
    return inks[2], lerp(inks[4], inks[5], 0.4), inks[0]


def _sky(scene: Scene, hour: str) -> Image:
    """A gradient, streaks of cloud, and a sun or moon with its glow."""
    frame, dice = scene.frame, scene.dice.split("sky")
    zenith, horizon, _ = _air(scene, hour)
    x, y = frame.grid()
    reach = frame.bottom * dice.uniform(0.55, 0.75)
    ramp = blend(np.stack([zenith, lerp(zenith, horizon, 0.6), horizon, horizon]), 2048)
    lift = frame.enlarge(_clouds(frame, dice), 2)
    level = np.clip(y / np.float32(reach) * np.float32(0.75) + np.float32(0.10) * lift, 0, 1)
    image = ramp[(level * np.float32(2047)).astype(np.int64)]
    cx, cy = dice.uniform(0.15, 0.85) * frame.right, dice.uniform(0.14, 0.5) * frame.bottom
    radius = dice.uniform(0.045, 0.13)
    disc = np.sqrt((x - np.float32(cx)) ** 2 + (y - np.float32(cy)) ** 2)
    colour = scene.palette.paper if hour == "night" or dice.chance(0.4) else scene.palette.spot
    glow = np.float32(0.5) / (1 + (disc / np.float32(radius * 1.3)) ** 2) ** 2
    image = lerp(image, lerp(colour, horizon, 0.3), glow)
    edge = np.clip((np.float32(radius) - disc) * np.float32(frame.unit) + np.float32(0.5), 0, 1)
    return lerp(image, lerp(colour, scene.palette.paper, 0.25), edge * (1 - np.float32(0.35) * np.clip(lift, 0, 1)))


def _clouds(frame: Frame, dice: Dice) -> Field:
    x, y = frame.grid(2)
    noise = Noise(dice.split("clouds"))
    bend = noise.fractal(x * np.float32(1.7), y * np.float32(3), 2)
    return noise.fractal(x * np.float32(1.6) + bend, y * np.float32(8) + bend, 4)


def _crest(scene: Scene, number: int) -> tuple[Field, Field]:
    """The ridge's height above its base at every column, in units, float32[w]: bare, and wooded where it is near."""
    count, frame = scene.recipe.integer("ridges"), scene.frame
    dice = scene.dice.split(f"ridge {number}")
    nearness = number / max(1, count - 1)
    x = frame.grid()[0][0] + np.float32(dice.uniform(0, 200))
    noise = Noise(dice)
    zero = np.zeros(1, np.float32) + np.float32(0.37)
    scale = np.float32(dice.uniform(1.0, 2.2))
    smooth = noise.fractal(x * scale, zero, 6, gain=0.45)
    sharp = 1 - np.abs(noise.fractal(x * scale, zero + 7, 6, gain=0.48)) * 2
    shape = np.float32(1 - nearness) * sharp * np.float32(0.8) + np.float32(0.25 + 0.5 * nearness) * smooth
    crest = shape * np.float32(0.16 * scene.recipe.number("relief") * dice.uniform(0.7, 1.2))
    wooded = crest + _trees(frame, dice, nearness) if nearness > 0.55 else crest
    return np.asarray(crest, np.float32), np.asarray(wooded, np.float32)


def _trees(frame: Frame, dice: Dice, nearness: float) -> Field:
    """Conifers: narrow saw-edged triangles, the higher the nearer; float32[w]."""
    x = frame.grid()[0][0]
    out = np.zeros(frame.width, np.float32)
    size = 0.012 + 0.06 * (nearness - 0.5)
    for centre in dice.uniforms(int(frame.right * 2.2 / size), 0, frame.right):
        tall = size * (0.5 + dice.uniform() ** 2 * 1.3)
        half = tall * dice.uniform(0.16, 0.24)
        first, last = (int((centre + way * half) * frame.unit) for way in (-1, 1))
        here = slice(max(0, first), min(frame.width, last + 1))
        away = np.abs(x[here] - np.float32(centre)) * np.float32(1 / half)
        saw = away * np.float32(7) - np.floor(away * np.float32(7))
        out[here] = np.maximum(
            out[here], np.float32(tall) * (1 - away + np.float32(0.10) * (saw - np.float32(0.5)) * away)
        )
    return out


def _ridge(scene: Scene, image: Image, hour: str, number: int) -> Image:
    """One ridge over the picture: dark at its crest, lost in mist toward its foot."""
    frame, count = scene.frame, scene.recipe.integer("ridges")
    _, horizon, near = _air(scene, hour)
    nearness = number / max(1, count - 1)
    far = scene.dice.split("horizon").uniform(0.34, 0.56)
    base = frame.bottom * (far + (0.92 - far) * nearness**1.15) - 0.02
    _, y = frame.grid()
    bare, wooded = _crest(scene, number)
    inside = np.clip((y - np.float32(base) + wooded) * np.float32(frame.unit) + np.float32(0.5), 0, 1)
    depth = y - np.float32(base) + np.float32(0.5) * bare
    inks = scene.palette.colours
    body = blend(np.stack([lerp(horizon, inks[3], 0.55), inks[2], inks[1], near]), 256)[round(255 * nearness**0.8)]
    mist = np.float32(scene.recipe.number("mist") * (1 - 0.55 * nearness))
    fade = smoothstep(0.0, 0.10 + 0.2 * nearness, depth + np.float32(0.05) * _drift(scene, number)) * mist
    colour = lerp(body, lerp(horizon, body, 0.12), fade)
    return lerp(image, colour, inside)


def _drift(scene: Scene, number: int) -> Field:
    """Wisps along the valleys, float32[h, w]."""
    frame = scene.frame
    x, y = frame.grid(3)
    noise = Noise(scene.dice.split(f"wisps {number}"))
    return frame.enlarge(noise.fractal(x * np.float32(2.2), y * np.float32(7), 3), 3)


def _mirror(scene: Scene, image: Image, shore: float) -> Image:
    """A lake below the shore line: the rows above it upside down, shaken by ripples, a little darker."""
    frame, dice = scene.frame, scene.dice.split("lake")
    line = min(frame.height - 2, round(shore * frame.unit))
    rows = np.arange(frame.height - line)
    x, _ = frame.grid()
    noise = Noise(dice)
    far = (rows / frame.unit).astype(np.float32)[:, None]
    ripple = noise.fractal(x * np.float32(5), far * np.float32(120) / (far * 3 + np.float32(0.4)), 3)
    shake = np.round(ripple * (np.float32(2) + far * np.float32(70)) * np.float32(frame.unit / 1024)).astype(np.int64)
    source = np.clip(line - 1 - rows[:, None] - shake, 0, line - 1)
    water = image[source, np.arange(frame.width)[None, :]]
    water = lerp(water, scene.palette.colours[1], np.clip(far * np.float32(1.2) + np.float32(0.12), 0, 0.5))
    out = image.copy()
    out[line:] = lerp(water, scene.palette.paper, np.clip(ripple - np.float32(0.75), 0, 0.3))
    return out


KIND: Final = Kind(
    name="mist",
    summary="mountains behind mountains, in mist",
    fields={
        "ridges": Integer(6, 2, 10),
        "relief": Number(1.0, 0.3, 1.8),
        "mist": Number(0.85, 0.0, 1.0),
        "hour": Choice("auto", ("auto", *_HOURS)),
        "water": Choice("auto", ("auto", "lake", "none")),
    },
    draw=draw,
)
