import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.watermark.geometry import hypotheses, hypotheses_for, placement


def frequency_map(scale: float, degrees: float, mirrored: bool, aspect: float = 1.0) -> np.ndarray:
    """B = G^-T of: flip, then turn counter-clockwise as seen (y points down), then scale."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    flip = np.diag([-1.0 if mirrored else 1.0, 1.0])
    return np.linalg.inv(np.diag([aspect, 1 / aspect]) @ (scale * turn @ flip)).T.ravel()


@given(st.floats(0.2, 4), st.floats(-179.9, 180), st.booleans(), st.booleans())
def test_placement_reads_a_similarity(scale: float, degrees: float, mirrored: bool, half_turn: bool) -> None:
    candidate = frequency_map(scale, degrees, mirrored) * (-1 if half_turn else 1)
    where = placement(candidate, half_turn, reduction=0.5)
    assert where.scale == pytest.approx(2 * scale)
    assert where.mirrored is mirrored
    assert math.remainder(where.rotation - degrees, 360) == pytest.approx(0, abs=1e-6)
    assert -180 < where.rotation <= 180


@given(st.floats(0.75, 1.3))
def test_a_change_of_aspect_is_not_read_as_a_rotation(aspect: float) -> None:
    where = placement(frequency_map(1.5, 0.0, False, aspect), False, reduction=1.0)
    assert where.rotation == pytest.approx(0)
    assert where.scale == pytest.approx(1.5)


def nearest(maps: np.ndarray, wanted: np.ndarray) -> float:
    """Largest relative error of the nearest map; the sign of a map is free."""
    size = math.sqrt(abs(np.linalg.det(wanted.reshape(2, 2))))
    return float(min(np.abs(maps - wanted).max(1).min(), np.abs(maps + wanted).max(1).min()) / size)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 10, 45, 90, 133, 180, -71])
def test_any_rotation_is_near_a_hypothesis(degrees: float, mirrored: bool) -> None:
    for scale in (0.6, 1.0, 1.9):
        assert nearest(hypotheses_for(512).turned, frequency_map(scale, degrees, mirrored)) < 0.02


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 2, -3, 180])
@pytest.mark.parametrize("aspect", [0.85, 1.0, 1.18])
def test_upright_pictures_are_near_a_hypothesis(degrees: float, mirrored: bool, aspect: float) -> None:
    wanted = frequency_map(1.1, degrees, mirrored, aspect if degrees % 90 == 0 else 1.0)
    assert nearest(hypotheses_for(640).upright, wanted) < 0.02


def test_hypotheses_do_not_depend_on_what_was_asked_before() -> None:
    first = hypotheses_for(500)
    hypotheses.cache_clear()
    hypotheses_for(510)
    for name in ("scaled", "upright", "turned"):
        assert np.array_equal(getattr(first, name), getattr(hypotheses_for(500), name))


def test_the_number_of_hypotheses_is_bounded() -> None:
    """Memory and time of a detection: float64[h, 4] for every length that can be analysed."""
    for found in map(hypotheses_for, (32, 256, 512, 1024)):
        assert len(found.scaled) < 4_000
        assert len(found.upright) + len(found.turned) < 350_000


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("scale", [0.5, 0.77, 1.0, 2.4])
def test_any_scale_of_a_right_angle_is_among_the_few(scale: float, degrees: float, mirrored: bool) -> None:
    assert nearest(hypotheses_for(700).scaled, frequency_map(scale, degrees, mirrored)) < 0.01


def test_hypotheses_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        hypotheses_for(512).upright[0, 0] = 1
