"""Global descriptors behind the port `index.ports.Embedder`. Import the module of the one you want; none loads unasked."""

from index.embedders.golden import WrongModel

__all__ = ["WrongModel"]
