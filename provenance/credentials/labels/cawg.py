"""The policy as assertions of a C2PA manifest: CAWG training-mining 1.1 and metadata 1.2.

The AIGC label stays out of the metadata assertion: it stands once in a file, in its XMP packet.
"""

from collections.abc import Mapping
from typing import Any, Final

from provenance.core.errors import InvalidRequest
from provenance.core.types import XmpValue
from provenance.credentials.labels.policy import CAWG_KEYS, Permission, UsagePolicy, read_entries
from provenance.credentials.labels.properties import read_xmp, xmp_properties
from provenance.credentials.labels.schema import FORMS, NAMESPACES, Form
from provenance.credentials.labels.statements import Reading, permitted

_NOT_HERE: Final = "TC260:AIGC"


def training_mining_entries(policy: UsagePolicy) -> dict[str, dict[str, str]]:
    """The `entries` of a `cawg.training-mining` assertion."""
    return {key: _entry(policy.permission(use)) for key, use in CAWG_KEYS.items()}


def _entry(permission: Permission) -> dict[str, str]:
    address = {"constraint_info": permission.constraint} if permission.constraint else {}
    return {"use": str(permission.level), **address}


def read_training_mining(entries: Mapping[str, Mapping[str, str]]) -> Reading:
    """Raises InvalidRequest on an unknown key or value."""
    source = "cawg.training-mining"
    found = read_entries(entries)
    return Reading(source, tuple(permitted(source, use, permission) for use, permission in found.items()))


def metadata_assertion(policy: UsagePolicy) -> dict[str, Any]:
    """The data of a `cawg.metadata` assertion: JSON-LD with the same properties as the XMP packet, and the namespaces
    that it uses."""
    properties = {name: value for name, value in xmp_properties(policy).items() if value and name != _NOT_HERE}
    prefixes = sorted({name.partition(":")[0] for name in properties})
    context = {prefix: NAMESPACES[prefix] for prefix in prefixes}
    return {"@context": context, **{name: _plain(value) for name, value in sorted(properties.items())}}


def _plain(value: XmpValue) -> Any:
    return value if isinstance(value, str) else [item if isinstance(item, str) else dict(item) for item in value]


def read_metadata(assertion: Mapping[str, Any]) -> Reading:
    """Raises InvalidRequest where a property that we know has another form or another namespace."""
    context = assertion.get("@context")
    found: dict[str, XmpValue | None] = {}
    for name, value in assertion.items():
        prefix = name.partition(":")[0]
        if name not in FORMS:
            continue
        if not isinstance(context, Mapping) or context.get(prefix) != NAMESPACES[prefix] or not _fits(name, value):
            raise InvalidRequest(f"{name} of the cawg.metadata assertion is not what its name says")
        found[name] = value if isinstance(value, str) else tuple(value)
    reading = read_xmp(found)
    return Reading("cawg.metadata", reading.statements, reading.facts)


def _fits(name: str, value: object) -> bool:
    if FORMS[name] in (Form.TEXT, Form.ALTERNATIVE):
        return isinstance(value, str)
    kind = str if FORMS[name] is Form.SEQUENCE else Mapping
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)
