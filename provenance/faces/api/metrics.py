"""Prometheus metrics. The registry belongs to the app, so that several apps in one process don't share counters."""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from provenance.usecases.catch_up import lag
from provenance.wiring import Service

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_BUCKETS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters and times by method, route template and status. A raw path never becomes a label: a stranger could make
    as many of them as they like."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        by = ("method", "route")
        self._requests = Counter("provenance_requests_total", "HTTP requests.", (*by, "status"), registry=registry)
        self._seconds = Histogram(
            "provenance_request_seconds", "Time to the end of the answer.", by, buckets=_BUCKETS, registry=registry
        )
        self._works = Gauge("provenance_works", "Registered works, withdrawn ones included.", registry=registry)
        self._lag = Gauge("provenance_index_lag", "Operations that the index is behind the record.", registry=registry)
        self._jobs = Gauge("provenance_outbox_pending", "Outbox jobs that wait.", registry=registry)
        self._queue = Gauge("provenance_model_queue", "Requests that wait for the models.", registry=registry)

    def observe(self, *, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def exposition(self, service: Service) -> bytes:
        """Prometheus' text format, with the gauges read now."""
        with service.store.read() as unit:
            self._works.set(unit.works.count())
            self._lag.set(lag(unit, service.matcher))
            self._jobs.set(unit.outbox.pending())
        self._queue.set(service.matcher.waiting)
        return generate_latest(self._registry)
