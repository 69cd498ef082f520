"""The pictures of a PDF report, with what is drawn over them. Lengths are in millimetres."""

import io
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from provenance.adapters.pdf.page import GREY, MARGIN, RULE, Colour, Style
from provenance.adapters.reports.content import Caption
from provenance.adapters.reports.paper import CARD, NOTE, SMALL_HEADING, Paper
from provenance.adapters.reports.shapes import LABEL, Frame, Label, cells, corners
from provenance.core.report import Placement, Shot
from provenance.core.types import Region

LINE: Final[Colour] = (255, 45, 135)
DASHED: Final[Colour] = (47, 107, 255)
HEAT: Final[tuple[Colour, ...]] = ((253, 231, 37), (94, 201, 98), (33, 145, 140), (59, 82, 139), (68, 1, 84))
_WHITE: Final = (255, 255, 255)
_HEAT_OPACITY: Final = 0.68
_GAP: Final = 6.0
_TALLEST: Final = 84.0
_WIDE: Final = 110.0
_KEY: Final = Style(7.5, GREY)
_POINTS_A_MM: Final = 72 / 25.4


class Place(NamedTuple):
    """Where a frame lies on the page."""

    x: float
    y: float
    scale: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.x + x * self.scale, self.y + y * self.scale


class Figure(NamedTuple):
    """`draw` draws over the picture. `legend` has colours, None for words alone, and what they mean."""

    frame: Frame
    picture: Shot | None
    caption: Caption
    draw: Callable[[Place], None]
    title: str = ""
    legend: Sequence[tuple[Colour | None, str]] = ()


class Figures:
    """Draws on one paper. `absent` is written where a picture is not shown."""

    def __init__(self, paper: Paper, *, absent: str) -> None:
        self._paper = paper
        self._absent = absent

    def row(self, figures: Sequence[Figure], *, wide: bool = False) -> None:
        """Two side by side, or one, which may be `wide`, on one page."""
        paper = self._paper
        width = _WIDE if wide else (paper.epw - _GAP) / 2
        heights = [self._height(figure, width) for figure in figures]
        paper.need(max(heights) + 2)
        paper.ln(2)
        top = paper.get_y()
        for column, figure in enumerate(figures):
            self._figure(figure, MARGIN + column * (width + _GAP), top, width)
        paper.set_y(top + max(heights))

    def _height(self, figure: Figure, width: float) -> float:
        caption = len(self._paper.lines(figure.caption.words, NOTE, width)) * NOTE.height
        title = SMALL_HEADING.height + 1 if figure.title else 0
        return title + figure.frame.height * _scale(figure.frame, width) + self._legend(figure, width) + caption + 3

    def _figure(self, figure: Figure, x: float, top: float, width: float) -> None:
        paper, frame = self._paper, figure.frame
        paper.set_y(top)
        if figure.title:
            paper.write_lines(paper.lines(figure.title, SMALL_HEADING, width), SMALL_HEADING, x=x, width=width)
            paper.ln(1)
        scale = _scale(frame, width)
        place = Place(x, paper.get_y(), scale)
        self._picture(figure, place)
        figure.draw(place)
        paper.set_y(place.y + frame.height * scale + 1.5)
        self._legend(figure, width, x)
        paper.write_lines(paper.lines(figure.caption.words, NOTE, width), NOTE, x=x, width=width)

    def _picture(self, figure: Figure, place: Place) -> None:
        width, height = figure.frame.width * place.scale, figure.frame.height * place.scale
        if figure.picture is not None:
            self.image(figure.picture, place, figure.frame, figure.caption.alt)
            return
        paper = self._paper
        paper.set_fill_color(*CARD)
        paper.set_draw_color(*RULE)
        paper.rect(place.x, place.y, width, height, style="DF")
        paper.set_y(place.y + height / 2 - NOTE.height / 2)
        paper.write_lines([self._absent], NOTE, x=place.x, width=width, align="C")

    def image(self, shot: Shot, place: Place, frame: Frame, alt: str) -> None:
        width, height = frame.width * place.scale, frame.height * place.scale
        self._paper.image(io.BytesIO(shot.data), place.x, place.y, width, height, alt_text=self._paper.shown(alt))

    def see_through(self, shot: Shot, place: Place, frame: Frame, alt: str) -> None:
        with self._paper.local_context(fill_opacity=0.5):
            self.image(shot, place, frame, alt)

    def outline(self, region: Region | None, place: Place, frame: Frame) -> None:
        self.edge(region, place, frame)
        self._polygon(region, place, frame, LINE, 0.55)

    def edge(self, region: Region | None, place: Place, frame: Frame) -> None:
        """White under a line, so that it is seen on any picture."""
        self._polygon(region, place, frame, _WHITE, 1.1)

    def dashes(self, region: Region | None, place: Place, frame: Frame) -> None:
        """Over an outline both are seen."""
        with self._paper.local_context():
            self._paper.set_dash_pattern(dash=2, gap=1.4)
            self._polygon(region, place, frame, DASHED, 0.55)

    def _polygon(self, region: Region | None, place: Place, frame: Frame, colour: Colour, width: float) -> None:
        if region is None:
            return
        with self._paper.local_context(draw_color=colour, line_width=width):
            self._paper.polygon([place.at(x, y) for x, y in corners(region, frame)], style="D")

    def heat(self, placement: Placement, place: Place, frame: Frame) -> None:
        paper = self._paper
        with paper.local_context(fill_opacity=_HEAT_OPACITY):
            for cell in cells(placement.heat, frame):
                paper.set_fill_color(*HEAT[cell.level])
                x, y = place.at(cell.x, cell.y)
                paper.rect(x, y, cell.width * place.scale, cell.height * place.scale, style="F")

    def number(self, label: Label, place: Place, frame: Frame) -> None:
        paper = self._paper
        x, y = place.at(label.x, label.y)
        size = LABEL * max(frame) * place.scale
        with paper.local_context(draw_color=_WHITE, line_width=0.5):
            paper.set_fill_color(*LINE)
            paper.circle(x, y, 0.6 * size, style="DF")
        style = Style(0.8 * size * _POINTS_A_MM, _WHITE, bold=True)
        paper.set_y(y - style.height / 2)
        paper.write_lines([str(label.number)], style, x=x - size, width=2 * size, align="C")

    def _legend(self, figure: Figure, width: float, x: float | None = None) -> float:
        """Colours and what they mean, in lines; drawn where `x` is given. Answers its height."""
        if not figure.legend:
            return 0.0
        paper, style = self._paper, _KEY
        left, top, line = 0.0, paper.get_y(), style.height + 0.6
        height = line
        for colour, words in figure.legend:
            swatch = 0.0 if colour is None else 7.0
            size = swatch + paper.get_string_width(paper.lines(words, style, width)[0]) + 3
            if left + size > width:
                left, height = 0.0, height + line
            if x is not None:
                self._key(colour, words, x + left, top + height - line)
            left += size
        if x is not None:
            paper.set_y(top + height)
        return height

    def _key(self, colour: Colour | None, words: str, x: float, y: float) -> None:
        paper = self._paper
        paper.set_y(y)
        if colour is not None:
            with paper.local_context(draw_color=GREY, line_width=0.1):
                paper.set_fill_color(*colour)
                paper.rect(x, y + 0.5, 6, _KEY.height - 1, style="DF")
            x += 7
        paper.write_lines([words], _KEY, x=x, width=60)


def _scale(frame: Frame, width: float) -> float:
    return min(width / frame.width, _TALLEST / frame.height)
