"""A client of the HTTP API (docs/api.md), in the base install.

Every refusal is raised as the error of `core.errors` that the service raised, found by its code. What may be repeated
is: reads and withdrawals by their nature, checks because they change nothing, registrations and grants because each
goes out under one Idempotency-Key. `Client` may be shared by threads.
"""

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from os import PathLike
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import httpx

from provenance.core import errors

_T = TypeVar("_T")
File = bytes | str | PathLike[str]
"""The bytes of a file, or where it lies."""

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
_REPEATABLE: Final = (errors.Busy, errors.Unavailable, errors.InProgress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a file was made, and by whom, as its labels shall say it: all of it is public, and nothing is written that
    is not given. `digital_source_type` is an IPTC term, trainedAlgorithmicMedia where it is left out.
    """

    digital_source_type: str | None = None
    ai_system: str | None = None
    ai_system_version: str | None = None
    prompt: str | None = None
    creators: tuple[str, ...] = ()

    def form(self) -> dict[str, Any]:
        """The fields of `POST /v1/works`."""
        return {field.name: getattr(self, field.name) or None for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Work:
    """A registered artwork; digests are lower-case hex sha256, times UTC."""

    id: str
    status: str
    title: str
    owner: str
    media_type: str
    width: int
    height: int
    source_sha256: str
    marked_sha256: str
    mark_alg: str
    digital_source_type: str
    terms: str
    terms_hash: str
    recipe_hash: str | None
    certificate_hash: str
    created_at: datetime
    withdrawn_at: datetime | None
    notes: list[str]
    look_alikes: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Match:
    """What a picture has in common with one work. Regions are polygons of (x, y), each 0 to 1."""

    work_id: str
    title: str
    registered_at: datetime
    grade: str
    probability: float
    copied_mark: bool
    evidence: list[dict[str, Any]]
    region_query: list[list[float]] | None
    region_reference: list[list[float]] | None
    calibration: str
    terms: str
    licence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a check; `matches` are best first and `grade` is the first one's."""

    id: str
    created_at: datetime
    grade: str
    matches: list[Match]
    query: dict[str, Any]
    licensee: str | None
    mark: dict[str, Any] | None
    policy: str
    models: list[str]
    milliseconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Verification:
    """`result` is verified or refused; `error` names the step that refused."""

    result: str
    steps: list[dict[str, Any]]
    error: dict[str, Any] | None
    register_status: str | None
    credential_status: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """Terms at a price: integer minor units of an ISO 4217 currency."""

    id: str
    work_id: str
    terms: str
    terms_hash: str
    price_minor: int
    currency: str
    created_at: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Grant:
    """A licence; `certificate` is its signed credential, which `provenance verify` accepts."""

    id: str
    offer_id: str
    work_id: str
    licensee: str
    terms: str
    terms_hash: str
    price_minor: int
    currency: str
    created_at: datetime
    valid_until: datetime | None
    certificate: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """At most `attempts` in all. Waits grow from `first` seconds, doubled and with jitter, up to `longest`; a
    Retry-After is waited out in full, unless it asks for more than `longest`: then the error is raised."""

    attempts: int = 5
    first: float = 0.5
    longest: float = 30.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, attempt: int, retry_after: float | None) -> bool:
        """Sleep before the attempt after number `attempt` (from 1). False: give up."""
        if attempt >= self.attempts or (retry_after or 0) > self.longest:
            return False
        backoff = min(self.longest, self.first * 2 ** (attempt - 1)) * random.uniform(0.5, 1)  # noqa: S311  no secret
        self.sleep(max(backoff, retry_after or 0))
        return True


