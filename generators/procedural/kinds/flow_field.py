"""Ribbons that follow a noise field and never touch: broad ones first, finer ones in what is left.

Paths are traced in fixed point through a table of directions, so that no rounding can send one the other way.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from generators.procedural.canvas import BLACK, WHITE, Frame, Pixels, Sheet, develop, lerp, tooth
from generators.procedural.dice import Dice, Floats
from generators.procedural.noise import Noise
from generators.procedural.scene import Kind, Scene
from generators.recipe import Choice, Number

_ONE: Final = 1 << 16  # fixed-point unit of length
_STEP: Final = 0.006
_TURNS: Final = 4096  # directions in the table
_FIELD: Final = 256  # field samples per unit
_CELL: Final = 512  # occupancy cells per unit
_ANGLES: Final = np.arange(_TURNS) * (2 * np.pi / _TURNS)
_HEADING: Final = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)
_STRIDE: Final = np.round(_HEADING * (_STEP * _ONE)).astype(np.int64)

Path = NDArray[np.int64]


def draw(scene: Scene) -> Pixels:
    """Trace, keep what fits, paint."""
    frame, dice = scene.frame, scene.dice.split("strokes")
    dark = scene.style("ground", ("paper", "paper", "night")) == "night"
    ground = scene.palette.dark if dark else scene.palette.paper
    sheet = Sheet(frame, ground)
    field = _headings(scene)
    widths = _widths(dice, frame, scene.recipe.number("weight"))
    paths, starts = _trace(field, _starts(dice, frame, len(widths)), scene.recipe.number("reach"))
    colours = _colours(scene, dice, paths[:, starts], dark=dark)
    free = _Plot(frame)
    for number, width in enumerate(widths):
        path = free.longest(paths[number], starts, width)
        if len(path) >= 6:
            free.take(path, width)
            _ribbon(sheet, path / _ONE, width, colours[number])
    texture = tooth(frame, scene.dice)
    return develop(sheet.image(), scene.dice, grain=0.03, texture=texture)


def _headings(scene: Scene) -> NDArray[np.int64]:
    """Table indices of the field's direction, int64[rows, columns], a margin of half a unit included."""
    dice, frame = scene.dice.split("field"), scene.frame
    rows, columns = (int((extent + 1) * _FIELD) + 2 for extent in (frame.bottom, frame.right))
    x = (np.arange(columns) / _FIELD - 0.5).astype(np.float32)[None, :]
    y = (np.arange(rows) / _FIELD - 0.5).astype(np.float32)[:, None]
    noise, scale = Noise(dice), np.float32(dice.uniform(0.7, 1.5))
    shift = dice.uniforms(2, 0, 200).astype(np.float32)
    bend = noise.fractal(x * scale + shift[0], y * scale + shift[1], 3, gain=0.4)
    turn = dice.uniform() + bend * scene.recipe.number("turbulence") * 0.45
    return np.asarray(np.floor(turn * _TURNS).astype(np.int64) % _TURNS)


def _widths(dice: Dice, frame: Frame, weight: float) -> Floats:
    """Widths in units, broad to fine; `weight` scales the broad ones."""
    area = frame.right * frame.bottom
    tiers = ((0.05, 60), (0.03, 220), (0.016, 700), (0.008, 1800), (0.0045, 1500))
    jitter = dice.uniform(0.75, 1.2)
    parts = [np.full(round(n * area), size * jitter * (weight if size > 0.01 else 1)) for size, n in tiers]
    flat = np.concatenate(parts)
    return np.asarray(flat * dice.uniforms(len(flat), 0.75, 1.25))


def _starts(dice: Dice, frame: Frame, count: int) -> NDArray[np.int64]:
    x, y = dice.uniforms(count, -0.05, frame.right + 0.05), dice.uniforms(count, -0.05, frame.bottom + 0.05)
    return np.round(np.stack([x, y], axis=1) * _ONE).astype(np.int64)


