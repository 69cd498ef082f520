"""Local features: which details two pictures share, where, and whether everything around them agrees too."""

from index.local.verifier import LocalVerifier

__all__ = ["LocalVerifier"]
