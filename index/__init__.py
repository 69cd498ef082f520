"""Fingerprints, vector index and matching: is this picture, or part of it, a picture seen before?

from index import Matcher

matcher = Matcher()
matcher.add(["sunflowers"], [pixels])  # uint8[H, W, 3] sRGB
for match in matcher.match(other_pixels):
    print(match.id, match.grade, match.probability)
"""

from typing import TYPE_CHECKING, Any

from index.ports import Alignment, Evidence, Match, Operation, Region

if TYPE_CHECKING:
    from index.matcher import Matcher

__all__ = ["Alignment", "Evidence", "Match", "Matcher", "Operation", "Region"]


def __getattr__(name: str) -> Any:
    """Load the engine (FAISS, OpenCV, onnxruntime) when it is first asked for, not with the types."""
    if name == "Matcher":
        from index.matcher import Matcher

        return Matcher
    raise AttributeError(f"module 'index' has no attribute {name!r}")
