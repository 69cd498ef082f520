"""Which models described the registered works, and the move from one set of models to the next."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provenance.core.types import WorkId


class ModelSetState(StrEnum):
    """Searches go to the one set that is `serving`. Works are described by a `coming` set until it can take over; the
    fingerprints of a `retired` one stay until they are pruned."""

    COMING = "coming"
    SERVING = "serving"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class ModelSet:
    """`models` are the names that a matcher has, `sources` what loads its embedders again (a plug-in and its options
    each). `cursor` is how far the works were gone through, in the order of their ids."""

    key: str
    models: tuple[str, ...]
    sources: tuple[Mapping[str, str], ...]
    state: ModelSetState
    created_at: datetime
    cursor: WorkId | None = None


@dataclass(frozen=True, slots=True)
class Undescribed:
    """A work that could not be described by a set of models, and why."""

    models: str
    work_id: WorkId
    error: str
    at: datetime


def models_key(models: Sequence[str]) -> str:
    """16 hex digits that stand for a set of models in the record."""
    return hashlib.sha256("\n".join(models).encode()).hexdigest()[:16]
