import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.local.geometry import FLIP, UNIT, area, as_region, clip, is_plausible, normalise, overlap, project

SHAPE = (300, 400)


def scaled(x: float, y: float, dx: float = 0.0, dy: float = 0.0) -> np.ndarray:
    return np.array([[x, 0, dx], [0, y, dy], [0, 0, 1.0]])


def test_the_identity_overlaps_all_of_both():
    assert overlap(np.eye(3)) == (((0, 0), (1, 0), (1, 1), (0, 1)),) * 2


def test_a_work_pasted_into_a_corner():
    in_query, in_reference = overlap(scaled(0.5, 0.25, 0.5, 0.75))

    assert in_query == ((0.5, 0.75), (1, 0.75), (1, 1), (0.5, 1))
    assert area(in_reference) == pytest.approx(1)


def test_a_crop_shows_which_part_of_the_work_it_is():
    in_query, in_reference = overlap(scaled(4, 2, -1, -0.5))  # columns .25-.5, rows .25-.75

    assert area(in_query) == pytest.approx(1)
    assert in_reference == ((0.25, 0.25), (0.5, 0.25), (0.5, 0.75), (0.25, 0.75))


def test_pictures_beside_each_other_do_not_overlap():
    assert overlap(scaled(1, 1, 2, 0)) == ((), ())


def test_a_mirrored_overlap_is_clockwise_from_the_top_left():
    in_query, in_reference = overlap(FLIP)

    assert in_query == in_reference == ((0, 0), (1, 0), (1, 1), (0, 1))


def test_a_diamond_is_cut_to_an_octagon():
    diamond = np.array([[0.5, -0.25], [1.25, 0.5], [0.5, 1.25], [-0.25, 0.5]])

    cut = clip(diamond)
    assert len(cut) == 8
    assert area(cut) == pytest.approx(1 - 4 * 0.25**2 / 2)


@given(st.lists(st.floats(-2, 3), min_size=6, max_size=6))
def test_clipped_triangles_stay_inside_and_never_grow(numbers: list[float]):
    triangle = np.array(numbers).reshape(3, 2)

    cut = clip(triangle)
    assert ((cut >= 0) & (cut <= 1)).all()
    assert area(cut) <= min(1.0, area(triangle)) + 1e-6


def test_area_of_nothing_is_zero():
    assert area(()) == 0
    assert area(((0, 0), (1, 1))) == 0


def test_a_region_starts_top_left_and_runs_clockwise():
    backwards = UNIT[::-1] * 0.5 + 0.25

    assert as_region(backwards) == ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    assert as_region(UNIT[:2]) == ()


def test_pixels_become_shares_of_the_sides():
    shift = scaled(1, 1, 40, 30)  # px, between pictures of one size

    np.testing.assert_allclose(normalise(shift, SHAPE, SHAPE), scaled(1, 1, 0.1, 0.1))
    half = normalise(scaled(1, 1), SHAPE, (600, 800))
    np.testing.assert_allclose(project(half, UNIT), UNIT / 2)


@pytest.mark.parametrize(
    ("transform", "plausible"),
    [
        (np.eye(3), True),
        (scaled(0.1, 0.1), True),
        (scaled(8, 8), True),
        (scaled(1, 0.5), True),
        (scaled(1, 0.1), False),  # stretched ten times
        (scaled(0.01, 0.01), False),  # a dot
        (scaled(100, 100), False),
        (scaled(-1, 1), False),  # mirror images are tried by mirroring the features
        (np.array([[1, 0, 0], [0, 1, 0], [0.0005, 0, 1.0]]), True),
        (np.array([[1, 0, 0], [0, 1, 0], [-0.002, 0, 1.0]]), False),  # the far side lies nearly at the horizon
        (np.full((3, 3), np.nan), False),
        (scaled(0, 0), False),
    ],
)
def test_what_a_person_could_have_done(transform: np.ndarray, plausible: bool):
    assert is_plausible(transform, SHAPE) is plausible
