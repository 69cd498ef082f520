"""`/v1/works`: registering, conflicts, reading, paging, withdrawing."""

import hashlib
import json

import pytest

from provenance.adapters.images import ImageLimits
from tests.service import Api, decoded, encoded, new_picture, picture, scene
from tests.unit.adapters.animations import by_pillow, seen_by_pillow, timing

RECIPE = json.dumps({"generator": "procedural", "kind": "truchet", "width": 320, "height": 320})
HUMAN_EDITS = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def post(api: Api, data: bytes | None = None, *, owner: str = "ann", **fields):
    files = {"file": ("art.png", data)} if data is not None else None
    return api.http.post("/v1/works", headers=api.auth(owner), files=files, data=fields)


def problem(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:provenance:problem:{code}"
    assert body["status"] == status
    return body


def test_a_registration_by_file_answers_with_the_work_and_where_it_is(api: Api):
    data = new_picture()
    answer = post(api, data, title="Blue hour", terms="commercial", digital_source_type=HUMAN_EDITS)
    assert answer.status_code == 201
    work = answer.json()
    assert answer.headers["location"] == f"/v1/works/{work['id']}"
    assert work["source_sha256"] == hashlib.sha256(data).hexdigest()
    assert (work["title"], work["terms"], work["owner"], work["status"]) == ("Blue hour", "commercial", "ann", "active")
    assert work["digital_source_type"] == HUMAN_EDITS
    assert api.http.get(answer.headers["location"], headers=api.auth()).json() == work


def test_what_the_owner_publishes_stands_in_the_file(api: Api):
    fields = {"ai_system": "Atelier", "ai_system_version": "3.5", "prompt": "a harbour", "creators": ["Ada", "Bo"]}
    work = post(api, new_picture(), title="a secret title", **fields).json()
    file = api.http.get(f"/v1/works/{work['id']}/file", headers=api.auth()).content
    for words in (b"Atelier", b"3.5", b"a harbour", b"Ada", b"Bo"):
        assert words in file
    assert b"a secret title" not in file


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"recipe": RECIPE, "ai_system": "Atelier"}, "ai_system"),
        ({"data": b"x", "ai_system_version": "3.5"}, "ai_system_version"),
    ],
)
def test_an_origin_that_would_say_nothing_is_refused(api: Api, fields: dict, named: str):
    assert named in problem(post(api, **fields), 400, "invalid-request")["detail"]


def test_the_marked_file_looks_like_the_original_and_carries_the_work_id(api: Api, alps: dict):
    answer = api.http.get(f"/v1/works/{alps['id']}/file", headers=api.auth())
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == f'attachment; filename="{alps["id"]}.jpeg"'
    assert hashlib.sha256(answer.content).hexdigest() == alps["marked_sha256"]
    marked, original = decoded(answer.content), decoded(picture("photo-alps.jpg"))
    assert 0 < abs(marked.astype(int) - original).mean() < 6
    assert api.check(encoded(marked))["mark"] is None  # the very pixels settle it before the mark is read


def test_a_registration_by_recipe_is_the_generators_artwork(api: Api):
    answer = post(api, recipe=RECIPE, seed="7", title="Tiles")
    assert answer.status_code == 201, answer.text
    work = answer.json()
    assert (work["width"], work["height"], work["media_type"]) == (320, 320, "image/png")
    assert work["recipe_hash"]
    again = problem(post(api, recipe=RECIPE, seed="7"), 409, "conflict")
    assert again["existing"] == work["id"]


def test_the_same_file_again_names_the_existing_work(api: Api, alps: dict):
    for owner in ("ann", "bob"):
        assert problem(post(api, picture("photo-alps.jpg"), owner=owner), 409, "conflict")["existing"] == alps["id"]


def test_the_same_pixels_in_another_container_name_the_existing_work(api: Api, alps: dict):
    data = encoded(decoded(picture("photo-alps.jpg")))
    assert problem(post(api, data), 409, "conflict")["existing"] == alps["id"]


def test_the_marked_file_again_names_the_existing_work_even_recompressed(api: Api, alps: dict):
    marked = api.file(alps["id"])
    assert problem(post(api, marked), 409, "conflict")["existing"] == alps["id"]
    recompressed = encoded(decoded(marked), "JPEG", quality=80)
    assert problem(post(api, recompressed), 409, "conflict")["existing"] == alps["id"]


