"""How a registered picture lies in a query: transforms, regions and the heat map that a report draws."""

import numpy as np
import pytest

from index import Aligned, Matcher
from index.align import HEAT_CELLS
from tests.unit.index.scenes import scene


@pytest.fixture(scope="module")
def gallery() -> Matcher:
    matcher = Matcher()
    matcher.add(["one", "other"], [scene(1), scene(2)])
    return matcher


def aligned(gallery: Matcher, picture: np.ndarray, id_: str = "one") -> Aligned:
    found = gallery.align(picture, id_)
    assert found is not None
    return found


def moved(found: Aligned, x: float, y: float) -> tuple[float, float]:
    u, v, w = np.array(found.transform) @ [x, y, 1.0]
    return float(u / w), float(v / w)


def test_the_same_pixels_lie_on_themselves(gallery: Matcher) -> None:
    found = aligned(gallery, scene(1))
    assert found.transform == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert found.share == 1.0
    assert not found.mirrored
    cells = np.array(found.heat)
    assert max(cells.shape) == HEAT_CELLS
    assert (cells[cells >= 0] > 90).mean() > 0.95


def test_a_crop_is_found_in_its_place(gallery: Matcher) -> None:
    picture = scene(1)
    height, width = picture.shape[:2]
    found = aligned(gallery, np.ascontiguousarray(picture[height // 4 :, width // 4 :]))
    assert moved(found, 0.25, 0.25) == pytest.approx((0, 0), abs=0.02)
    assert moved(found, 1.0, 1.0) == pytest.approx((1, 1), abs=0.02)
    assert min(x for x, _ in found.region_reference) == pytest.approx(0.25, abs=0.03)


def test_a_mirrored_copy_says_so(gallery: Matcher) -> None:
    found = aligned(gallery, np.ascontiguousarray(scene(1)[:, ::-1]))
    assert found.mirrored
    assert moved(found, 0.0, 0.0) == pytest.approx((1, 0), abs=0.02)


def test_heat_is_where_the_work_is(gallery: Matcher) -> None:
    """Half of the work beside half of another picture: one half is warm, the other cold or silent."""
    work, stranger = scene(1), scene(7)
    half = work.shape[1] // 2
    pasted = np.ascontiguousarray(np.concatenate([work[:, :half], stranger[: work.shape[0], half : 2 * half]], axis=1))
    cells = np.array(aligned(gallery, pasted).heat)
    left, right = np.hsplit(cells, [cells.shape[1] // 2])
    assert np.median(left[left >= 0]) > 80
    assert (right > 80).mean() < 0.2


def test_the_cells_follow_the_shape_of_the_query(gallery: Matcher) -> None:
    wide = np.ascontiguousarray(scene(1)[: scene(1).shape[0] // 2])
    cells = np.array(aligned(gallery, wide).heat)
    assert cells.shape[0] / cells.shape[1] == pytest.approx(wide.shape[0] / wide.shape[1], abs=0.05)
    assert cells.min() >= -1
    assert cells.max() <= 100


def test_alignment_is_the_same_each_time(gallery: Matcher) -> None:
    picture = np.ascontiguousarray(scene(1)[20:, 30:])
    assert gallery.align(picture, "one") == gallery.align(picture, "one")


def test_strangers_have_none(gallery: Matcher) -> None:
    assert gallery.align(scene(9), "one") is None
    assert gallery.align(scene(1), "other") is None
    assert gallery.align(np.zeros((64, 64, 3), np.uint8), "one") is None
    assert gallery.align(scene(1), "nobody") is None


def test_what_is_no_picture_is_refused(gallery: Matcher) -> None:
    with pytest.raises(ValueError, match="a picture is"):
        gallery.align(np.zeros((4, 4), np.uint8), "one")
