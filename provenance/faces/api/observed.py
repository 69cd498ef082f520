"""What every exchange gets: a request id, a line in the log, its place in the metrics, safe headers, and an answer."""

import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from provenance.faces.api.metrics import Metrics
from provenance.faces.api.problems import unexpected_problem

_log = logging.getLogger(__name__)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds: logged at DEBUG

SAFE_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Set where the route did not say otherwise."""

DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
_TRANSPORT_SECURITY: Final = "max-age=63072000"


class Observed:
    """ASGI middleware, the outermost. No line of the log has a path, a query or a header: only the route's template.

    `https` says that the public address is https, so that browsers may be told to keep to it.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, https: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._headers = {**SAFE_HEADERS, **({"Strict-Transport-Security": _TRANSPORT_SECURITY} if https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(send, self._headers, _request_id(scope))
        start = time.perf_counter()
        with bound_contextvars(request_id=exchange.request_id):
            try:
                await self._app(scope, receive, exchange.send)
            except Exception as error:  # noqa: BLE001  whatever it is, it gets an answer and a line in the log
                _log.exception("unexpected %s", type(error).__name__)
                if not exchange.status:
                    await unexpected_problem()(scope, receive, exchange.send)
            finally:
                self._note(scope, exchange.status, time.perf_counter() - start)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], getattr(scope.get("route"), "path", "unmatched")
        self._metrics.observe(method=method, route=route, status=status, seconds=seconds)
        level = logging.DEBUG if route in _QUIET else logging.INFO
        line = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
        _log.log(level, "request", extra=line)


class _Exchange:
    """One request's answer on its way out. `status` is 0 until it starts."""

    def __init__(self, send: Send, headers: Mapping[str, str], request_id: str) -> None:
        self._send = send
        self._headers = headers
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            if headers.get("content-type", "").startswith("text/html"):  # the documentation page alone has scripts
                headers["Content-Security-Policy"] = DOCS_POLICY
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's, where it has a sane form, so that a proxy's log and ours tell the same story."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
