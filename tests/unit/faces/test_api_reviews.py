"""Decisions on checks, and the calibration report."""

import pytest

from tests.service import Api, decoded, encoded
from tests.unit.faces.test_api_works import problem


@pytest.fixture(scope="module")
def crop(api: Api, alps: dict) -> dict:
    """A check of a part of a registered photograph, without its mark."""
    pixels = decoded(api.file(alps["id"]))
    return api.check(encoded(pixels[60:300:1, 80:560][:, ::-1], "JPEG", quality=60))


def decide(api: Api, check_id: str, owner: str = "ann", key: str | None = None, **body):
    headers = api.auth(owner) | ({"Idempotency-Key": key} if key else {})
    return api.http.post(f"/v1/checks/{check_id}/decisions", headers=headers, json=body)


def test_decisions_are_kept_in_order_and_fit_their_match(api: Api, alps: dict, crop: dict):
    first = decide(api, crop["id"], work_id=alps["id"], opinion="unsure", note="look again")
    assert first.status_code == 201, first.text
    second = decide(api, crop["id"], work_id=alps["id"], opinion="confirm")
    listed = api.http.get(f"/v1/checks/{crop['id']}/decisions", headers=api.auth()).json()["items"]
    assert listed[-2:] == [first.json(), second.json()]
    explained = api.http.get(f"/v1/checks/{crop['id']}/explain", headers=api.auth()).json()["considered"]
    considered = next(entry for entry in explained if entry["work_id"] == alps["id"])
    decided = listed[-2]
    for name in ("grade", "probability", "calibration"):
        assert decided[name] == considered[name]
    assert (decided["reviewer"], decided["note"]) == ("ann", "look again")


def test_the_same_request_again_is_one_decision(api: Api, alps: dict, crop: dict):
    one, again = (decide(api, crop["id"], key="decision-1", work_id=alps["id"], opinion="confirm") for _ in range(2))
    assert one.json() == again.json()
    problem(decide(api, crop["id"], key="decision-1", work_id=alps["id"], opinion="reject"), 400, "invalid-request")


def test_what_does_not_fit_is_refused(api: Api, alps: dict, crop: dict):
    problem(decide(api, crop["id"], work_id=alps["id"], opinion="infringes"), 400, "invalid-request")
    problem(decide(api, crop["id"], work_id="pv-nonsense", opinion="reject"), 400, "invalid-request")
    problem(decide(api, crop["id"], work_id=alps["id"], opinion="reject", note="x" * 2001), 400, "invalid-request")
    problem(decide(api, crop["id"], work_id=alps["id"], opinion="reject", reviewer="bob"), 400, "invalid-request")
    problem(decide(api, crop["id"], work_id="pv-0000000000000", opinion="reject"), 404, "not-found")
    problem(decide(api, "chk_" + "0" * 30, work_id=alps["id"], opinion="reject"), 404, "not-found")


def test_a_check_is_decided_on_by_its_owner_alone(api: Api, alps: dict, crop: dict):
    problem(decide(api, crop["id"], owner="bob", work_id=alps["id"], opinion="reject"), 404, "not-found")
    problem(api.http.get(f"/v1/checks/{crop['id']}/decisions", headers=api.auth("bob")), 404, "not-found")
    assert api.http.get("/v1/calibration-report", headers=api.auth("bob")).json() == {"items": []}


def test_the_report_sets_decisions_beside_what_was_promised(api: Api, alps: dict, crop: dict):
    assert decide(api, crop["id"], work_id=alps["id"], opinion="confirm").status_code == 201
    items = api.http.get("/v1/calibration-report", headers=api.auth()).json()["items"]
    used = api.service.local_matcher.calibration
    found = next(item for item in items if item["calibration"] == used.name)
    assert found["checks"] >= found["reviewed"] >= 1
    assert sum(band["counted"]["confirmed"] for band in found["bands"]) >= 1
    assert [row["threshold"] for row in found["alarms"]] == [row.threshold for row in used.false_alarms]
    assert [row["expected"]["upper"] for row in found["alarms"]] == [row.upper for row in used.false_alarms]
    everything = api.http.get("/v1/calibration-report", headers=api.auth("root", "admin")).json()["items"]
    assert {item["calibration"] for item in everything} >= {item["calibration"] for item in items}
