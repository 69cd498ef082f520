"""What a route asks for: the service, the caller, a slot."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from provenance.core.records import ApiKey
from provenance.faces.api.limits import InFlight
from provenance.usecases.access import require
from provenance.wiring import Service

_bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="An API key: `Authorization: Bearer pvk_…`", bearerFormat="pvk_"
)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _in_flight(request: Request) -> InFlight:
    in_flight: InFlight = request.app.state.in_flight
    return in_flight


ServiceDep = Annotated[Service, Depends(_service)]
InFlightDep = Annotated[InFlight, Depends(_in_flight)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Repeats of a request with the same key get the first answer, for 24 hours.",
    ),
]


def _caller(scope: str) -> Callable[..., ApiKey]:
    def authenticate(
        service: ServiceDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> ApiKey:
        key = service.access.authenticate(credentials.credentials if credentials else None)
        require(key, scope)
        return key

    return authenticate


def caller(scope: str) -> Any:
    """The API key of whoever calls, holding this scope. A route without it is public, and says so."""
    return Depends(_caller(scope))


def owner_of(key: ApiKey) -> str | None:
    """Whose works the key may touch: its owner's; an administrator's key (None) touches all."""
    return None if "admin" in key.scopes else key.owner
