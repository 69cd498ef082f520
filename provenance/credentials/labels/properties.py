"""The policy as XMP properties, and what XMP properties say.

`plus:DataMining` (PLUS LDF 2.0.1) has one value for all: where none says what the policy says, it is
DMI-PROHIBITED-SEECONSTRAINT, and `plus:OtherConstraints` names each use. PLUS does not speak of AI inference otherwise.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from provenance.core.errors import InvalidRequest
from provenance.core.types import XmpProperties, XmpValue
from provenance.credentials.labels.policy import Level, Origin, Permission, UsagePolicy, Use
from provenance.credentials.labels.statements import RESERVED, Reading, Statement, permitted, stated

PLUS: Final = "http://ns.useplus.org/ldf/vocab/"
_SOURCE: Final = "XMP plus:DataMining"
_SEE_CONSTRAINT: Final = "DMI-PROHIBITED-SEECONSTRAINT"
_MINED: Final = (Use.DATA_MINING, Use.AI_TRAINING, Use.GENERATIVE_TRAINING, Use.SEARCH_INDEXING)
_YES, _NO = Level.ALLOWED, Level.NOT_ALLOWED
_VALUES: Final[Mapping[str, tuple[Level, ...]]] = MappingProxyType(  # levels in the order of _MINED
    {
        "DMI-ALLOWED": (_YES, _YES, _YES, _YES),
        "DMI-PROHIBITED-GENAIMLTRAINING": (_YES, _YES, _NO, _YES),
        "DMI-PROHIBITED-AIMLTRAINING": (_YES, _NO, _NO, _YES),
        "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (_NO, _NO, _NO, _YES),
        "DMI-PROHIBITED": (_NO, _NO, _NO, _NO),
    }
)
_WORDS: Final = {Level.ALLOWED: "allowed", Level.NOT_ALLOWED: "not allowed", Level.CONSTRAINED: "on conditions"}
_CONSTRAINT: Final = re.compile(r"([A-Za-z ]+): (allowed|not allowed|on conditions)(?:, see (\S+))?")
_FACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Iptc4xmpExt:DigitalSourceType": "digital source type",
        "Iptc4xmpExt:AISystemUsed": "AI system",
        "Iptc4xmpExt:AISystemVersionUsed": "AI system's version",
        "Iptc4xmpExt:AIPromptInformation": "prompt",
        "Iptc4xmpExt:AIPromptWriterName": "prompt writer",
        "dc:creator": "creator",
        "dc:rights": "rights notice",
        "photoshop:Credit": "credit line",
        "xmpRights:UsageTerms": "usage terms",
        "xmpRights:WebStatement": "rights statement",
        "plus:Licensor": "licensor",
        "TC260:AIGC": "AIGC label",
    }
)


def xmp_properties(policy: UsagePolicy) -> dict[str, XmpValue | None]:
    """What goes into a file. What the policy does not say is left to the owner, but an old constraint must not stay
    beside a new permission, nor one AI system's version beside another's name."""
    value, constraints = data_mining(policy)
    found: dict[str, XmpValue | None] = {"plus:DataMining": PLUS + value, "plus:OtherConstraints": constraints}
    if policy.origin is not None:
        found |= _origin(policy.origin)
    found |= {name: value for name, value in _rights(policy) if value}
    if policy.aigc is not None:
        found["TC260:AIGC"] = policy.aigc.json()
    return found


def _origin(origin: Origin) -> dict[str, XmpValue | None]:
    found: dict[str, XmpValue | None] = {"Iptc4xmpExt:DigitalSourceType": origin.digital_source_type}
    if origin.system is not None:
        found |= {"Iptc4xmpExt:AISystemUsed": origin.system, "Iptc4xmpExt:AISystemVersionUsed": origin.system_version}
    if origin.prompt is not None:
        found["Iptc4xmpExt:AIPromptInformation"] = origin.prompt
    if origin.prompt_writer is not None:
        found["Iptc4xmpExt:AIPromptWriterName"] = origin.prompt_writer
    return found


def _rights(policy: UsagePolicy) -> Iterator[tuple[str, XmpValue | None]]:
    rights = policy.rights
    yield "dc:creator", rights.creators
    yield "dc:rights", rights.notice
    yield "photoshop:Credit", rights.credit
    yield "xmpRights:UsageTerms", rights.usage_terms
    yield "xmpRights:WebStatement", rights.statement_url
    if rights.licensor_url is not None:
        named = {"plus:LicensorName": rights.licensor_name} if rights.licensor_name else {}
        yield "plus:Licensor", ({**named, "plus:LicensorURL": rights.licensor_url},)


def data_mining(policy: UsagePolicy) -> tuple[str, str | None]:
    """(the term for plus:DataMining, the text for plus:OtherConstraints)."""
    levels = tuple(policy.permission(use).level for use in _MINED)
    exact = next((value for value, meant in _VALUES.items() if meant == levels), None)
    return (exact, None) if exact else (_SEE_CONSTRAINT, "; ".join(_worded(use, policy.permission(use)) for use in Use))


def _worded(use: Use, permission: Permission) -> str:
    address = f", see {permission.constraint}" if permission.constraint else ""
    return f"{use}: {_WORDS[permission.level]}{address}"


def read_xmp(properties: XmpProperties) -> Reading:
    """What the properties of a file say, whoever wrote them."""
    facts = {fact: _fact(properties[name]) for name, fact in _FACTS.items() if properties.get(name)}
    return Reading("XMP", tuple(_mining_statements(properties)), facts)


def _fact(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "; ".join(item if isinstance(item, str) else str(sorted(item.items())) for item in value)


def _mining_statements(properties: XmpProperties) -> Iterator[Statement]:
    value = properties.get("plus:DataMining")
    if not isinstance(value, str):
        return
    term = value.removeprefix(PLUS)
    if term in _VALUES:
        for use, level in zip(_MINED, _VALUES[term], strict=True):
            yield stated(_SOURCE, term, [use], [level])
    elif term.startswith("DMI-PROHIBITED-SEE"):
        yield stated(_SOURCE, term, _MINED, RESERVED)
        yield from _listed(properties)


def _listed(properties: XmpProperties) -> list[Statement]:
    """Our own list of uses in plus:OtherConstraints; nothing where another writer put its own words there."""
    text = cast(str, properties.get("plus:OtherConstraints") or "")
    parts = [_CONSTRAINT.fullmatch(part) for part in text.split("; ")]
    meanings = {words: level for level, words in _WORDS.items()}
    try:
        return [
            permitted("XMP plus:OtherConstraints", Use(part[1]), Permission(meanings[part[2]], part[3]))
            for part in parts
            if part is not None
        ]
    except (ValueError, InvalidRequest):
        return []
