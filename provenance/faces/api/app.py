"""The app: routes, limits, metrics, problems, and a lifespan that starts and closes the service."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from provenance import __version__
from provenance.core.errors import ProvenanceError
from provenance.faces import logs
from provenance.faces.api import openapi, problems
from provenance.faces.api.limits import FORM_OVERHEAD, BodyLimit, InFlight
from provenance.faces.api.metrics import Metrics
from provenance.faces.api.observed import Observed
from provenance.faces.api.routes import (
    batches,
    certificates,
    checks,
    licences,
    log,
    operations,
    pki,
    policy,
    reviews,
    softbinding,
    status,
    verify,
    watches,
    works,
)
from provenance.settings import Settings
from provenance.wiring import Service

_log = logging.getLogger(__name__)

DESCRIPTION: Final = """
Marks, certifies, finds again and licenses AI-generated art.

Authenticate with `Authorization: Bearer pvk_…` (`provenance apikey create`). Errors are RFC 9457 problems
(`application/problem+json`); their `type` ends in a stable code. Lists are paged by cursor. `POST /v1/works`,
`POST /v1/checks:batch`, `POST /v1/watches` and `POST /v1/grants` take an `Idempotency-Key`. Every answer names
its request in `X-Request-Id`.
"""
TAGS: Final[list[dict[str, Any]]] = [
    {"name": "works", "description": "Registered artworks, their marked files and their certificates."},
    {"name": "checks", "description": "Which registered works does a picture show?"},
    {"name": "verification", "description": "Certificates and keys, for anybody."},
    {"name": "licences", "description": "Terms, offers, and licences that prove themselves."},
    {"name": "authority", "description": "OCSP, time-stamps and trust anchors of content credentials."},
    {
        "name": "soft bindings",
        "description": "C2PA manifests by watermark, fingerprint or picture: the C2PA Soft Binding Resolution API 2.4.",
    },
    {"name": "log", "description": "The transparency log: checkpoints, tiles and proofs, for anybody."},
    {"name": "operations", "description": "Health and metrics."},
]


def create_app(service: Service | None = None) -> FastAPI:
    """The ASGI app around a service; without one, around the service that the environment describes. In that case the
    app owns its process, and takes over its log."""
    if service is None:
        service = Service(Settings())
        logs.configure(service.settings)
    app = _documented(service)
    app.state.service = service
    app.state.in_flight = InFlight(service.settings.max_in_flight)
    app.state.metrics = Metrics()
    for module in (
        works,
        certificates,
        checks,
        batches,
        reviews,
        watches,
        verify,
        status,
        licences,
        policy,
        pki,
        softbinding,
        log,
        operations,
    ):
        app.include_router(module.router)
    problems.install(app)
    openapi.install(app)
    https = (service.settings.base_url or "").startswith("https:")
    app.add_middleware(
        BodyLimit,
        limit=service.settings.max_upload_bytes + FORM_OVERHEAD,
        of_paths={batches.PATH: service.settings.max_batch_bytes},
    )
    app.add_middleware(Observed, metrics=app.state.metrics, https=https)
    return app


def _documented(service: Service) -> FastAPI:
    return FastAPIOffline(
        title="Provenance",
        version=__version__,
        summary="A register of AI-generated art whose every claim checks with somebody else's tool.",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": service.settings.base_url or "/"}],
        openapi_tags=TAGS,
        responses=openapi.responses(500),
        generate_unique_id_function=openapi.operation_id,
        lifespan=_lifespan(service),
        docs_url="/docs",
        redoc_url=None,
        redirect_slashes=False,
    )


def _lifespan(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(_start, service)
        stop = threading.Event()
        task = service.keep_house if service.settings.worker_in_server else service.follow_models
        worker = threading.Thread(target=task, args=(stop,), name="worker", daemon=True)
        worker.start()
        try:
            yield
        finally:
            stop.set()
            if worker.is_alive():
                await asyncio.to_thread(worker.join)
            await asyncio.to_thread(service.close)

    return lifespan


def _start(service: Service) -> None:
    """Says in one line what keeps the service from starting, before the server prints where it was raised."""
    try:
        service.start()
        service.warm_up()
    except ProvenanceError as error:
        _log.error("the service does not start: %s%s", error.reason, f" ({error.hint})" if error.hint else "")
        service.close()
        raise