class Client:
    """Raises the errors of `core.errors`; Unavailable also where the service can't be reached.

    `timeout` seconds bound each wait for the service, not a whole transfer.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        *,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Without an `api_key` only what is public answers. `transport` is httpx's, for tests and proxies."""
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout, transport=transport)
        self._retries = retries or Retries()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def register(
        self,
        file: File,
        *,
        title: str = "",
        terms: str = "personal",
        origin: Origin | None = None,
        idempotency_key: str | None = None,
    ) -> Work:
        """Raises Conflict, whose `existing` names the work, when the picture is registered already; Rejected."""
        form = {"title": title, "terms": terms, **(origin or Origin()).form()}
        return self._register(form, {"file": ("file", _read(file))}, idempotency_key)

    def register_recipe(
        self,
        recipe: Mapping[str, Any],
        *,
        seed: int = 0,
        title: str = "",
        terms: str = "personal",
        idempotency_key: str | None = None,
    ) -> Work:
        """Have the service's generator make the artwork, and register it."""
        form = {"recipe": json.dumps(dict(recipe)), "seed": str(seed), "title": title, "terms": terms}
        return self._register(form, {}, idempotency_key)

    def _register(self, form: Mapping[str, Any], files: Mapping[str, Any], key: str | None) -> Work:
        return _read_as(Work, self._json("POST", "/v1/works", data=_given(form), files=files, headers=_once(key)))

    def work(self, work_id: str) -> Work:
        return _read_as(Work, self._json("GET", f"/v1/works/{work_id}"))

    def works(self, *, page_size: int = 50) -> Iterator[Work]:
        """Every work of yours, newest first. A page is asked for when it is reached."""
        cursor: str | None = None
        while True:
            page = self._json("GET", "/v1/works", params=_given({"limit": str(page_size), "cursor": cursor}))
            yield from (_read_as(Work, item) for item in page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def file(self, work_id: str) -> bytes:
        """The marked file of a work of yours."""
        return self._send("GET", f"/v1/works/{work_id}/file").content

    def certificate(self, work_id: str, *, receipts: bool = False) -> dict[str, Any]:
        """The work's credential; with `receipts` a bundle of it and its ledger receipts."""
        return self._json("GET", f"/v1/works/{work_id}/certificate", params={"receipts": "true"} if receipts else None)

    def withdraw(self, work_id: str) -> Work:
        return _read_as(Work, self._json("DELETE", f"/v1/works/{work_id}"))

    def check(self, file: File, *, licensee: str | None = None) -> Report:
        """Which registered works does this picture show? With a `licensee`, whether a copy is licensed to them."""
        form = _given({"licensee": licensee})
        return _report(self._json("POST", "/v1/checks", data=form, files={"file": ("file", _read(file))}))

    def check_url(self, url: str, *, licensee: str | None = None) -> Report:
        """The same for a public address, which the service fetches."""
        return _report(self._json("POST", "/v1/checks", data=_given({"url": url, "licensee": licensee})))

    def report(self, check_id: str) -> Report:
        return _report(self._json("GET", f"/v1/checks/{check_id}"))

    def verify(self, certificate: File | Mapping[str, Any], file: File | None = None) -> Verification:
        """Ask the service about a certificate, and the file that it is about. A refusal is an answer, not an error.
        For an answer that needs no trust in the service there is `provenance verify`."""
        document = json.dumps(dict(certificate)) if isinstance(certificate, Mapping) else _read(certificate)
        files: dict[str, Any] = {"certificate": ("certificate", document)}
        if file is not None:
            files["file"] = ("file", _read(file))
        return _read_as(Verification, self._json("POST", "/v1/verify", files=files))

    def jwks(self) -> dict[str, Any]:
        """The service's public keys, for verifying offline."""
        return self._json("GET", "/.well-known/jwks.json")

    def terms(self) -> dict[str, str]:
        """Slugs of the licence terms and their hashes."""
        return self._json("GET", "/v1/terms")

    def terms_document(self, slug: str) -> dict[str, Any]:
        return self._json("GET", f"/v1/terms/{slug}")

    def offer(
        self, work_id: str, *, terms: str, price_minor: int, currency: str, valid_until: datetime | None = None
    ) -> Offer:
        """Offer a work of yours. Never repeated: an offer that got lost on its way back is in `offers`."""
        body = {"terms": terms, "price_minor": price_minor, "currency": currency, "valid_until": _rfc3339(valid_until)}
        return _read_as(Offer, self._json("POST", f"/v1/works/{work_id}/offers", repeat=False, json=body))

    def offers(self, work_id: str) -> list[Offer]:
        return [_read_as(Offer, item) for item in self._json("GET", f"/v1/works/{work_id}/offers")["items"]]

    def grant(
        self, offer_id: str, licensee: str, *, valid_until: datetime | None = None, idempotency_key: str | None = None
    ) -> Grant:
        """Grant the licence of an offer of yours that was paid for. Give your order number as the key, so that not even
        a second process grants twice; without one, each call is a grant of its own."""
        body = {"offer_id": offer_id, "licensee": licensee, "valid_until": _rfc3339(valid_until)}
        return _read_as(Grant, self._json("POST", "/v1/grants", json=body, headers=_once(idempotency_key)))

    def granted(self, grant_id: str) -> Grant:
        return _read_as(Grant, self._json("GET", f"/v1/grants/{grant_id}"))

    def _json(self, method: str, path: str, *, repeat: bool = True, **request: Any) -> dict[str, Any]:
        answer = _document(self._send(method, path, repeat=repeat, **request))
        if answer is None:
            raise errors.Unavailable("the answer is not JSON", hint="is this the address of a Provenance service?")
        return answer

    def _send(self, method: str, path: str, *, repeat: bool = True, **request: Any) -> httpx.Response:
        attempt = 1
        while True:
            retry_after: float | None = None
            try:
                response = self._http.request(method, path, **request)
                if response.is_success:
                    return response
                failure, retry_after = _error(response), _retry_after(response)
            except httpx.TransportError as error:
                failure = errors.Unavailable(
                    f"{self._http.base_url.host} does not answer ({type(error).__name__})", hint="try again later"
                )
            if not (repeat and isinstance(failure, _REPEATABLE) and self._retries.wait(attempt, retry_after)):
                raise failure
            attempt += 1


def _error(response: httpx.Response) -> errors.ProvenanceError:
    """The service's own error, from its problem document; by the status where somebody in between answered."""
    problem = _document(response) or {}
    code = str(problem.get("type", "")).removeprefix(_PROBLEM)
    reason = str(problem.get("detail") or f"the service answered {response.status_code} {response.reason_phrase}")
    hint = problem.get("hint")
    kind = _codes(errors.ProvenanceError).get(code) or _BY_STATUS.get(response.status_code, errors.ProvenanceError)
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return errors.Busy(reason, retry_after=round(_retry_after(response) or 1), hint=hint)
    if issubclass(kind, errors.Conflict):
        return kind(reason, existing=problem.get("existing"), hint=hint)
    return kind(reason, hint=hint)


def _document(response: httpx.Response) -> dict[str, Any] | None:
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


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds, whether the header gives seconds or a date (RFC 9110 section 10.2.3)."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # none, or nonsense
        return None


def _once(key: str | None) -> dict[str, str]:
    """One key for every attempt of a call."""
    return {"Idempotency-Key": key or uuid.uuid4().hex}


def _given(form: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in form.items() if value is not None}


def _read(file: File) -> bytes:
    return file if isinstance(file, bytes) else Path(file).read_bytes()


def _rfc3339(moment: datetime | None) -> str | None:
    if moment is not None and moment.tzinfo is None:
        raise errors.InvalidRequest("valid_until needs a time zone", hint="datetime(..., tzinfo=UTC)")
    return moment.isoformat() if moment else None


def _read_as(kind: type[_T], body: Mapping[str, Any]) -> _T:
    """Only the fields that this version knows: a newer service may say more."""
    values = {field.name: body.get(field.name) for field in fields(kind)}  # type: ignore[arg-type]
    for name in ("created_at", "withdrawn_at", "registered_at", "valid_until"):
        if isinstance(values.get(name), str):
            values[name] = datetime.fromisoformat(str(values[name]))
    return kind(**values)


def _report(body: Mapping[str, Any]) -> Report:
    return _read_as(Report, {**body, "matches": [_read_as(Match, match) for match in body["matches"]]})
