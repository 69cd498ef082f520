"""Strange attractors as light: where a chaotic orbit dwells, it glows.

Maps: Clifford (Pickover), de Jong, Svensson. An orbit magnifies the last bit of every sine, so the orbits run on
integers: coordinates in 1/2^20, sines from a rounded table of 2^16 phases. The histogram is the same on every machine.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.procedural.canvas import BLACK, Frame, Image, Pixels, develop, lerp
from generators.procedural.dice import Dice
from generators.procedural.noise import Field, Noise
from generators.procedural.palette import blend
from generators.procedural.scene import Kind, Scene
from generators.recipe import Choice, Integer

_BITS: Final = 20
_PHASES: Final = 1 << 16
_SINE: Final = np.round(np.sin(np.arange(_PHASES) * (2 * np.pi / _PHASES)) * (1 << _BITS)).astype(np.int64)
_FREQUENCY: Final = _PHASES / (2 * np.pi) * (1 << _BITS)
_ORBITS: Final = 1 << 15
_SETTLE: Final = 24  # steps until an orbit is on the attractor
_TRIES: Final = 16
_BATCH: Final = 64  # steps that go into the histogram at once
_SYSTEMS: Final = ("clifford", "de-jong", "svensson")

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]


def draw(scene: Scene) -> Pixels:
    """Choose a rich attractor, expose it, and tone the exposure."""
    frame, dice = scene.frame, scene.dice.split("orbits")
    system = scene.style("system", _SYSTEMS)
    parameters = _search(system, dice)
    view = _view(frame, dice, _sample(system, parameters, dice.split("framing"), 2048, 40))
    points = scene.recipe.integer("millions") * 1_000_000 * frame.width * frame.height // (1 << 20)
    count, speed = _expose(frame, view, _orbit(system, parameters, dice, _ORBITS, _SETTLE + max(1, points // _ORBITS)))
    return develop(_tone(scene, count, speed), scene.dice, grain=0.022)


def _turn(frequency: float, value: Whole, quarter: int = 0) -> Whole:
    """sin(frequency * value), or its cosine a quarter turn on, in fixed point."""
    phase = (round(frequency * _FREQUENCY) * value) >> (2 * _BITS)
    return np.take(_SINE, phase + quarter & (_PHASES - 1))


def _step(system: str, parameters: Floats, x: Whole, y: Whole) -> tuple[Whole, Whole]:
    a, b, c, d = parameters.tolist()
    quarter = _PHASES // 4
    if system == "de-jong":
        return _turn(a, y) - _turn(b, x, quarter), _turn(c, x) - _turn(d, y, quarter)
    weights = (round(c * 4096), round(d * 4096))
    if system == "clifford":
        return (
            _turn(a, y) + (weights[0] * _turn(a, x, quarter) >> 12),
            _turn(b, x) + (weights[1] * _turn(b, y, quarter) >> 12),
        )
    return (
        (weights[1] * _turn(a, x) >> 12) - _turn(b, y),
        (weights[0] * _turn(a, x, quarter) >> 12) + _turn(b, y, quarter),
    )


def _orbit(system: str, parameters: Floats, dice: Dice, orbits: int, steps: int) -> Iterator[tuple[Whole, Whole]]:
    """The positions of many orbits, step by step, once they have settled."""
    x, y = (np.round(dice.uniforms(orbits, -1, 1) * (1 << _BITS)).astype(np.int64) for _ in range(2))
    for step in range(steps):
        x, y = _step(system, parameters, x, y)
        if step >= _SETTLE:
            yield x, y


def _sample(system: str, parameters: Floats, dice: Dice, orbits: int, steps: int) -> Floats:
    """float64[n, 2]: some points of the attractor, in its own units."""
    parts = [np.stack(pair, axis=1) for pair in _orbit(system, parameters, dice, orbits, steps)]
    return np.concatenate(parts) / (1 << _BITS)


def _search(system: str, dice: Dice) -> Floats:
    """Parameters (a, b, c, d) whose attractor spreads over many cells of its box, but not evenly: lines and veils."""
    best, best_score = np.zeros(4), -1.0
    for number in range(_TRIES):
        sign = np.where(dice.uniforms(4) < 0.5, -1.0, 1.0)
        low, high = (1.2, 2.8) if system == "de-jong" else (1.1, 2.2)
        parameters = np.round(sign * dice.uniforms(4, low, high) * 4096) / 4096
        if system == "clifford":
            parameters[2:] *= 0.6
        points = _sample(system, parameters, dice.split(f"try {number}"), 512, _SETTLE + 16)
        score = _richness(points)
        if score > best_score:
            best, best_score = parameters, score
    return best


def _richness(points: Floats) -> float:
    """High where the points fill about half of a 40 x 40 box with strong contrast; 0 for a cycle."""
    low, high = points.min(axis=0), points.max(axis=0)
    cells = np.floor((points - low) / np.maximum(high - low, 1e-6) * 39.999).astype(np.int64)
    hits = np.bincount(cells[:, 1] * 40 + cells[:, 0], minlength=1600)
    filled = float((hits > 0).mean())
    contrast = float((hits**2).sum()) / (float(hits.sum()) ** 2 / 1600)
    return max(0.0, 1 - abs(filled - 0.62) / 0.62) * min(contrast, 6.0)


def _view(frame: Frame, dice: Dice, points: Floats) -> Floats:
    """float64[2, 3]: attractor to pixels, turned by the seed, with a little air at the sides."""
    angle = dice.uniform(0, 2 * np.pi)
    turn = np.round(np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * 4096) / 4096
    turned = np.stack([points[:, 0] * row[0] + points[:, 1] * row[1] for row in turn], axis=1)
    ordered = np.sort(turned, axis=0)
    low, high = ordered[len(ordered) // 200], ordered[-len(ordered) // 200]
    size = np.array([frame.width, frame.height])
    scale = (size * dice.uniform(0.84, 1.02) / np.maximum(high - low, 1e-3)).min()
    return np.concatenate([turn * scale, (size / 2 - (low + high) / 2 * scale)[:, None]], axis=1)


def _expose(frame: Frame, view: Floats, orbit: Iterator[tuple[Whole, Whole]]) -> tuple[Floats, Floats]:
    """Hits of every pixel, and the mean length of the step that led there; float64[h, w] each."""
    size = frame.width * frame.height
    count, speed = np.zeros(size + 1), np.zeros(size + 1)
    places: list[Whole] = []
    steps: list[Whole] = []
    view = view * np.array([[2.0**-_BITS, 2.0**-_BITS, 1.0]])
    last_x: Whole | None = None
    for x, y in orbit:
        column = np.floor(x * view[0, 0] + y * view[0, 1] + view[0, 2]).astype(np.int64)
        row = np.floor(x * view[1, 0] + y * view[1, 1] + view[1, 2]).astype(np.int64)
        moved = np.abs(x - (x if last_x is None else last_x)) >> (_BITS - 8)
        inside = (column >= 0) & (column < frame.width) & (row >= 0) & (row < frame.height)
        places.append(np.where(inside, row * frame.width + column, size))  # one bin more for what falls outside
        steps.append(moved)
        last_x = x
        if len(places) == _BATCH:
            _collect(places, steps, count, speed)
    _collect(places, steps, count, speed)
    shape = (frame.height, frame.width)
    return count[:-1].reshape(shape), (speed / np.maximum(count, 1) / 256)[:-1].reshape(shape)


def _collect(places: list[Whole], steps: list[Whole], count: Floats, speed: Floats) -> None:
    """Add a batch to the histograms (whole numbers below 2^53: the order of summing does not matter), and empty it."""
    if places:
        place = np.concatenate(places)
        count += np.bincount(place, minlength=len(count))
        speed += np.bincount(place, weights=np.concatenate(steps).astype(np.float64), minlength=len(speed))
        places.clear()
        steps.clear()


def _tone(scene: Scene, count: Floats, speed: Floats) -> Image:
    """Logarithmic density to light, speed to colour; on a dark ground it glows, on paper it is ink."""
    frame = scene.frame
    tone = _curve(count, 0.72)
    dark = scene.style("ground", ("night", "night", "paper")) == "night"
    colours = scene.palette.colours
    inks = np.concatenate([colours[[2, 3, 4]] if dark else colours[[2, 1, 0]], scene.palette.spot[None]])
    fast = np.clip(_halo(frame, speed.astype(np.float32), 1) * np.float32(100), 0, 255)
    hue = blend(inks, 256)[fast.astype(np.int64)]
    x, y = frame.grid(3)
    veil = frame.enlarge(Noise(scene.dice.split("veil")).fractal(x * np.float32(1.6), y * np.float32(1.6), 4), 3)
    base = lerp(colours[0], BLACK, 0.5) if dark else colours[-1]
    ground = lerp(base, colours[1] if dark else colours[-2], np.clip(veil * np.float32(0.3) + np.float32(0.22), 0, 0.7))
    halo = _halo(frame, tone, 4) * np.float32(0.75 if dark else 0.3)
    image = lerp(lerp(ground, hue, np.clip(halo, 0, 1)), hue, tone)
    peak = np.clip((tone - np.float32(0.6)) * np.float32(2.0), 0, 1)
    return lerp(image, colours[-1] if dark else colours[0], peak * np.float32(0.85))


def _curve(count: Floats, power: float) -> Field:
    """Density to 0..1, the densest thousandth at 1; a rounded table, as log and pow differ in their last bit."""
    brightest = np.sort(count.ravel())[-max(1, count.size // 1000)]
    level = np.minimum(np.log1p(count) / np.log1p(brightest), 1.0)
    table = (np.round((np.arange(4096) / 4095.0) ** power * 65536) / 65536).astype(np.float32)
    return np.asarray(table[np.round(level * 4095).astype(np.int64)])


def _halo(frame: Frame, light: Field, halvings: int) -> Field:
    """The light spread over about 2^(halvings + 1) pixels: block means, made smooth again by enlarging."""
    step = 1 << halvings
    rows, columns = -(-frame.height // step), -(-frame.width // step)
    padded = np.pad(light, ((0, rows * step - frame.height), (0, columns * step - frame.width)), mode="edge")
    for _ in range(halvings):
        halved = (padded[0::2] + padded[1::2]) * np.float32(0.5)
        padded = (halved[:, 0::2] + halved[:, 1::2]) * np.float32(0.5)
    return frame.enlarge(np.pad(padded, 1, mode="edge"), halvings)


KIND: Final = Kind(
    name="attractor",
    summary="the glow of a chaotic orbit",
    fields={
        "system": Choice("auto", ("auto", *_SYSTEMS)),
        "millions": Integer(10, 1, 24),
        "ground": Choice("auto", ("auto", "night", "paper")),
    },
    draw=draw,
)
