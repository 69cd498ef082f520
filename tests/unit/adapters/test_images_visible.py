"""The label that people see."""

import numpy as np
import pytest

from provenance.adapters.images.visible import TEXTS, draw_label
from provenance.core.errors import Rejected
from tests.unit.adapters.image_samples import photo


def box(before: np.ndarray, after: np.ndarray) -> tuple[slice, slice]:
    rows, columns = np.nonzero((before != after).any(axis=2))
    return slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)


@pytest.mark.parametrize("shape", [(1200, 800), (800, 1200), (300, 3000), (90, 90)])
@pytest.mark.parametrize("language", sorted(TEXTS))
def test_the_text_has_a_twentieth_of_the_shorter_side_and_stands_inside(shape, language):
    pixels = photo(*shape)
    drawn = draw_label(pixels, language)
    rows, columns = box(pixels, drawn)
    ink = (drawn[rows, columns] > 230).all(axis=2)
    lines = np.nonzero(ink.any(axis=1))[0]
    assert lines.max() - lines.min() + 1 >= 0.88 * max(10, 0.05 * min(shape))  # strokes end a little inside their body
    assert rows.stop < shape[1]
    assert columns.stop < shape[0]
    assert columns.start > shape[0] / 3
    assert drawn.dtype == np.uint8


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_it_can_be_read_on_any_ground(grey):
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 between text and ground."""
    pixels = np.full((400, 600, 3), grey, np.uint8)
    label = draw_label(pixels, "zh")[box(pixels, draw_label(pixels, "zh"))]
    lightest, ground = label.max() / 255, np.median(label) / 255

    def luminance(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    assert (luminance(lightest) + 0.05) / (luminance(ground) + 0.05) >= 4.5


def test_the_characters_are_apart_and_differ():
    pixels = np.full((1000, 1000, 3), 128, np.uint8)
    drawn = draw_label(pixels, "zh")
    ink = (drawn > 200).all(axis=2)
    columns = np.nonzero(ink.any(axis=0))[0]
    gaps = np.nonzero(np.diff(columns) > 1)[0]
    assert len(gaps) == len(TEXTS["zh"]) - 1
    characters = [ink[:, part[0] : part[-1] + 1].sum() for part in np.split(columns, gaps + 1)]
    assert len(set(characters)) == 4
    assert characters[1] < characters[0] < characters[2]  # I, A, then the first of the two ideographs


def test_the_callers_pixels_are_not_drawn_on():
    pixels = photo(200, 200)
    draw_label(pixels, "en")
    np.testing.assert_array_equal(pixels, photo(200, 200))


@pytest.mark.parametrize("shape", [(8, 300), (300, 8), (30, 40)])
def test_a_picture_without_room_is_refused(shape):
    with pytest.raises(Rejected, match="no room"):
        draw_label(photo(*shape), "zh")
