"""The app: routes, limits, metrics, problems, and a lifespan that starts and closes the service."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from provenance import __version__
from provenance.faces.api import problems
from provenance.faces.api.limits import FORM_OVERHEAD, BodyLimit, InFlight
from provenance.faces.api.metrics import Measured
from provenance.faces.api.routes import checks, licences, operations, verify, works
from provenance.settings import Settings
from provenance.wiring import Service

_log = logging.getLogger(__name__)

DESCRIPTION: Final = """
Marks, certifies, finds again and licenses AI-generated art.

Authenticate with `Authorization: Bearer pvk_…` (`provenance apikey create`). Errors are RFC 9457 problems
(`application/problem+json`); their `type` ends in a stable code. Lists are paged by cursor. `POST /v1/works` and
`POST /v1/grants` take an `Idempotency-Key`.
"""


def create_app(service: Service | None = None) -> FastAPI:
    """The ASGI app around a service; without one, around the service that the environment describes."""
    service = service or Service(Settings())
    app = FastAPIOffline(
        title="Provenance",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan(service),
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.service = service
    app.state.in_flight = InFlight(service.settings.max_in_flight)
    for module in (works, checks, verify, licences, operations):
        app.include_router(module.router)
    problems.install(app)
    app.add_middleware(BodyLimit, limit=service.settings.max_upload_bytes + FORM_OVERHEAD)
    app.add_middleware(Measured)
    return app


def _lifespan(service: Service) -> "Callable[[FastAPI], AsyncIterator[None]]":
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(service.start)
        stop = threading.Event()
        worker = threading.Thread(target=service.keep_house, args=(stop,), name="worker", daemon=True)
        if service.settings.worker_in_server:
            worker.start()
        try:
            yield
        finally:
            stop.set()
            if worker.is_alive():
                await asyncio.to_thread(worker.join)
            await asyncio.to_thread(service.close)

    return lifespan  # type: ignore[return-value]
