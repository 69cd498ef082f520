"""From one pair to what is said about it: grade, regions, and the evidence in each witness's own unit."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from index.calibration import Calibration
from index.compare import Pair
from index.kinship import is_shared_element, is_sibling
from index.local.geometry import UNIT, area, as_region, clip, overlap, project
from index.ports import Evidence, Match, Region

GRADES: Final = ("identical", "copy", "edited", "partial", "shared-element", "sibling", "similar", "none")
CONTENT: Final = frozenset(GRADES[:4])  # grades that say: content of the reference is in the query
_WHOLE_REFERENCE: Final = 0.8  # share of the reference that must be there for the whole work
_WHOLE_QUERY: Final = 0.7  # share of the query that it must fill; a picture turned by 10 degrees in its box fills 0.74
_COPY_COVERS: Final = 0.9
_COPY_AGREES: Final = 0.9
_COPY_TURN: Final = 0.035  # radians
_COPY_STRETCH: Final = 1.05
_FEWEST_INLIERS: Final = 6
_AFTER_DESCRIPTOR: Final = 4  # where votes stand among the evidence
_NEAR_PDQ: Final = 31  # bits of 256: PDQ's own recommended distance
_PART_AGREES: Final = 0.5  # of the hull of a further part, from which it belongs to the region
_WHOLE: Final[Region] = as_region(UNIT)


def judge(id_: str, pair: Pair, calibration: Calibration, votes: float | None = None) -> Match:
    """`votes` of the local index for this reference, where it was asked."""
    in_query, in_reference = regions(pair)
    probability = calibration.probability(pair)
    return Match(
        id=id_,
        grade=_grade(pair, probability, calibration),
        probability=probability,
        evidence=_evidence(pair, calibration, votes, in_query),
        region_query=in_query or None,
        region_reference=in_reference or None,
        calibration=calibration.name,
    )


def _grade(pair: Pair, probability: float, calibration: Calibration) -> str:
    if pair.same_pixels:
        return "identical"
    if is_shared_element(pair):
        return "shared-element"
    if probability >= calibration.strict and _was_aligned(pair):
        return _extent(pair)
    if probability >= calibration.review and is_sibling(pair):
        return "sibling"
    alike = pair.cosine >= calibration.thresholds["descriptor"] or pair.pdq <= _NEAR_PDQ
    alike = alike or any(extra.speaks for extra in pair.extras)
    return "similar" if probability >= calibration.review or alike else "none"


def _was_aligned(pair: Pair) -> bool:
    """Were the same places shown to look the same? Descriptors and hashes alone never show that."""
    return pair.agreement.agreeing > 0 and (pair.inliers >= _FEWEST_INLIERS or pair.pdq <= _NEAR_PDQ)


def _extent(pair: Pair) -> str:
    """copy, edited or partial: how much of the work is there, and how it was changed."""
    if pair.transform is None:
        return "partial"
    in_query, in_reference = overlap(pair.transform)
    filled, covered = area(in_query), area(in_reference)
    if covered < _WHOLE_REFERENCE or filled < _WHOLE_QUERY:
        return "partial"
    unchanged = min(filled, covered) >= _COPY_COVERS and pair.agreement.share >= _COPY_AGREES
    return "copy" if unchanged and not pair.mirrored and not _is_turned(pair) else "edited"


def _is_turned(pair: Pair) -> bool:
    """Turned or stretched within the frame. In 0..1 coordinates a change of both aspect and size is neither."""
    if pair.transform is None:
        return False
    linear = pair.transform[:2, :2]
    turn = abs(math.atan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]))
    singular = np.linalg.svd(linear, compute_uv=False)
    return turn > _COPY_TURN or bool(singular[0] > _COPY_STRETCH * singular[1])


def regions(pair: Pair) -> tuple[Region, Region]:
    """Where they agree, in the query and in the reference; the whole overlap where the dense check named no place.
    The convex hull where the work is there in several parts."""
    if pair.same_pixels:
        return _WHOLE, _WHOLE
    if pair.transform is None:
        return (), ()
    seen = pair.agreement.region
    if len(seen) < 3:
        return overlap(pair.transform)
    in_reference = [_in_reference(pair.transform, seen)]
    places = [seen]
    for part, agreement in zip(pair.geometry.parts if pair.geometry else (), pair.parts, strict=True):
        if agreement.hull >= _PART_AGREES:
            places.append(part.hull)
            in_reference.append(_in_reference(part.transform, part.hull))
    return _around(places), _around(in_reference)


def _in_reference(transform: NDArray[np.float64], region: Region) -> Region:
    return as_region(clip(project(np.linalg.inv(transform), np.array(region))))


def _around(places: Sequence[Region]) -> Region:
    """The one region, or the convex hull of several."""
    if len(places) == 1:
        return places[0]
    corners = np.array([corner for place in places for corner in place], np.float32)
    return as_region(np.clip(cv2.convexHull(corners)[:, 0], 0.0, 1.0))


def _evidence(pair: Pair, calibration: Calibration, votes: float | None, region: Region) -> tuple[Evidence, ...]:
    limits = calibration.thresholds
    where = region or None
    spoken = [
        Evidence("pixels", float(pair.same_pixels), 1.0),
        Evidence("pdq", float(pair.pdq), limits["pdq"], lower_is_closer=True),
        Evidence("phash", float(pair.phash), limits["phash"], lower_is_closer=True),
        Evidence("descriptor", round(pair.cosine, 4), limits["descriptor"]),
        *(Evidence(f"descriptor:{extra.model}", round(extra.cosine, 4), extra.threshold) for extra in pair.extras),
        Evidence("geometry", float(pair.inliers), limits["geometry"], where),
        Evidence("dense", round(pair.agreement.share, 4), limits["dense"], where),
    ]
    if votes is not None:
        spoken.insert(_AFTER_DESCRIPTOR, _voted(votes, calibration))
    return tuple(spoken)


def with_votes(match: Match, votes: float, calibration: Calibration) -> Match:
    """A match that was judged before the local index was asked, with what that says: it changes no grade."""
    if any(witness.kind == "votes" for witness in match.evidence):
        return match
    before, after = match.evidence[:_AFTER_DESCRIPTOR], match.evidence[_AFTER_DESCRIPTOR:]
    return replace(match, evidence=(*before, _voted(votes, calibration), *after))


def _voted(votes: float, calibration: Calibration) -> Evidence:
    return Evidence("votes", round(votes, 4), calibration.thresholds["votes"])
