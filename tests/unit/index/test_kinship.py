"""What is shared when it is not the work: frames, logos, siblings."""

from dataclasses import replace

import numpy as np
import pytest

from index.calibration import bundled
from index.compare import Pair
from index.grading import judge
from index.kinship import is_shared_element, is_sibling
from index.local.dense import Agreement
from index.local.geometry import FLIP, UNIT, as_region
from index.local.verify import Geometry, Part

EYE = np.eye(3)
FRAME = Pair(
    same_pixels=False,
    cosine=0.2,
    pdq=110,
    phash=30,
    transform=EYE,
    geometry=Geometry(EYE, 30, 60, 0.8, 0.8, ring=0.95, guided=60, expected=300, possible=100),
    agreement=Agreement(0.35, 0.3, core=0.05, textured=0.9, agreeing=0.3, region=as_region(UNIT)),
)


def changed(pair: Pair, *, geometry: dict | None = None, agreement: dict | None = None) -> Pair:
    found = replace(pair.geometry, **(geometry or {}))
    return replace(
        pair, geometry=found, transform=found.transform, agreement=replace(pair.agreement, **(agreement or {}))
    )


SIBLING = changed(
    FRAME,
    geometry={"inliers": 20, "ring": 0.4, "guided": 40, "hull_reference": 0.5, "hull_query": 0.5},
    agreement={"share": 0.7, "core": 0.7},
)
LOGO = changed(
    FRAME,
    geometry={"ring": 0.1, "hull_reference": 0.01, "hull_query": 0.02},
    agreement={"share": 0.1, "core": 0.12},
)


def test_a_frame_is_a_shared_element():
    assert is_shared_element(FRAME)
    assert judge("work", FRAME, bundled()).grade == "shared-element"


@pytest.mark.parametrize(
    "change",
    [
        {"agreement": {"core": 0.6}},  # what is inside agrees too
        {"geometry": {"ring": 0.4}},  # keypoints all over it
        {"geometry": {"inliers": 5, "guided": 6}},  # too little to say anything
        {"agreement": {"share": 0.8}},  # nearly everything agrees
        {"geometry": {"parts": (Part(EYE, 20, ()),)}},  # shuffled, not framed
    ],
)
def test_more_or_less_than_a_frame_is_none(change: dict):
    assert not is_shared_element(changed(FRAME, **change))


def test_a_logo_is_small_in_both_pictures():
    assert judge("work", LOGO, bundled()).grade == "shared-element"
    assert not is_shared_element(changed(LOGO, geometry={"hull_query": 0.4}))  # a small part of the work, enlarged
    assert not is_shared_element(changed(LOGO, geometry={"hull_reference": 0.6}))  # the whole work, small in a page


def test_two_pages_or_codes_are_no_copies_because_half_of_them_agrees():
    page = replace(changed(SIBLING, agreement={"share": 0.5}), two_tone=True)

    assert is_shared_element(page)
    assert not is_shared_element(replace(page, two_tone=False))
    assert not is_shared_element(changed(page, agreement={"share": 0.95}))


def test_a_sibling_has_its_motif_at_the_same_place():
    assert is_sibling(SIBLING)
    moved = np.array([[0.6, 0, 0.3], [0, 0.6, 0.1], [0, 0, 1]])
    assert not is_sibling(changed(SIBLING, geometry={"transform": moved}))
    assert not is_sibling(changed(SIBLING, geometry={"transform": FLIP}))
    assert not is_sibling(changed(SIBLING, agreement={"share": 0.95}))
    assert not is_sibling(changed(SIBLING, agreement={"share": 0.1}))
    assert not is_sibling(changed(SIBLING, geometry={"inliers": 4}))


def test_a_sibling_is_only_what_is_not_shown_to_be_a_copy():
    between = replace(bundled(), review=0.0, strict=1.1)
    certain = replace(bundled(), strict=0.0)
    unlikely = replace(bundled(), review=1.1, strict=1.1)

    assert judge("work", SIBLING, between).grade == "sibling"
    assert judge("work", SIBLING, certain).grade in ("copy", "edited")
    assert judge("work", SIBLING, unlikely).grade in ("similar", "none")


@pytest.mark.parametrize("pair", [replace(FRAME, geometry=None, transform=None)])
def test_without_an_alignment_nothing_is_shown_to_be_shared(pair: Pair):
    assert not is_shared_element(pair)
    assert not is_sibling(pair)
