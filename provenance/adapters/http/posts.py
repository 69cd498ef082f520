"""POST to the addresses that the operator configured: witnesses of the log, time-stamp authorities.

They are chosen, not handed in by strangers, so any address may be meant; what they answer is bounded all the same.
"""

import time
from dataclasses import dataclass
from typing import Final

import httpx

from provenance.adapters.http.fetcher import Watchdog
from provenance.core.errors import Unavailable

_CHUNK: Final = 16 << 10
_USER_AGENT: Final = "provenance"


@dataclass(frozen=True, slots=True)
class Answer:
    """Of any status. `media_type` is empty where the answer names none."""

    status: int
    media_type: str
    body: bytes


class Poster:
    """No redirects, cookies, proxies or compression. `seconds` bounds a whole exchange, `body_bytes` its answer."""

    def __init__(self, *, seconds: float = 10.0, body_bytes: int = 1 << 20) -> None:
        self._seconds = seconds
        self._body_bytes = body_bytes
        self._tls = httpx.create_ssl_context(trust_env=False)

    def post(self, url: str, body: bytes, *, media_type: str, accept: str = "*/*") -> Answer:
        """Raises Unavailable: no such host, no answer in time, or one that is too long."""
        deadline = time.monotonic() + self._seconds
        headers = {
            "Content-Type": media_type,
            "Accept": accept,
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": _USER_AGENT,
        }
        try:
            request = httpx.Request("POST", url, content=body, headers=headers)
            return self._exchange(request, deadline)
        except (httpx.TransportError, httpx.InvalidURL, ValueError) as error:
            raise Unavailable(f"{url} does not answer ({type(error).__name__})", hint="try again later") from error

    def _exchange(self, request: httpx.Request, deadline: float) -> Answer:
        with httpx.HTTPTransport(verify=self._tls, trust_env=False) as transport, Watchdog(deadline) as watchdog:
            timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
            request.extensions = {"timeout": timeouts, "trace": watchdog.trace}
            return self._answer(transport.handle_request(request), deadline)

    def _answer(self, response: httpx.Response, deadline: float) -> Answer:
        body = bytearray()
        try:
            for chunk in response.iter_raw(_CHUNK):
                body += chunk
                if len(body) > self._body_bytes:
                    raise Unavailable(f"the answer is longer than {self._body_bytes:,} bytes")
        finally:
            response.close()
        if time.monotonic() >= deadline:  # a connection that the watchdog cut looks like the end of a body
            raise Unavailable("the answer took too long", hint="try again later")
        return Answer(response.status_code, response.headers.get("content-type", ""), bytes(body))
