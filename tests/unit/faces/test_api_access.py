"""Who may do what: keys, scopes, owners."""

import pytest

from tests.service import EVERY_SCOPE, Api, new_picture
from tests.unit.faces.test_api_works import problem

NEEDS = {  # operation id: the scope it asks for; None is public
    "register_work": "works:write",
    "list_works": "works:read",
    "read_work": "works:read",
    "download_file": "works:read",
    "read_certificate": None,
    "withdraw_work": "works:write",
    "check_picture": "checks:write",
    "read_report": "checks:write",
    "delete_check": "checks:write",
    "render_report": "checks:write",
    "explain_check": "checks:write",
    "decide_match": "checks:write",
    "list_decisions": "checks:write",
    "read_calibration_report": "checks:write",
    "watch_upload": "checks:write",
    "list_watches": "checks:write",
    "read_watch": "checks:write",
    "delete_watch": "checks:write",
    "list_hits_of_watch": "checks:write",
    "list_watch_hits": "checks:write",
    "check_batch": "checks:write",
    "list_batches": "checks:write",
    "read_batch": "checks:write",
    "list_batch_items": "checks:write",
    "cancel_batch": "checks:write",
    "delete_batch": "checks:write",
    "verify_certificate": None,
    "read_did_document": None,
    "read_jwks": None,
    "list_terms": None,
    "read_terms": None,
    "offer_work": "licences:write",
    "list_offers": "works:read",
    "grant_licence": "licences:write",
    "read_grant": "licences:write",
    "ask_ocsp": None,
    "ask_ocsp_by_url": None,
    "stamp_time": None,
    "read_root": None,
    "read_chain": None,
    "read_tsa": None,
    "read_authority": None,
    "match_binding": None,
    "match_large_binding": None,
    "match_content": None,
    "match_reference": "manifests:read",
    "read_manifest": None,
    "read_manifest_receipt": None,
    "verify_manifest_receipt": None,
    "store_manifest": "manifests:write",
    "delete_manifest": "manifests:write",
    "bind_manifest": "bindings:write",
    "rebind_manifest": "bindings:write",
    "list_algorithms": None,
    "list_capabilities": None,
    "read_status": None,
    "read_discovery": None,
    "read_certificate_jwt": None,
    "read_certificate_pdf": "works:read",
    "read_certificate_status": None,
    "revoke_certificate": "works:write",
    "suspend_certificate": "works:write",
    "reinstate_certificate": "works:write",
    "read_grant_status": None,
    "revoke_grant": "licences:write",
    "suspend_grant": "licences:write",
    "reinstate_grant": "licences:write",
    "read_status_list": None,
    "read_context": None,
    "read_robots": None,
    "read_tdmrep": None,
    "read_licence": None,
    "read_work_licence": None,
    "read_checkpoint": None,
    "read_tile": None,
    "read_log_keys": None,
    "read_log_policy": None,
    "read_log_proof": None,
    "read_receipt": None,
    "healthz": None,
    "readyz": None,
    "metrics": None,
}
MANIFEST = "urn:c2pa:00000000-0000-0000-0000-000000000000"
BODIES = {
    "match_reference": {"json": {"referenceUrl": "https://127.0.0.1/a.png", "assetLength": 1}},
    "store_manifest": {"content": b"x", "headers": {"Content-Type": "application/c2pa"}},
    "bind_manifest": {"json": {"bindingValue": "AQID", "manifestId": MANIFEST}},
    "rebind_manifest": {"json": {"bindingValue": "AQID", "manifestId": MANIFEST}},
    "register_work": {"files": {"file": ("a", b"x")}},
    "check_picture": {"files": {"file": ("a", b"x")}},
    "decide_match": {"json": {"work_id": "pv-0000000000000", "opinion": "confirm"}},
    "watch_upload": {"files": {"file": ("a", b"x")}},
    "check_batch": {"files": {"files": ("a", b"x")}},
    "revoke_certificate": {"json": {"reason": "error"}},
    "suspend_certificate": {"json": {"reason": "error"}},
    "revoke_grant": {"json": {"reason": "error"}},
    "suspend_grant": {"json": {"reason": "error"}},
    "offer_work": {"json": {"terms": "commercial", "price_minor": 1, "currency": "EUR"}},
    "grant_licence": {"json": {"offer_id": "lic_" + "0" * 30, "licensee": "x"}, "headers": {"Idempotency-Key": "k"}},
}
IDS = {
    "{work_id}": "pv-0000000000000",
    "{check_id}": "chk_" + "0" * 30,
    "{watch_id}": "wch_" + "0" * 30,
    "{batch_id}": "bat_" + "0" * 30,
    "{grant_id}": "lic_" + "0" * 30,
    "{manifestId}": MANIFEST,
}


