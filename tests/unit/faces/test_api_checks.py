"""`/v1/checks`: files, URLs through the guard, reports, licensees."""

import pytest

from tests.service import Api, decoded, encoded, picture, scene
from tests.unit.faces.test_api_works import problem


def post(api: Api, data: bytes | None = None, **fields):
    files = {"file": ("q.png", data)} if data is not None else None
    return api.http.post("/v1/checks", headers=api.auth(), files=files, data=fields)


def test_the_registered_file_is_identical(api: Api, alps: dict):
    report = api.check(picture("photo-alps.jpg"))
    assert report["grade"] == "identical"
    match = report["matches"][0]
    assert (match["work_id"], match["title"], match["probability"]) == (alps["id"], "Alps", 1.0)
    assert [witness["kind"] for witness in match["evidence"]] == ["file"]
    assert match["licence"] == {"status": "not-asked", "grant_id": None, "terms": None}


def test_a_misuse_is_found_with_its_evidence_and_regions(api: Api, alps: dict):
    pixels = decoded(api.file(alps["id"]))
    crop = pixels[40:300, 100:600]
    report = api.check(encoded(crop, "JPEG", quality=80))
    assert report["grade"] in ("copy", "edited", "partial")
    match = report["matches"][0]
    assert match["work_id"] == alps["id"]
    assert any(witness["speaks"] for witness in match["evidence"])
    xs = [x for x, _ in match["region_reference"]]
    assert min(xs) > 0.05
    assert max(xs) < 0.95
    assert report["query"]["width"] == 500


def test_the_report_says_which_part_carries_the_mark(api: Api, alps: dict):
    work = decoded(api.file(alps["id"]))
    height, width = work.shape[:2]
    page = scene(4711, width=width + 280, height=height + 100).copy()
    page[60 : 60 + height, 40 : 40 + width] = work
    mark = api.check(encoded(page, "JPEG", quality=90))["mark"]
    assert mark["work_id"] == alps["id"]
    xs, ys = zip(*mark["region"], strict=True)
    box = (min(xs) * page.shape[1], min(ys) * page.shape[0], max(xs) * page.shape[1], max(ys) * page.shape[0])
    shared = (min(box[2], 40 + width) - max(box[0], 40)) * (min(box[3], 60 + height) - max(box[1], 60))
    united = (box[2] - box[0]) * (box[3] - box[1]) + width * height - shared
    assert shared / united > 0.6


def test_an_innocent_picture_matches_nothing(api: Api, alps: dict):
    report = api.check(encoded(scene(4242)))
    assert report["mark"] is None
    assert {match["grade"] for match in report["matches"]} <= {"similar"}


def test_a_report_reads_the_same_later(api: Api, alps: dict):
    answer = post(api, picture("photo-canyon.jpg"))
    stored = api.http.get(answer.headers["location"], headers=api.auth())
    assert stored.json() == answer.json()


def test_a_report_is_its_askers_alone(api: Api, alps: dict):
    location = post(api, picture("photo-canyon.jpg")).headers["location"]
    problem(api.http.get(location, headers=api.auth("bob")), 404, "not-found")
    assert api.http.get(location, headers=api.auth("root", "admin")).status_code == 200
    problem(api.http.get("/v1/checks/chk_" + "0" * 30, headers=api.auth()), 404, "not-found")
    problem(api.http.get("/v1/checks/nonsense", headers=api.auth()), 400, "invalid-request")


def test_a_copied_mark_is_said_to_be_one(api: Api, alps: dict):
    payload = int.from_bytes(_payload(alps["id"]), "big")
    forged = api.service.watermarker.embed(scene(555, width=512, height=512), payload)
    report = api.check(encoded(forged))
    assert report["mark"]["work_id"] == alps["id"]
    match = next(match for match in report["matches"] if match["work_id"] == alps["id"])
    assert match["copied_mark"]
    assert match["grade"] in ("none", "similar")


def test_exactly_one_of_file_and_url_is_needed(api: Api):
    assert "either `file` or `url`" in problem(post(api), 400, "invalid-request")["detail"]
    both = post(api, picture("photo-alps.jpg"), url="https://example.org/a.png")
    problem(both, 400, "invalid-request")


def test_a_misspelt_licensee_does_not_go_unnoticed(api: Api):
    body = problem(post(api, picture("photo-alps.jpg"), licencee="did:web:buyer.example"), 400, "invalid-request")
    assert body["errors"][0]["field"] == "body.licencee"


@pytest.mark.parametrize("licensee", ["jo@example.org", "two words", "\u202eid"])
def test_a_licensee_is_an_id_and_no_address(api: Api, licensee: str):
    answer = post(api, picture("photo-alps.jpg"), licensee=licensee)
    problem(answer, 400, "invalid-request")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "http://[::1]/a.png",
        "http://10.0.0.8/a.png",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/a.png",
        "https://user:secret@example.org/a.png",
        "https://example.org:8443/a.png",
        "file:///etc/passwd",
        "gopher://example.org/",
        "nonsense",
    ],
)
def test_a_forbidden_url_is_refused_by_the_guard(api: Api, url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api.service.fetcher, "_resolve", lambda host, _port: ["127.0.0.1" if host[0] == "2" else host])
    answer = post(api, url=url)
    body = problem(answer, 400, "invalid-request")
    assert "secret" not in answer.text
    assert body["detail"]


def test_a_fetched_picture_is_checked_like_a_file(api: Api, alps: dict, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return picture("photo-alps.jpg")

    monkeypatch.setattr(api.service.fetcher, "fetch", fetch, raising=True)
    answer = post(api, url="https://example.org/a.jpg")
    assert answer.status_code == 201
    assert answer.json()["matches"][0]["work_id"] == alps["id"]
    assert asked == ["https://example.org/a.jpg"]


def test_fetching_can_be_switched_off(api_with):
    api = api_with(fetch_urls=False)
    body = problem(post(api, url="https://example.org/a.jpg"), 400, "invalid-request")
    assert body["hint"] == "upload the file"


def _payload(work_id: str) -> bytes:
    from provenance.core.types import WorkId

    return WorkId.parse(work_id).payload.to_bytes(8, "big")
