"""Global descriptors behind the one port `index.ports.Embedder`. Import the module of the one you want: nothing heavy loads here."""

from index.embedders.golden import WrongModel

__all__ = ["WrongModel"]