def test_a_mark_without_a_work_is_refused(api: Api):
    """Somebody who copies a mark onto a new picture doesn't get a second certificate for it."""
    stray = api.service.watermarker.embed(scene(77), 0x0123456789ABCDEF)
    body = problem(post(api, encoded(stray)), 422, "rejected")
    assert "unmarked" in body["hint"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "either `file` or `recipe`"),
        ({"recipe": "{"}, "not valid JSON"),
        ({"recipe": "[" * 50_000}, "not valid JSON"),
        ({"recipe": "[]"}, "not a JSON object"),
        ({"recipe": "{}"}, "names no generator"),
        ({"recipe": '{"generator": "dall-e"}'}, "no plug-in 'dall-e'"),
        ({"recipe": '{"generator": "procedural", "kind": "nothing"}'}, "recipe is not valid"),
        ({"recipe": '{"generator": "procedural", "kind": {"a": 1}}'}, "recipe is not valid"),
        ({"recipe": RECIPE, "terms": "free beer"}, "no terms called"),
        ({"recipe": RECIPE, "digital_source_type": HUMAN_EDITS}, "generator says"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(api: Api, fields: dict, says: str):
    assert says in problem(post(api, **fields), 400, "invalid-request")["detail"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"seed": "7"}, "`seed` belongs to a `recipe`"),
        ({"terms": "free beer"}, "no terms called"),
        ({"title": "a\u0007b"}, "control characters"),
        ({"digital_source_type": "painting"}, "digital source type"),
    ],
)
def test_a_file_with_wrong_fields_is_refused(api: Api, fields: dict, says: str):
    assert says in problem(post(api, new_picture(), **fields), 400, "invalid-request")["detail"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": "x" * 201}, "body.title"),
        ({"tittle": "Blue"}, "body.tittle"),
        ({"seed": "seven"}, "body.seed"),
        ({"seed": str(1 << 63)}, "body.seed"),
    ],
)
def test_a_field_that_does_not_fit_is_named(api: Api, fields: dict, field: str):
    body = problem(post(api, new_picture(), **fields), 400, "invalid-request")
    assert [item["field"] for item in body["errors"]] == [field]


def test_a_file_part_without_a_file_is_explained(api: Api):
    answer = api.http.post("/v1/works", headers=api.auth(), files={"file": (None, "hello")})
    assert "must be a file part" in problem(answer, 400, "invalid-request")["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "unreadable-image"),
        (b"just text", 415, "unsupported-format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported-format"),
        (picture("photo-alps.jpg")[:3000], 422, "unreadable-image"),
        (encoded(scene(1, width=24, height=24)), 422, "cannot-hold-mark"),
    ],
)
def test_what_is_no_artwork_is_refused_by_kind(api: Api, data: bytes, status: int, code: str):
    assert problem(post(api, data), status, code)["detail"]


def test_pages_show_every_work_once_newest_first(api: Api):
    ids = [api.register(owner="pat")["id"] for _ in range(2)]
    first = api.http.get("/v1/works", params={"limit": 1}, headers=api.auth("pat"))
    page = first.json()
    assert [work["id"] for work in page["items"]] == [ids[1]]
    target = first.headers["link"].partition(">")[0].lstrip("<")
    last = api.http.get(target, headers=api.auth("pat"))
    assert [work["id"] for work in last.json()["items"]] == [ids[0]]
    assert last.json()["next_cursor"] is None
    assert "link" not in last.headers


@pytest.mark.parametrize("cursor", ["garbage", "", "AAAA", "%00", "é" * 5, "x" * 301])
def test_a_cursor_that_is_not_ours_is_refused(api: Api, cursor: str):
    problem(api.http.get("/v1/works", params={"cursor": cursor}, headers=api.auth()), 400, "invalid-request")


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many"])
def test_a_page_size_out_of_range_is_refused(api: Api, limit: str):
    problem(api.http.get("/v1/works", params={"limit": limit}, headers=api.auth()), 400, "invalid-request")


