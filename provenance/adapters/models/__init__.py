"""Models run on one thread that owns them; requests queue up and are answered in small batches."""

from provenance.adapters.models.owner import OwnedMatcher

__all__ = ["OwnedMatcher"]