def _trace(field: NDArray[np.int64], starts: Path, reach: float) -> tuple[Path, int]:
    """Both ways from every start: fixed-point int64[n, 2 k + 1, 2], and the index k of the start."""
    steps = round(reach / 2 / _STEP)
    out = np.empty((len(starts), 2 * steps + 1, 2), np.int64)
    out[:, steps] = starts
    for way in (1, -1):
        here = starts.copy()
        for step in range(1, steps + 1):
            cell = ((here + _ONE // 2) * _FIELD) >> 16
            row = np.clip(cell[:, 1], 0, field.shape[0] - 1)
            here = here + way * _STRIDE[field[row, np.clip(cell[:, 0], 0, field.shape[1] - 1)]]
            out[:, steps + way * step] = here
    return out, steps


class _Plot:
    """Which ground is taken: one byte a cell, with a margin around the picture."""

    _MARGIN: Final = 64

    def __init__(self, frame: Frame) -> None:
        rows, columns = (round(extent * _CELL) + 2 * self._MARGIN for extent in (frame.bottom, frame.right))
        self._taken: NDArray[np.bool_] = np.zeros((rows, columns), np.bool_)

    def longest(self, path: Path, start: int, width: float) -> Path:
        """The free stretch around the start, with a gap kept to its neighbours."""
        here = self._at(path[start - 1 : start + 1], width / 2 + 0.0035)
        if self._taken[here[..., 1], here[..., 0]].any():  # most late starts end here, before their path is looked at
            return path[:0]
        cells = self._at(path, width / 2 + 0.0035)
        blocked = np.asarray(self._taken[cells[..., 1], cells[..., 0]].any(axis=1))
        if blocked[start]:
            return path[:0]
        stops = np.flatnonzero(blocked)
        after = stops[stops > start]
        before = stops[stops < start]
        return path[before[-1] + 1 if len(before) else 0 : after[0] if len(after) else len(path)]

    def take(self, path: Path, width: float) -> None:
        cells = self._at(path, width / 2)
        self._taken[cells[..., 1], cells[..., 0]] = True

    def _at(self, path: Path, half: float) -> NDArray[np.int64]:
        """Cells under a path of this half width, int64[n, lanes, 2]: lanes lie at most one cell apart."""
        ahead = np.empty_like(path)
        ahead[:-1] = path[1:] - path[:-1]
        ahead[-1] = ahead[-2]
        lanes = np.arange(-(half_cells := int(half * _CELL * 1.3) + 1), half_cells + 1)
        across = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)[:, None, :] * lanes[None, :, None]
        offset = np.floor(across * (half / _STEP / half_cells)).astype(np.int64)
        cells = (((path[:, None, :] + offset) * _CELL) >> 16) + self._MARGIN
        limit = np.array(self._taken.shape[::-1]) - 1
        return np.asarray(np.clip(cells, 0, limit))


def _colours(scene: Scene, dice: Dice, at: Path, *, dark: bool) -> NDArray[np.float32]:
    """One colour a ribbon: neighbours tend to agree, and few wear the accent."""
    inks = scene.palette.colours[1:-1] if not dark else scene.palette.colours[2:]
    where = (at / _ONE).astype(np.float32)
    field = Noise(dice.split("colour")).fractal(where[:, 0] * np.float32(1.6), where[:, 1] * np.float32(1.6), 2)
    place = field * 0.9 + 0.5 + 0.22 * dice.bells(len(at))
    index = np.clip(np.floor(place * len(inks)), 0, len(inks) - 1).astype(np.int64)
    colours = inks[dice.order(len(inks))][index]
    colours[dice.uniforms(len(at)) < 0.06] = scene.palette.spot
    colours[dice.uniforms(len(at)) < 0.05] = scene.palette.paper if dark else scene.palette.dark
    return np.asarray(colours, np.float32)


def _ribbon(sheet: Sheet, path: Floats, width: float, colour: NDArray[np.float32]) -> None:
    """A flat band with a lit edge, a shaded edge and a few bristle lines."""
    ahead = np.gradient(path, axis=0)
    across = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / np.sqrt((ahead**2).sum(axis=1, keepdims=True))
    for low, high, shade in ((-0.5, 0.5, 0.0), (0.22, 0.5, -0.13), (-0.5, -0.3, 0.12)):
        outline = np.concatenate([path + across * (low * width), (path + across * (high * width))[::-1]])
        toward = WHITE if shade > 0 else BLACK
        sheet.polygon(outline, lerp(colour, toward, abs(shade)))
    if width > 0.012:
        for lane in np.linspace(-0.24, 0.16, max(2, int(width / 0.006))):
            sheet.line(path[2:-2] + across[2:-2] * (lane * width), lerp(colour, BLACK, 0.1), 0.0008)


KIND: Final = Kind(
    name="flow-field",
    summary="ribbons that follow a current and never touch",
    fields={
        "turbulence": Number(1.0, 0.1, 3.0),
        "weight": Number(1.0, 0.4, 2.0),
        "reach": Number(0.9, 0.2, 2.0),
        "ground": Choice("auto", ("auto", "paper", "night")),
    },
    draw=draw,
)
