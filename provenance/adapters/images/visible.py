"""A label that people see: "AI" or "AI生成", drawn into a corner of the pixels.

GB 45438-2025 asks for a text of at least 5 % of the shorter side that names AI and generation, the EU's code of
practice for an icon with "AI". The four characters are drawn as strokes, so that no font has to be there.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from PIL import Image, ImageDraw

from provenance.core.errors import Rejected

if TYPE_CHECKING:
    from provenance.core.types import Pixels

_Stroke: TypeAlias = tuple[tuple[int, int], ...]

TEXTS: Final[Mapping[str, str]] = MappingProxyType({"en": "AI", "zh": "AI生成"})
_SHARE: Final = 0.05  # height of the text over the shorter side
_MIN_HEIGHT: Final = 10  # pixels; less is not legible
_DETAIL: Final = 4  # drawn this much larger, then averaged down
_PEN: Final = 9  # hundredths of the height
_PADDING: Final = 0.35  # of the height, inside the box and around it
_SHADE: Final = 0.6  # how much of the picture the box hides

# Corner points of strokes, in hundredths of the height from the top left; the width of each character beside them.
_GLYPHS: Final[Mapping[str, tuple[int, tuple[_Stroke, ...]]]] = MappingProxyType(
    {
        "A": (84, (((6, 95), (42, 6), (78, 95)), ((20, 64), (64, 64)))),
        "I": (46, (((20, 6), (20, 95)),)),
        "生": (
            110,
            (
                ((30, 6), (24, 26), (10, 44)),
                ((24, 28), (86, 28)),
                ((53, 5), (53, 93)),
                ((20, 59), (82, 59)),
                ((6, 93), (95, 93)),
            ),
        ),
        "成": (
            100,
            (
                ((15, 25), (93, 25)),
                ((15, 25), (15, 58), (5, 94)),
                ((17, 49), (42, 49), (40, 78), (28, 74)),
                ((56, 5), (60, 42), (70, 72), (84, 92), (93, 92), (94, 74)),
                ((85, 40), (73, 64), (46, 93)),
                ((72, 5), (82, 16)),
            ),
        ),
    }
)


def draw_label(pixels: "Pixels", language: str) -> "Pixels":
    """uint8[H, W, 3] with the text of `language` ("en" or "zh") in the lower right corner, white on a dark box.

    Raises Rejected when the picture is too small for a label that can be read.
    """
    height, width = pixels.shape[:2]
    text = TEXTS[language]
    size = max(_MIN_HEIGHT, int(np.ceil(_SHARE * min(height, width))))
    mask = _text(text, size)
    padding = round(_PADDING * size)
    box_height, box_width = mask.shape[0] + 2 * padding, mask.shape[1] + 2 * padding
    top, left = height - box_height - padding, width - box_width - padding
    if top < 0 or left < 0:
        raise Rejected(
            f"{width} x {height} pixels have no room for a visible label", hint="send a larger picture, or turn it off"
        )
    ink = np.zeros((box_height, box_width, 1))
    ink[padding : padding + mask.shape[0], padding : padding + mask.shape[1], 0] = mask
    drawn = pixels.copy()
    place = drawn[top : top + box_height, left : left + box_width]
    shaded = place * (1 - _SHADE)
    place[:] = np.rint(shaded * (1 - ink) + 255 * ink).astype(np.uint8)
    return drawn


def _text(text: str, size: int) -> np.ndarray:
    """float64[size, width], 0..1: how much ink each pixel has."""
    scale = size * _DETAIL / 100
    width = round(sum(_GLYPHS[character][0] for character in text) * size / 100)
    image = Image.new("L", (width * _DETAIL, size * _DETAIL))
    draw = ImageDraw.Draw(image)
    left = 0
    for character in text:
        advance, strokes = _GLYPHS[character]
        for stroke in strokes:
            _draw(draw, [((left + x) * scale, y * scale) for x, y in stroke], max(_DETAIL, _PEN * scale))
        left += advance
    return np.asarray(image.resize((width, size), Image.Resampling.BOX)).astype(np.float64) / 255


def _draw(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], pen: float) -> None:
    draw.line(points, fill=255, width=round(pen), joint="curve")
    for x, y in points:
        draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
