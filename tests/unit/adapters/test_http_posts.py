"""POST to configured addresses, against a real server on the loopback; and the fetcher for a network of one's own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from provenance.adapters.http import FetchLimits, GuardedFetcher, Poster
from provenance.core.errors import InvalidRequest, Unavailable

pytestmark = pytest.mark.integration


class Handler(BaseHTTPRequestHandler):
    """Echoes what it gets; some paths misbehave."""

    def do_GET(self) -> None:
        self._say(200, b"here")

    def do_POST(self) -> None:
        peer = self.server.peer
        peer.headers = dict(self.headers)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        match self.path:
            case "/conflict":
                self._say(409, b"7\n")
            case "/long":
                self._say(200, b"x" * 3000)
            case "/moved":
                self._say(302, b"", Location="/echo")
            case "/dribble":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not peer.closing.wait(0.02):
                    self.wfile.write(b"X-Header: more\r\n")
            case "/silent":
                peer.closing.wait(20)
            case "/broken":
                self._say(200, b"some", **{"Content-Length": "100"})
            case _:
                self._say(200, body)

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "text/plain", "Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Peer:
    """A server on the loopback; `headers` are those of the last request."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self._server.peer = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


def test_what_is_answered_comes_back_whatever_its_status(peer: Peer) -> None:
    poster = Poster()
    answer = poster.post(peer.url("/echo"), b"\0body", media_type="application/x", accept="text/plain")
    assert (answer.status, answer.media_type, answer.body) == (200, "text/plain", b"\0body")
    assert (peer.headers["Content-Type"], peer.headers["Accept"]) == ("application/x", "text/plain")
    assert peer.headers["Accept-Encoding"] == "identity"
    conflict = poster.post(peer.url("/conflict"), b"", media_type="text/plain")
    assert (conflict.status, conflict.body) == (409, b"7\n")


def test_redirects_are_not_followed(peer: Peer) -> None:
    assert Poster().post(peer.url("/moved"), b"", media_type="text/plain").status == 302


def test_an_answer_that_is_too_long_is_refused(peer: Peer) -> None:
    with pytest.raises(Unavailable, match="longer than 1,000"):
        Poster(body_bytes=1000).post(peer.url("/long"), b"", media_type="text/plain")


@pytest.mark.parametrize("path", ["/dribble", "/silent", "/broken"])
def test_an_answer_that_does_not_come_is_given_up(peer: Peer, path: str) -> None:
    with pytest.raises(Unavailable):
        Poster(seconds=0.4).post(peer.url(path), b"", media_type="text/plain")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "no url", "ftp://host/", "http://[::1", "http://"])
def test_an_address_where_nobody_is(url: str) -> None:
    with pytest.raises(Unavailable):
        Poster(seconds=2).post(url, b"", media_type="text/plain")


def test_a_fetcher_may_be_let_into_the_own_network(peer: Peer) -> None:
    limits = FetchLimits(ports=frozenset({peer.port}))
    with pytest.raises(InvalidRequest):
        GuardedFetcher(limits).fetch(peer.url("/"))
    assert GuardedFetcher(limits, allow_private=True).fetch(peer.url("/")) == b"here"
