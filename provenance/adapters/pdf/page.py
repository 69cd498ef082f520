"""What the PDFs have in common: colours, sizes, the font's place, and how a document ends."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from fpdf import FPDF

FONTS: Final = Path(__file__).with_name("fonts")
FAMILY: Final = "words"
MARGIN: Final = 16.0  # millimetres
LEADING: Final = 0.5  # millimetres a point
INK, GREY, RED, RULE = (24, 24, 27), (99, 99, 110), (180, 30, 30), (222, 222, 228)

Colour = tuple[int, int, int]


class Style(NamedTuple):
    """`size` in points."""

    size: float
    colour: Colour = INK
    bold: bool = False

    @property
    def height(self) -> float:
        """Of a line, in millimetres."""
        return self.size * LEADING


def finished(pdf: "FPDF") -> bytes:
    """The file. fpdf2 leaves its fonts open; this closes them."""
    from fpdf.fonts import TTFFont  # here: only what makes a PDF needs it

    try:
        return bytes(pdf.output())
    finally:
        for font in pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()
