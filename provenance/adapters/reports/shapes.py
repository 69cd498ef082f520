"""What is drawn over pictures, in the units of a frame: outlines, numbers, and the cells of the heat map."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from provenance.core.report import Finding, Report, Shot
from provenance.core.types import Region

LEVELS: Final = 5
LABEL: Final = 0.05  # a number's size, of the frame's longer side
_UNKNOWN_SIDE: Final = 640  # the longer side of a frame without a picture


class Frame(NamedTuple):
    """Width and height of a drawing, in its own units."""

    width: int
    height: int


class Point(NamedTuple):
    x: float
    y: float


class Cell(NamedTuple):
    """A run of the heat map's cells that have one level, 0..4."""

    x: float
    y: float
    width: float
    height: float
    level: int


class Label(NamedTuple):
    """The number of a finding, and its middle."""

    number: int
    x: float
    y: float


def query_frame(report: Report) -> Frame:
    return _frame(report.asked.picture, report.asked.width, report.asked.height)


def work_frame(finding: Finding) -> Frame:
    return _frame(finding.picture, finding.record.width, finding.record.height)


def corners(region: Region, frame: Frame) -> list[Point]:
    return [Point(x * frame.width, y * frame.height) for x, y in region]


def cells(heat: Sequence[Sequence[int]], frame: Frame) -> Iterator[Cell]:
    """Rectangles over the frame; neighbours in a row that have the same level are one. Nothing where there is nothing
    to compare."""
    height = frame.height / len(heat)
    for row, values in enumerate(heat):
        width, start = frame.width / len(values), 0
        for level, run in groupby(values, _level):
            length = len(list(run))
            if level is not None:
                yield Cell(start * width, row * height, length * width, height, level)
            start += length


def labels(report: Report) -> list[Label]:
    """A number at the top left of each finding's region in the query, moved to the right where another one stands."""
    frame = query_frame(report)
    size = LABEL * max(frame)
    placed: list[Label] = []
    for number, finding in enumerate(report.findings, start=1):
        if finding.region_query is None:
            continue
        found = corners(finding.region_query, frame)
        x, y = min(point.x for point in found) + 0.8 * size, min(point.y for point in found) + 0.8 * size
        while any(max(abs(x - other.x), abs(y - other.y)) < 1.25 * size for other in placed):
            x += 1.3 * size
        placed.append(Label(number, min(x, frame.width - 0.6 * size), min(y, frame.height - 0.6 * size)))
    return placed


def _level(percent: int) -> int | None:
    return None if percent < 0 else min(LEVELS - 1, percent * LEVELS // 100)


def _frame(shot: Shot | None, width: int, height: int) -> Frame:
    if shot is not None:
        return Frame(shot.width, shot.height)
    scale = _UNKNOWN_SIDE / max(width, height)
    return Frame(max(1, round(width * scale)), max(1, round(height * scale)))
