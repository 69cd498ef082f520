"""Certificates and licences that are taken back: in the register, in the lists, in the log."""

import json
from datetime import timedelta
from typing import Any

import pytest

from provenance.adapters.store.repositories.statuses import SqlStatuses
from provenance.core.errors import Conflict, InvalidRequest, NotFound, Revoked, Suspended
from provenance.core.records import Grant, StatusPurpose
from provenance.core.types import WorkId
from provenance.credentials import LIST_BITS, Supplied, certificate_hash, verify
from provenance.credentials.tlog.entries import read_entry
from provenance.credentials.vc.statuslist import decode
from provenance.usecases.license import OfferTerms
from provenance.usecases.revoke import REASONS, standing_word
from provenance.usecases.status_lists import FRESH, LIFE, StatusLists
from tests.unit.usecases.conftest import Studio

BASE_URL = "https://art.example"
BUYER = "did:example:buyer"


def granted(studio: Studio) -> Grant:
    work = studio.registered(1)
    terms = OfferTerms(terms="commercial", price_minor=1250, currency="EUR")
    return studio.license.grant(studio.license.offer(work.id, terms, owner=None).id, BUYER, owner=None)


def logged(studio: Studio, work_id: WorkId) -> list[tuple[str, str]]:
    with studio.store.read() as unit:
        facts = [read_entry(entry.data) for entry in unit.log.of_work(work_id)]
    return [(str(fact.kind), fact.subject) for fact in facts if fact.kind.startswith("certificate.")]


def lists(studio: Studio) -> StatusLists:
    return StatusLists(
        store=studio.store, signer=studio.signer, issuer=studio.issuer, base_url=BASE_URL, clock=studio.clock
    )


def marked(studio: Studio, purpose: str) -> list[int]:
    with studio.store.read() as unit:
        return unit.statuses.marked(StatusPurpose(purpose))


# ---- the register


def test_revoked_for_good(studio: Studio) -> None:
    work = studio.registered(1)
    assert studio.take_back.standing(work.id) is None
    status = studio.take_back.revoke(work.id, "rights-dispute", owner="studio")
    assert (status.revoked_at, status.reason, standing_word(status)) == (studio.clock(), "rights-dispute", "revoked")
    assert studio.take_back.standing(work.id) == status
    assert marked(studio, "revocation") == [status.index]
    for change in ("suspend", "reinstate"):
        arguments = [work.id, "court-order"] if change == "suspend" else [work.id]
        with pytest.raises(Conflict, match="final"):
            getattr(studio.take_back, change)(*arguments, owner=None)


def test_suspended_and_reinstated(studio: Studio) -> None:
    work = studio.registered(1)
    assert standing_word(studio.take_back.suspend(work.id, "rights-dispute", owner=None)) == "suspended"
    assert len(marked(studio, "suspension")) == 1
    lifted = studio.take_back.reinstate(work.id, owner=None)
    assert (lifted.suspended_at, lifted.reason, standing_word(lifted)) == (None, None, "valid")
    assert marked(studio, "suspension") == []


def test_each_change_twice_is_the_same_as_once(studio: Studio) -> None:
    work = studio.registered(1)
    take_back = studio.take_back
    take_back.reinstate(work.id, owner=None)
    take_back.suspend(work.id, "rights-dispute", owner=None)
    studio.clock.advance(hours=1)
    assert take_back.suspend(work.id, "court-order", owner=None).reason == "rights-dispute"
    first = take_back.revoke(work.id, "court-order", owner=None)
    studio.clock.advance(hours=1)
    assert take_back.revoke(work.id, "superseded", owner=None) == first
    assert [kind for kind, _ in logged(studio, work.id)] == ["certificate.suspended", "certificate.revoked"]


def test_every_change_is_an_entry_of_the_log_that_holds_the_hash_alone(studio: Studio) -> None:
    work = studio.registered(1)
    studio.take_back.suspend(work.id, "rights-dispute", owner=None)
    studio.take_back.reinstate(work.id, owner=None)
    studio.take_back.revoke(work.id, "rights-dispute", owner=None)
    kinds = ["certificate.suspended", "certificate.reinstated", "certificate.revoked"]
    assert logged(studio, work.id) == [(kind, work.certificate_hash) for kind in kinds]


def test_a_revocation_counts_over_a_suspension(studio: Studio) -> None:
    work = studio.registered(1)
    studio.take_back.suspend(work.id, "rights-dispute", owner=None)
    status = studio.take_back.revoke(work.id, "rights-dispute", owner=None)
    assert standing_word(status) == "revoked"


@pytest.mark.parametrize("reason", ["", "because of Ada Lovelace", "Owner-Request"])
def test_a_reason_is_one_of_the_list_for_it_is_public(studio: Studio, reason: str) -> None:
    work = studio.registered(1)
    for change in (studio.take_back.revoke, studio.take_back.suspend):
        with pytest.raises(InvalidRequest) as caught:
            change(work.id, reason, owner=None)
        assert all(known in str(caught.value.hint) for known in REASONS)
    assert studio.take_back.standing(work.id) is None


def test_nobody_takes_back_what_is_somebody_elses(studio: Studio) -> None:
    grant = granted(studio)
    for target in (grant.work_id, grant.id):
        with pytest.raises(NotFound, match="of yours"):
            studio.take_back.revoke(target, "owner-request", owner="stranger")
        assert standing_word(studio.take_back.standing(target)) == "valid"


