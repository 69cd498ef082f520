"""`/v1/checks:batch` and `/v1/batches`."""

import numpy as np
import pytest

from tests.service import Api, encoded, picture, scene
from tests.unit.faces.test_api_works import problem


def post(api: Api, *files: tuple[str, bytes], owner: str = "ann", key: str | None = None, **fields):
    headers = api.auth(owner) | ({"Idempotency-Key": key} if key else {})
    return api.http.post("/v1/checks:batch", headers=headers, files=[("files", file) for file in files], data=fields)


def batch(api: Api, *files: tuple[str, bytes], **fields) -> dict:
    """A batch that was worked off."""
    answer = post(api, *files, **fields)
    assert answer.status_code == 202, answer.text
    while api.service.bulk.round():
        pass
    return read(api, answer.json()["id"])


def read(api: Api, batch_id: str, owner: str = "ann") -> dict:
    answer = api.http.get(f"/v1/batches/{batch_id}", headers=api.auth(owner))
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(api: Api, batch_id: str, **params) -> dict:
    answer = api.http.get(f"/v1/batches/{batch_id}/items", headers=api.auth(), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def noisy() -> bytes:
    """Its own picture, and larger than the parser keeps in memory."""
    return encoded(np.random.default_rng(5).integers(0, 256, (700, 700, 3)).astype(np.uint8))


def test_a_batch_is_answered_before_it_is_checked(api: Api, alps: dict, noisy: bytes):
    answer = post(api, ("alps.jpg", picture("photo-alps.jpg")), ("noise.png", noisy), keep="true")
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert answer.headers["location"] == f"/v1/batches/{made['id']}"
    assert (made["state"], made["size"], made["keep"], made["states"]["waiting"]) == ("running", 2, True, 2)
    while api.service.bulk.round():
        pass
    done = read(api, made["id"])
    assert (done["state"], done["grades"]) == ("finished", {"identical": 1, "none": 1})
    first, second = items(api, made["id"])["items"]
    assert (first["name"], first["grade"], second["name"]) == ("alps.jpg", "identical", "noise.png")
    report = api.http.get(f"/v1/checks/{first['check_id']}", headers=api.auth()).json()
    assert report["matches"][0]["work_id"] == alps["id"]
    page = api.http.get(f"/v1/checks/{second['check_id']}/report", headers=api.auth())
    assert page.status_code == 200
    api.http.delete(f"/v1/batches/{made['id']}", headers=api.auth())


def test_hostile_files_stop_nothing_and_say_what_is_wrong(api: Api, alps: dict):
    alps_file = picture("photo-alps.jpg")
    done = batch(api, ("cut.jpg", alps_file[:3000]), ("page.pdf", b"%PDF-1.7\n"), ("empty", b""), ("ok.jpg", alps_file))
    assert (done["states"]["failed"], done["states"]["checked"]) == (3, 1)
    listed = items(api, done["id"])["items"]
    assert [item["error"]["error"] for item in listed[:3]] == [
        "unreadable-image",
        "unsupported-format",
        "unreadable-image",
    ]
    assert all(item["check_id"] is None for item in listed[:3])
    assert listed[3]["error"] is None
    assert [item["name"] for item in items(api, done["id"], state="failed")["items"]] == [
        "cut.jpg",
        "page.pdf",
        "empty",
    ]


def test_duplicates_in_a_batch_are_grouped(api: Api):
    harbour, other = scene(71), scene(72)
    done = batch(
        api,
        ("a.png", encoded(harbour)),
        ("b.jpg", encoded(harbour[20:200, 30:260], "JPEG", quality=80)),
        ("c.png", encoded(other)),
        ("d.png", encoded(other)),
    )
    assert [(group["kind"], group["positions"]) for group in done["duplicates"]] == [
        ("near", [0, 1]),
        ("same-file", [2, 3]),
    ]


def test_items_are_paged(api: Api):
    made = post(api, *((f"{n}.bin", b"x%d" % n) for n in range(5))).json()
    first = items(api, made["id"], limit=2)
    second = items(api, made["id"], limit=2, cursor=first["next_cursor"])
    last = items(api, made["id"], limit=2, cursor=second["next_cursor"])
    names = [item["name"] for page in (first, second, last) for item in page["items"]]
    assert names == [f"{n}.bin" for n in range(5)]
    assert last["next_cursor"] is None
    api.http.post(f"/v1/batches/{made['id']}:cancel", headers=api.auth())


def test_one_key_is_one_batch(api: Api):
    one, again = (post(api, ("a", b"x"), key="crawl-7") for _ in range(2))
    assert one.json() == again.json()
    problem(post(api, ("a", b"y"), key="crawl-7"), 400, "invalid-request")
    api.http.delete(f"/v1/batches/{one.json()['id']}", headers=api.auth())


def test_a_batch_is_its_owners_alone(api: Api):
    made = post(api, ("a", b"x"), owner="carol").json()
    path = f"/v1/batches/{made['id']}"
    for method, where in (("GET", path), ("GET", f"{path}/items"), ("POST", f"{path}:cancel"), ("DELETE", path)):
        problem(api.http.request(method, where, headers=api.auth("bob")), 404, "not-found")
    assert made["id"] not in api.http.get("/v1/batches", headers=api.auth("bob")).text
    assert made["id"] in api.http.get("/v1/batches", headers=api.auth("carol")).text
    assert made["id"] in api.http.get("/v1/batches", headers=api.auth("root", "admin")).text
    assert api.http.post(f"{path}:cancel", headers=api.auth("carol")).json()["state"] == "cancelled"
    assert api.http.delete(path, headers=api.auth("carol")).status_code == 204
    problem(api.http.get(path, headers=api.auth("carol")), 404, "not-found")


def test_what_is_asked_for_must_make_sense(api: Api):
    problem(post(api), 400, "invalid-request")
    problem(post(api, ("a", b"x"), licensee="jo@example.org"), 400, "invalid-request")
    problem(post(api, ("a", b"x"), licencee="did:web:x.example"), 400, "invalid-request")
    problem(post(api, urls="https://example.org/" + "a" * 2000), 400, "invalid-request")
    text = api.http.post("/v1/checks:batch", headers=api.auth(), data={"files": "not a file"})
    problem(text, 400, "invalid-request")


def test_a_forbidden_address_is_a_failed_item(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api.service.fetcher, "_resolve", lambda host, _port: [host])
    done = batch(api, urls=["http://127.0.0.1/a.png", "http://169.254.169.254/latest"])
    assert [item["error"]["error"] for item in items(api, done["id"])["items"]] == ["invalid-request"] * 2


def test_limits_on_items_bytes_and_open_batches(api_with):
    api = api_with(max_batch_items=2, max_batch_bytes=300_000, max_open_batches=1, max_upload_bytes=100_000)
    assert "1 to 2 pictures" in problem(post(api, *[("a", b"x")] * 3), 400, "invalid-request")["detail"]
    problem(post(api, ("a", b"x" * 300_001)), 413, "too-large")
    made = post(api, ("a", b"x" * 200_000), ("b", b"x"))  # more than one picture may have
    assert made.json()["states"] == {"waiting": 1, "checked": 0, "failed": 1, "cancelled": 0}
    busy = post(api, ("a", b"x"))
    problem(busy, 429, "busy")
    assert int(busy.headers["retry-after"]) > 0
    assert post(api, ("a", b"x"), owner="bob").status_code == 202


def test_fetching_can_be_switched_off(api_with):
    problem(post(api_with(fetch_urls=False), urls="https://example.org/a.png"), 400, "invalid-request")
