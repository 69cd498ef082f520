"""Whose models the index searches by: those of the settings, or, until these have seen every work, the ones before."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from provenance.core.errors import Misconfigured, ProvenanceError, Unavailable
from provenance.core.models import ModelSet, models_key
from provenance.wiring.embedders import load

if TYPE_CHECKING:
    from index import Matcher

REINDEX: Final = "run `provenance reindex`, which describes every work by the models of the settings"
_log = logging.getLogger(__name__)


def in_memory(embedders: Sequence[Any]) -> "Matcher":
    """What describes by these embedders, and can become the index."""
    from index import Matcher

    primary, *extras = embedders
    return Matcher(embedder=primary, extras=extras)


def embedders_of(serving: ModelSet) -> list[Any]:
    """The embedders of models that the settings do not name any more. Raises Misconfigured where they can't be had."""
    from index import WrongModel

    names = ", ".join(serving.models)
    try:
        if not serving.sources:
            raise Misconfigured("the record does not say from where")
        embedders = load(serving.sources)
        if models_key(in_memory(embedders).models) != serving.key:
            raise Misconfigured("this program or its files make other ones")
    except (WrongModel, ProvenanceError) as error:
        reason = error.reason if isinstance(error, ProvenanceError) else str(error)
        raise Misconfigured(
            f"the works were described by {names}, which can't be loaded: {reason}", hint=f"{REINDEX}, then start again"
        ) from error
    return embedders


def open_index(folder: Path, embedders: Sequence[Any]) -> "Matcher":
    """The index in `folder`, which this process owns where no other does; else it is only read. Raises Unavailable."""
    from index import FolderInUse, Matcher, NotSealed

    primary, *extras = embedders
    try:
        return Matcher.open(folder, embedder=primary, extras=extras)
    except FolderInUse:
        _log.info("another process owns %s; this one reads it and follows the record", folder)
        return Matcher.open(folder, embedder=primary, extras=extras, read_only=True)
    except NotSealed as error:
        raise Unavailable(str(error.strerror), hint="look at the disk, its space and its permissions") from error


def settle(matcher: "Matcher", folder: Path) -> None:
    """Let an index that was built in memory rest in `folder`, if nobody else owns it and the disk allows."""
    from index import FolderInUse

    try:
        matcher.rest_in(folder)
    except FolderInUse:
        _log.info("another process owns %s; this one keeps its index in memory", folder)
    except OSError as error:
        _log.warning("the index was not sealed, and will be caught up from the record: %s", error)