@pytest.mark.parametrize("target", [WorkId(99), "lic_unknown"])
def test_what_is_not_here(studio: Studio, target: Any) -> None:
    with pytest.raises(NotFound):
        studio.take_back.revoke(target, "owner-request", owner=None)
    with pytest.raises(NotFound):
        studio.take_back.standing(target)


# ---- licences


def test_a_licence_that_was_taken_back_licenses_nothing(studio: Studio) -> None:
    grant = granted(studio)
    with studio.store.read() as unit:
        data = studio.file(unit.works.get(grant.work_id))

    def licensed() -> str:
        report = studio.ask(data, BUYER).report
        return str(report["matches"][0]["licence"]["status"])

    assert licensed() == "licensed"
    studio.take_back.suspend(grant.id, "terms-breached", owner="studio")
    assert licensed() == "not-licensed"
    studio.take_back.reinstate(grant.id, owner="studio")
    assert licensed() == "licensed"
    studio.take_back.revoke(grant.id, "terms-breached", owner="studio")
    assert licensed() == "not-licensed"
    assert logged(studio, grant.work_id)[-1] == ("certificate.revoked", certificate_hash(grant.certificate))


def test_with_a_public_address_a_licence_names_its_place(studio: Studio) -> None:
    studio.base_url = BASE_URL
    grant = granted(studio)
    (revocation, _) = grant.certificate["credentialStatus"]
    status = studio.take_back.revoke(grant.id, "terms-breached", owner=None)
    assert revocation["statusListCredential"] == "https://art.example/status/revocation/0"
    assert revocation["statusListIndex"] == str(status.index)
    fetched = json.dumps(lists(studio)(StatusPurpose.REVOCATION, 0)).encode()
    with pytest.raises(Revoked):
        verify(grant.certificate, keyring=studio.keyring, now=studio.clock(), supplied=Supplied(status_lists=[fetched]))


def test_without_one_it_names_none(studio: Studio) -> None:
    assert "credentialStatus" not in granted(studio).certificate


def test_a_work_registered_at_a_public_address_is_revoked_by_its_list(studio: Studio) -> None:
    studio.base_url = BASE_URL
    work = studio.registered(1)
    (revocation, _) = work.certificate["credentialStatus"]
    publish = lists(studio)

    def judge() -> str:
        fetched = [json.dumps(publish(purpose, 0)).encode() for purpose in StatusPurpose]
        supplied = Supplied(status_lists=fetched)
        return verify(work.certificate, keyring=studio.keyring, now=studio.clock(), supplied=supplied).steps[-1].finding

    assert judge() == "status-clear"
    status = studio.take_back.revoke(work.id, "issued-in-error", owner=None)
    assert revocation["statusListIndex"] == str(status.index)
    with pytest.raises(Revoked):
        judge()


# ---- the lists


def test_a_list_follows_the_register(studio: Studio) -> None:
    studio.base_url = BASE_URL
    grant, publish = granted(studio), lists(studio)

    def judge() -> None:
        fetched = [json.dumps(publish(purpose, 0)).encode() for purpose in StatusPurpose]
        verify(grant.certificate, keyring=studio.keyring, now=studio.clock(), supplied=Supplied(status_lists=fetched))

    judge()
    studio.take_back.suspend(grant.id, "rights-dispute", owner=None)
    with pytest.raises(Suspended):
        judge()
    studio.take_back.reinstate(grant.id, owner=None)
    judge()


def test_a_list_keeps_its_signature_for_a_while_and_is_in_force_for_longer(studio: Studio) -> None:
    studio.take_back.revoke(studio.registered(1).id, "superseded", owner=None)
    publish = lists(studio)
    first = publish(StatusPurpose.REVOCATION, 0)
    studio.clock.advance(seconds=FRESH.total_seconds() - 1)
    assert publish(StatusPurpose.REVOCATION, 0) is first
    studio.clock.advance(seconds=1)
    second = publish(StatusPurpose.REVOCATION, 0)
    assert second["validFrom"] > first["validFrom"]
    assert FRESH + timedelta(hours=1) < LIFE


def test_a_change_is_in_the_list_at_once(studio: Studio) -> None:
    publish = lists(studio)
    before = publish(StatusPurpose.REVOCATION, 0)
    studio.take_back.revoke(studio.registered(1).id, "superseded", owner=None)
    after = publish(StatusPurpose.REVOCATION, 0)
    assert before["credentialSubject"]["encodedList"] != after["credentialSubject"]["encodedList"]


def test_places_are_counted_over_all_lists(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqlStatuses, "last", lambda _: 2 * LIST_BITS)
    monkeypatch.setattr(SqlStatuses, "marked", lambda _, purpose: [LIST_BITS - 1, LIST_BITS + 5, 2 * LIST_BITS])
    for number, position in enumerate((LIST_BITS - 1, 5, 0)):
        bits = decode(lists(studio)(StatusPurpose.REVOCATION, number)["credentialSubject"]["encodedList"])
        assert [index for index in range(LIST_BITS) if bits[index // 8] & 0x80 >> index % 8] == [position]


@pytest.mark.parametrize("number", [-1, 1, 10**9])
def test_a_list_in_which_nothing_has_a_place_is_not_there(studio: Studio, number: int) -> None:
    with pytest.raises(NotFound):
        lists(studio)(StatusPurpose.REVOCATION, number)


def test_without_a_public_address_there_are_no_lists(studio: Studio) -> None:
    publish = lists(studio)
    publish.base_url = None
    with pytest.raises(NotFound):
        publish(StatusPurpose.REVOCATION, 0)
