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

from provenance.adapters.reports.content import document
from provenance.adapters.reports.shapes import LABEL, Frame, cells, corners, labels, query_frame, work_frame
from provenance.adapters.reports.texts import LANGUAGE_TAGS, Language, text
from provenance.adapters.reports.wording import number
from provenance.core.report import Report, Shot
from provenance.core.types import Region

if TYPE_CHECKING:
    from jinja2 import Template

_LABEL_RADIUS: Final = 0.6  # of a number's size


class Box(NamedTuple):
    """A cell of the heat map, with numbers as they stand in the SVG."""

    x: str
    y: str
    width: str
    height: str
    level: int


class ReportHtml:
    """Renders reports."""

    def __call__(self, report: Report, language: Language) -> bytes:
        style, script = _part("report.css"), _part("report.js")
        page = _template().render(
            document=document(report, language),
            report=report,
            frame=query_frame(report),
            labels=_labels(report),
            label_size=_size(LABEL * max(query_frame(report))),
            label_radius=_size(LABEL * _LABEL_RADIUS * max(query_frame(report))),
            html_lang=LANGUAGE_TAGS[language],
            style=_markup(style),
            script=_markup(script),
            policy=content_policy(style, script),
            t=partial(_translated, language),
            points=points,
            boxes=boxes,
            uri=_uri,
            work_frame=work_frame,
        )
        return page.encode()


def content_policy(style: str, script: str) -> str:
    """Our own style and script, by their digests, and pictures inside the file; nothing else, whatever gets in."""
    allowed = {"style-src": _source(style), "script-src": _source(script), "img-src": "data:"}
    rules = [f"{name} {source}" for name, source in allowed.items()]
    return "; ".join(["default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"])


def points(region: Region, frame: Frame) -> str:
    """The corners of a polygon in an SVG attribute."""
    return " ".join(f"{_size(x)},{_size(y)}" for x, y in corners(region, frame))


def boxes(heat: Sequence[Sequence[int]], frame: Frame) -> Iterator[Box]:
    for x, y, width, height, level in cells(heat, frame):
        yield Box(_size(x), _size(y), _size(width), _size(height), level)


def _labels(report: Report) -> list[tuple[int, str, str]]:
    return [(number, _size(x), _size(y)) for number, x, y in labels(report)]


def _translated(language: Language, key: str, **values: object) -> str:
    return text(key, language, **values)


def _size(value: float) -> str:
    return number(round(value, 1))


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
