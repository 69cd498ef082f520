"""Untrusted image bytes to a `Picture` and back (the `Images` port). See docs/images.md.

    sniff -> one container walk (png, jpeg, gif, webp, tiff, avif) -> decoder -> colour -> orientation -> Picture

The walk reads headers only: it enforces the limits before a decoder sees a byte, takes the owner's metadata out, and
hands the decoder a reduced file that holds the first frame and nothing else. The other frames of an animation are
handed over the same way, one at a time (`animated`).
"""

from provenance.adapters.images.limits import ImageLimits
from provenance.adapters.images.pictures import PillowImages

__all__ = ["ImageLimits", "PillowImages"]
