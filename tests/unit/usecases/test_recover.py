"""What a service answers to strangers, and what is made of answers that no honest service gives."""

import json
from dataclasses import dataclass, field

import pytest

from provenance.core.errors import InvalidRequest, Misconfigured, NotFound, SourceRefused, Unavailable
from provenance.core.manifests import SoftBinding
from provenance.core.types import WorkId
from provenance.usecases.bindings import mark_value
from provenance.usecases.recover import RemoteService, work_of
from scripts.golden import certificates as golden
from scripts.golden import log
from tests.unit.usecases.test_verify_file import report

URL = "https://art.example"
ID = "urn:c2pa:5f0c1b6e-2f3a-4d59-9b0e-6d1f6a7b8c9d"
WORK = golden.WORK


@dataclass
class Web:
    """Pages by path; what is not there is refused. Posts are answered by `matches`."""

    pages: dict[str, bytes] = field(default_factory=dict)
    matches: object = field(default_factory=lambda: {"matches": [{"manifestId": ID, "similarityScore": 97}]})
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        path = url.removeprefix(URL)
        if path not in self.pages:
            raise SourceRefused("the URL answers with status 404")
        return self.pages[path]

    def post(self, url: str, body: bytes, media_type: str) -> tuple[int, bytes]:
        self.asked.append(f"{url} {media_type} {len(body)}")
        return self.status, self.matches if isinstance(self.matches, bytes) else json.dumps(self.matches).encode()

    @property
    def service(self) -> RemoteService:
        return RemoteService(url=URL, fetcher=self, post=self.post)


def resolver(endpoint: object = f"{URL}/v1", **changes) -> Web:
    discovery = json.dumps({"apiEndpoint": endpoint}).encode()
    pages = {"/.well-known/c2pa-soft-binding-resolution": discovery, f"/v1/manifests/{ID}": b"a store"}
    return Web(pages, **changes)


def test_a_picture_leads_to_its_store() -> None:
    web = resolver()
    found = web.service.recover(b"picture", "image/png")
    assert (found.manifest_id, found.score, found.store) == (ID, 97, b"a store")
    assert f"{URL}/v1/matches/byContent image/png 7" in web.asked


@pytest.mark.parametrize("score", [None, "97", 97.5, True, -1, 101])
def test_a_score_that_is_none_is_none(score) -> None:
    web = resolver(matches={"matches": [{"manifestId": ID, "similarityScore": score}]})
    assert web.service.recover(b"", "image/png").score is None


@pytest.mark.parametrize("matches", [{"matches": []}, {}, [], {"matches": "none"}])
def test_no_match_is_not_found(matches) -> None:
    with pytest.raises(NotFound, match="no content credentials"):
        resolver(matches=matches).service.recover(b"", "image/png")


@pytest.mark.parametrize(
    "matches", [b"<html>", b"\xff", b"[" * 100_000, {"matches": [5]}, {"matches": [{"manifestId": "x" * 500}]}]
)
def test_answers_that_nobody_understands(matches) -> None:
    with pytest.raises(Unavailable):
        resolver(matches=matches).service.recover(b"", "image/png")


def test_a_service_that_refuses_the_picture() -> None:
    with pytest.raises(Unavailable, match="status 413"):
        resolver(status=413).service.recover(b"", "image/png")


@pytest.mark.parametrize("endpoint", ["https://elsewhere.example/v1", "http://art.example/v1", "//169.254.169.254/v1"])
def test_nobody_else_is_shown_the_picture(endpoint) -> None:
    web = resolver(endpoint)
    with pytest.raises(InvalidRequest, match="elsewhere"):
        web.service.recover(b"picture", "image/png")
    assert len(web.asked) == 1


@pytest.mark.parametrize("endpoint", [None, 5, {}])
def test_no_resolver(endpoint) -> None:
    with pytest.raises(NotFound, match="no Soft Binding"):
        resolver(endpoint).service.recover(b"", "image/png")
    with pytest.raises(NotFound, match="no Soft Binding"):
        Web().service.recover(b"", "image/png")


def test_a_named_manifest_that_is_not_handed_out() -> None:
    web = resolver()
    del web.pages[f"/v1/manifests/{ID}"]
    with pytest.raises(NotFound, match="does not hand it out"):
        web.service.recover(b"", "image/png")


def test_keys_policy_and_roots() -> None:
    web = Web({"/.well-known/did.json": golden.text(golden.did_json()), "/log/policy": log.policy().text.encode()})
    assert golden.CURRENT.public_key in {key.public_key for key in web.service.keyring().keys}
    assert web.service.policy() == log.policy()
    assert web.service.anchors() == ""
    assert Web({"/ca/root.pem": b"PEM"}).service.anchors() == "PEM"
    assert Web().service.policy() is None


@pytest.mark.parametrize("document", [b"{", b"\xff\xfe", b"{}"])
def test_keys_that_are_none(document) -> None:
    with pytest.raises(Misconfigured):
        Web({"/.well-known/did.json": document}).service.keyring()
    with pytest.raises(Misconfigured):
        Web({"/log/policy": document}).service.policy()


def test_only_lists_of_this_service_are_fetched() -> None:
    certificate = golden.certificate()
    elsewhere = {**certificate["credentialStatus"][0], "statusListCredential": "https://elsewhere.example/list"}
    paths = {entry["statusListCredential"].removeprefix(URL): b"list" for entry in certificate["credentialStatus"]}
    web = Web(paths)
    mixed = {**certificate, "credentialStatus": [*certificate["credentialStatus"], elsewhere]}
    assert web.service.status_lists(mixed) == [b"list", b"list"]
    assert web.service.status_lists({}) == []


def test_a_proof_and_a_certificate_where_there_are_some() -> None:
    web = Web({f"/v1/works/{WORK}/log-proof": b"proof", f"/v1/works/{WORK}/certificate?receipts=true": b"bundle"})
    assert (web.service.log_proof(WORK), web.service.certificate(WORK)) == ("proof", b"bundle")
    assert (web.service.log_proof(WorkId(1)), web.service.certificate(WorkId(1))) == (None, None)


def test_the_work_that_a_manifest_speaks_of() -> None:
    bindings = (SoftBinding("io.iscc.v0", bytes(8)), SoftBinding("art.provenance.lattice.3", mark_value(WORK)))
    assert work_of(report(soft_bindings=bindings)) == WORK
    assert work_of(report(soft_bindings=(bindings[0], SoftBinding("art.provenance.lattice.3", b"short")))) is None
