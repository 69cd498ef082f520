import numpy as np
import pytest

from index.describe import Describer
from index.local.codebook import bundled
from index.local.features import LocalFeatures, ReferenceFeatures, extract, working_gray
from index.local.geometry import UNIT, project
from index.local.verify import align, verify
from tests.unit.index.scenes import jpeg, scene, turn, warp

HEIGHT, WIDTH = 400, 560


def features(picture: np.ndarray) -> LocalFeatures:
    return extract(working_gray(picture), 400)


def stored(picture: np.ndarray) -> ReferenceFeatures:
    """As a fingerprint keeps them: descriptors decoded from their codes."""
    book, found = bundled(), features(picture)
    codes = book.encode(found.descriptors)
    return ReferenceFeatures(found.points, found.scales, found.angles, book.decode(codes), found.shape)


def shares(pixel: np.ndarray) -> np.ndarray:
    """A transform of px of the scene, as one of 0..1."""
    size = np.diag([WIDTH, HEIGHT, 1.0])
    return np.linalg.inv(size) @ pixel @ size


TRANSFORMS = {
    "same": np.eye(3),
    "turned by 10": turn(10, 0.9, (280, 200)),
    "turned by 90": turn(90, 0.7, (280, 200)),
    "turned by 200": turn(200, 0.8, (280, 200)),
    "shrunk": np.diag([0.4, 0.4, 1.0]),
    "enlarged crop": np.array([[2.0, 0, -280], [0, 2.0, -200], [0, 0, 1]]),
    "stretched": np.diag([1.0, 0.7, 1.0]),
    "sheared": np.array([[1, 0.2, -40], [0.1, 0.9, 0], [0, 0, 1]]),
    "perspective": np.array([[1, 0.05, 0], [0.02, 1, 0], [2e-4, 3e-4, 1]]),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_transform_is_found_again(name: str):
    truth = TRANSFORMS[name]
    copy = jpeg(warp(scene(1), truth), 80)

    found = verify(features(copy), stored(scene(1)))

    assert found is not None
    assert found.inliers >= 20
    error = (project(found.transform, UNIT) - project(shares(truth), UNIT)) * [WIDTH, HEIGHT]
    assert np.linalg.norm(error, axis=1).max() < 12  # px, at the corners


@pytest.mark.parametrize("seed", range(2, 8))
def test_different_pictures_share_no_transform(seed: int):
    found = align(features(scene(seed)), stored(scene(1)))

    assert found is None or found.inliers < 8


def test_a_mirrored_copy_is_found_by_align_alone():
    mirrored = features(np.ascontiguousarray(scene(1)[:, ::-1]))
    reference = stored(scene(1))

    direct, best = verify(mirrored, reference), align(mirrored, reference)
    assert direct is None or direct.inliers < 8
    assert best is not None
    assert best.inliers > 100
    corners = project(best.transform, UNIT)
    np.testing.assert_allclose(corners, [[1, 0], [0, 0], [0, 1], [1, 1]], atol=0.01)


def test_hulls_are_shares_of_their_own_picture():
    page = np.full((800, 1120, 3), 90, np.uint8)
    page[400:, 560:] = scene(1)

    found = verify(features(page), stored(scene(1)))

    assert found is not None
    assert 0.15 < found.hull_query < 0.27
    assert 0.6 < found.hull_reference <= 1
    assert found.inliers <= found.tentative


def test_ring_tells_a_shared_frame_from_shared_content():
    def framed(seed: int) -> np.ndarray:
        picture = scene(50)
        picture[45:-45, 60:-60] = scene(seed, HEIGHT - 90, WIDTH - 120)
        return picture

    frame = verify(features(framed(1)), stored(framed(2)))
    content = verify(features(scene(1)), stored(scene(1)))

    assert frame is not None
    assert content is not None
    assert frame.ring > 0.8
    assert content.ring < 0.6


def test_a_repeated_pattern_counts_once_for_each_place():
    tile = scene(3, 80, 80)
    tiled = np.tile(tile, (5, 7, 1))
    other = np.tile(tile, (7, 5, 1))

    found = verify(features(other), stored(tiled))

    assert found is None or found.inliers <= 60  # of 400 keypoints, most of which have dozens of twins


def test_few_or_no_keypoints_are_no_evidence():
    flat = np.full((200, 200, 3), 128, np.uint8)
    dot = flat.copy()
    dot[90:110, 90:110] = 255

    assert verify(features(flat), stored(scene(1))) is None
    assert verify(features(scene(1)), stored(flat)) is None
    assert align(features(dot), stored(dot)) is None or len(features(dot)) >= 4


def test_the_answer_is_the_same_every_time():
    query, reference = features(warp(scene(1), TRANSFORMS["perspective"])), stored(scene(1))
    one, two = verify(query, reference), verify(query, reference)

    assert one is not None
    assert two is not None
    np.testing.assert_array_equal(one.transform, two.transform)
    assert one.inliers == two.inliers


def test_packed_keypoints_verify_as_well_as_fresh_ones(describer: Describer):
    (fingerprint,) = describer.fingerprints([scene(1)])
    query = features(warp(scene(1), TRANSFORMS["turned by 10"]))

    packed, fresh = verify(query, fingerprint.features(bundled())), verify(query, stored(scene(1)))
    assert packed is not None
    assert fresh is not None
    assert packed.inliers > 0.7 * fresh.inliers
