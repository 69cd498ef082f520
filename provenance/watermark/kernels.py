"""Inner loops of the detector.

A map is float64[4], row by row the 2 x 2 matrix B that takes a canonical frequency to a frequency of the picture, both in
cycles per pixel: f = B q. Points are float64[n, 2] canonical frequencies (x, y). Spectra are half spectra: for fx < 0 the
conjugate at -f is read; rows wrap.
"""

import math

import numpy as np

from provenance.watermark.jit import compiled

FEWEST_POINTS = 12
"""A hypothesis that leaves fewer sync points inside the spectrum is not scored."""
NO_SCORE = -9.0


@compiled
def coarse_scores(levels, columns, mean, points, maps, limit):  # type: ignore[no-untyped-def]  # pragma: no cover
    """float64[h]: standardised energy that each of maps float64[h, 4] finds at the nearest bins.

    Gives up on a map when the first half of its points stays about half a standard deviation over the mean or less.
    """
    scores = np.full(maps.shape[0], NO_SCORE)
    rows, count = levels.shape[0], points.shape[0]
    half = count // 2
    enough = (half + 0.53 * math.sqrt(half)) * mean
    x_limit, y_limit = limit * columns, limit * rows
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
def _power_at(power, columns, fx, fy):  # type: ignore[no-untyped-def]  # pragma: no cover - machine code
    """Bilinear."""
    if fx < 0:
        fx, fy = -fx, -fy
    rows = power.shape[0]
    x, y = fx * columns, fy * rows + rows
    left, top = int(x), int(y)
    u, v = x - left, y - top
    upper, lower = top % rows, (top + 1) % rows
    return (1 - v) * ((1 - u) * power[upper, left] + u * power[upper, left + 1]) + v * (
        (1 - u) * power[lower, left] + u * power[lower, left + 1]
    )


@compiled
def score(power, columns, points, candidate, limit):  # type: ignore[no-untyped-def]  # pragma: no cover - machine code
    """Standardised energy of one map. Whitened power is exponential with mean and deviation 1 where there is no mark."""
    total, seen = 0.0, 0
    for j in range(points.shape[0]):
        fx = candidate[0] * points[j, 0] + candidate[1] * points[j, 1]
        fy = candidate[2] * points[j, 0] + candidate[3] * points[j, 1]
        if abs(fx) < limit and abs(fy) < limit:
            total += _power_at(power, columns, fx, fy)
            seen += 1
    return (total - seen) / math.sqrt(seen) if seen >= FEWEST_POINTS else NO_SCORE


@compiled
def _moved(candidate, direction, step, out):  # type: ignore[no-untyped-def]  # pragma: no cover - machine code
    """One step of the climb: four matrix entries, scale, rotation, and the two shears of a similarity's complement."""
    for i in range(4):
        out[i] = candidate[i]
    size = math.sqrt(candidate[0] * candidate[0] + candidate[2] * candidate[2])
    if direction < 4:
        out[direction] += step
    elif direction == 4:
        for i in range(4):
            out[i] *= 1 + step / size
    elif direction == 5:
        turn = step / size
        out[0] -= turn * candidate[2]
        out[1] -= turn * candidate[3]
        out[2] += turn * candidate[0]
        out[3] += turn * candidate[1]
    elif direction == 6:
        out[0] += step
        out[3] -= step
    else:
        out[1] += step
        out[2] += step


@compiled
def climb(power, columns, points, candidate, limit, step, levels):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Pattern search (Hooke & Jeeves 1961) in the map, in place; the step halves `levels` times. Returns the score."""
    best = score(power, columns, points, candidate, limit)
    trial = np.empty(4)
    for _ in range(levels):
        for _ in range(5):
            improved = False
            for direction in range(8):
                for sign in (-1.0, 1.0):
                    _moved(candidate, direction, sign * step, trial)
                    value = score(power, columns, points, trial, limit)
                    if value > best + 1e-6:
                        best, improved = value, True
                        for i in range(4):
                            candidate[i] = trial[i]
            if not improved:
                break
        step *= 0.5
    return best


@compiled
def sample(values, background, columns, points, candidate, limit):  # type: ignore[no-untyped-def]  # pragma: no cover
    """(complex128[n], float64[n]): bilinear value and background power at every point; 0 and 1 outside the limit."""
    count, rows = points.shape[0], values.shape[0]
    found, noise = np.zeros(count, np.complex128), np.ones(count)
    for j in range(count):
        fx = candidate[0] * points[j, 0] + candidate[1] * points[j, 1]
        fy = candidate[2] * points[j, 0] + candidate[3] * points[j, 1]
        if abs(fx) > limit or abs(fy) > limit:
            continue
        mirrored = fx < 0
        if mirrored:
            fx, fy = -fx, -fy
        x, y = fx * columns, fy * rows + rows
        left, top = int(x), int(y)
        u, v = x - left, y - top
        upper, lower = top % rows, (top + 1) % rows
        value = (1 - v) * ((1 - u) * values[upper, left] + u * values[upper, left + 1]) + v * (
            (1 - u) * values[lower, left] + u * values[lower, left + 1]
        )
        found[j] = value.conjugate() if mirrored else value
        noise[j] = background[int(y + 0.5) % rows, int(x + 0.5)]
    return found, noise
