"""Global descriptors behind the port `index.ports.Embedder`; import the module of the one you want."""

from index.embedders.golden import WrongModel

__all__ = ["WrongModel"]
