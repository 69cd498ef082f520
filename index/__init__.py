"""Fingerprints, vector index and matching: is this picture, or part of it, a picture seen before?

    from index import Matcher

    matcher = Matcher()
    matcher.add(["sunflowers"], [pixels])  # uint8[H, W, 3] sRGB
    for match in matcher.match(other_pixels):
        print(match.id, match.grade, match.probability)

Errors: a fingerprint that was changed (DamagedFingerprint) or made by other models (ForeignFingerprint), a folder that
has an owner (FolderInUse) or can't be written (NotSealed), model files that are not what they should be (WrongModel).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from index.ports import Aligned, Alignment, Evidence, Match, Operation, Region

if TYPE_CHECKING:
    from index.embedders.golden import WrongModel
    from index.fingerprint import DamagedFingerprint, ForeignFingerprint
    from index.local.verifier import LocalVerifier
    from index.matcher import Matcher
    from index.vectors.generations import FolderInUse, NotSealed

__all__ = [
    "Aligned",
    "Alignment",
    "DamagedFingerprint",
    "Evidence",
    "FolderInUse",
    "ForeignFingerprint",
    "LocalVerifier",
    "Match",
    "Matcher",
    "NotSealed",
    "Operation",
    "Region",
    "WrongModel",
]

_LAZY = {
    "DamagedFingerprint": "index.fingerprint",
    "ForeignFingerprint": "index.fingerprint",
    "LocalVerifier": "index.local.verifier",
    "FolderInUse": "index.vectors.generations",
    "Matcher": "index.matcher",
    "NotSealed": "index.vectors.generations",
    "WrongModel": "index.embedders.golden",
}


def __getattr__(name: str) -> Any:
    """Load the engine (FAISS, OpenCV, onnxruntime) when it is first asked for, not with the types."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'index' has no attribute {name!r}")
