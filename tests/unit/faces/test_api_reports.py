"""`/v1/checks/{id}`: report, explanation, deletion."""

import hashlib
import html
import io
import json

import cv2
import pypdf
import pytest

from provenance.adapters.reports import LANGUAGES, Language
from provenance.adapters.reports.texts import text
from tests.service import Api, decoded, encoded, picture
from tests.unit.faces.test_api_works import problem


def checked(api: Api, *, owner: str = "ann", **fields: str) -> str:
    answer = api.http.post(
        "/v1/checks", headers=api.auth(owner), files={"file": ("q", picture("photo-alps.jpg"))}, data=fields
    )
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def report(api: Api, location: str, owner: str = "ann", **query: str) -> str:
    answer = api.http.get(f"{location}/report", headers=api.auth(owner), params=query)
    assert answer.status_code == 200, answer.text
    return str(answer.content.decode("latin-1") if query.get("format") == "pdf" else answer.text)


def test_with_a_kept_picture_both_pictures_are_shown(api: Api, alps: dict) -> None:
    body = json.loads(report(api, checked(api, keep="true"), format="json"))
    (finding,) = body["findings"]
    assert body["asked"]["picture"]["media_type"] == "image/jpeg"
    assert finding["record"]["work_id"] == alps["id"]
    assert finding["picture"] is not None
    assert finding["overlay"] is not None


def test_without_it_the_rest_is_there(api: Api, alps: dict) -> None:
    body = json.loads(report(api, checked(api), format="json"))
    assert body["asked"]["picture"] is None
    assert body["findings"][0]["record"]["certificate_hash"]


def test_works_of_others_are_not_shown(api: Api, alps: dict) -> None:
    location = checked(api, owner="bob", keep="true")
    body = json.loads(report(api, location, "bob", format="json"))
    assert body["findings"][0]["picture"] is None
    assert body["findings"][0]["overlay"] is None
    assert body["asked"]["picture"] is not None


@pytest.mark.parametrize(("lang", "tag"), [("en", 'lang="en"'), ("zh", 'lang="zh-CN"')])
def test_html_is_a_page_that_can_do_nothing_to_the_service(api: Api, alps: dict, lang: str, tag: str) -> None:
    answer = api.http.get(
        f"{checked(api, keep='true')}/report", headers=api.auth(), params={"lang": lang, "format": "html"}
    )
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "default-src &#39;none&#39;; style-src &#39;sha256-" in answer.text  # the page's own, stricter: both hold
    assert "private" in answer.headers["cache-control"]
    assert tag in answer.text


@pytest.mark.parametrize("form", ["html", "json", "pdf"])
def test_the_same_check_gives_the_same_bytes(api: Api, alps: dict, form: str) -> None:
    location = checked(api, keep="true")
    assert report(api, location, format=form) == report(api, location, format=form)


def test_the_pdf_has_the_json_form_inside(api: Api, alps: dict) -> None:
    location = checked(api, keep="true")
    answer = api.http.get(f"{location}/report", headers=api.auth(), params={"format": "pdf", "lang": "zh"})
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].endswith('.pdf"')
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    ((inside,),) = reader.attachments.values()
    assert inside.decode() == report(api, location, format="json")
    said = "".join("".join(page.extract_text().split()) for page in reader.pages)
    assert alps["id"] in said
    assert hashlib.sha256(inside).hexdigest() in said


@pytest.mark.parametrize("query", [{"format": "docx"}, {"lang": "fr"}])
def test_other_forms_and_languages_are_refused(api: Api, alps: dict, query: dict) -> None:
    problem(api.http.get(f"{checked(api)}/report", headers=api.auth(), params=query), 400, "invalid-request")


def test_the_explanation_has_the_scores(api: Api, alps: dict) -> None:
    turned = encoded(decoded(api.file(alps["id"]))[::-1], "JPEG", quality=80)  # no registered file, so all is weighed
    answer = api.http.post("/v1/checks", headers=api.auth(), files={"file": ("q", turned)})
    told = api.http.get(f"{answer.headers['location']}/explain", headers=api.auth()).json()
    assert told["check_id"] == answer.json()["id"]
    assert told["stopped"] in ("exhausted", "digest")
    assert told["count"] >= len(told["considered"])
    assert {witness["kind"] for entry in told["considered"] for witness in entry["evidence"]} >= {"pdq", "geometry"}
    assert all(entry["proposed_by"] for entry in told["considered"])
    assert {entry["calibration"] for entry in told["considered"]} == set(told["calibrations"])
    assert all(calibrated["false_alarms"] for calibrated in told["calibrations"].values())


@pytest.mark.parametrize("part", ["", "/report", "/explain"])
def test_others_see_nothing(api: Api, alps: dict, part: str) -> None:
    problem(api.http.get(checked(api, keep="true") + part, headers=api.auth("bob")), 404, "not-found")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_that_the_service_compares_has_plain_words(api: Api, alps: dict, lang: Language) -> None:
    smaller = cv2.resize(decoded(api.file(alps["id"])), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    answer = api.check(encoded(smaller, "JPEG", quality=80), keep="true")
    assert len(answer["matches"][0]["evidence"]) > 6
    said = html.unescape(report(api, f"/v1/checks/{answer['id']}", lang=lang))
    assert text("witness-mark", lang) in said
    assert text("witness-other", lang) not in said


def test_deleting_ends_the_check_and_its_reports(api: Api, alps: dict) -> None:
    location = checked(api, keep="true")
    problem(api.http.delete(location, headers=api.auth("bob")), 404, "not-found")
    assert api.http.delete(location, headers=api.auth()).status_code == 204
    for part in ("", "/report", "/explain"):
        problem(api.http.get(location + part, headers=api.auth()), 404, "not-found")
    problem(api.http.delete(location, headers=api.auth()), 404, "not-found")


def test_what_is_kept_for_later_is_not_in_the_answer(api: Api, alps: dict) -> None:
    answer = api.http.get(checked(api, keep="true"), headers=api.auth()).json()
    assert not {"kept", "explanation"} & set(answer)
