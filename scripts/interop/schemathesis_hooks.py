"""Loaded by schemathesis (SCHEMATHESIS_HOOKS): how C2PA's own body is sent, what a manifest's id is, and that a request
line fits into the 64 KiB that HTTP servers read before anybody's application sees it."""

import os
from typing import Any, Final

import schemathesis

_LONGEST_QUERY: Final = 16_000  # characters, which may be escaped to twelve bytes each at worst
_MANIFEST_ID: Final = os.environ.get("INTEROP_MANIFEST_ID", "")

schemathesis.serializer.alias("application/c2pa", "application/octet-stream")
schemathesis.serializer.alias("image/*", "application/octet-stream")


@schemathesis.hook
def filter_query(_context: Any, query: Any) -> bool:
    return sum(len(str(value)) for value in (query or {}).values()) * 4 < _LONGEST_QUERY


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: Any) -> Any:
    """Half of the ids are that of a manifest that is there."""
    made = path_parameters or {}
    if _MANIFEST_ID and len(str(made.get("manifestId", "x"))) % 2 == 0:
        return {**made, "manifestId": _MANIFEST_ID}
    return made
