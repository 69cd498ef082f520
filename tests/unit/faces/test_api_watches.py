"""`/v1/watches` and their hits."""

import pytest

from tests.service import Api, encoded, new_picture, picture, scene
from tests.unit.faces.test_api_works import problem


def post(api: Api, data: bytes | None, owner: str = "ann", key: str | None = None, **fields):
    headers = api.auth(owner) | ({"Idempotency-Key": key} if key else {})
    files = {"file": ("q", data)} if data is not None else None
    return api.http.post("/v1/watches", headers=headers, files=files, data=fields)


def watch(api: Api, data: bytes, **fields) -> dict:
    answer = post(api, data, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def work_off(api: Api) -> None:
    while api.service.bulk.round() or api.service.bulk.forget():
        pass


def hits(api: Api, path: str = "/v1/watch-hits", owner: str = "ann", **params) -> dict:
    answer = api.http.get(path, headers=api.auth(owner), params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_upload_of_something_that_is_registered_later(api: Api):
    art = scene(903)
    made = watch(api, encoded(art[16:240, 20:300][:, ::-1], "JPEG", quality=70), title="杯子", owner="dora")
    assert (made["title"], made["checked_at"], made["media_type"]) == ("杯子", None, "image/jpeg")
    work_off(api)
    assert hits(api, owner="dora")["items"] == []
    work = api.register(encoded(art), owner="erik")
    api.register(owner="erik")
    work_off(api)
    (hit,) = hits(api, owner="dora")["items"]
    assert (hit["work_id"], hit["watch_id"]) == (work["id"], made["id"])
    report = api.http.get(f"/v1/checks/{hit['check_id']}", headers=api.auth("dora")).json()
    assert [match["grade"] for match in report["matches"] if match["work_id"] == work["id"]] == [hit["grade"]]
    page = api.http.get(f"/v1/checks/{hit['check_id']}/report", headers=api.auth("dora"))
    assert "data:image/jpeg;base64" in page.text  # with the kept picture
    api.http.delete(f"/v1/works/{work['id']}", headers=api.auth("erik"))
    assert hits(api, owner="dora")["items"] == []
    path = f"/v1/watches/{made['id']}"
    assert api.http.delete(path, headers=api.auth("dora")).status_code == 204
    work_off(api)
    problem(api.http.get(path, headers=api.auth("dora")), 404, "not-found")
    problem(api.http.get(f"/v1/checks/{hit['check_id']}", headers=api.auth("dora")), 404, "not-found")


def test_hits_are_paged_and_followed(api: Api, alps: dict):
    made = [watch(api, picture("photo-alps.jpg"), owner="fay", title=str(n)) for n in range(3)]
    work_off(api)
    first = hits(api, owner="fay", limit=2)
    rest = hits(api, owner="fay", limit=2, cursor=first["next_cursor"])
    everything = first["items"] + rest["items"]
    assert {hit["watch_id"] for hit in everything} == {one["id"] for one in made}
    assert [hit["id"] for hit in everything] == sorted(hit["id"] for hit in everything)
    assert {hit["work_id"] for hit in everything} == {alps["id"]}
    assert rest["next_cursor"] is None
    assert hits(api, owner="fay", cursor=everything[-1]["id"])["items"] == []
    assert hits(api, f"/v1/watches/{made[1]['id']}/hits", owner="fay")["items"] == [
        hit for hit in everything if hit["watch_id"] == made[1]["id"]
    ]
    listed = api.http.get("/v1/watches", headers=api.auth("fay"), params={"limit": 2})
    assert [one["title"] for one in listed.json()["items"]] == ["2", "1"]
    assert 'rel="next"' in listed.headers["link"]


def test_a_watch_is_its_owners_alone(api: Api):
    made = watch(api, new_picture(), owner="carol")
    path = f"/v1/watches/{made['id']}"
    for method, where in (("GET", path), ("GET", f"{path}/hits"), ("DELETE", path)):
        problem(api.http.request(method, where, headers=api.auth("bob")), 404, "not-found")
    assert made["id"] not in api.http.get("/v1/watches", headers=api.auth("bob")).text
    assert made["id"] in api.http.get("/v1/watches", headers=api.auth("root", "admin")).text
    assert api.http.get(path, headers=api.auth("root", "admin")).json()["id"] == made["id"]
    api.http.delete(path, headers=api.auth("carol"))


def test_one_key_is_one_watch(api: Api):
    data = new_picture()
    one, again = (watch(api, data, key="watch-1") for _ in range(2))
    assert one == again
    problem(post(api, new_picture(), key="watch-1"), 400, "invalid-request")
    api.http.delete(f"/v1/watches/{one['id']}", headers=api.auth())


def test_what_can_not_be_watched_is_refused(api: Api):
    problem(post(api, None), 400, "invalid-request")
    problem(post(api, new_picture(), url="https://example.org/a.png"), 400, "invalid-request")
    problem(post(api, b"%PDF-1.7"), 415, "unsupported-format")
    problem(post(api, picture("photo-alps.jpg")[:2000]), 422, "unreadable-image")
    problem(post(api, new_picture(), licensee="jo@example.org"), 400, "invalid-request")
    problem(post(api, new_picture(), name="x"), 400, "invalid-request")
    problem(api.http.get("/v1/watch-hits", headers=api.auth(), params={"cursor": "x"}), 400, "invalid-request")


def test_an_address_is_fetched_once(api: Api, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    monkeypatch.setattr(api.service.fetcher, "fetch", lambda url: asked.append(url) or new_picture())
    answer = post(api, None, url="https://example.org/a.png")
    assert answer.status_code == 201, answer.text
    work_off(api)
    assert asked == ["https://example.org/a.png"]
    api.http.delete(answer.headers["location"], headers=api.auth())


def test_the_list_has_a_limit(api_with):
    api = api_with(max_watches=1)
    watch(api, new_picture())
    assert "limit" in problem(post(api, new_picture()), 400, "invalid-request")["detail"]
