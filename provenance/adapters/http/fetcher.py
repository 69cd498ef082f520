"""GET for untrusted URLs."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx

from provenance.adapters.http.addresses import (
    Address,
    Resolver,
    checked_addresses,
    is_any,
    is_public,
    is_public_or_loopback,
    system_resolver,
)
from provenance.core.errors import InvalidRequest, SourceRefused, TooLarge, Unavailable

_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_HOST: Final = re.compile(rb"[A-Za-z0-9._:-]+")  # a name (IDNs are Punycode by now) or a numeric address
_MAX_URL: Final = 4096
_CHUNK: Final = 64 << 10
_USER_AGENT: Final = "provenance-fetcher"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """`seconds` bounds a whole fetch: lookups, redirects, headers and body. `ports` are the only ones connected to."""

    body_bytes: int = 64 << 20
    seconds: float = 20.0
    redirects: int = 3
    https_only: bool = False
    ports: frozenset[int] = frozenset((80, 443))


class GuardedFetcher:
    """Fetches http(s) URLs that strangers name (the `Fetcher` port).

    Each hop is looked up once, checked to be on the public internet, and connected to by the checked address; the host
    name stays in the Host header, in SNI and in the certificate check. No cookies, proxies, credentials, compression.
    """

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        resolve: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
        allow_loopback: bool = False,
        allow_private: bool = False,
    ) -> None:
        """`tls` replaces the default context (certifi's roots). `allow_loopback` is for tests alone. `allow_private`
        lets every address pass: for a person who names a host of the own network on a command line."""
        self._limits = limits or FetchLimits()
        self._resolve = resolve
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._allowed: Callable[[Address], bool] = is_public
        if allow_private:
            self._allowed = is_any
        elif allow_loopback:
            self._allowed = is_public_or_loopback

    def fetch(self, url: str) -> bytes:
        """The body of a 200 answer. Raises InvalidRequest (a forbidden or senseless URL), SourceRefused (a 4xx answer),
        TooLarge, Unavailable."""
        deadline = time.monotonic() + self._limits.seconds
        target = self._checked_url(url)
        for _ in range(self._limits.redirects + 1):
            answer = self._get(target, deadline)
            if isinstance(answer, bytes):
                return answer
            if target.scheme == "https" and answer.scheme == "http":
                raise InvalidRequest("the URL leads from https to http", hint="use the final address")
            target = answer
        raise InvalidRequest(
            f"the URL leads through more than {self._limits.redirects} redirects", hint="use the final address"
        )

    def _checked_url(self, text: str) -> httpx.URL:
        if len(text) > _MAX_URL:
            raise InvalidRequest(f"the URL is longer than {_MAX_URL} characters")
        try:
            url = httpx.URL(text).copy_with(fragment=None)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise InvalidRequest(
                "the URL is malformed", hint="use an address like https://example.org/a.png"
            ) from error
        schemes = ("https",) if self._limits.https_only else ("http", "https")
        if url.scheme not in schemes:
            raise InvalidRequest(f"only {' and '.join(schemes)} URLs are fetched", hint="upload the file instead")
        if url.userinfo:
            raise InvalidRequest("a URL with a user name or password is not fetched", hint="upload the file instead")
        if not url.host:
            raise InvalidRequest("the URL names no host")
        if not _HOST.fullmatch(url.raw_host):
            raise InvalidRequest("the URL's host is malformed", hint="use an address like https://example.org/a.png")
        if (url.port or _PORTS[url.scheme]) not in self._limits.ports:
            raise InvalidRequest(f"port {url.port} is not fetched from", hint="upload the file instead")
        return url

    def _get(self, url: httpx.URL, deadline: float) -> bytes | httpx.URL:
        """The body, or where the answer redirects to."""
        port = url.port or _PORTS[url.scheme]
        addresses = checked_addresses(
            url.host, port, resolve=self._resolve, seconds=_left(deadline), allowed=self._allowed
        )
        failure: httpx.TransportError | None = None
        for address in addresses:
            try:
                return self._exchange(url, address, deadline)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error  # the host's next address may answer
            except httpx.TransportError as error:
                failure = error
                break
        _left(deadline)
        raise Unavailable(
            f"the host {url.host!r} does not answer properly ({type(failure).__name__})", hint="try again later"
        ) from failure

    def _exchange(self, url: httpx.URL, address: Address, deadline: float) -> bytes | httpx.URL:
        with httpx.HTTPTransport(verify=self._tls, trust_env=False) as transport, Watchdog(deadline) as watchdog:
            response = transport.handle_request(_request(url, address, _left(deadline), watchdog))
            try:
                if response.status_code in _REDIRECTS:
                    return self._redirect(url, response)
                return self._body(response, deadline)
            finally:
                response.close()

    def _redirect(self, url: httpx.URL, response: httpx.Response) -> httpx.URL:
        location = response.headers.get("location", "")
        try:
            target = url.join(location)
        except (httpx.InvalidURL, ValueError) as error:
            raise InvalidRequest("the URL redirects to a malformed address") from error
        if not location:
            raise InvalidRequest("the URL redirects to nowhere")
        return self._checked_url(str(target))

    def _body(self, response: httpx.Response, deadline: float) -> bytes:
        status = response.status_code
        if status >= 500 or status in (408, 425, 429):
            raise Unavailable(f"the host answered with status {status}", hint="try again later")
        if status != 200:
            raise SourceRefused(f"the URL answers with status {status}", hint="check the URL")
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            # Not asked for. A few bytes could unpack to gigabytes.
            raise Unavailable("the host compressed its answer unasked", hint="upload the file instead")
        limit = self._limits.body_bytes
        if response.headers.get("content-length", "0").isdecimal():
            _check_size(int(response.headers.get("content-length", "0")), limit)
        body = bytearray()
        for chunk in response.iter_raw(_CHUNK):
            body += chunk
            _check_size(len(body), limit)
            _left(deadline)
        _left(deadline)  # a connection that the watchdog cut looks like the end of a body without a length
        return bytes(body)


def _request(url: httpx.URL, address: Address, seconds: float, watchdog: "Watchdog") -> httpx.Request:
    """A request to the checked address that says the host's name wherever a name is said."""
    headers = {
        "Host": url.netloc.decode("ascii"),
        "Accept": "image/*, */*;q=0.1",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": _USER_AGENT,
    }
    extensions: dict[str, Any] = {
        "timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds),
        "sni_hostname": url.raw_host.decode("ascii"),
        "trace": watchdog.trace,
    }
    return httpx.Request("GET", url.copy_with(host=str(address)), headers=headers, extensions=extensions)


class Watchdog:
    """Cuts the connection at the deadline. Socket timeouts start again with every byte, so they bound no dribble."""

    def __init__(self, deadline: float) -> None:
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._late = False

    def __enter__(self) -> "Watchdog":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """httpcore's hook: tells the socket as soon as there is one, and again when TLS replaced it."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                late = self._late
            if late:
                self._cut()

    def _cut(self) -> None:
        with self._lock:
            self._late = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises Unavailable when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise Unavailable("the host took too long", hint="try again later or upload the file")
    return left


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"the answer is larger than {limit:,} bytes", hint="send a smaller file")
