"""`Idempotency-Key` on registrations: replays, other bodies, errors, requests in flight."""

import threading

import pytest

from provenance.usecases.register import Register
from tests.service import Api, new_picture, picture
from tests.unit.faces.test_api_works import problem


def post(api: Api, data: bytes, key: str, *, owner: str = "ann", name: str = "art", **fields):
    headers = api.auth(owner) | {"Idempotency-Key": key}
    return api.http.post("/v1/works", headers=headers, files={"file": (name, data)}, data=fields)


def test_a_replay_gets_the_first_answer_and_another_request_does_not(api: Api):
    data = new_picture()
    first = post(api, data, "upload-1", title="Blue")
    assert first.status_code == 201
    again = post(api, data, "upload-1", title="Blue", name="renamed.png")
    assert (again.status_code, again.json(), again.headers["location"]) == (
        201,
        first.json(),
        first.headers["location"],
    )
    for other in (
        post(api, data, "upload-1", title="Red"),
        post(api, picture("photo-alps.jpg"), "upload-1", title="Blue"),
    ):
        assert "another request" in problem(other, 400, "invalid-request")["detail"]


def test_keys_of_two_owners_do_not_meet(api: Api, alps: dict):
    data = new_picture()
    first = post(api, data, "upload-2")
    assert problem(post(api, data, "upload-2", owner="bob"), 409, "conflict")["existing"] == first.json()["id"]


def test_an_error_is_not_kept_so_that_the_key_may_be_used_again(api: Api):
    problem(post(api, b"not a picture", "upload-3"), 415, "unsupported-format")
    assert post(api, new_picture(), "upload-3").status_code == 201


def test_the_same_request_while_the_first_is_in_flight_is_told_so(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Two real requests: the first is held inside the use case until the second has its answer."""
    entered, leave = threading.Event(), threading.Event()
    call = Register.__call__

    def held(self, submission):
        entered.set()
        assert leave.wait(30)
        return call(self, submission)

    monkeypatch.setattr(Register, "__call__", held)
    data, answers = new_picture(), []
    first = threading.Thread(target=lambda: answers.append(post(api, data, "upload-4")))
    first.start()
    assert entered.wait(30)
    second = post(api, data, "upload-4")
    leave.set()
    first.join()
    problem(second, 409, "in-progress")
    assert answers[0].status_code == 201
    assert post(api, data, "upload-4").json() == answers[0].json()


@pytest.mark.parametrize("key", ["", "x" * 201, "tab\there", "caf\u00e9"])
def test_a_key_is_short_printable_ascii(api: Api, key: str):
    answer = post(api, picture("photo-alps.jpg"), key.encode("latin-1"))  # type: ignore[arg-type]
    problem(answer, 400, "invalid-request")
