"""The JSON log: one object a line, what an operator needs, and nothing secret."""

import io
import json
import logging
import warnings

import pytest

from provenance.faces import logs
from tests.service import PASSPHRASE, Api, picture, service_settings


@pytest.fixture
def log():
    """A log of everything from DEBUG on, for the time of a test; answers the lines so far."""
    stream = io.StringIO()
    handler = logs.json_handler(stream, secrets=[PASSPHRASE])
    root, ours = logging.getLogger(), logging.getLogger("provenance")
    levels = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def requests(lines: list[dict]) -> list[dict]:
    return [line for line in lines if line["event"] == "request"]


def test_a_request_is_one_line_with_its_route_status_time_and_id(api: Api, alps: dict, log):
    answer = api.http.get(f"/v1/works/{alps['id']}", headers=api.auth())
    line = requests(log())[-1]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/works/{work_id}", 200)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["level"] == "info"
    assert line["ms"] >= 0
    assert line["time"].endswith("Z")


def test_health_checks_are_logged_at_debug_only(api: Api, log):
    api.http.get("/healthz")
    assert [line["level"] for line in requests(log())] == ["debug"]


def test_no_key_query_file_name_title_or_credential_is_logged(api: Api, alps: dict, log, caplog):
    """At DEBUG, where everybody talks most, and for requests that fail in every way."""
    secret = api.key()
    headers = {"Authorization": f"Bearer {secret}"}
    upload = {"file": ("family-photo-name.jpg", picture("photo-alps.jpg"))}
    api.http.get("/v1/works", params={"cursor": "query-secret"}, headers=headers)
    api.http.get("/v1/works", headers={"Authorization": "Bearer pvk_stolen_key"})
    api.http.post("/v1/works", headers=headers, files=upload, data={"title": "private-title"})
    api.http.post("/v1/checks", headers=headers, files=upload, data={"licensee": "jo@example.org"})
    api.http.post("/v1/checks", headers=headers, data={"url": "https://jo:url-password@example.org/?token=abc"})
    unmasked = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]  # the caller's
    text = json.dumps(log()) + json.dumps(unmasked)
    assert len(requests(log())) == 5
    private = ["pvk_", "query-secret", "family-photo-name", "private-title", "jo@example", "url-password", "token=abc"]
    for word in (*private, secret, PASSPHRASE, alps["id"]):
        assert word not in text


def test_a_defect_is_logged_with_its_traceback_and_without_secrets(api: Api, log, monkeypatch: pytest.MonkeyPatch):
    def broken(_data):
        raise RuntimeError(f"could not open {PASSPHRASE} with {api.key()} at https://u:pw-1234@host/x?sig=5")

    monkeypatch.setattr(api.service.images, "read", broken)
    answer = api.http.post("/v1/checks", headers=api.auth(), files={"file": ("a", b"x")})
    line = next(line for line in log() if line["level"] == "error")
    assert line["request_id"] == answer.json()["request_id"]
    assert "RuntimeError" in line["exception"]
    for private in (PASSPHRASE, api.key(), "pw-1234", "sig=5"):
        assert private not in json.dumps(line)
    assert requests(log())[-1]["status"] == 500


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key pvk_ab12_C-d_e used", "key *** used"),
        ("postgresql://u:p@db/x", "postgresql://***@db/x"),
        ("GET https://a.example/x?token=1&b=2 failed", "GET https://a.example/x?*** failed"),
        (f"opened with {PASSPHRASE}!", "opened with ***!"),
        ("why? because", "why? because"),
        ("plain", "plain"),
    ],
)
def test_masks(text: str, masked: str):
    stream = io.StringIO()
    logger = logging.getLogger("test.masks")
    handler = logs.json_handler(stream, secrets=[PASSPHRASE])
    logger.addHandler(handler)
    try:
        logger.warning("%s", text, extra={"also": text, "count": 3})
    finally:
        logger.removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["also"], line["count"]) == (masked, masked, 3)


def test_secrets_of_the_settings(tmp_path):
    settings = service_settings(
        tmp_path,
        database_url="postgresql://u:db-password@host/x",
        chain_rpc_url="https://u:rpc-password@node",
        chain_private_key="0x" + "1" * 64,
        blobs_url="memory://x",
        claim_key_pin="token-pin",
    )
    held = {PASSPHRASE, "0x" + "1" * 64, "db-password", "rpc-password", "token-pin"}
    assert set(logs.secrets_of(settings)) == held


def test_configure_takes_over_the_process_and_honours_the_level(tmp_path, monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    root = logging.getLogger()
    names = (*logs.OURS, "uvicorn.error", "uvicorn.access", "py.warnings")
    kept = [
        (logging.getLogger(name), logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names
    ]
    handlers, level = root.handlers[:], root.level
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # whatever a server said before
    try:
        logs.configure(service_settings(tmp_path, log_level="WARNING"), stream=stream)
        logging.getLogger("provenance.x").info("too quiet")
        logging.getLogger("uvicorn.error").warning("from the server")
        logging.getLogger("uvicorn.access").warning('GET /v1/works?cursor="raw"')
        logging.getLogger("httpx").info("GET https://example.org")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("as JSON too", stacklevel=1)
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = handlers
        root.setLevel(level)
        for logger, before, propagate in kept:
            logger.setLevel(before)
            logger.propagate = propagate
    events = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert events[0] == "from the server"
    assert "as JSON too" in events[1]
    assert len(events) == 2
