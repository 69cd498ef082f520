"""What two pictures share when it is not the work: an element that many works carry, or a sibling's composition.

A frame, a template or lettering lies around what differs: the keypoints that agree are in the outer ring of the
reference, and its core does not agree. A logo or an inset is small in both pictures. A sibling (another picture by the
same generator from the same prompt, another take of the same scene) has its motif at the same place, drawn otherwise.
"""

from typing import Final

import numpy as np

from index.compare import Pair
from index.local.geometry import area, overlap

_FOUND: Final = 12  # keypoints found again, or
_INLIERS: Final = 8  # inliers by the ratio test, that show an element
_RING: Final = 0.7  # share of the inliers in the outer ring
_CORE: Final = 0.22  # agreement of the core under which it is not the same picture
_FRAME_AGREES: Final = 0.6  # of the whole; a picture that agrees in more than its frame is more than a frame
_PATCH: Final = 0.05  # share of both pictures that a logo or an inset covers at most
_PATCH_AGREES: Final = 0.3
_PAGE_AGREES: Final = 0.8  # two codes, pages or diagrams have marks and lines at the same places without being copies
_IN_PLACE: Final = 0.1  # of the picture: how far the corners of a sibling's transform may move
_SIBLING_COVERS: Final = 0.85
_SIBLING_AGREES: Final = (0.3, 0.9)
_SIBLING_INLIERS: Final = 6


def is_shared_element(pair: Pair) -> bool:
    """A frame, template, logo or lettering is all that was shown to be the same."""
    if pair.two_tone and pair.transform is not None and 0 < pair.agreement.share < _PAGE_AGREES:
        return True
    found = pair.geometry
    if found is None or (found.guided < _FOUND and found.inliers < _INLIERS) or found.parts:
        return False
    share = pair.agreement.share
    is_frame = found.ring >= _RING and pair.agreement.core <= _CORE and share <= _FRAME_AGREES
    return is_frame or (max(found.hull_query, found.hull_reference) <= _PATCH and share <= _PATCH_AGREES)


def is_sibling(pair: Pair) -> bool:
    """The same composition at the same place, of which only some agrees. A stylised copy looks the same, so this only
    says which kind of "not shown to be a copy" it is."""
    found = pair.geometry
    if found is None or found.inliers < _SIBLING_INLIERS:
        return False
    if float(np.abs(found.transform - np.eye(3)).max()) > _IN_PLACE:
        return False
    covered = min(area(region) for region in overlap(found.transform))
    return covered >= _SIBLING_COVERS and _SIBLING_AGREES[0] <= pair.agreement.share < _SIBLING_AGREES[1]
