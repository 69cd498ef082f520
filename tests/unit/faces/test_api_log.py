"""The log over HTTP: static resources with their headers, proofs, and what is not there."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from provenance.core.errors import Misconfigured
from provenance.credentials.tlog import (
    EntryKind,
    Policy,
    VerifierKey,
    log_entry,
    open_checkpoint,
    verify_certificate_proof,
)
from provenance.credentials.tlog.receipts import verify_receipt
from provenance.credentials.tlog.tiles import split_bundle
from provenance.credentials.tlog.tree import leaf_hash
from tests.records import a_work, keys_of
from tests.service import Api
from tests.unit.credentials.tlog.trees import WITNESSES

ApiWith = Callable[..., Api]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def logged(api_with: ApiWith, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A service with one work in its log, published. Its first entry is the signing key's."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    api = api_with()
    work = a_work(1)
    with api.service.store.unit() as unit:
        unit.works.add(work, keys_of(work))
        data = log_entry(EntryKind.WORK_REGISTERED, at=NOON, certificate=work.certificate_hash)
        unit.log.append(EntryKind.WORK_REGISTERED, data, at=NOON, work_id=work.id)
    api.service.log.keep()
    return api


def get(api: Api, path: str, status: int = 200) -> Any:
    answer = api.http.get(path)
    assert answer.status_code == status, answer.text
    return answer


def keys(api: Api) -> list[VerifierKey]:
    return [VerifierKey.parse(line) for line in get(api, "/log/vkey").text.splitlines()]


def test_a_stranger_can_follow_the_log(logged: Api) -> None:
    answer = get(logged, "/log/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    checkpoint, _ = open_checkpoint(answer.content, keys(logged))
    assert checkpoint.size == 2
    tile, bundle = get(logged, "/log/tile/0/000.p/2"), get(logged, "/log/tile/entries/000.p/2")
    for resource in (tile, bundle):
        assert resource.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in resource.headers["Cache-Control"]
        assert resource.headers["Access-Control-Allow-Origin"] == "*"
    assert tile.content == b"".join(leaf_hash(entry) for entry in split_bundle(bundle.content, 2))


def test_the_key_itself_is_an_entry(logged: Api) -> None:
    entries = split_bundle(get(logged, "/log/tile/entries/000.p/2").content, 2)
    (key,) = logged.service.keys.signing_keys()
    assert entries[1] == log_entry(EntryKind.KEY_ADDED, at=key.valid_from, key=key.key_id)


@pytest.mark.parametrize("path", ["0/000", "0/000.p/3", "0/001.p/1", "1/000.p/1", "entries/000", "entries/001.p/1"])
def test_tiles_that_the_published_log_does_not_have(logged: Api, path: str) -> None:
    get(logged, f"/log/tile/{path}", 404)


@pytest.mark.parametrize(
    "path", ["", "0", "0/0", "x/000", "0/000.p/256", "0/../checkpoint", "0/000/", "64/000", "0/%00"]
)
def test_paths_that_no_tile_has(logged: Api, path: str) -> None:
    answer = logged.http.get(f"/log/tile/{path}")
    assert answer.status_code in (400, 404)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_entries_show_when_they_are_published(logged: Api) -> None:
    with logged.service.store.unit() as unit:
        unit.log.append("x", b"x", at=NOON)
    get(logged, "/log/tile/entries/000.p/3", 404)
    logged.service.log.keep()
    get(logged, "/log/tile/entries/000.p/3")
    get(logged, "/log/tile/entries/000.p/2")


def test_before_the_first_checkpoint(api_with: ApiWith) -> None:
    answer = get(api_with(), "/log/checkpoint", 404)
    assert "no checkpoint yet" in answer.json()["detail"]


def test_a_work_is_proved(logged: Api) -> None:
    work = a_work(1)
    answer = get(logged, f"/v1/works/{work.id}/log-proof")
    assert f'"{work.id}.tlog-proof"' in answer.headers["Content-Disposition"]
    proven = verify_certificate_proof(answer.content, work.certificate_hash, Policy.of(keys(logged)))
    assert (proven.index, proven.checkpoint.size) == (0, 2)
    receipt = get(logged, f"/v1/works/{work.id}/receipt.cose")
    assert receipt.headers["Content-Type"].startswith("application/cose")
    entry = split_bundle(get(logged, "/log/tile/entries/000.p/2").content, 2)[0]
    assert verify_receipt(receipt.content, entry, keys(logged)[0].public_key).index == 0
    assert logged.service.log.bundled(work.id) == answer.text


def test_a_work_that_is_not_in_the_log(logged: Api) -> None:
    work = a_work(2)
    for path in ("log-proof", "receipt.cose"):
        get(logged, f"/v1/works/{work.id}/{path}", 404)
    with logged.service.store.unit() as unit:
        unit.works.add(work, keys_of(work))
    answer = get(logged, f"/v1/works/{work.id}/log-proof", 404)
    assert "before there was a log" in answer.json()["hint"]
    assert logged.service.log.bundled(work.id) is None


def test_the_policy_names_keys_witnesses_and_quorum(api_with: ApiWith) -> None:
    vkey = WITNESSES[0].public.text
    api = api_with(log_witnesses=(f"http://127.0.0.1:9/w/ {vkey}",), log_quorum=1)
    policy = Policy.parse(get(api, "/log/policy").text)
    assert list(policy.logs) == keys(api)
    assert policy.urls == {WITNESSES[0].public.name: "http://127.0.0.1:9/w"}
    assert policy.groups[policy.quorum].threshold == 1


class TestOrigins:
    def test_without_an_address_it_is_the_first_keys(self, api_with: ApiWith) -> None:
        api = api_with()
        first = api.service.log.vkeys[0].name
        assert first == f"{api.service.keys.issuer}/log"
        api.service.rotate_keys(watermark=False)
        assert [key.name for key in api.service.log.vkeys] == [first, first]
        assert api.service.log.vkeys[0].public_key == api.service.keys.signing_keys()[-1].public_key

    def test_with_one_it_is_the_logs_address(self, api_with: ApiWith) -> None:
        assert api_with(base_url="https://art.example:8443/register").service.log.origin == (
            "art.example:8443/register/log"
        )

    def test_what_was_published_keeps_its_name(self, logged: Api) -> None:
        from provenance.wiring import Service

        before = logged.service.log.origin
        moved = Service(logged.service.settings.model_copy(update={"base_url": None}))
        assert moved.log.origin == before
        named = Service(logged.service.settings.model_copy(update={"log_origin": "chosen.example/log"}))
        assert named.log.origin == "chosen.example/log"
        for service in (moved, named):
            service.close()

    def test_a_name_with_spaces_is_none(self, api_with: ApiWith) -> None:
        with pytest.raises(Misconfigured, match="no origin"):
            _ = api_with(log_origin="two words").service.log.origin
