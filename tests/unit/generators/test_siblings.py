"""Two pictures of one kind with different seeds are different works: no part of one may be found in the other."""

import cv2
import numpy as np
import pytest

from generators.procedural import ProceduralGenerator

SEEDS = (1, 2, 3)
QUICK = {"reaction-diffusion": {"steps": 700, "cells": 128}, "flow-field": {"reach": 0.4}}
SIDE = 320


def keypoints(kind, seed, **fields):
    recipe = {"generator": "procedural", "kind": kind, "width": SIDE, "height": SIDE, **QUICK.get(kind, {}), **fields}
    pixels = np.array(ProceduralGenerator().make(recipe, seed=seed).pixels)
    return cv2.SIFT_create(400).detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), None)


def agreeing_cells(query, reference):
    """How many 8-pixel cells of both pictures agree on one similarity transform of a plausible scale."""
    matches = cv2.BFMatcher(crossCheck=True).match(query[1], reference[1])
    if len(matches) < 4:
        return 0
    here = np.float32([query[0][match.queryIdx].pt for match in matches])
    there = np.float32([reference[0][match.trainIdx].pt for match in matches])
    cv2.setRNGSeed(0)
    transform, mask = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=3)
    if transform is None or not 0.4 < np.hypot(transform[0, 0], transform[1, 0]) < 2.5:
        return 0
    inside = mask.ravel().astype(bool)
    return min(len({tuple(cell) for cell in (points[inside] // 8).astype(int)}) for points in (here, there))


@pytest.mark.parametrize("kind", ProceduralGenerator().kinds)
def test_siblings_share_no_geometry(kind):
    described = [keypoints(kind, seed, palette="graphite") for seed in SEEDS]
    pairs = [(first, second) for index, first in enumerate(described) for second in described[:index]]
    assert max(agreeing_cells(*pair) for pair in pairs) < 12


def test_the_measure_finds_a_true_copy():
    whole = keypoints("bauhaus", 1)
    assert agreeing_cells(whole, whole) > 100
