"""The database: the one record of what was registered. What leaves this room is a record of `core/records.py`."""

from provenance.adapters.store.schema import Revision
from provenance.adapters.store.store import SqlStore

__all__ = ["Revision", "SqlStore"]
