from collections.abc import Callable

import cv2
import numpy as np
import pytest

from index.local.dense import NOTHING, compare
from index.local.features import working_gray
from index.local.geometry import FLIP, area
from tests.unit.index.scenes import jpeg, scene, warp

ONE, OTHER = working_gray(scene(1)), working_gray(scene(2))


def place(x: float, y: float, width: float, height: float) -> np.ndarray:
    """The reference fills this box of the query."""
    return np.array([[width, 0, x], [0, height, y], [0, 0, 1.0]])


def test_a_picture_agrees_with_itself_all_over():
    found = compare(ONE, ONE, np.eye(3))

    assert found.share > 0.99
    assert found.correlation > 0.95
    assert found.core > 0.99
    assert found.textured == pytest.approx(found.agreeing, abs=0.02)
    assert area(found.region) > 0.99


def test_unrelated_pictures_do_not():
    found = compare(ONE, OTHER, np.eye(3))

    assert found.share < 0.3
    assert found.core < 0.3


@pytest.mark.parametrize("change", ["jpeg", "brighter", "negative", "noise", "shifted"])
def test_what_leaves_the_content_leaves_the_agreement(change: str):
    picture = scene(1)
    changed = {
        "jpeg": lambda: jpeg(picture, 15),
        "brighter": lambda: np.clip(picture * 0.6 + 90, 0, 255).astype(np.uint8),
        "negative": lambda: 255 - picture,
        "noise": lambda: np.clip(picture + np.random.default_rng(0).normal(0, 25, picture.shape), 0, 255).astype(
            np.uint8
        ),
        "shifted": lambda: np.roll(picture, (2, 2), (0, 1)),
    }[change]()

    assert compare(working_gray(changed), ONE, np.eye(3)).share > 0.9


def test_a_wrong_transform_of_the_right_picture_does_not_agree():
    assert compare(ONE, ONE, place(0.1, 0.1, 0.8, 0.8)).share < 0.5
    assert compare(ONE, ONE, FLIP).share < 0.4


def test_a_mirrored_copy_agrees_under_the_mirror_transform():
    assert compare(np.ascontiguousarray(ONE[:, ::-1]), ONE, FLIP).share > 0.98


def test_a_pasted_work_agrees_in_its_box():
    page = working_gray(scene(2, 800, 1120))
    small = working_gray(scene(1), 240)
    page[100 : 100 + small.shape[0], 200 : 200 + small.shape[1]] = small
    box = place(
        200 / page.shape[1], 100 / page.shape[0], small.shape[1] / page.shape[1], small.shape[0] / page.shape[0]
    )

    found = compare(page, ONE, box)

    assert found.share > 0.9
    assert found.textured < 0.35
    assert area(found.region) == pytest.approx(
        area(((0, 0), (box[0, 0], 0), (box[0, 0], box[1, 1]), (0, box[1, 1]))), rel=0.05
    )


def test_a_small_enlarged_crop_agrees():
    crop = working_gray(np.ascontiguousarray(scene(1)[100:220, 200:370]))
    box = place(-200 / 170, -100 / 120, 560 / 170, 400 / 120)

    assert compare(crop, ONE, box).share > 0.9


def test_only_the_shared_frame_agrees():
    framed = [scene(50), scene(50)]
    for picture, seed in zip(framed, (1, 2), strict=True):
        picture[52:-52, 72:-72] = scene(seed, 400 - 104, 560 - 144)
    found = compare(working_gray(framed[0]), working_gray(framed[1]), np.eye(3))

    assert found.share > 0.25
    assert found.core < 0.25


def test_a_half_replaced_picture_says_which_half():
    mixed = scene(1)
    mixed[:, 280:] = scene(2)[:, 280:]

    found = compare(working_gray(mixed), ONE, np.eye(3))

    assert 0.35 < found.share < 0.75
    xs = [x for x, _ in found.region]
    assert min(xs) < 0.1
    assert np.median(xs) < 0.6


