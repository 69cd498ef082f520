"""Health, metrics, headers, the documentation page, and a start that fails."""

import re

import pytest
from starlette.testclient import TestClient

from provenance.core.errors import Misconfigured, Unavailable
from provenance.faces.api import create_app
from provenance.faces.api.observed import SAFE_HEADERS
from provenance.wiring import Service
from tests.service import Api, service_settings


def metric(text: str, name: str, **labels: str) -> float:
    """One sample of Prometheus' text format; 0 where there is none."""
    for line in text.splitlines():
        found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
        if found and found[1] == name and dict(re.findall(r'(\w+)="([^"]*)"', found[2] or "")) == labels:
            return float(found[3])
    return 0.0


def test_alive_and_ready(api: Api):
    assert api.http.get("/healthz").json() == {"status": "ok"}
    ready = api.http.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert set(ready.json()["checks"]) == {"database", "blobs", "keys", "watermark", "index", "certificates"}


def test_a_part_that_fails_makes_it_not_ready_but_alive(api: Api, monkeypatch: pytest.MonkeyPatch):
    def gone():
        raise Unavailable("the database does not answer", hint="start it")

    monkeypatch.setattr(api.service.store, "ping", gone)
    answer = api.http.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not-ready")
    database = answer.json()["checks"]["database"]
    assert database == {"ok": False, "detail": "the database does not answer", "hint": "start it"}
    assert answer.json()["checks"]["blobs"]["ok"]
    assert api.http.get("/healthz").status_code == 200


def test_requests_are_counted_by_route_template_never_by_path(api: Api, alps: dict):
    def count(text: str) -> float:
        return metric(text, "provenance_requests_total", method="GET", route="/v1/works/{work_id}", status="200")

    before = count(api.http.get("/metrics").text)
    api.http.get(f"/v1/works/{alps['id']}", headers=api.auth())
    api.http.get("/v1/nothing/here")
    api.http.request("BREW", "/healthz")
    answer = api.http.get("/metrics")
    text = answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert count(text) == before + 1
    assert metric(text, "provenance_requests_total", method="GET", route="unmatched", status="404") >= 1
    assert 'method="other"' in text
    assert alps["id"] not in text
    assert "nothing" not in text
    assert "BREW" not in text


def test_gauges_tell_the_state_of_the_register(api: Api, alps: dict):
    text = api.http.get("/metrics").text
    with api.service.store.read() as unit:
        assert metric(text, "provenance_works") == unit.works.count()
        assert metric(text, "provenance_outbox_pending") == unit.outbox.pending() > 0
    assert metric(text, "provenance_index_lag") == 0


def test_two_apps_do_not_share_their_counters(api: Api, api_with):
    api.http.get("/healthz")
    assert "provenance_requests_total{" not in api_with().http.get("/metrics").text


@pytest.mark.parametrize("path", ["/healthz", "/v1/works", "/nothing", "/openapi.json", "/docs", "/v1/terms"])
def test_every_answer_has_safe_headers_and_a_request_id(api: Api, path: str):
    headers = api.http.get(path).headers
    assert {name.lower() for name in SAFE_HEADERS} <= set(headers)
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert "strict-transport-security" not in headers  # nobody said that this address has https


def test_an_https_address_asks_browsers_to_keep_to_it(api_with):
    api = api_with(base_url="https://art.example")
    assert "max-age" in api.http.get("/healthz").headers["strict-transport-security"]
    assert api.http.get("/openapi.json").json()["servers"] == [{"url": "https://art.example"}]


def test_a_sane_request_id_is_kept_and_another_is_not(api: Api):
    def echoed(given: str) -> str:
        return api.http.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"]

    assert echoed("proxy-4711-abcdef") == "proxy-4711-abcdef"
    for bad in ("short", "x" * 65, "with space", "inject\tme-please"):
        assert echoed(bad) != bad


def test_what_needs_a_key_is_not_cached(api: Api, alps: dict):
    assert api.http.get(f"/v1/works/{alps['id']}", headers=api.auth()).headers["cache-control"] == "no-store"
    assert "private" in api.http.get(f"/v1/works/{alps['id']}/file", headers=api.auth()).headers["cache-control"]


def test_the_documentation_page_needs_nobody_elses_server(api: Api):
    page = api.http.get("/docs")
    assert page.status_code == 200
    assert not re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page.text)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert api.http.get(address).status_code == 200, address


def test_a_service_that_can_not_start_says_why_in_one_line(tmp_path, caplog, monkeypatch: pytest.MonkeyPatch):
    service = Service(service_settings(tmp_path / "home", watermarker="nothing"))

    def refuse():
        raise Misconfigured("the weights are not the right ones", hint="reinstall the package")

    monkeypatch.setattr(service, "start", refuse)
    with pytest.raises(Misconfigured), TestClient(create_app(service)):
        pass
    assert "the service does not start: the weights are not the right ones (reinstall the package)" in caplog.text


def test_the_worker_runs_in_the_server_and_stops_with_it(tmp_path):
    import time

    service = Service(service_settings(tmp_path / "home", worker_in_server=True))
    with TestClient(create_app(service)) as http:
        api = Api(service, http)
        api.register()
        deadline = time.monotonic() + 30
        while metric(http.get("/metrics").text, "provenance_outbox_pending") and time.monotonic() < deadline:
            time.sleep(0.05)
        assert metric(http.get("/metrics").text, "provenance_outbox_pending") == 0
    assert list((tmp_path / "home" / "index").glob("generation-*")), "the index was not sealed"
