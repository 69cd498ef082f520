"""Vector search behind `index.ports.VectorIndex`, and the sealed generations in which any index rests on disk."""

from index.vectors.flat import FlatIndex

__all__ = ["FlatIndex"]