@pytest.mark.parametrize("work_id", ["42", "pv-UPPERCASE000", "pv-zzzzzzzzzzzzz", "pv-0", "%00", "pv-000000000000i"])
def test_what_is_no_work_id_is_refused(api: Api, work_id: str):
    body = problem(api.http.get(f"/v1/works/{work_id}", headers=api.auth()), 400, "invalid-request")
    assert body["errors"][0]["field"] == "path.work_id"


def test_an_unknown_work_is_not_found(api: Api):
    for path in ("", "/file", "/certificate", "/offers"):
        problem(api.http.get(f"/v1/works/pv-0000000000000{path}", headers=api.auth()), 404, "not-found")
    problem(api.http.delete("/v1/works/pv-0000000000000", headers=api.auth()), 404, "not-found")


def test_an_etag_that_still_holds_saves_the_transfer(api: Api, alps: dict):
    for path, headers in (("file", api.auth()), ("certificate", {})):
        address = f"/v1/works/{alps['id']}/{path}"
        etag = api.http.get(address, headers=headers).headers["etag"]
        for given in (etag, f'"other", {etag}', f"W/{etag}", "*"):
            held = api.http.get(address, headers=headers | {"If-None-Match": given})
            assert (held.status_code, held.content, held.headers["etag"]) == (304, b"", etag)
        assert api.http.get(address, headers=headers | {"If-None-Match": '"other"'}).status_code == 200


def test_a_withdrawn_work_leaves_files_and_checks_at_once_and_its_record_stays(api: Api):
    data = new_picture()
    work = api.register(data)
    marked = api.file(work["id"])
    assert api.check(marked)["grade"] == "identical"
    withdrawn = api.http.delete(f"/v1/works/{work['id']}", headers=api.auth())
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert api.http.delete(f"/v1/works/{work['id']}", headers=api.auth()).json() == withdrawn.json()
    recompressed = encoded(decoded(marked), "JPEG", quality=85)
    for query in (data, marked, recompressed):
        report = api.check(query)
        assert report["grade"] in ("none", "similar")
        assert work["id"] not in json.dumps(report)
    problem(api.http.get(f"/v1/works/{work['id']}/file", headers=api.auth()), 404, "not-found")
    assert api.http.get(f"/v1/works/{work['id']}", headers=api.auth()).json()["withdrawn_at"]
    assert api.http.get(f"/v1/works/{work['id']}/certificate").status_code == 200


def test_a_withdrawn_picture_may_be_registered_again(api: Api):
    data = new_picture()
    first = api.register(data)
    api.http.delete(f"/v1/works/{first['id']}", headers=api.auth())
    second = api.register(data)
    assert second["id"] != first["id"]
    assert api.check(data)["matches"][0]["work_id"] == second["id"]


def test_an_animation_is_registered_frame_by_frame_and_a_clip_of_it_is_found(api: Api):
    """With the real watermark and the real index: the first frame alone has a fingerprint."""
    source = by_pillow([scene(number) for number in (401, 402, 403, 404)], "GIF", duration=[40, 80, 120, 160])
    answer = post(api, source, title="Four seasons")
    assert answer.status_code == 201, answer.text
    work = answer.json()
    assert work["media_type"] == "image/gif"
    assert "4 of 4 frames carry the mark" in work["notes"]
    file = api.http.get(f"/v1/works/{work['id']}/file", headers=api.auth())
    assert file.headers["content-type"] == "image/gif"
    assert timing(file.content) == ([40, 80, 120, 160], 0)
    clip = by_pillow([frame[..., :3] for frame in seen_by_pillow(file.content)[2:]], "PNG")
    answer = api.http.post("/v1/checks", headers=api.auth(), files={"file": ("clip.png", clip)})
    found = {match["work_id"]: match for match in answer.json()["matches"]}[work["id"]]
    assert found["grade"] == "edited"
    assert not found["copied_mark"]


def test_a_longer_animation_than_the_limit_is_too_large(api: Api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api.service.images, "_limits", ImageLimits(animation_frames=3))
    data = by_pillow([scene(number) for number in (405, 406, 407, 408)], "GIF")
    assert "4 frames; the limit is 3" in problem(post(api, data), 413, "too-large")["detail"]