def operations(api: Api):
    for path, methods in api.http.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def call(api: Api, method: str, path: str, operation: dict, auth: dict):
    for name, value in IDS.items():
        path = path.replace(name, value)
    request = dict(BODIES.get(operation["operationId"], {}))
    request["headers"] = request.pop("headers", {}) | auth
    return api.http.request(method, path, **request)


def test_every_operation_says_which_scope_it_needs(api: Api):
    documented = {}
    for _, _, operation in operations(api):
        scopes = [scope for item in operation.get("security", []) for listed in item.values() for scope in listed]
        documented[operation["operationId"]] = scopes[0] if scopes else None
    assert documented == NEEDS


def test_every_guarded_operation_refuses_a_stranger_and_a_key_without_its_scope(api: Api):
    for method, path, operation in operations(api):
        scope = NEEDS[operation["operationId"]]
        if scope is None:
            continue
        answer = call(api, method, path, operation, {})
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
        others = [name for name in EVERY_SCOPE if name != scope]
        body = problem(call(api, method, path, operation, api.auth("weak", *others)), 403, "forbidden")
        assert scope in body["detail"]


def test_the_scope_alone_is_enough_and_admin_holds_them_all(api: Api):
    for method, path, operation in operations(api):
        scope = NEEDS[operation["operationId"]]
        if scope is None:
            continue
        for granted in (scope, "admin"):
            answer = call(api, method, path, operation, api.auth("narrow", granted))
            assert answer.status_code not in (401, 403), (path, answer.text)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer pvk_nope",
        "Basic dTpw",
        "bearer pvk_x_y",
        "Bearer \u00ff\u00fe",
        "pvk_xy",
        "Bearer " + "x" * 9000,
    ],
)
def test_a_key_that_is_none_is_refused_and_not_repeated(api: Api, header: str):
    answer = api.http.get("/v1/works", headers={"Authorization": header.encode("latin-1")})
    problem(answer, 401, "unauthenticated")
    given = header.removeprefix("Bearer").strip()
    assert not given or given not in answer.text


def test_a_revoked_key_stops_at_once(api: Api):
    record, secret = api.service.access.create("eve", ["works:read"])
    auth = {"Authorization": f"Bearer {secret}"}
    assert api.http.get("/v1/works", headers=auth).status_code == 200
    api.service.access.revoke(record.id)
    problem(api.http.get("/v1/works", headers=auth), 401, "unauthenticated")


def test_works_of_others_are_read_but_not_listed_downloaded_or_withdrawn(api: Api, alps: dict):
    path = f"/v1/works/{alps['id']}"
    bob = api.auth("bob")
    assert api.http.get(path, headers=bob).json() == alps
    assert alps["id"] not in api.http.get("/v1/works", headers=bob).text
    problem(api.http.get(f"{path}/file", headers=bob), 404, "not-found")
    problem(api.http.delete(path, headers=bob), 404, "not-found")
    assert api.http.get(path, headers=bob).json()["status"] == "active"


def test_an_administrator_touches_everybodys_works(api: Api):
    work = api.register(new_picture(), owner="bob")
    root = api.auth("root", "admin")
    assert work["id"] in api.http.get("/v1/works", headers=root).text
    assert api.http.get(f"/v1/works/{work['id']}/file", headers=root).status_code == 200
    assert api.http.delete(f"/v1/works/{work['id']}", headers=root).json()["status"] == "withdrawn"
