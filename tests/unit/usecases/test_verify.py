"""Verification at the service: a refusal is an answer, with its step and its reason."""

import json
from typing import Any

import pytest

from provenance.credentials import bundle
from provenance.usecases.anchor import receipts
from tests.unit.usecases.conftest import Studio, decoded, encoded, painting, png


def document(certificate: Any) -> bytes:
    return json.dumps(dict(certificate)).encode()


def outcomes(answer: dict[str, Any]) -> dict[str, str]:
    return {step["code"]: step["outcome"] for step in answer["steps"]}


def test_a_certificate_and_its_file_verify(studio: Studio) -> None:
    work = studio.registered(1)
    answer = studio.verify(document(work.certificate), content=studio.file(work))
    assert set(answer) == {"result", "steps", "register_status", "credential_status"}
    assert (answer["result"], answer["register_status"]) == ("verified", "active")
    assert [step["number"] for step in answer["steps"]] == list(range(1, 12))
    assert all(set(step) == {"number", "code", "outcome", "text"} for step in answer["steps"])
    assert outcomes(answer)["content"] == "passed"


def test_without_a_file_the_content_step_is_skipped_and_says_so(studio: Studio) -> None:
    work = studio.registered(1)
    assert outcomes(studio.verify(document(work.certificate)))["content"] == "skipped"


@pytest.mark.parametrize("which", ["source", "source pixels", "marked pixels"])
def test_the_source_and_the_pixels_in_another_container_verify_too(studio: Studio, which: str) -> None:
    work = studio.registered(1)
    content = {
        "source": png(painting(1)),
        "source pixels": encoded(painting(1), "TIFF"),
        "marked pixels": encoded(decoded(studio.file(work)), "TIFF"),
    }[which]
    assert studio.verify(document(work.certificate), content=content)["result"] == "verified"


@pytest.mark.parametrize("content", [png(painting(2)), b"no image at all", b""])
def test_another_file_is_refused_at_its_step(studio: Studio, content: bytes) -> None:
    """An empty file is a file: it is compared, never passed over."""
    work = studio.registered(1)
    answer = studio.verify(document(work.certificate), content=content)
    assert set(answer) == {"result", "steps", "error"}
    assert answer["result"] == "refused"
    assert (answer["error"]["code"], answer["error"]["step"]) == ("content-mismatch", 7)
    assert set(answer["error"]) == {"code", "step", "reason", "hint"}
    assert [step["outcome"] for step in answer["steps"]] == ["passed"] * 6 + ["failed"]


def test_a_changed_certificate_is_refused(studio: Studio) -> None:
    certificate = dict(studio.registered(1).certificate)
    certificate["validUntil"] = "2999-01-01T00:00:00Z"
    answer = studio.verify(document(certificate))
    assert (answer["error"]["code"], answer["error"]["step"]) == ("invalid-signature", 5)


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff", b'{"a": 1, "a": 2}'])
def test_what_is_no_certificate_is_refused(studio: Studio, garbage: bytes) -> None:
    answer = studio.verify(garbage)
    assert answer["result"] == "refused"
    assert answer["error"]["reason"]


def test_a_certificate_that_ended_is_refused(studio: Studio) -> None:
    work = studio.registered(1)
    studio.clock.advance(days=366)
    assert studio.verify(document(work.certificate))["error"]["code"] == "expired"


def test_it_says_when_the_work_was_withdrawn(studio: Studio) -> None:
    work = studio.registered(1)
    studio.withdraw(work.id)
    answer = studio.verify(document(work.certificate))
    assert (answer["result"], answer["register_status"]) == ("verified", "withdrawn")


def test_a_certificate_of_a_work_that_is_not_here_says_so(studio: Studio) -> None:
    from provenance.adapters.store import SqlStore

    work = studio.registered(1)
    studio.store = SqlStore.memory()
    assert studio.verify(document(work.certificate))["register_status"] == "unknown"
    studio.store.close()


def test_a_bundle_with_receipts_verifies(studio: Studio) -> None:
    work = studio.registered(1)
    studio.registered(2)
    studio.anchor()
    studio.ledger.mine(3)
    studio.anchor.follow_up()
    with studio.store.read() as unit:
        batches = unit.anchors.of_work(work.id)
    answer = studio.verify(document(bundle(work.certificate, receipts(batches, work))))
    assert outcomes(answer)["receipts"] == "passed"


def test_it_says_whether_the_credential_has_a_place_in_the_status_lists(studio: Studio) -> None:
    work = studio.registered(1)
    assert studio.verify(document(work.certificate))["credential_status"] == "unlisted"
    studio.take_back.suspend(work.id, "rights-dispute", owner=None)
    studio.take_back.reinstate(work.id, owner=None)
    assert studio.verify(document(work.certificate))["credential_status"] == "valid"


@pytest.mark.parametrize(("change", "code"), [("revoke", "revoked"), ("suspend", "suspended")])
def test_what_was_taken_back_is_refused_whether_a_list_says_so_or_not(studio: Studio, change: str, code: str) -> None:
    """This certificate has no `credentialStatus`: the issuer's own register is asked."""
    work = studio.registered(1)
    getattr(studio.take_back, change)(work.id, "rights-dispute", owner=None)
    answer = studio.verify(document(work.certificate), content=studio.file(work))
    assert (answer["result"], answer["error"]["code"], answer["error"]["step"]) == ("refused", code, 11)
