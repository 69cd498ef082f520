"""schemathesis asks everything that the OpenAPI document allows, and more; no answer is a 500 or undocumented."""

import itertools
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks

from provenance.core.types import WorkId
from tests.service import Api, encoded, new_picture, scene

pytestmark = pytest.mark.integration

CHECKS = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
SERVER_CHECKS = (checks.not_a_server_error, *CHECKS)
EXAMPLES = 12  # an operation
for binary in ("application/c2pa", "application/ocsp-request", "application/timestamp-query"):
    schemathesis.serializer.alias(binary, "application/octet-stream")


GOOD_BODIES = {  # operation id: what a sensible caller sends, which random bodies rarely are
    "register_work": {"file": encoded(scene(3, width=40, height=32))},  # too small for a mark: 422
    "watch_upload": {"file": encoded(scene(3, width=40, height=32))},
    "check_picture": {"file": encoded(scene(3, width=40, height=32))},
    "match_large_binding": {"alg": "io.iscc.v0", "value": "AQID"},
    "offer_work": {"terms": "commercial", "price_minor": 1500, "currency": "EUR"},
}
NEVER_FINE = {
    "register_work",
    "withdraw_work",
    "grant_licence",
    "read_report",
    "render_report",
    "explain_check",
    "delete_check",
    "read_batch",
    "delete_batch",
    "list_batch_items",
    "cancel_batch",
    "decide_match",
    "list_decisions",
    "read_watch",
    "delete_watch",
    "list_hits_of_watch",
    "match_reference",
    "delete_manifest",
    "rebind_manifest",
    "read_status_list",
    "read_context",
    "read_tile",
    "ask_ocsp",
    "ask_ocsp_by_url",
    "stamp_time",
    "read_authority",
}
"""Operations that no generated request succeeds in: their ids, digests, paths or DER bodies are too rare, the shared
work has to stay, nothing can be fetched, or the service would need a public address."""


SPENT = {"revoke_certificate", "suspend_certificate", "reinstate_certificate"}
"""Operations after which a work's certificate is not what it was: each gets a work of its own."""
UNDER_REVIEW = {"reason": "rights-dispute"}


def spent(api: Api, name: str) -> dict:
    answer = api.http.post("/v1/works", headers=api.auth(), files={"file": ("art.png", new_picture())})
    work: dict = answer.json()
    if name == "reinstate_certificate":
        verb = f"/v1/works/{work['id']}/certificate:suspend"
        assert api.http.post(verb, headers=api.auth(), json=UNDER_REVIEW).status_code == 200
    return work


def grant_for(api: Api, work: dict, name: str) -> str:
    """The id of a licence for this operation alone."""
    terms = {"terms": "commercial", "price_minor": 1500, "currency": "EUR"}
    offer = api.http.post(f"/v1/works/{work['id']}/offers", headers=api.auth(), json=terms).json()
    body = {"offer_id": offer["id"], "licensee": "did:web:buyer.example"}
    once = api.auth() | {"Idempotency-Key": f"schemathesis-{name}"}
    grant: str = api.http.post("/v1/grants", headers=once, json=body).json()["id"]
    if name == "reinstate_grant":
        assert api.http.post(f"/v1/grants/{grant}:suspend", headers=api.auth(), json=UNDER_REVIEW).status_code == 200
    return grant


def raw_bodies(api: Api, alps: dict) -> dict[str, tuple[str, bytes]]:
    """Bodies that are no form and no JSON, by operation id: the media type and the bytes."""
    store = api.http.get(f"/v1/manifests/{manifest_of(api, alps)}").content
    return {
        "match_content": ("image/png", encoded(scene(3, width=40, height=32))),
        "store_manifest": ("application/c2pa", store),
    }


def manifest_of(api: Api, work: dict) -> str:
    with api.service.store.read() as unit:
        return unit.manifests.of_work(WorkId.parse(work["id"]))[0].id


def without_lifespan(app):
    """schemathesis starts and stops the app around every call; the shared service must stay open."""

    async def served(scope, receive, send):
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})

    return served


def end_batches(api: Api) -> None:
    """Cancel what was handed in here: an owner may have four open batches, and later tests share this owner."""
    for batch in api.http.get("/v1/batches", headers=api.auth()).json()["items"]:
        if batch["finished_at"] is None:
            answer = api.http.post(f"/v1/batches/{batch['id']}:cancel", headers=api.auth())
            assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def operations(api: Api, alps: dict) -> Iterator[list]:
    api.service.log.publish()  # so that there are proofs
    schema = schemathesis.openapi.from_dict(api.http.get("/openapi.json").json())
    schema.app = without_lifespan(api.http.app)
    yield [result.ok() for result in schema.get_all_operations()]
    end_batches(api)


def test_no_operation_gives_a_500_or_an_undocumented_answer(api: Api, alps: dict, operations: list):
    assert len(operations) >= 20
    for operation in operations:
        statuses = _exercise(api, alps, operation)
        name = operation.definition.raw["operationId"]
        assert name in NEVER_FINE or statuses & {200, 201, 202, 204}, (name, statuses)


def _is_of_a_source(response) -> bool:
    """The documented answer where what the caller named can't be fetched: no error of this server."""
    return response.status_code == 502 and response.json()["type"].endswith("source-failed")


def _exercise(api: Api, alps: dict, operation) -> set[int]:
    """Half of the requests keep to the schema, half do not; every other one has sensible ids and bodies."""
    name, statuses = operation.definition.raw["operationId"], set[int]()
    raw, manifest = raw_bodies(api, alps), manifest_of(api, alps)
    work = spent(api, name) if name in SPENT else alps
    grant = grant_for(api, work, name) if "{grant_id}" in operation.path else ""
    turns = itertools.count()  # drawn, a sensible id might never come up in so few examples
    modes = st.sampled_from((schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE))
    strategies = modes.flatmap(lambda mode: operation.as_strategy(generation_mode=mode))

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategies)
    def ask(case) -> None:
        real = next(turns) % 2 == 0
        if real and name != "withdraw_work" and "work_id" in (case.path_parameters or {}):
            case.path_parameters["work_id"] = work["id"]
        if real and "grant_id" in (case.path_parameters or {}):
            case.path_parameters["grant_id"] = grant
        if real and "manifestId" in (case.path_parameters or {}):
            case.path_parameters["manifestId"] = manifest
        if real and name in ("bind_manifest", "rebind_manifest"):
            case.body = {"bindingValue": "AQID", "manifestId": manifest}
        if real and name == "match_binding":
            case.query = dict(GOOD_BODIES["match_large_binding"])
        if real and name in raw:
            case.media_type, case.body = raw[name]
        if real and name in GOOD_BODIES:
            case.body = dict(GOOD_BODIES[name])
        response = case.call(headers=api.auth())
        statuses.add(response.status_code)
        case.validate_response(response, checks=CHECKS if _is_of_a_source(response) else SERVER_CHECKS)

    ask()
    return statuses
