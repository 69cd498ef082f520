"""Every `index.ports.Verifier` names the shared part, and only where there is one."""

import numpy as np
import pytest

from index import LocalVerifier
from index.local.geometry import area, project
from index.ports import Verifier
from tests.unit.index.scenes import jpeg, scene, turn, warp

PICTURE = scene(1)
HEIGHT, WIDTH = PICTURE.shape[:2]


@pytest.fixture(params=[LocalVerifier, lambda: LocalVerifier(keypoints=300)], ids=["default", "300 keypoints"])
def verifier(request: pytest.FixtureRequest) -> Verifier:
    return request.param()


def test_a_picture_is_all_of_itself(verifier: Verifier):
    found = verifier.compare(PICTURE, PICTURE)

    assert found is not None
    assert not found.mirrored
    assert found.agreement > 0.99
    np.testing.assert_allclose(found.homography, np.eye(3), atol=0.01)
    assert area(found.region_query) > 0.98
    assert area(found.region_reference) > 0.98


def test_a_crop_is_all_of_the_query_and_its_part_of_the_reference(verifier: Verifier):
    found = verifier.compare(jpeg(np.ascontiguousarray(PICTURE[100:300, 140:420]), 70), PICTURE)

    assert found is not None
    assert area(found.region_query) > 0.95
    corners = np.array(found.region_reference)
    np.testing.assert_allclose([*corners.min(axis=0), *corners.max(axis=0)], [0.25, 0.25, 0.75, 0.75], atol=0.02)


def test_query_and_reference_may_be_exchanged(verifier: Verifier):
    crop = np.ascontiguousarray(PICTURE[100:300, 140:420])
    forth, back = verifier.compare(crop, PICTURE), verifier.compare(PICTURE, crop)

    assert forth is not None
    assert back is not None
    points = np.array([[0.3, 0.3], [0.7, 0.4], [0.5, 0.7]])
    np.testing.assert_allclose(project(back.homography, project(forth.homography, points)), points, atol=0.02)


@pytest.mark.parametrize("degrees", [0, 10, 90, 180])
def test_mirrored_and_turned(verifier: Verifier, degrees: int):
    turned = warp(PICTURE, turn(degrees, 0.7, (WIDTH / 2, HEIGHT / 2)))

    plain, mirrored = (
        verifier.compare(turned, PICTURE),
        verifier.compare(np.ascontiguousarray(turned[:, ::-1]), PICTURE),
    )
    assert plain is not None
    assert not plain.mirrored
    assert mirrored is not None
    assert mirrored.mirrored


@pytest.mark.parametrize("seed", range(2, 7))
def test_different_pictures_share_nothing(verifier: Verifier, seed: int):
    assert verifier.compare(scene(seed), PICTURE) is None


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (64, 64)])
def test_flat_and_tiny_pictures_share_nothing(verifier: Verifier, shape: tuple[int, int]):
    flat = np.full((*shape, 3), 90, np.uint8)

    assert verifier.compare(flat, PICTURE) is None
    assert verifier.compare(PICTURE, flat) is None
    assert verifier.compare(flat, flat) is None


def test_regions_stay_inside_their_pictures(verifier: Verifier):
    pasted = np.full((500, 700, 3), 60, np.uint8)
    pasted[250:, 350:] = PICTURE[:250, :350]

    found = verifier.compare(pasted, PICTURE)
    assert found is not None
    for region in (found.region_query, found.region_reference):
        corners = np.array(region)
        assert ((corners >= 0) & (corners <= 1)).all()
        assert area(region) > 0.1
