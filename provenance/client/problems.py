"""Refusals become the errors of `core.errors` that the service raised."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from provenance.core import errors

_PROBLEM: Final = "urn:provenance:problem:"
_BY_STATUS: Final[dict[int, type[errors.ProvenanceError]]] = {
    400: errors.InvalidRequest,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.TooLarge,
    415: errors.UnsupportedFormat,
    422: errors.Rejected,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}
REPEATABLE: Final = (errors.Busy, errors.Unavailable, errors.InProgress)


def failure_of(response: httpx.Response) -> errors.ProvenanceError:
    """The service's own error, from its problem document; by the status where somebody in between answered."""
    problem = json_object(response) or {}
    code = str(problem.get("type", "")).removeprefix(_PROBLEM)
    reason = str(problem.get("detail") or f"the service answered {response.status_code} {response.reason_phrase}")
    hint = problem.get("hint")
    kind = _codes(errors.ProvenanceError).get(code) or _BY_STATUS.get(response.status_code, errors.ProvenanceError)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return errors.Busy(reason, retry_after=round(asked_delay(response) or 1), hint=hint)
    if issubclass(kind, errors.Conflict):
        return kind(reason, existing=problem.get("existing"), hint=hint)
    return kind(reason, hint=hint)


def json_object(response: httpx.Response) -> dict[str, Any] | None:
    """The answer's JSON object; None where it is something else."""
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _codes(kind: type[errors.ProvenanceError]) -> dict[str, type[errors.ProvenanceError]]:
    """The tree below `kind` by its codes. Busy is not among them: it needs a time, which its status has."""
    found = {} if kind is errors.Busy else {kind.code: kind}
    for child in kind.__subclasses__():
        found |= _codes(child)
    return found


def asked_delay(response: httpx.Response) -> float | None:
    """Seconds, whether the header gives seconds or a date (RFC 9110 section 10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # none, or nonsense
        return None
