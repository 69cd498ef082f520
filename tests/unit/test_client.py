"""The Python client: against the real app in this process, and against answers that a service gives on bad days."""

import json
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from provenance import client as module
from provenance.client import (
    Batch,
    BatchItem,
    Client,
    Decision,
    Grant,
    Match,
    Offer,
    Origin,
    Report,
    Retries,
    Verification,
    Watch,
    WatchHit,
    Work,
)
from provenance.core import errors
from tests.service import Api, encoded, new_picture, picture, scene

MODELS = {
    Work: "WorkOut",
    Match: "MatchOut",
    Report: "CheckOut",
    Verification: "VerificationOut",
    Offer: "OfferOut",
    Grant: "GrantOut",
    Batch: "BatchOut",
    BatchItem: "BatchItemOut",
    Decision: "DecisionOut",
    Watch: "WatchOut",
    WatchHit: "WatchHitOut",
}


class InProcess(httpx.BaseTransport):
    """Hands httpx requests to starlette's test client, which runs the app without a socket."""

    def __init__(self, http) -> None:
        self._http = http

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.request(
            request.method, str(request.url), content=request.read(), headers=list(request.headers.multi_items())
        )
        return httpx.Response(answer.status_code, headers=answer.headers.multi_items(), content=answer.content)


class Days(httpx.BaseTransport):
    """Answers one after the other, and remembers what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(status: int, code: str, *, headers: dict[str, str] | None = None, **more: object) -> httpx.Response:
    body = {"type": f"urn:provenance:problem:{code}", "title": code, "status": status, "detail": "why"} | more
    return httpx.Response(status, json=body, headers=headers)


def bad_days(*answers: httpx.Response | Exception, attempts: int = 5) -> tuple[Client, Days, list[float]]:
    days, waits = Days(*answers), list[float]()
    retries = Retries(attempts=attempts, sleep=waits.append)
    return Client("https://art.example", "pvk_key", transport=days, retries=retries), days, waits


@pytest.fixture(scope="module")
def ann(api: Api):
    with Client("http://testserver", api.key(), transport=InProcess(api.http)) as client:
        yield client


# ---- with the real app


def test_a_work_from_registration_to_withdrawal(api: Api, ann: Client, tmp_path):
    path = tmp_path / "art.png"
    path.write_bytes(new_picture())
    origin = Origin(ai_system="Atelier", creators=("Ada", "Bo"))
    work = ann.register(path, title="Blue hour", terms="commercial", origin=origin)
    assert ann.work(work.id) == work
    assert all(name in ann.file(work.id) for name in (b"Atelier", b"Ada", b"Bo"))
    assert (work.title, work.terms, work.status, work.created_at.tzinfo) == ("Blue hour", "commercial", "active", UTC)

    marked = ann.file(work.id)
    certificate = ann.certificate(work.id)
    verified = ann.verify(certificate, marked)
    assert (verified.result, verified.register_status, verified.error) == ("verified", "active", None)
    assert ann.certificate(work.id, receipts=True)["certificate"] == certificate
    assert ann.verify(json.dumps(certificate).encode(), encoded(scene(1))).error["code"] == "content-mismatch"
    assert certificate["proof"]["verificationMethod"] in {key["kid"] for key in ann.jwks()["keys"]}

    report = ann.check(marked, licensee="did:web:buyer.example")
    assert (report.grade, report.matches[0].work_id) == ("identical", work.id)
    assert report.matches[0].licence["status"] == "not-licensed"
    assert ann.report(report.id) == report

    offer = ann.offer(work.id, terms="commercial", price_minor=1500, currency="EUR")
    assert ann.offers(work.id) == [offer]
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    grant = ann.grant(offer.id, "did:web:buyer.example", valid_until=end, idempotency_key="order-client-1")
    assert (grant.valid_until, grant.price_minor) == (end, 1500)
    assert ann.grant(offer.id, "did:web:buyer.example", valid_until=end, idempotency_key="order-client-1") == grant
    assert ann.granted(grant.id) == grant
    assert ann.check(marked, licensee="did:web:buyer.example").matches[0].licence["status"] == "licensed"

    assert ann.withdraw(work.id).withdrawn_at
    assert ann.check(marked).grade in ("none", "similar")


def test_a_check_as_a_document_its_explanation_and_its_end(ann: Client, alps: dict) -> None:
    check = ann.check(picture("photo-alps.jpg"), keep=True)
    assert ann.document(check.id).startswith(b"%PDF-")
    assert json.loads(ann.document(check.id, form="json"))["asked"]["picture"] is not None
    assert b'lang="zh-CN"' in ann.document(check.id, form="html", language="zh")
    assert ann.explain(check.id)["stopped"] == "digest"
    ann.delete_check(check.id)
    with pytest.raises(errors.NotFound):
        ann.document(check.id)


def test_a_match_is_decided_on(ann: Client, alps: dict):
    found = ann.check(picture("photo-alps.jpg"), keep=True)
    made = ann.decide(found.id, alps["id"], "unsure", note="看过了")
    again = ann.decide(found.id, alps["id"], "confirm")
    assert ann.decisions(found.id) == ann.report(found.id).decisions == [made, again]
    assert (made.reviewer, made.note, again.opinion) == ("ann", "看过了", "confirm")
    settled = next(item for item in ann.calibration_report() if item["calibration"] == again.calibration)
    assert settled["grades"]["identical"]["confirmed"] >= 1
    ann.delete_check(found.id)
    with pytest.raises(errors.NotFound):
        ann.decisions(found.id)


def test_a_batch_from_handing_in_to_its_end(api: Api, ann: Client, tmp_path):
    path = tmp_path / "图.png"
    path.write_bytes(encoded(scene(801)))
    batch = ann.check_batch([path, encoded(scene(801)), b"no picture"], keep=True)
    assert (batch.state, batch.states["waiting"], batch.created_at.tzinfo) == ("running", 3, UTC)
    while api.service.bulk.round():
        pass
    done = ann.wait_for_batch(batch.id)
    assert (done.state, done.duplicates) == ("finished", [{"kind": "same-file", "positions": [0, 1]}])
    first, second, broken = ann.batch_items(batch.id, page_size=1)
    assert (first.name, second.name) == ("图.png", "file")
    assert ann.report(first.check_id).grade == first.grade
    assert [item.error["error"] for item in ann.batch_items(batch.id, state="failed")] == [broken.error["error"]]
    assert done in list(ann.batches())
    ann.delete_batch(batch.id)
    with pytest.raises(errors.NotFound):
        ann.batch(batch.id)


def test_a_watched_upload_from_the_list_to_its_hit_and_its_end(api: Api, ann: Client):
    painted = scene(811)
    upload = ann.watch(encoded(painted[10:-10, 10:-10], "JPEG", quality=80), title="mug 杯")
    assert (upload.title, upload.checked_at, upload in list(ann.watches(page_size=1))) == ("mug 杯", None, True)
    work = ann.register(encoded(painted))
    while api.service.bulk.round():
        pass
    assert ann.watched(upload.id).checked_at.tzinfo is UTC
    (hit,) = ann.watch_hits(watch_id=upload.id)
    assert (hit.work_id, hit.watch_id) == (work.id, upload.id)
    assert hit in list(ann.watch_hits(page_size=1))
    assert hit not in list(ann.watch_hits(after=hit.id))
    assert work.id in [match.work_id for match in ann.report(hit.check_id).matches]
    ann.unwatch(upload.id)
    with pytest.raises(errors.NotFound):
        ann.watched(upload.id)
    assert hit not in list(ann.watch_hits())


def test_a_batch_of_addresses_is_stopped(ann: Client):
    batch = ann.check_batch(urls=["https://example.org/a.png"])
    assert ann.cancel_batch(batch.id).states["cancelled"] == 1
    ann.delete_batch(batch.id)


def test_waiting_for_a_batch_ends(ann: Client):
    running = {"id": "bat_1", "state": "running", "created_at": "2026-03-01T12:00:00Z"}
    client, days, waits = bad_days(*[httpx.Response(200, json=running)] * 3)
    with pytest.raises(errors.Unavailable, match="not finished after 6 seconds"):
        client.wait_for_batch("bat_1", every=2, timeout=6)
    assert (len(days.asked), waits) == (3, [2, 2, 2])


def test_a_recipe(ann: Client):
    recipe = {"generator": "procedural", "kind": "truchet", "width": 320, "height": 320}
    work = ann.register_recipe(recipe, seed=41, title="Tiles")
    assert (work.width, work.title) == (320, "Tiles")
    with pytest.raises(errors.Conflict) as conflict:
        ann.register_recipe(recipe, seed=41)
    assert conflict.value.existing == work.id


def test_works_iterates_over_pages(api: Api, ann: Client, alps: dict):
    with Client("http://testserver", api.key("ann"), transport=InProcess(api.http)) as client:
        ids = [work.id for work in client.works(page_size=1)]
    assert alps["id"] in ids
    assert len(ids) == len(set(ids))


def test_refusals_are_the_services_own_errors(api: Api, ann: Client, alps: dict):
    with pytest.raises(errors.Conflict) as conflict:
        ann.register(picture("photo-alps.jpg"))
    assert conflict.value.existing == alps["id"]
    with pytest.raises(errors.UnsupportedFormat):
        ann.check(b"text")
    with pytest.raises(errors.NotFound):
        ann.work("pv-0000000000000")
    with pytest.raises(errors.InvalidRequest) as invalid:
        ann.check_url("file:///etc/passwd")
    assert invalid.value.hint
    with Client("http://testserver", transport=InProcess(api.http)) as stranger:
        assert set(stranger.terms()) >= {"personal"}
        assert stranger.terms_document("personal")["slug"] == "personal"
        with pytest.raises(errors.Unauthenticated):
            next(stranger.works())


def test_the_clients_types_say_what_the_api_says(api: Api):
    schemas = api.http.get("/openapi.json").json()["components"]["schemas"]
    for kind, model in MODELS.items():
        assert {field.name for field in fields(kind)} == set(schemas[model]["properties"]), kind.__name__


# ---- errors


def tree(kind: type[errors.ProvenanceError]) -> list[type[errors.ProvenanceError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in tree(child))]


@pytest.mark.parametrize("kind", tree(errors.ProvenanceError), ids=lambda kind: kind.__name__)
def test_every_code_comes_back_as_its_error(kind: type[errors.ProvenanceError]):
    from provenance.faces.api.problems import STATUS

    status = next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS)
    client, _, _ = bad_days(problem(status, kind.code, hint="how", existing="pv-1"), attempts=1)
    with pytest.raises(kind) as caught:
        client.work("pv-1")
    assert type(caught.value) is kind
    assert (caught.value.reason, caught.value.hint) == ("why", "how")
    if isinstance(caught.value, errors.Conflict):
        assert caught.value.existing == "pv-1"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(502, html="<h1>Bad Gateway</h1>"), errors.Unavailable),
        (httpx.Response(413, text="too big"), errors.TooLarge),
        (httpx.Response(404, json=["odd"]), errors.NotFound),
        (httpx.Response(418), errors.ProvenanceError),
        (httpx.Response(301, headers={"Location": "https://elsewhere.example/"}), errors.ProvenanceError),
        (problem(409, "from-the-future"), errors.Conflict),
        (problem(500, "internal"), errors.ProvenanceError),
        (httpx.Response(200, text="<html>a captive portal</html>"), errors.Unavailable),
    ],
)
def test_answers_of_somebody_in_between_are_typed_too(answer: httpx.Response, kind: type[errors.ProvenanceError]):
    client, days, _ = bad_days(answer, attempts=1)
    with pytest.raises(kind) as caught:
        client.work("pv-1")
    assert caught.value.reason
    assert len(days.asked) == 1  # a redirect is not followed: the key belongs to one address


# ---- retries


def test_busy_is_waited_out_as_long_as_it_asks():
    work = {field.name: None for field in fields(Work)} | {"id": "pv-1", "created_at": "2026-01-01T00:00:00Z"}
    client, days, waits = bad_days(
        problem(429, "busy", headers={"Retry-After": "7"}),
        problem(503, "unavailable"),
        httpx.ConnectError("refused"),
        httpx.Response(200, json=work | {"unheard_of": 1}),
    )
    assert client.work("pv-1").created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert waits[0] == 7
    assert 0.5 <= waits[1] <= 1
    assert 1 <= waits[2] <= 2
    assert len(days.asked) == 4


def test_a_retry_after_may_be_a_date():
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    client, _, waits = bad_days(
        problem(503, "unavailable", headers={"Retry-After": moment}), httpx.Response(200, json={})
    )
    client.terms()
    assert 15 < waits[0] <= 20


def test_who_asks_for_too_long_a_wait_is_believed():
    client, days, waits = bad_days(problem(429, "busy", headers={"Retry-After": "3600"}))
    with pytest.raises(errors.Busy) as busy:
        client.check(b"x")
    assert (busy.value.retry_after, len(days.asked), waits) == (3600, 1, [])


def test_attempts_end():
    client, days, waits = bad_days(*[httpx.ReadTimeout("slow") for _ in range(3)], attempts=3)
    with pytest.raises(errors.Unavailable, match=r"art\.example does not answer"):
        client.jwks()
    assert (len(days.asked), len(waits)) == (3, 2)


@pytest.mark.parametrize("call", ["register", "register_recipe", "grant"])
def test_every_attempt_of_a_write_has_the_same_idempotency_key(call: str):
    """An answer that got lost must not register, or grant, twice."""
    calls = {
        "register": lambda client: client.register(b"x"),
        "register_recipe": lambda client: client.register_recipe({"generator": "procedural"}),
        "grant": lambda client: client.grant("lic_1", "did:web:x"),
    }
    answers = (httpx.ReadError("cut"), problem(409, "in-progress"), httpx.Response(201, json={}))
    client, days, _ = bad_days(*answers, *answers)
    calls[call](client)
    calls[call](client)
    keys = [request.headers["idempotency-key"] for request in days.asked]
    assert len(set(keys[:3])) == len(set(keys[3:])) == 1
    assert keys[0] != keys[3]
    bodies = [request.content.partition(b"boundary")[0] for request in days.asked[:3]]
    assert len({len(body) for body in bodies}) == 1


def test_the_callers_key_is_used():
    client, days, _ = bad_days(httpx.Response(201, json={}))
    client.grant("lic_1", "did:web:x", idempotency_key="order-1")
    assert days.asked[0].headers["idempotency-key"] == "order-1"


@pytest.mark.parametrize(("status", "code"), [(409, "conflict"), (422, "rejected"), (400, "invalid-request")])
def test_a_refusal_is_not_repeated(status: int, code: str):
    client, days, _ = bad_days(problem(status, code))
    with pytest.raises(errors.ProvenanceError):
        client.register(b"x")
    assert len(days.asked) == 1


def test_an_offer_is_never_repeated():
    client, days, _ = bad_days(problem(503, "unavailable"))
    with pytest.raises(errors.Unavailable):
        client.offer("pv-1", terms="commercial", price_minor=1, currency="EUR")
    assert len(days.asked) == 1


def test_a_moment_without_a_time_zone_is_refused_before_it_is_sent():
    client, days, _ = bad_days()
    with pytest.raises(errors.InvalidRequest):
        client.grant("lic_1", "x", valid_until=datetime(2030, 1, 1))
    assert not days.asked


def test_the_key_is_in_the_header_and_nowhere_else():
    client, days, _ = bad_days(httpx.Response(200, json={}))
    client.terms()
    assert days.asked[0].headers["authorization"] == "Bearer pvk_key"
    assert "pvk_key" not in repr(client) + str(vars(client)) + str(days.asked[0].url)


def test_it_needs_only_the_base_install():
    """In a fresh interpreter: none of the server's or the engine's packages."""
    heavy = (
        "fastapi",
        "starlette",
        "sqlmodel",
        "sqlalchemy",
        "numpy",
        "PIL",
        "faiss",
        "onnxruntime",
        "torch",
        "structlog",
    )
    code = f"import sys, provenance.client; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_is_documented():
    public = [name for name, value in vars(Client).items() if callable(value) and not name.startswith("_")]
    assert set(public) >= {"register", "check", "verify", "grant", "works", "withdraw", "file", "certificate"}
    assert module.__doc__
