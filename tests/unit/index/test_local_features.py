import numpy as np
import pytest

from index.local.features import DIMENSIONS, WORKING_SIDE, extract, working_gray
from tests.unit.index.scenes import scene


@pytest.mark.parametrize(("height", "width"), [(400, 560), (1200, 300), (50, 40), (480, 480)])
def test_the_long_side_becomes_the_working_side(height: int, width: int):
    gray = working_gray(np.zeros((height, width, 3), np.uint8))

    assert max(gray.shape) == WORKING_SIDE
    assert gray.shape[0] / gray.shape[1] == pytest.approx(height / width, rel=0.02)


def test_luma_weighs_green_most():
    means = [float(working_gray(np.full((20, 20, 3), np.eye(3)[i] * 200, np.uint8)).mean()) for i in range(3)]

    assert means[1] > means[0] > means[2]


def test_shapes_and_types():
    found = extract(working_gray(scene(1)), 300)

    assert len(found) == 300
    assert found.points.shape == (300, 2)
    assert found.points.dtype == np.float32
    assert found.descriptors.shape == (300, DIMENSIONS)
    assert found.descriptors.dtype == np.uint8
    assert found.scales.shape == found.angles.shape == (300,)
    assert (found.points >= 0).all()
    assert (found.points < [found.shape[1], found.shape[0]]).all()
    assert (found.angles >= 0).all()
    assert (found.angles <= 2 * np.pi + 1e-3).all()


def test_root_sift_vectors_have_the_length_512():
    lengths = np.linalg.norm(extract(working_gray(scene(2)), 200).descriptors.astype(float), axis=1)

    # a few numbers are cut at 255 and all are rounded down
    assert np.median(lengths) == pytest.approx(505, abs=12)


def test_the_same_picture_has_the_same_features():
    one, two = (extract(working_gray(scene(3)), 200) for _ in range(2))

    np.testing.assert_array_equal(one.points, two.points)
    np.testing.assert_array_equal(one.descriptors, two.descriptors)


@pytest.mark.parametrize("value", [0, 127, 255])
def test_a_flat_picture_has_none(value: int):
    found = extract(working_gray(np.full((300, 300, 3), value, np.uint8)), 300)

    assert len(found) == 0
    assert found.descriptors.shape == (0, DIMENSIONS)
    assert len(found.mirrored) == 0


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (1, 2000), (2000, 1), (32, 32)])
def test_tiny_and_thin_pictures_do_not_crash(height: int, width: int):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)

    assert len(extract(working_gray(picture), 100)) <= 100


def test_keypoints_are_spread_over_quiet_parts_too():
    picture = scene(4, 480, 480)
    picture[:, 240:] = (picture[:, 240:].astype(int) - 127) // 2 + 127  # the right half has half of the contrast

    x = extract(working_gray(picture), 200).points[:, 0]

    assert (x > 250).mean() > 0.3


def test_mirrored_features_are_those_of_the_mirrored_picture():
    gray = working_gray(scene(5))
    derived = extract(gray, 300).mirrored
    real = extract(np.ascontiguousarray(gray[:, ::-1]), 300)

    distance = np.linalg.norm(derived.points[:, None] - real.points[None], axis=2)
    turn = np.abs(np.angle(np.exp(1j * (derived.angles[:, None] - real.angles[None]))))
    same = (distance < 1) & (turn < 0.1)
    rows = np.flatnonzero(same.any(axis=1))
    difference = derived.descriptors[rows].astype(float) - real.descriptors[same[rows].argmax(axis=1)]

    assert len(rows) > 200
    assert np.median(np.linalg.norm(difference, axis=1)) < 30


def test_mirroring_twice_changes_nothing():
    found = extract(working_gray(scene(6)), 100)
    again = found.mirrored.mirrored

    np.testing.assert_allclose(again.points, found.points, atol=1e-3)
    np.testing.assert_array_equal(again.descriptors, found.descriptors)
    np.testing.assert_allclose(np.exp(1j * again.angles), np.exp(1j * found.angles), atol=1e-4)
