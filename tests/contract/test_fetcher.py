"""The Fetcher port, against a real server on the loopback."""

import datetime
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provenance.adapters.http import FetchLimits, GuardedFetcher
from provenance.core.errors import InvalidRequest, TooLarge, Unavailable
from provenance.core.ports import Fetcher

pytestmark = pytest.mark.integration

HOST = "pictures.example"
Answer = Callable[[BaseHTTPRequestHandler], None]


def body(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def redirect(location: str, status: int = 302) -> Answer:
    return body(b"", status, Location=location)


class Site:
    """A server whose pages a test sets; it keeps what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append((self.path, dict(self.headers)))
                try:
                    site.pages[self.path](self)
                except OSError:
                    site.cut.set()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.cut = threading.Event()
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self.scheme = "http" if tls is None else "https"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def url(self, path: str = "/a.png", host: str = HOST) -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site()
    yield served
    served.close()


def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def limits_for(site: Site, **changes: object) -> FetchLimits:
    return FetchLimits(**{"ports": frozenset({site.port}), "seconds": 10.0, **changes})


@pytest.fixture
def fetcher(site: Site) -> Fetcher:
    return GuardedFetcher(limits_for(site), resolve=loopback, allow_loopback=True)


def test_the_body_arrives_whole(site: Site, fetcher: Fetcher):
    content = bytes(range(256)) * 4000
    site.pages["/a.png?b=1"] = body(content)
    assert fetcher.fetch(site.url("/a.png?b=1#part")) == content


def test_the_request_names_the_host_and_carries_nothing_else(site: Site, fetcher: Fetcher, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    site.pages["/a.png"] = body(b"x", Set_Cookie="a=b")
    fetcher.fetch(site.url())
    fetcher.fetch(site.url())
    for _, headers in site.requests:
        assert headers["Host"] == f"{HOST}:{site.port}"
        assert headers["Accept-Encoding"] == "identity"
        assert not {"Cookie", "Authorization", "Referer"} & set(headers)


def test_without_the_test_switch_the_loopback_is_refused(site: Site):
    with pytest.raises(InvalidRequest, match="not on the public internet"):
        GuardedFetcher(limits_for(site), resolve=loopback).fetch(site.url())
    assert site.requests == []


def test_redirects_are_followed_and_counted(site: Site, fetcher: Fetcher):
    for number in range(4):
        site.pages[f"/{number}"] = redirect(f"/{number + 1}", (301, 302, 303, 308)[number])
    site.pages["/4"] = body(b"end")
    assert fetcher.fetch(site.url("/1")) == b"end"
    with pytest.raises(InvalidRequest, match="more than 3 redirects"):
        fetcher.fetch(site.url("/0"))


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://10.0.0.1:{port}/", "public internet"),
        ("http://169.254.169.254:{port}/latest/meta-data/", "public internet"),
        ("http://[::ffff:10.0.0.1]:{port}/", "public internet"),
        ("http://127.0.0.1:22/", "port 22"),
        ("file:///etc/passwd", "only http and https"),
        ("http://user:pw@127.0.0.1:{port}/", "user name or password"),
        ("http://[::1/", "malformed"),
        ("", "nowhere"),
    ],
)
def test_a_redirect_is_checked_like_the_first_url(site: Site, location, reason):
    def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"] if host == HOST else [host]

    site.pages["/a.png"] = redirect(location.format(port=site.port))
    fetcher = GuardedFetcher(limits_for(site), resolve=resolve, allow_loopback=True)
    with pytest.raises(InvalidRequest, match=reason):
        fetcher.fetch(site.url())
    assert len(site.requests) == 1


def test_a_second_lookup_cannot_change_the_address(site: Site):
    """DNS rebinding: the name is public when it is checked, private when it is connected to."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    site.pages["/a.png"] = body(b"x")
    site.pages["/again"] = redirect("/a.png")
    fetcher = GuardedFetcher(limits_for(site), resolve=rebinding, allow_loopback=True)
    assert fetcher.fetch(site.url()) == b"x"
    assert asked == [HOST]
    asked.clear()
    with pytest.raises(InvalidRequest, match="public internet"):
        fetcher.fetch(site.url("/again"))
    assert asked == [HOST, HOST]


def test_the_next_address_is_tried(site: Site):
    site.pages["/a.png"] = body(b"x")
    fetcher = GuardedFetcher(limits_for(site), resolve=lambda *_: ["::1", "127.0.0.1"], allow_loopback=True)
    assert fetcher.fetch(site.url()) == b"x"


def test_a_host_that_refuses_is_unavailable(site: Site, fetcher: Fetcher):
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        port = idle.getsockname()[1]
        shut = GuardedFetcher(FetchLimits(ports=frozenset({port})), resolve=loopback, allow_loopback=True)
        with pytest.raises(Unavailable, match="does not answer properly"):
            shut.fetch(f"http://{HOST}:{port}/")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, InvalidRequest),
        (401, InvalidRequest),
        (204, InvalidRequest),
        (304, InvalidRequest),
        (500, Unavailable),
        (429, Unavailable),
    ],
)
def test_other_answers_are_errors(site: Site, fetcher: Fetcher, status, error):
    site.pages["/a.png"] = body(b"", status)
    with pytest.raises(error, match=str(status)):
        fetcher.fetch(site.url())


