"""The report as one HTML file: no other file, no network, and a policy that lets nothing else in.

The one script moves the slider; without it the overlay stays half transparent. Whatever a person wrote (titles, notes,
licensees) is escaped. The same report in the same language is the same bytes.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from provenance.adapters.reports import wording
from provenance.adapters.reports.texts import Language, text
from provenance.core.report import Finding, Report, Shot
from provenance.core.types import Region

if TYPE_CHECKING:
    from jinja2 import Template

_UNKNOWN_SIDE: Final = 640  # the longer side of a frame without a picture
_LEVELS: Final = 5

Frame = tuple[int, int]
"""Width and height of a drawing, in its own units."""


class Cell(NamedTuple):
    """A run of the heat map's cells that have one level 0..4. Numbers as they stand in the SVG."""

    x: str
    y: str
    width: str
    height: str
    level: int


class ReportHtml:
    """Renders reports."""

    def __call__(self, report: Report, language: Language) -> bytes:
        style, script = _part("report.css"), _part("report.js")
        asked = report.asked
        frame = _frame(asked.picture, asked.width, asked.height)
        page = _template().render(
            report=report,
            frame=frame,
            html_lang="zh-CN" if language == "zh" else "en",
            style=_markup(style),
            script=_markup(script),
            policy=content_policy(style, script),
            **_words(language),
        )
        return page.encode()


def content_policy(style: str, script: str) -> str:
    """Our own style and script, by their digests, and pictures inside the file; nothing else, whatever gets in."""
    allowed = {"style-src": _source(style), "script-src": _source(script), "img-src": "data:"}
    rules = [f"{name} {source}" for name, source in allowed.items()]
    return "; ".join(["default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"])


def points(region: Region, frame: Frame) -> str:
    """The corners of a polygon in an SVG attribute."""
    return " ".join(f"{_size(x * frame[0])},{_size(y * frame[1])}" for x, y in region)


def cells(heat: Sequence[Sequence[int]], frame: Frame) -> Iterator[Cell]:
    """Rectangles over the frame; neighbours in a row that have the same level are one."""
    height = frame[1] / len(heat)
    for row, values in enumerate(heat):
        width = frame[0] / len(values)
        start = 0
        for end in range(1, len(values) + 1):
            if end < len(values) and _level(values[end]) == _level(values[start]):
                continue
            level = _level(values[start])
            if level is not None:
                x, y, run = _size(start * width), _size(row * height), _size((end - start) * width)
                yield Cell(x, y, run, _size(height), level)
            start = end


def _level(percent: int) -> int | None:
    """None where there is nothing to compare."""
    return None if percent < 0 else min(_LEVELS - 1, percent * _LEVELS // 100)


def _words(language: Language) -> dict[str, Any]:
    """The functions that the template calls."""

    def translated(key: str, **values: object) -> str:
        return text(key, language, **values)

    return {
        "t": translated,
        "time": wording.moment,
        "number": wording.number,
        "percent": wording.percent,
        "probability": wording.probability,
        "chance": wording.chance,
        "unrelated": partial(wording.unrelated, language=language),
        "witness_name": partial(wording.witness_name, language=language),
        "points": points,
        "cells": cells,
        "uri": _uri,
        "work_frame": _work_frame,
    }


def _work_frame(finding: Finding) -> Frame:
    return _frame(finding.picture, finding.record.width, finding.record.height)


def _frame(shot: Shot | None, width: int, height: int) -> Frame:
    if shot is not None:
        return (shot.width, shot.height)
    scale = _UNKNOWN_SIDE / max(width, height)
    return (round(width * scale), round(height * scale))


def _size(value: float) -> str:
    return wording.number(round(value, 1))


def _uri(shot: Shot) -> str:
    return f"data:{shot.media_type};base64,{base64.b64encode(shot.data).decode()}"


def _source(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _markup(content: str) -> Any:
    """Our own file, which is not to be escaped."""
    from markupsafe import Markup

    return Markup(content)  # noqa: S704  a file of this package


@cache
def _part(name: str) -> str:
    return files("provenance.adapters.reports").joinpath(name).read_text("utf-8")


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False, keep_trailing_newline=True)
    return environment.from_string(_part("report.html"))
