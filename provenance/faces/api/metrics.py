"""Prometheus metrics. The registry belongs to the app, so that several apps in one process don't share counters."""

import time
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from provenance.wiring import Service

REGISTRY = CollectorRegistry()
_requests = Counter("provenance_requests_total", "HTTP requests.", ["method", "route", "status"], registry=REGISTRY)
_seconds = Histogram(
    "provenance_request_seconds",
    "Time to the end of the answer.",
    ["method", "route"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)
_works = Gauge("provenance_works", "Registered works, withdrawn ones included.", registry=REGISTRY)
_lag = Gauge("provenance_index_lag", "Operations that the index is behind the record.", registry=REGISTRY)
_jobs = Gauge("provenance_outbox_pending", "Outbox jobs that wait.", registry=REGISTRY)
_queue = Gauge("provenance_model_queue", "Requests that wait for the models.", registry=REGISTRY)


class Measured:
    """ASGI middleware that counts and times requests by route template, never by raw path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            _requests.labels(scope["method"], route, str(status)).inc()
            _seconds.labels(scope["method"], route).observe(time.perf_counter() - start)


def exposition(service: "Service") -> tuple[bytes, str]:
    """The text and its media type, with the gauges read now."""
    with service.store.read() as unit:
        _works.set(unit.works.count())
        _lag.set(max(0, unit.fingerprints.last() - service.matcher.checkpoint()))
        _jobs.set(unit.outbox.pending())
    _queue.set(service.matcher.waiting)
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
