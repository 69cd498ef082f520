"""TDMRep (W3C Community Group, 10 May 2024): whether rights in text and data mining are reserved, one bit.

Directive (EU) 2019/790, Article 4(3): a reservation has to be machine-readable. Training is mining in its sense, so the
bit covers data mining and both kinds of training.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_core import from_json  # bounds the nesting whatever the interpreter's own limit

from provenance.core.errors import InvalidRequest
from provenance.credentials.labels.policy import Level, UsagePolicy, Use
from provenance.credentials.labels.statements import OPEN, RESERVED, Reading, Statement, stated

PATH: Final = "/.well-known/tdmrep.json"
_RESERVATION: Final = "tdm-reservation"
_POLICY: Final = "tdm-policy"
_MINED: Final = (Use.DATA_MINING, Use.AI_TRAINING, Use.GENERATIVE_TRAINING)
_MAX_JSON: Final = 1 << 20


def reserved(policy: UsagePolicy) -> bool:
    return policy.strictest(*_MINED).level is not Level.ALLOWED


def tdmrep_document(policy: UsagePolicy, *, terms_url: str | None = None, location: str = "/") -> list[dict[str, Any]]:
    """The JSON of `/.well-known/tdmrep.json`. `terms_url` is the page of the terms, named where rights are reserved."""
    terms = {_POLICY: terms_url} if terms_url and reserved(policy) else {}
    return [{"location": location, _RESERVATION: int(reserved(policy)), **terms}]


def tdmrep_headers(policy: UsagePolicy, *, terms_url: str | None = None) -> dict[str, str]:
    """The same in a response, where it takes precedence over the document."""
    terms = {_POLICY: terms_url} if terms_url and reserved(policy) else {}
    return {_RESERVATION: str(int(reserved(policy))), **terms}


def read_tdmrep(document: bytes) -> Reading:
    """Raises InvalidRequest when it is not a list of rules."""
    try:
        rules = from_json(document) if len(document) <= _MAX_JSON else None
    except ValueError:
        rules = None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InvalidRequest("tdmrep.json is not a list of rules")
    found = [statement for rule in rules for statement in _statements("tdmrep.json", rule)]
    return Reading("tdmrep.json", tuple(found))


def read_tdmrep_headers(headers: Mapping[str, str]) -> Reading:
    """`headers` with lower-case names."""
    value = headers.get(_RESERVATION, "")
    rule = {_RESERVATION: int(value)} if value in ("0", "1") else {}
    return Reading("TDMRep headers", tuple(_statements("TDMRep headers", rule)))


def _statements(source: str, rule: Mapping[str, Any]) -> Iterator[Statement]:
    """Any other value of the member is no statement."""
    value = rule.get(_RESERVATION)
    if value in (0, 1) and not isinstance(value, bool):
        yield stated(source, f"{_RESERVATION}: {value}", _MINED, RESERVED if value else OPEN)