def test_a_declared_size_over_the_limit_is_refused_unread(site: Site):
    site.pages["/a.png"] = body(b"", Content_Length=str(1 << 40))
    fetcher = GuardedFetcher(limits_for(site, body_bytes=1000), resolve=loopback, allow_loopback=True)
    with pytest.raises(TooLarge, match="1,000 bytes"):
        fetcher.fetch(site.url())


def test_an_endless_body_is_cut_at_the_limit(site: Site):
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not site.closing.is_set():
            handler.wfile.write(bytes(1 << 16))

    site.pages["/a.png"] = endless
    fetcher = GuardedFetcher(limits_for(site, body_bytes=1 << 20), resolve=loopback, allow_loopback=True)
    with pytest.raises(TooLarge):
        fetcher.fetch(site.url())
    assert site.cut.wait(10)


def test_the_size_limit_is_inclusive(site: Site):
    site.pages["/a.png"] = body(bytes(1000))
    assert (
        len(GuardedFetcher(limits_for(site, body_bytes=1000), resolve=loopback, allow_loopback=True).fetch(site.url()))
        == 1000
    )
    with pytest.raises(TooLarge):
        GuardedFetcher(limits_for(site, body_bytes=999), resolve=loopback, allow_loopback=True).fetch(site.url())


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_a_compressed_answer_is_not_unpacked(site: Site, fetcher: Fetcher, encoding):
    site.pages["/a.png"] = body(gzip.compress(bytes(1 << 20)), Content_Encoding=encoding)
    with pytest.raises(Unavailable, match="compressed"):
        fetcher.fetch(site.url())


def dribble(site: Site, head: bytes) -> Answer:
    """`head`, then a byte now and then: no socket timeout ever strikes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not site.closing.is_set():
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    ],
)
def test_a_dribbling_host_is_cut_off_at_the_deadline(site: Site, head):
    site.pages["/a.png"] = dribble(site, head)
    fetcher = GuardedFetcher(limits_for(site, seconds=0.4), resolve=loopback, allow_loopback=True)
    with pytest.raises(Unavailable, match="took too long"):
        fetcher.fetch(site.url())
    assert site.cut.wait(10)


def test_a_silent_host_is_given_up(site: Site):
    site.pages["/a.png"] = lambda _: site.closing.wait(30) and None
    fetcher = GuardedFetcher(limits_for(site, seconds=0.3), resolve=loopback, allow_loopback=True)
    with pytest.raises(Unavailable, match="took too long"):
        fetcher.fetch(site.url())


def test_a_body_shorter_than_declared_is_unavailable(site: Site, fetcher: Fetcher):
    site.pages["/a.png"] = body(b"half", Content_Length="8")
    with pytest.raises(Unavailable, match="does not answer properly"):
        fetcher.fetch(site.url())


def test_what_is_not_http_is_unavailable(site: Site, fetcher: Fetcher):
    site.pages["/a.png"] = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    with pytest.raises(Unavailable, match="does not answer properly"):
        fetcher.fetch(site.url())


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for HOST, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "host.pem"
    private = serialization.PrivateFormat.PKCS8
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_tls_checks_the_name_although_the_address_is_connected_to(certificate: Path):
    names: list[str | None] = []
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    site = Site(server)
    try:
        site.pages["/a.png"] = body(b"sealed")
        site.pages["/down"] = redirect(f"http://{HOST}:{site.port}/a.png")
        trusting = ssl.create_default_context(cafile=str(certificate))
        fetcher = GuardedFetcher(limits_for(site), resolve=loopback, tls=trusting, allow_loopback=True)
        assert fetcher.fetch(site.url()) == b"sealed"
        assert names == [HOST]
        with pytest.raises(Unavailable, match="does not answer properly"):
            fetcher.fetch(site.url(host="other.example"))
        with pytest.raises(InvalidRequest, match="from https to http"):
            fetcher.fetch(site.url("/down"))
        strangers = GuardedFetcher(limits_for(site), resolve=loopback, allow_loopback=True)
        with pytest.raises(Unavailable, match="does not answer properly"):
            strangers.fetch(site.url())
    finally:
        site.close()
