"""The pages of a PDF report: A4 with a line at the foot, paragraphs, rows, tables. Lengths are in millimetres."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from provenance.adapters.pdf.page import FAMILY, FONTS, GREY, MARGIN, RED, RULE, Colour, Style
from provenance.adapters.reports.content import Row, Sentence, Table
from provenance.adapters.reports.texts import LANGUAGE_TAGS, Language, text
from provenance.adapters.reports.wrapping import wrapped

REGULAR: Final = FONTS / "NotoSansSC-report.ttf"
BOLD: Final = FONTS / "NotoSansSC-report-bold.ttf"
ACCENT: Final[Colour] = (29, 78, 216)
CARD: Final[Colour] = (246, 246, 249)

TITLE, HEADING, SMALL_HEADING = Style(20, bold=True), Style(13, bold=True), Style(10, bold=True)
BODY, ALARM, NOTE, CODE = Style(9), Style(9, RED), Style(8.5, GREY), Style(8)
VERDICT, CELL, LABEL, FOOT = Style(12, bold=True), Style(8.5), Style(8.5, GREY), Style(6.5, GREY)

_ALL_PAGES: Final = 4 * "\ue000"  # stands for their number, with room for it; `shown` lets no such character in
_LABEL_WIDTH: Final = 46.0
_BOTTOM: Final = 20.0
_PAD: Final = 1.2
_GUTTER: Final = 3.0


class Foot(NamedTuple):
    """What stands at the foot of every page, before its number."""

    words: str
    language: Language


class Paper(FPDF):
    """A4 pages. What the fonts lack is written as its code point, such as [U+1F600]."""

    def __init__(self, *, title: str, foot: Foot, made_at: datetime) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.alias_nb_pages(_ALL_PAGES)
        self.set_margin(MARGIN)
        self.c_margin = 0  # words begin where rules and pictures do
        self.set_auto_page_break(auto=False, margin=_BOTTOM)
        self.add_font(FAMILY, fname=REGULAR)
        self.add_font(FAMILY, style="B", fname=BOLD)
        self.set_creation_date(made_at)
        self.set_title(title)
        self.set_creator("Provenance")
        self.set_lang(LANGUAGE_TAGS[foot.language])
        self.add_page()

    def footer(self) -> None:
        """The page's number is filled in when all pages are there."""
        page = text("page", self._foot.language, page=self.page_no(), pages=_ALL_PAGES)
        self.set_draw_color(*RULE)
        self.line(MARGIN, self.h - 13, self.w - MARGIN, self.h - 13)
        self.set_xy(MARGIN, self.h - 12)
        self._use(FOOT, self._foot.words)
        self.cell(self.epw, FOOT.height, self._foot.words)
        self.set_x(MARGIN)
        self.cell(self.epw, FOOT.height, page, align="R")

    # ---- words

    def lines(self, words: str, style: Style, width: float) -> list[str]:
        shown = self.shown(words)
        self._use(style, shown)
        return wrapped(shown, width, self.get_string_width)

    def write_lines(self, lines: Sequence[str], style: Style, *, x: float, width: float, align: str = "L") -> None:
        """From where the page is, downwards; a line that has no room begins a page."""
        self._use(style, "".join(lines))
        for line in lines:
            self.need(style.height)
            self.set_x(x)
            self.cell(width, style.height, line, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def paragraph(self, words: str, style: Style = BODY, *, before: float = 0.8, mark: str = "") -> None:
        """`mark` stands before it, as of a list."""
        indent = 6.0 if mark else 0.0
        self.ln(before)
        lines = self.lines(words, style, self.epw - indent)
        self.need(style.height)
        if mark:
            self._use(style, mark)
            self.cell(indent, style.height, mark)
        self.write_lines(lines, style, x=MARGIN + indent, width=self.epw - indent)

    def heading(self, words: str, style: Style = HEADING, *, room: float = 30.0) -> None:
        """With `room` below it on the same page, and an entry in the outline."""
        self.need(room)
        self.ln(6 if style is HEADING else 4)
        if style is HEADING:
            self.start_section(self.shown(words), strict=False)
        self.write_lines(self.lines(words, style, self.epw), style, x=MARGIN, width=self.epw)
        self.ln(1)

    def card(self, title: str, sentences: Sequence[Sentence]) -> None:
        """A box that is seen first."""
        inner = self.epw - 10
        found = [(self.lines(title, VERDICT, inner), VERDICT)]
        found += [(self.lines(said.words, style, inner), style) for said in sentences for style in (_style(said),)]
        height = sum(len(lines) * style.height + 1 for lines, style in found) + 6
        self.need(height)
        self.ln(3)
        top = self.get_y()
        self.set_fill_color(*CARD)
        self.rect(MARGIN, top, self.epw, height, style="F")
        self.set_fill_color(*ACCENT)
        self.rect(MARGIN, top, 1.4, height, style="F")
        self.set_y(top + 3)
        for lines, style in found:
            self.write_lines(lines, style, x=MARGIN + 6, width=inner)
            self.ln(1)
        self.set_y(top + height)

    # ---- rows

    def rows(self, rows: Sequence[Row]) -> None:
        width = self.epw - _LABEL_WIDTH
        for row in rows:
            self.columns(((row.label, LABEL), (row.value, CODE if row.code else CELL)), (_LABEL_WIDTH, width))

    def ruled(self, table: Table, shares: Sequence[float]) -> None:
        """`shares` of the width, in all 1. The head stands again on every page."""
        widths = [share * self.epw for share in shares]
        head = [(words, LABEL) for words in table.head]
        self.columns(head, widths, room=20)
        for row in table.rows:
            if self.columns([(words, CELL) for words in row], widths, fits_only=True):
                continue
            self.add_page()
            self.columns(head, widths)
            self.columns([(words, CELL) for words in row], widths)

    def columns(
        self, cells: Sequence[tuple[str, Style]], widths: Sequence[float], *, room: float = 0.0, fits_only: bool = False
    ) -> bool:
        """One row under a rule. False: it has no room here, and `fits_only` says to leave it."""
        found = [self.lines(words, style, width - _GUTTER) for (words, style), width in zip(cells, widths, strict=True)]
        height = max(len(lines) * style.height for lines, (_, style) in zip(found, cells, strict=True)) + 2 * _PAD
        if fits_only and not self.fits(height):
            return False
        self.need(max(height, room))
        top, x = self.get_y(), MARGIN
        self.set_draw_color(*RULE)
        self.line(MARGIN, top, MARGIN + self.epw, top)
        for lines, (_, style), width in zip(found, cells, widths, strict=True):
            self.set_y(top + _PAD)
            self.write_lines(lines, style, x=x, width=width - _GUTTER)
            x += width
        self.set_y(top + height)
        return True

    # ---- room

    def fits(self, height: float) -> bool:
        return self.get_y() + height <= self.h - _BOTTOM

    def need(self, height: float) -> None:
        """A new page where this page has less room, unless it is empty."""
        if not self.fits(height) and self.get_y() > MARGIN:
            self.add_page()

    # ---- fonts

    def shown(self, words: str) -> str:
        """What can be written: nothing that steers the page, and nothing without a glyph."""
        return "".join(c if c.isprintable() and ord(c) in _glyphs(REGULAR) else f"[U+{ord(c):04X}]" for c in words)

    def _use(self, style: Style, words: str) -> None:
        """Bold where the bold font has all of it."""
        bold = style.bold and all(ord(c) in _glyphs(BOLD) for c in words)
        self.set_font(FAMILY, style="B" if bold else "", size=style.size)
        self.set_text_color(*style.colour)


@cache
def _glyphs(font: Path) -> frozenset[int]:
    """Code points that it has."""
    with TTFont(font) as opened:
        return frozenset(opened.getBestCmap())


def _style(said: Sentence) -> Style:
    return ALARM if said.alarm else BODY
