"""Bring the index up to the record. The database is the truth; the matcher is a cache with a checkpoint."""

import logging
from typing import Final

from provenance.core.errors import ProvenanceError
from provenance.core.models import models_key
from provenance.core.ports import Matcher, Store, Unit

PAGE: Final = 500  # operations read at once: bounds memory to a few megabytes of fingerprints
_log = logging.getLogger(__name__)


def catch_up(store: Store, matcher: Matcher) -> int:
    """Apply every operation by the matcher's models after its checkpoint, and every withdrawal, in commit order.

    Returns how many. Idempotent; safe to call from several threads, since the matcher skips what it has seen.
    """
    applied, models = 0, models_key(matcher.models)
    while True:
        with store.read() as unit:
            operations = unit.fingerprints.since(matcher.checkpoint(), PAGE, models=models)
        if not operations:
            return applied
        try:
            matcher.apply(operations)
        except ProvenanceError:
            if models_key(matcher.models) == models:
                raise
            return applied + catch_up(store, matcher)  # it took other models over in between
        applied += len(operations)


def follow(store: Store, matcher: Matcher) -> None:
    """Catch up behind a fact that was just written. The fact stands whatever the index does: a failure is logged, not
    raised, and whoever searches next catches up first."""
    try:
        catch_up(store, matcher)
    except ProvenanceError as error:
        _log.warning("the index will follow later: %s", error.reason)


def lag(unit: Unit, matcher: Matcher) -> int:
    """How many places of the record the index is behind."""
    return max(0, unit.fingerprints.last(models=models_key(matcher.models)) - matcher.checkpoint())


def ahead(store: Store, matcher: Matcher) -> bool:
    """Whether the index has seen operations that the record lacks, because a backup was restored. Their numbers will be
    given again, to other works, which this index would pass over: it has to be rebuilt."""
    with store.read() as unit:
        last = unit.fingerprints.last(models=models_key(matcher.models))
    if matcher.checkpoint() <= last:
        return False
    _log.warning("the index is ahead of the record, which was restored from a backup")
    return True
