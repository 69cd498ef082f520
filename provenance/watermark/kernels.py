"""Inner loops of the detector.

A map is float64[4], row by row the 2 x 2 matrix B that takes a canonical frequency to a frequency of the picture, both
in cycles per pixel: f = B q. Points are float64[n, 2] canonical frequencies (x, y). Spectra are half spectra [rows,
columns / 2 + 1]: for fx < 0 the conjugate at -f is read; rows wrap. Frequencies of FREQUENCY_LIMIT or more are not
used.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from provenance.watermark.jit import compiled

Floats = NDArray[np.float64]
Plane = NDArray[np.float32]

FREQUENCY_LIMIT: Final = 0.46
"""Cycles per pixel; over it there is little but quantisation noise."""
FEWEST_POINTS: Final = 6
"""A hypothesis that leaves fewer sync points inside the spectrum is not scored."""
NO_SCORE: Final = -9.0

_TAPS: Final = 6  # of the interpolation between bins, along each axis,
_STEPS: Final = 256  # at so many places between two bins
_KAISER_BETA: Final = 5.0
_CONTRAST_FLOOR: Final = np.float32(0.4)  # grey levels; quantisation noise alone has 0.3
_WEIGHT_FLOOR: Final = np.float32(0.2)
_CLIP: Final = np.float32(2.5)
_ROUNDS: Final = 5  # of the climb per step size
_DIRECTIONS: Final = 8
_SHORTFALL: Final = 0.53  # standard deviations over the mean that half of the points must reach


@compiled
def coarse_scores(levels: NDArray[np.uint8], mean: float, points: Floats, maps: Floats) -> Floats:
    """float64[h]: standardised energy that each of maps float64[h, 4] finds at the nearest bins of `levels`.

    A map is given up when the first half of its points stays under about half a standard deviation over the mean.
    """
    scores = np.full(maps.shape[0], NO_SCORE)
    rows, columns, count = levels.shape[0], 2 * (levels.shape[1] - 1), points.shape[0]
    half = count // 2
    enough = (half + _SHORTFALL * math.sqrt(half)) * mean
    x_limit, y_limit = FREQUENCY_LIMIT * columns, FREQUENCY_LIMIT * rows
    for h in range(maps.shape[0]):
        xx, xy, yx, yy = maps[h, 0] * columns, maps[h, 1] * columns, maps[h, 2] * rows, maps[h, 3] * rows
        total, seen = 0, 0
        for j in range(count):
            fx = xx * points[j, 0] + xy * points[j, 1]
            fy = yx * points[j, 0] + yy * points[j, 1]
            if fx < 0:
                fx, fy = -fx, -fy
            if fx < x_limit and -y_limit < fy < y_limit:
                row = int(fy + rows + 0.5)
                if row >= rows:
                    row -= rows
                total += levels[row, int(fx + 0.5)]
                seen += 1
                if seen == half and total < enough:
                    seen = 0
                    break
        if seen >= FEWEST_POINTS:
            scores[h] = (total / mean - seen) / math.sqrt(seen)
    return scores


@compiled
def score(power: Plane, points: Floats, candidate: Floats) -> float:
    """Standardised energy of one map, bilinear. Whitened power has mean and deviation 1 where there is no mark."""
    rows, columns = power.shape[0], 2 * (power.shape[1] - 1)
    total, seen = 0.0, 0
    for j in range(points.shape[0]):
        fx = candidate[0] * points[j, 0] + candidate[1] * points[j, 1]
        fy = candidate[2] * points[j, 0] + candidate[3] * points[j, 1]
        if abs(fx) >= FREQUENCY_LIMIT or abs(fy) >= FREQUENCY_LIMIT:
            continue
        if fx < 0:
            fx, fy = -fx, -fy
        x, y = fx * columns, fy * rows + rows
        left, top = int(x), int(y)
        u, v = x - left, y - top
        upper, lower = top % rows, (top + 1) % rows
        total += (1 - v) * ((1 - u) * power[upper, left] + u * power[upper, left + 1])
        total += v * ((1 - u) * power[lower, left] + u * power[lower, left + 1])
        seen += 1
    return (total - seen) / math.sqrt(seen) if seen >= FEWEST_POINTS else NO_SCORE


@compiled
def _step_from(candidate: Floats, direction: int, step: float, out: Floats) -> None:
    """One step of the climb: the four entries one by one, then scale, rotation and the two shears."""
    for i in range(4):
        out[i] = candidate[i]
    relative = step / math.sqrt(candidate[0] * candidate[0] + candidate[2] * candidate[2])
    if direction < 4:
        out[direction] += step
    elif direction == 4:
        for i in range(4):
            out[i] *= 1 + relative
    elif direction == 5:
        out[0] -= relative * candidate[2]
        out[1] -= relative * candidate[3]
        out[2] += relative * candidate[0]
        out[3] += relative * candidate[1]
    elif direction == 6:
        out[0] += step
        out[3] -= step
    else:
        out[1] += step
        out[2] += step


@compiled
def climb(power: Plane, points: Floats, candidate: Floats, step: float, halvings: int) -> float:
    """Pattern search (Hooke & Jeeves 1961) over the map, in place, from `step` downwards. Returns the best score."""
    best = score(power, points, candidate)
    trial = np.empty(4)
    for _ in range(halvings):
        for _ in range(_ROUNDS):
            improved = False
            for move in range(2 * _DIRECTIONS):
                _step_from(candidate, move // 2, step if move % 2 else -step, trial)
                value = score(power, points, trial)
                if value > best + 1e-6:
                    best, improved = value, True
                    candidate[:] = trial
            if not improved:
                break
        step *= 0.5
    return best


def _interpolation_table() -> Floats:
    """float64[_STEPS + 1, _TAPS]: a sinc under a Kaiser window, for points 0, 1/_STEPS .. 1 past the tap left of the
    middle."""
    distance = np.arange(_STEPS + 1)[:, None] / _STEPS + _TAPS // 2 - 1 - np.arange(_TAPS)
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(1 - (2 * distance / _TAPS) ** 2, 0))) / np.i0(_KAISER_BETA)
    return np.asarray(np.sinc(distance) * window, np.float64)


_TABLE: Final = _interpolation_table()


@compiled
def climb_scale(power: Plane, points: Floats, candidate: Floats, step: float, halvings: int) -> float:
    """Like `climb`, over the scale alone, from the relative `step` downwards."""
    best = score(power, points, candidate)
    for _ in range(halvings):
        step *= 0.5
        for factor in (1 + step, 1 - step):
            trial = candidate * factor
            value = score(power, points, trial)
            if value > best:
                best = value
                candidate[:] = trial
                break
    return best


@compiled
def sample(
    values: NDArray[np.complex64], background: Plane, points: Floats, candidate: Floats
) -> tuple[NDArray[np.complex128], Floats]:
    """(complex128[n], float64[n]): interpolated value and background power at every point; 0 and 1 outside the
    limit."""
    rows, columns, count = values.shape[0], 2 * (values.shape[1] - 1), points.shape[0]
    found, noise = np.zeros(count, np.complex128), np.ones(count)
    for j in range(count):
        fx = candidate[0] * points[j, 0] + candidate[1] * points[j, 1]
        fy = candidate[2] * points[j, 0] + candidate[3] * points[j, 1]
        if abs(fx) >= FREQUENCY_LIMIT or abs(fy) >= FREQUENCY_LIMIT:
            continue
        conjugate = fx < 0
        if conjugate:
            fx, fy = -fx, -fy
        x, y = fx * columns, fy * rows + rows
        left, top = int(x), int(y)
        u, v = int((x - left) * _STEPS + 0.5), int((y - top) * _STEPS + 0.5)
        total = 0j
        for a in range(_TAPS):
            row, line = (top + a - _TAPS // 2 + 1) % rows, 0j
            for b in range(_TAPS):
                column = left + b - _TAPS // 2 + 1
                value = values[row, column] if column >= 0 else values[(rows - row) % rows, -column].conjugate()
                line += value * _TABLE[u, b]
            total += line * _TABLE[v, a]
        found[j] = total.conjugate() if conjugate else total
        noise[j] = background[int(y + 0.5) % rows, int(x + 0.5)]
    return found, noise


@compiled
def weigh_detail(detail: Plane, energy: Plane) -> Plane:
    """float32[H, W]: local detail over local contrast c (c^2 is `energy`), clipped at +-2.5, times c^-3/8.

    The clipped quotient keeps an edge from shouting. The weight is maximum-ratio combining over the picture: noise
    grows like c, the mark only like the square root of it, so quiet places are the better witnesses.
    """
    out = np.empty_like(detail)
    for y in range(detail.shape[0]):
        for x in range(detail.shape[1]):
            contrast = np.sqrt(max(energy[y, x], np.float32(0)))
            value = min(max(detail[y, x] / (contrast + _CONTRAST_FLOOR), -_CLIP), _CLIP)
            root = np.sqrt(np.sqrt(contrast + _WEIGHT_FLOOR))
            out[y, x] = value / (root * np.sqrt(root))
    return out


@compiled
def best_offset(matched: NDArray[np.complex128], points: Floats, offset: Floats, reach: float, steps: int) -> float:
    """Highest real part of the points' coherent sum, twice, over offsets of up to `reach` pixels around `offset`, which
    moves there."""
    count, ticks = points.shape[0], 2 * steps + 1
    turn_x, turn_y = np.empty((ticks, count), np.complex128), np.empty((ticks, count), np.complex128)
    for i in range(ticks):
        moved = (i - steps) * reach / steps
        for j in range(count):
            angle = 2 * math.pi * points[j, 0] * (offset[0] + moved)
            turn_x[i, j] = complex(math.cos(angle), math.sin(angle)) * matched[j]
            angle = 2 * math.pi * points[j, 1] * (offset[1] + moved)
            turn_y[i, j] = complex(math.cos(angle), math.sin(angle))
    best, best_x, best_y = -1e30, 0, 0
    for y in range(ticks):
        for x in range(ticks):
            total = 0.0
            for j in range(count):
                total += turn_x[x, j].real * turn_y[y, j].real - turn_x[x, j].imag * turn_y[y, j].imag
            if total > best:
                best, best_x, best_y = total, x, y
    offset[0] += (best_x - steps) * reach / steps
    offset[1] += (best_y - steps) * reach / steps
    return 2 * best


@compiled
def scores(power: Plane, points: Floats, maps: Floats) -> Floats:
    """`score` of each of maps float64[h, 4]."""
    found = np.empty(maps.shape[0])
    for h in range(maps.shape[0]):
        found[h] = score(power, points, maps[h])
    return found


@compiled
def moments(detail: Plane, chroma: Plane) -> Plane:
    """float32[h, w, 5]: Cb Cb, Cr Cr, Cb Cr, Y Cb and Y Cr of detail float32[h, w] and chroma float32[h, w, 2]."""
    out = np.empty((*detail.shape, 5), np.float32)
    for y in range(detail.shape[0]):
        for x in range(detail.shape[1]):
            fine, blue, red = detail[y, x], chroma[y, x, 0], chroma[y, x, 1]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = blue * blue, red * red, blue * red
            out[y, x, 3], out[y, x, 4] = fine * blue, fine * red
    return out


@compiled
def predict(chroma: Plane, mean: Plane, noise: np.float32) -> Plane:
    """float32[h, w]: luma as chroma float32[h, w, 2] foretells it, by ridge regression on averaged `moments`; `noise`
    is the ridge."""
    height, width = chroma.shape[:2]
    out = np.empty((height, width), np.float32)
    for y in range(height):
        for x in range(width):
            blues, reds, both = mean[y, x, 0] + noise, mean[y, x, 1] + noise, mean[y, x, 2]
            with_blue, with_red = mean[y, x, 3], mean[y, x, 4]
            blue = (with_blue * reds - with_red * both) * chroma[y, x, 0]
            red = (with_red * blues - with_blue * both) * chroma[y, x, 1]
            out[y, x] = (blue + red) / (blues * reds - both * both)
    return out


@compiled
def whiten_blocks(spectra: NDArray[np.complex64], floor: np.float32) -> None:
    """Divide half spectra complex64[rows, columns, n, n/2 + 1] in place by the root of the mean power over 3 x 3
    frequencies plus `floor`."""
    side, half = spectra.shape[2], spectra.shape[3]
    power = np.empty((side, half + 2), np.float32)  # one more column to either side, by conjugate symmetry
    for row in range(spectra.shape[0]):
        for column in range(spectra.shape[1]):
            block = spectra[row, column]
            for y in range(side):
                for x in range(half):
                    power[y, x + 1] = block[y, x].real ** 2 + block[y, x].imag ** 2
            for y in range(side):
                opposite = (side - y) % side
                power[y, 0], power[y, half + 1] = power[opposite, 2], power[opposite, half - 1]
            for y in range(side):
                above, below = (y - 1) % side, (y + 1) % side
                for x in range(half):
                    total = floor
                    for k in range(3):
                        total += (power[above, x + k] + power[y, x + k] + power[below, x + k]) / np.float32(9)
                    block[y, x] *= np.float32(1) / np.sqrt(total)


@compiled
def overlap_add(out: Plane, pieces: NDArray[np.float32], window: Plane) -> None:
    """Add pieces float32[rows, columns, n, n] times the window float32[n, n] where they lie, n / 2 apart."""
    side = window.shape[0]
    hop = side // 2
    for row in range(pieces.shape[0]):
        for column in range(pieces.shape[1]):
            for y in range(side):
                for x in range(side):
                    out[row * hop + y, column * hop + x] += pieces[row, column, y, x] * window[y, x]