def test_paper_around_a_motif_belongs_to_the_region_unless_it_was_exchanged():
    motif = working_gray(scene(1), 280)
    on_paper = np.full((400, 400), 240, np.uint8)
    on_other = cv2.resize(OTHER, (400, 400))
    for page in (on_paper, on_other):
        page[60 : 60 + motif.shape[0], 80 : 80 + motif.shape[1]] = motif

    assert area(compare(cv2.GaussianBlur(on_paper, (0, 0), 1.0), on_paper, np.eye(3)).region) > 0.99
    moved = compare(on_other, on_paper, np.eye(3))
    assert moved.share > 0.62
    assert area(moved.region) < 0.6


@pytest.mark.parametrize("value", [0, 255])
def test_flat_pictures_have_nothing_to_compare(value: int):
    flat = np.full((300, 300), value, np.uint8)

    assert compare(flat, flat, np.eye(3)) == NOTHING
    assert compare(ONE, flat, np.eye(3)) == NOTHING


def test_tiny_pictures_and_no_overlap_have_nothing_to_compare():
    assert compare(np.zeros((1, 1), np.uint8), ONE, np.eye(3)).share == 0
    assert compare(ONE, ONE, place(3, 3, 1, 1)) == NOTHING


def test_a_perspective_copy_agrees():
    pixel = np.array([[1, 0.05, 0], [0.02, 1, 0], [2e-4, 3e-4, 1]])
    size = np.diag([560, 400, 1.0])

    assert compare(working_gray(warp(scene(1), pixel)), ONE, np.linalg.inv(size) @ pixel @ size).share > 0.95


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:240, 0:240].astype(np.float64)
    return y, x


def _noisy(picture: np.ndarray, seed: int) -> np.ndarray:
    return np.clip(picture + np.random.default_rng(seed).normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "shade", [lambda y, x: 40 + 0.7 * x, lambda y, x: 220 - 0.004 * ((x - 120) ** 2 + (y - 120) ** 2)]
)
def test_any_two_ramps_look_alike_so_they_are_not_compared(shade: Callable[..., np.ndarray]):
    assert compare(_noisy(shade(*_grid()), 1), _noisy(shade(*_grid()), 2), np.eye(3)).agreeing < 0.02


@pytest.mark.parametrize(
    "shade", [lambda y, x: 128 + 60 * np.sin((x + y) / 5), lambda y, x: np.where(x > 120, 200.0, 50.0)]
)
def test_stripes_and_single_edges_are_told_from_what_runs_more_than_one_way(shade: Callable[..., np.ndarray]):
    found = compare(_noisy(shade(*_grid()), 1), _noisy(shade(*_grid()), 2), np.eye(3))

    assert found.agreeing > 0.1
    assert found.crossing < 0.02
    assert compare(ONE, ONE, np.eye(3)).crossing > 0.3


def test_a_texture_that_repeats_agrees_beside_its_place_too():
    y, x = _grid()
    tiles = _noisy(128 + 50 * np.sin(x * 2 * np.pi / 27) + 50 * np.sin(y * 2 * np.pi / 27), 1)

    assert compare(tiles, tiles, np.eye(3)).chance > 0.9
    assert compare(ONE, ONE, np.eye(3)).chance < 0.2


@pytest.mark.parametrize("degrees", range(0, 180, 15))
@pytest.mark.parametrize("period", [8, 11, 14, 18, 23, 30, 40])
def test_stripes_agree_beside_their_place_or_are_the_opposite_of_themselves(period: int, degrees: int):
    y, x = _grid()
    along = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))
    stripes = _noisy(128 + 50 * np.sin(along * 2 * np.pi / period), 1)

    assert compare(stripes, stripes, np.eye(3)).chance > 0.75


def test_the_edge_of_a_pasted_work_agrees_whatever_surrounds_it():
    page = np.full((240, 240), 250, np.uint8)
    page[60:180, 60:180] = cv2.resize(working_gray(scene(1, 240, 240)), (120, 120), interpolation=cv2.INTER_AREA)

    assert compare(page, working_gray(scene(1, 240, 240)), place(0.25, 0.25, 0.5, 0.5)).share > 0.9
