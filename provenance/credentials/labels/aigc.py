"""China's metadata label for generated content: the value of `TC260:AIGC` (GB 45438-2025, Annex E; TC260-PG-20259A).

A file carries one label. A service that passes on a file with another producer's label adds itself as propagator.
"""

import json
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from pydantic_core import from_json  # bounds the nesting whatever the interpreter's own limit

from provenance.core.errors import InvalidRequest

_VALUE: Final = re.compile(r"[\x21-\x7e]{0,512}")
MAX_JSON: Final = 16_384


class AigcKind(StrEnum):
    """The three values of `Label`."""

    GENERATED = "1"
    POSSIBLY_GENERATED = "2"
    SUSPECTED = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class AigcLabel:
    """One label. `producer` and `propagator` are codes, not names: values are printable ASCII without spaces.

    `producer_code` and `propagator_code` are the integrity codes that the standard reserves; empty where there is none.
    Raises InvalidRequest.
    """

    kind: AigcKind = AigcKind.GENERATED
    producer: str
    produce_id: str
    producer_code: str = ""
    propagator: str = ""
    propagate_id: str = ""
    propagator_code: str = ""

    def __post_init__(self) -> None:
        for what, value in _named(self):
            if not _VALUE.fullmatch(value):
                raise InvalidRequest(
                    f"{what} of the AIGC label has to be up to 512 printable ASCII characters, no spaces"
                )
        if not self.producer or not self.produce_id:
            raise InvalidRequest("an AIGC label needs the producer's code and a content number")

    def json(self) -> str:
        """The value of the property: one JSON object, its members in the standard's order."""
        return json.dumps({"Label": str(self.kind)} | dict(_named(self)), separators=(",", ":"))


_MEMBERS: Final = {
    "ContentProducer": "producer",
    "ProduceID": "produce_id",
    "ReservedCode1": "producer_code",
    "ContentPropagator": "propagator",
    "PropagateID": "propagate_id",
    "ReservedCode2": "propagator_code",
}


def _named(label: AigcLabel) -> list[tuple[str, str]]:
    return [(member, getattr(label, name)) for member, name in _MEMBERS.items()]


def read_aigc(text: str) -> AigcLabel:
    """Read a label, also one that stands inside {"AIGC": ...}, as in text chunks. Raises InvalidRequest."""
    value = _json_object(text)
    inner = value.get("AIGC", value)
    if isinstance(inner, str):
        inner = _json_object(inner)
    if not isinstance(inner, dict):
        raise InvalidRequest("the AIGC label is not a JSON object")
    members = {name: inner.get(member, "") for member, name in _MEMBERS.items()}
    kind = inner.get("Label")
    if kind not in set(AigcKind) or not all(isinstance(value, str) for value in members.values()):
        raise InvalidRequest("the AIGC label has no Label 1, 2 or 3, or a member that is not text")
    return AigcLabel(kind=AigcKind(kind), **members)


def passed_on(found: str | None, ours: AigcLabel) -> AigcLabel:
    """The one label of a file in which the label `found` stood already: that producer's, with us as propagator.

    Where nothing stood, or nothing that can be read, or our own, the label is ours.
    """
    try:
        theirs = None if found is None else read_aigc(found)
    except InvalidRequest:
        theirs = None
    if theirs is None or theirs.producer == ours.producer:
        return ours
    return replace(theirs, propagator=ours.producer, propagate_id=ours.produce_id, propagator_code=ours.producer_code)


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = from_json(text) if len(text) <= MAX_JSON else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("the AIGC label is not a JSON object")
    return value
