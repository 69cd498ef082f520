"""Verification of two pictures at hand, without any index."""

import numpy as np

from index.local import dense
from index.local.features import LocalFeatures, ReferenceFeatures, extract, working_gray
from index.local.geometry import overlap
from index.local.verify import align
from index.ports import Alignment, Pixels


class LocalVerifier:
    """An `index.ports.Verifier` by keypoints and dense check. `keypoints` are used of each picture. Thread-safe."""

    def __init__(self, *, keypoints: int = 500, least_inliers: int = 8, least_agreement: float = 0.3) -> None:
        self._keypoints = keypoints
        self._least_inliers = least_inliers
        self._least_agreement = least_agreement

    def compare(self, query: Pixels, reference: Pixels) -> Alignment | None:
        """The alignment of two uint8[H, W, 3] pictures; None under the limits given at construction."""
        ours, theirs = working_gray(query), working_gray(reference)
        found = align(extract(ours, self._keypoints), _as_reference(extract(theirs, self._keypoints)))
        if found is None or found.inliers < self._least_inliers:
            return None
        agreement = dense.compare(ours, theirs, found.transform)
        if agreement.share < self._least_agreement:
            return None
        in_query, in_reference = overlap(found.transform)
        return Alignment(
            homography=found.transform,
            inliers=found.inliers,
            agreement=agreement.share,
            mirrored=bool(np.linalg.det(found.transform[:2, :2]) < 0),
            region_query=in_query,
            region_reference=in_reference,
        )


def _as_reference(features: LocalFeatures) -> ReferenceFeatures:
    descriptors = features.descriptors.astype(np.float32)
    return ReferenceFeatures(features.points, features.scales, features.angles, descriptors, features.shape)
