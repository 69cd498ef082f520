"""Limits on bodies and on pictures that are worked on at once."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from provenance.core.errors import Busy, InvalidRequest, TooLarge
from provenance.faces.api.problems import known_problem

FORM_OVERHEAD: Final = 256 << 10  # bytes of multipart framing and text fields around a file; a recipe is the longest
RETRY_AFTER: Final = 1  # seconds


class BodyLimit:
    """ASGI middleware: refuses a body over `limit` bytes, by its Content-Length at once, else while it is read. Some
    paths have limits of their own."""

    def __init__(self, app: ASGIApp, *, limit: int, of_paths: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._of_paths = of_paths or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._of_paths.get(scope["path"], self._limit)
        declared = dict(scope["headers"]).get(b"content-length")
        if declared is not None and not declared.isdigit():
            await known_problem(InvalidRequest("Content-Length is not a number"))(scope, receive, send)
        elif declared is not None and int(declared) > limit:
            await known_problem(_over(limit))(scope, receive, send)
        else:
            await self._counting(limit, scope, receive, send)

    async def _counting(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever the app makes of a body that was cut off, the answer is the limit's: parsers turn any error of
        `receive` into a complaint about a malformed body."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _over(limit)
            return message

        async def unless_over(message: Message) -> None:
            if seen <= limit:
                await send(message)

        try:
            await self._app(scope, counted, unless_over)
        except TooLarge:
            if seen <= limit:
                raise
        if seen > limit:
            await known_problem(_over(limit))(scope, receive, send)


def _over(limit: int) -> TooLarge:
    return TooLarge(f"the request is over the limit of {limit} bytes", hint="send a smaller file")


class InFlight:
    """At most `limit` pictures in work; one more is Busy, so that memory stays bounded and clients back off."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._slots = threading.BoundedSemaphore(limit)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Raises Busy."""
        if not self._slots.acquire(blocking=False):
            raise Busy(
                f"{self._limit} pictures are being worked on already", retry_after=RETRY_AFTER, hint="try again soon"
            )
        try:
            yield
        finally:
            self._slots.release()
