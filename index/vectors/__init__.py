"""Vector search behind `index.ports.VectorIndex`, and the sealed generations in which any index rests on disk."""

from index.vectors.binary import BinaryIndex
from index.vectors.choice import Choice, choose
from index.vectors.flat import FlatIndex
from index.vectors.generations import FolderInUse, Generation, Generations, NotSealed
from index.vectors.layered import LayeredIndex
from index.vectors.sealed import SealedIndex

__all__ = [
    "BinaryIndex",
    "Choice",
    "FlatIndex",
    "FolderInUse",
    "Generation",
    "Generations",
    "LayeredIndex",
    "NotSealed",
    "SealedIndex",
    "choose",
]
