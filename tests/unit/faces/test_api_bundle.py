"""The bundle over HTTP: certificate, ledger receipts and, once it is published, the proof of the log."""

from collections.abc import Callable
from typing import Any

from provenance.credentials import LogFinding, Supplied, pinned_did_document, verify
from provenance.credentials.tlog import Policy, VerifierKey, verify_certificate_proof
from tests.service import Api


def bundle_of(api: Api, work: dict[str, Any]) -> dict[str, Any]:
    answer = api.http.get(f"/v1/works/{work['id']}/certificate", params={"receipts": "true"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_proof_is_in_it_as_soon_as_a_checkpoint_covers_the_work(api: Api) -> None:
    work = api.register()
    assert "logProof" not in bundle_of(api, work)
    api.service.log.publish()
    document = bundle_of(api, work)
    keys = [VerifierKey.parse(line) for line in api.http.get("/log/vkey").text.splitlines()]

    def check(text: str, certificate: str, _now: object) -> LogFinding:
        proven = verify_certificate_proof(text, certificate, Policy.of(keys))
        return LogFinding(proven.checkpoint.origin, proven.index, proven.checkpoint.size)

    done = verify(
        document,
        keyring=pinned_did_document(api.http.get("/.well-known/did.json").json()),
        now=api.service.clock(),
        supplied=Supplied(check_log=check),
    )
    assert done.log is not None
    assert done.log.origin == api.service.log.origin


def test_the_worker_publishes_what_makes_it_complete(api_with: Callable[..., Api]) -> None:
    api = api_with()
    with api.http:
        work = api.register()
        api.service.tick()
        assert "logProof" in bundle_of(api, work)
