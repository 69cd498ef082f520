"""Bring the index up to the record. The database is the truth; the matcher is a cache with a checkpoint."""

from typing import Final

from provenance.core.ports import Matcher, Store

PAGE: Final = 500  # operations read at once: bounds memory to a few megabytes of fingerprints


def catch_up(store: Store, matcher: Matcher) -> int:
    """Apply every operation after the matcher's checkpoint, in commit order. Returns how many. Idempotent; safe to call
    from several threads, since the matcher skips what it has seen."""
    applied = 0
    while True:
        with store.read() as unit:
            operations = unit.fingerprints.since(matcher.checkpoint(), PAGE)
        if not operations:
            return applied
        matcher.apply(operations)
        applied += len(operations)
