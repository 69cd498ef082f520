"""What a route asks for: the service, the caller, a slot."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from provenance.core.records import ApiKey
from provenance.faces.api.limits import InFlight
from provenance.faces.api.metrics import Metrics
from provenance.usecases.access import require
from provenance.wiring import Service

PUBLIC_HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""For what anybody may read, from any page: keys, certificates, terms. Five minutes, so that a rotated key shows."""

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="ApiKey",
    description="An API key, `Authorization: Bearer pvk_…`, made by `provenance apikey create`. Its scopes are listed "
    "with each operation; `admin` holds all of them.",
    bearerFormat="pvk_<id>_<secret>",
)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _in_flight(request: Request) -> InFlight:
    in_flight: InFlight = request.app.state.in_flight
    return in_flight


def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


ServiceDep = Annotated[Service, Depends(_service)]
InFlightDep = Annotated[InFlight, Depends(_in_flight)]
MetricsDep = Annotated[Metrics, Depends(_metrics)]

WorkIdPath = Annotated[
    str,
    Path(
        pattern=r"^pv-[0-9a-f][0-9a-hjkmnp-tv-z]{12}$",
        description="A registration id.",
        examples=["pv-3f9k2m8xq0abc"],
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Repeats of a request with the same key get the first answer, for 24 hours.",
        examples=["order-4711"],
    ),
]
IfNoneMatch = Annotated[str | None, Header(description="ETags that the caller has; one that still holds gives 304.")]


def _caller(
    service: ServiceDep,
    scopes: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> ApiKey:
    key = service.access.authenticate(credentials.credentials if credentials else None)
    for scope in scopes.scopes:
        require(key, scope)
    return key


def caller(scope: str) -> Any:
    """The API key of whoever calls, holding this scope. A route without it is public, and says so."""
    return Security(_caller, scopes=[scope])


def owner_of(key: ApiKey) -> str | None:
    """Whose works the key may touch: its owner's; an administrator's key (None) touches all."""
    return None if "admin" in key.scopes else key.owner


def unchanged(if_none_match: str | None, etag: str) -> bool:
    """RFC 9110 section 13.1.2, by weak comparison."""
    given = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return etag in given or given == ["*"]
