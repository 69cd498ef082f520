"""Other people's tools against our responder and authority on the loopback; our client against hostile ones."""

import hashlib
import http.server
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response

from provenance.adapters.http import Poster
from provenance.adapters.timestamps import HttpTimestamper
from provenance.core.errors import Misconfigured, Unavailable
from provenance.credentials.pki import chains, timestamps, tokens
from provenance.credentials.pki.profiles import Role
from tests.pki import Pki, make_pki, openssl, pki_now
from tests.service import encoded, scene, service_settings

pytestmark = pytest.mark.integration

IMPRINT = hashlib.sha256(b"an artwork").digest()
REPLY = "application/timestamp-reply"


# ---- our service


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, object]]:
    """The app on a free port, without its models: (its address, its service)."""
    import uvicorn

    from provenance.faces.api import create_app
    from provenance.wiring import Service

    with Service(service_settings(tmp_path_factory.mktemp("pki") / "home")) as service:
        server = uvicorn.Server(uvicorn.Config(create_app(service), port=0, lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", service
        server.should_exit = True
        thread.join()


@pytest.fixture
def published(served, tmp_path: Path) -> Path:
    """A folder with what anybody can download."""
    address, _ = served
    for name in ("root", "chain", "tsa"):
        (tmp_path / f"{name}.pem").write_bytes(httpx.get(f"{address}/ca/{name}.pem").content)
    leaf, ca = chains.read_pem((tmp_path / "chain.pem").read_bytes())
    (tmp_path / "leaf.pem").write_bytes(chains.pem([leaf]))
    (tmp_path / "ca.pem").write_bytes(chains.pem([ca]))
    return tmp_path


def ask_openssl(address: str, folder: Path) -> str:
    done = openssl(
        "ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", "-url", f"{address}/ocsp",
        "-CAfile", "root.pem", "-verify_other", "ca.pem", folder=folder,
    )  # fmt: skip
    assert "Response verify OK" in done.stdout + done.stderr
    assert "WARNING: no nonce" not in done.stderr
    return done.stdout


def test_openssl_asks_our_responder_before_and_after_a_revocation(served, published: Path):
    address, service = served
    assert "leaf.pem: good" in ask_openssl(address, published)
    service.ca.revoke(service.ca.current(Role.LEAF).serial, "superseded")
    said = ask_openssl(address, published)
    assert "leaf.pem: revoked" in said
    assert "Reason: superseded" in said
    service.ca.renew()


def test_openssl_asks_our_authority(served, published: Path):
    address, _ = served
    (published / "art").write_bytes(b"an artwork")
    openssl("ts", "-query", "-data", "art", "-sha512", "-cert", "-out", "q", folder=published)
    asked = {"content": (published / "q").read_bytes(), "headers": {"Content-Type": "application/timestamp-query"}}
    (published / "r").write_bytes(httpx.post(f"{address}/tsa", **asked).content)
    done = openssl("ts", "-verify", "-queryfile", "q", "-in", "r", "-CAfile", "root.pem", folder=published)
    assert "Verification: OK" in done.stdout


@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_rfc3161_client_asks_our_authority(served, published: Path, algorithm: HashAlgorithm):
    address, _ = served
    asked = TimestampRequestBuilder().data(b"an artwork").hash_algorithm(algorithm).build()
    answer = httpx.post(f"{address}/tsa", content=asked.as_bytes())
    (root,) = chains.read_pem((published / "root.pem").read_bytes())
    verifier = VerifierBuilder.from_request(asked).add_root_certificate(root).build()
    assert verifier.verify_message(decode_timestamp_response(answer.content), b"an artwork")


def test_c2pa_trusts_what_our_authority_certified_and_stamped(served, published: Path):
    """c2pa-rs signs with our key, asks our authority for the time, and reads it back: Trusted with our root alone."""
    c2pa = pytest.importorskip("c2pa")
    address, service = served
    signer = service.ca.claim_signer()
    chain = chains.pem(service.ca.chain(Role.LEAF)).decode()
    purposes = "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.8\n1.3.6.1.5.5.7.3.9"
    offline = {"remote_manifest_fetch": False, "ocsp_fetch": False}
    created = {
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    }
    manifest = {
        "claim_version": 2,
        "claim_generator_info": [{"name": "provenance-tests", "version": "1"}],
        "assertions": [{"label": "c2pa.actions.v2", "created": True, "data": {"actions": [created]}}],
    }

    def state(*, root: str | None) -> tuple[str, set[str]]:
        settings: dict = {"version": 1, "verify": {"verify_trust": True, **offline}}
        if root:
            settings["trust"] = {"user_anchors": root, "trust_config": purposes}
        reader = c2pa.Reader("image/png", io.BytesIO(signed), context=c2pa.Context.from_dict(settings))
        said = reader.get_validation_results()["activeManifest"]
        return reader.get_validation_state(), {item["code"] for kind in said.values() for item in kind}

    settings = {"version": 1, "verify": {"verify_trust": False, **offline}}
    out = io.BytesIO()
    callback = c2pa.Signer.from_callback(signer.sign, c2pa.C2paSigningAlg.ES256, chain, f"{address}/tsa")
    builder = c2pa.Builder(json.dumps(manifest), context=c2pa.Context.from_dict(settings))
    builder.sign(callback, "image/png", io.BytesIO(encoded(scene(3))), out)
    signed = out.getvalue()
    verdict, codes = state(root=(published / "root.pem").read_text())
    assert verdict == "Trusted"
    assert {"timeStamp.validated", "timeStamp.trusted", "signingCredential.trusted"} <= codes
    verdict, codes = state(root=None)
    assert verdict == "Valid"
    assert "signingCredential.untrusted" in codes


# ---- somebody else's authority


@contextmanager
def authority(answer: Callable[[bytes], tuple[int, str, bytes]]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            status, kind, body = answer(asked)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if status in (301, 302, 307):
                self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def honest(pki: Pki) -> Callable[[bytes], tuple[int, str, bytes]]:
    return lambda asked: (200, REPLY, timestamps.answer(asked, pki.authority, now=pki.now, serial=9))


def test_a_token_from_outside_is_checked_and_handed_on():
    pki = pki_now()
    root = pki.root.certificate
    with authority(honest(pki)) as url:
        for anchors in ((), (root,)):
            token = HttpTimestamper(url, anchors=anchors).timestamp(IMPRINT)
            assert tokens.check(token, IMPRINT, anchors=[root]).serial == 9


def test_an_authority_that_nobody_trusts_is_told_by_its_roots():
    stranger = make_pki(pki_now().now)
    with authority(honest(stranger)) as url, pytest.raises(Unavailable, match="does not verify"):
        HttpTimestamper(url, anchors=[pki_now().root.certificate]).timestamp(IMPRINT)


def _stale(_: bytes) -> tuple[int, str, bytes]:
    pki = pki_now()
    return 200, REPLY, timestamps.answer(timestamps.ask(IMPRINT, nonce=1), pki.authority, now=pki.now, serial=9)


def _other(asked: bytes) -> tuple[int, str, bytes]:
    from asn1crypto import tsp

    nonce = tsp.TimeStampReq.load(asked)["nonce"].native
    pki = pki_now()
    return 200, REPLY, timestamps.answer(timestamps.ask(bytes(32), nonce=nonce), pki.authority, now=pki.now, serial=9)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_stale, "another request"),
        (_other, "other bytes"),
        (lambda _: (200, REPLY, timestamps.rejection("time_not_available", "the clock is broken")), "clock is broken"),
        (lambda _: (200, REPLY, b""), "can't be read"),
        (lambda _: (200, REPLY, b"<html>"), "can't be read"),
        (lambda _: (200, REPLY, b"x" * (timestamps.MAX_RESPONSE + 1)), "longer than"),
        (lambda _: (200, "text/html", b"<html>"), "status 200"),
        (lambda _: (503, REPLY, b""), "status 503"),
        (lambda _: (302, REPLY, b""), "status 302"),
    ],
    ids=["stale", "other", "rejected", "empty", "html", "long", "type", "503", "redirect"],
)
def test_whatever_is_wrong_with_an_answer_is_unavailable(answer, said: str):
    with authority(answer) as url, pytest.raises(Unavailable, match=said):
        HttpTimestamper(url).timestamp(IMPRINT)


def test_an_authority_that_hangs_is_left_in_time():
    release = threading.Event()

    def hang(_: bytes) -> tuple[int, str, bytes]:
        release.wait(30)
        return 200, REPLY, b""

    with authority(hang) as url:
        try:
            with pytest.raises(Unavailable):
                HttpTimestamper(url, poster=Poster(seconds=0.3)).timestamp(IMPRINT)
        finally:
            release.set()


def test_nobody_at_the_address():
    with pytest.raises(Unavailable, match="does not answer"):
        HttpTimestamper("http://127.0.0.1:1/tsa").timestamp(IMPRINT)


@pytest.mark.parametrize("url", ["ftp://tsa.example", "tsa.example", ""])
def test_an_address_that_is_none(url: str):
    with pytest.raises(Misconfigured, match="no http or https URL"):
        HttpTimestamper(url)
