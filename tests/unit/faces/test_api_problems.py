"""Every error is a problem document; nothing that went wrong inside shows in it."""

import json
import sqlite3

import pytest

from provenance.core import errors
from provenance.faces.api.problems import STATUS, known_problem, status_of
from tests.service import PASSPHRASE, Api, picture
from tests.unit.faces.test_api_works import problem


def tree(kind: type[errors.ProvenanceError]):
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def made(kind: type[errors.ProvenanceError]) -> errors.ProvenanceError:
    if kind is errors.Busy:
        return errors.Busy("why", retry_after=7, hint="how")
    if issubclass(kind, errors.Conflict):
        return kind("why", existing="pv-1", hint="how")
    return kind("why", hint="how")


@pytest.mark.parametrize("kind", list(tree(errors.ProvenanceError)), ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_a_status_and_a_document(kind: type[errors.ProvenanceError]):
    answer = known_problem(made(kind))
    body = json.loads(bytes(answer.body))
    assert answer.media_type == "application/problem+json"
    assert answer.status_code == body["status"] == status_of(made(kind)) >= 400
    assert body["type"].rpartition(":")[2] == kind.code
    assert (body["detail"], body["hint"]) == ("why", "how")
    assert body["title"].replace(" ", "").lower() == kind.__name__.lower()
    assert body.get("existing") == ("pv-1" if issubclass(kind, errors.Conflict) else None)
    assert answer.headers.get("retry-after") == ("7" if kind is errors.Busy else None)
    assert ("www-authenticate" in answer.headers) == (kind is errors.Unauthenticated)


def test_the_codes_are_unique_and_the_table_covers_the_root():
    codes = [kind.code for kind in tree(errors.ProvenanceError)]
    assert len(codes) == len(set(codes))
    assert errors.ProvenanceError in STATUS


def test_a_path_that_is_not_there_is_a_problem(api: Api):
    for path in ("/", "/v1", "/v1/nothing", "/v1/works/a/b/c", "/.well-known/security.txt"):
        assert problem(api.http.get(path), 404, "not-found")["title"] == "Not found"


def test_a_method_that_is_not_there_is_a_problem(api: Api):
    answer = api.http.put("/v1/works")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"]
    problem(api.http.delete("/healthz"), 405, "method-not-allowed")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"x=1", "text/plain"),
        (b"\xff", "application/json"),
        (b"", ""),
    ],
)
def test_a_body_that_is_not_what_was_asked_for_is_a_problem(api: Api, content: bytes, media_type: str):
    headers = api.auth() | {"Idempotency-Key": "k"} | ({"Content-Type": media_type} if media_type else {})
    problem(api.http.post("/v1/grants", headers=headers, content=content), 400, "invalid-request")


@pytest.mark.parametrize(
    "media_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=b",
        "text/plain",
        "application/json",
    ],
)
def test_a_malformed_form_is_a_problem(api: Api, media_type: str):
    headers = api.auth() | {"Content-Type": media_type}
    for path in ("/v1/works", "/v1/checks", "/v1/verify"):
        problem(api.http.post(path, headers=headers, content=b"--x\r\nnonsense"), 400, "invalid-request")


def test_a_defect_is_an_answer_without_its_cause(api: Api, monkeypatch: pytest.MonkeyPatch, caplog):
    """The cause, with its traceback, is in the log under the request id that the answer has."""

    def broken(*_args, **_options):
        raise sqlite3.OperationalError(f"near {PASSPHRASE}: /srv/secret/path")

    monkeypatch.setattr(api.service.images, "read", broken)
    answer = api.http.post("/v1/checks", headers=api.auth(), files={"file": ("a", picture("photo-alps.jpg"))})
    body = problem(answer, 500, "internal")
    for inside in (PASSPHRASE, "/srv", "sqlite", "Traceback", "OperationalError"):
        assert inside not in answer.text
    assert answer.headers["x-request-id"] == body["request_id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    record = next(record for record in caplog.records if record.levelname == "ERROR")
    assert record.exc_info


def test_a_part_that_does_not_answer_is_503(api: Api, alps: dict, monkeypatch: pytest.MonkeyPatch, caplog):
    def gone(_digest):
        raise errors.Unavailable("the disk is full", hint="make room")

    monkeypatch.setattr(api.service, "blobs", type("Gone", (), {"get": staticmethod(gone)}))
    answer = api.http.get(f"/v1/works/{alps['id']}/file", headers=api.auth())
    assert problem(answer, 503, "unavailable")["hint"] == "make room"
    assert "the disk is full" in caplog.text
