import base64
import copy
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from provenance.core.errors import (
    ContentMismatch,
    Expired,
    InvalidSignature,
    InvalidStatusList,
    LogRootMismatch,
    ManifestMismatch,
    NotYetValid,
    ReceiptMismatch,
    Revoked,
    Suspended,
    Unavailable,
    UntrustedSigner,
    VerificationError,
)
from provenance.core.records import StatusPurpose
from provenance.core.types import WorkId
from provenance.credentials import (
    Content,
    ContentMatch,
    LogFinding,
    Outcome,
    Supplied,
    TrustedKeys,
    certificate_hash,
    issue_licence,
    pinned_did_document,
    verify,
)
from provenance.licensing import LicenceClaims
from scripts.golden import certificates as golden
from scripts.golden import standing
from tests.unit.credentials.conftest import ISSUER, MARKED, NOW

GOLDEN_KEYS = pinned_did_document(golden.did_json())
CODES = ["parse", "shape", "suite", "signer", "signature", "time", "content", "receipts", "manifest", "log", "status"]


def test_numbered_steps_each_with_its_result(certificate, trusted):
    result = verify(certificate, keyring=trusted, now=NOW)
    assert [(step.number, step.code) for step in result.steps] == list(enumerate(CODES, start=1))
    assert [step.outcome for step in result.steps] == [Outcome.PASSED] * 6 + [Outcome.SKIPPED] * 5
    assert result.certificate_hash == certificate_hash(certificate)
    assert (result.work_id, result.issuer) == (WorkId(42), ISSUER)
    assert result.key_id == certificate["proof"]["verificationMethod"]


def test_the_caller_s_object_is_neither_kept_nor_changed(certificate, trusted):
    before = copy.deepcopy(certificate)
    result = verify(certificate, keyring=trusted, now=NOW)
    certificate["credentialSubject"]["width"] = 1
    assert result.certificate == before


# ---- step 6


@pytest.mark.parametrize("moment", [NOW, NOW - timedelta(minutes=5), NOW + timedelta(days=365)])
def test_the_period_holds_its_ends_and_a_slow_clock(certificate, trusted, moment):
    assert verify(certificate, keyring=trusted, now=moment)


@pytest.mark.parametrize(
    ("moment", "error"),
    [(NOW - timedelta(minutes=6), NotYetValid), (NOW + timedelta(days=365, seconds=1), Expired)],
)
def test_outside_the_period(certificate, trusted, moment, error):
    with pytest.raises(error) as caught:
        verify(certificate, keyring=trusted, now=moment)
    assert caught.value.step == 6


def test_the_signature_is_judged_before_the_period(certificate, trusted):
    certificate["validUntil"] = "2099-01-01T00:00:00Z"
    with pytest.raises(InvalidSignature):
        verify(certificate, keyring=trusted, now=datetime(2050, 1, 1, tzinfo=UTC))


# ---- step 4


class PlainKeyring:
    """A core.ports.Keyring without validity windows, such as one in front of a key server."""

    def __init__(self, answer: Exception | None) -> None:
        self.answer = answer

    def verify(self, key_id: str, body: bytes, signature: bytes) -> None:
        if self.answer:
            raise self.answer


def test_any_keyring_will_do(certificate):
    assert verify(certificate, keyring=PlainKeyring(None), now=NOW)
    for answer, step in ((UntrustedSigner("who?"), 4), (InvalidSignature("no"), 5)):
        with pytest.raises(type(answer)) as caught:
            verify(certificate, keyring=PlainKeyring(answer), now=NOW)
        assert caught.value.step == step
        assert caught.value.trail[-1].text() == str(answer)


def test_a_keyring_that_can_not_answer_is_no_verdict(certificate):
    with pytest.raises(Unavailable):
        verify(certificate, keyring=PlainKeyring(Unavailable("down")), now=NOW)


def test_untrusted_comes_with_what_to_do(certificate):
    with pytest.raises(UntrustedSigner) as caught:
        verify(golden.certificate(), keyring=TrustedKeys(), now=NOW)
    assert "--did-doc" in caught.value.hint


# ---- step 7


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (MARKED, ContentMatch.MARKED_FILE),
        (b"the source file", ContentMatch.SOURCE_FILE),
        (Content(b"saved again", "b2" * 32), ContentMatch.MARKED_PIXELS),
        (Content(b"saved again", "a2" * 32), ContentMatch.SOURCE_PIXELS),
        (Content(MARKED, "00" * 32), ContentMatch.MARKED_FILE),
    ],
)
def test_what_the_file_is(certificate, trusted, content, match):
    result = verify(certificate, keyring=trusted, now=NOW, content=content)
    assert result.content is match
    assert result.steps[6].finding == f"content-{match}"


@pytest.mark.parametrize(
    ("content", "said"), [(b"x", "were not compared"), (Content(b"x", "00" * 32), "nor its pixels")]
)
def test_another_file_is_a_mismatch_not_a_forgery(certificate, trusted, content, said):
    with pytest.raises(ContentMismatch, match=said) as caught:
        verify(certificate, keyring=trusted, now=NOW, content=content)
    assert caught.value.step == 7
    assert "does not mean that anything was forged" in caught.value.reason
    assert "`check`" in caught.value.hint


def licence(signer, marked):
    claims = LicenceClaims(
        grant_id="grt_1",
        work_id=WorkId(42),
        work_certificate_hash="ab" * 32,
        licensee="acct-9",
        terms_slug="personal",
        terms_hash="cd" * 32,
        marked_sha256=marked,
    )
    return issue_licence(claims, signer=signer, issuer=ISSUER, valid_from=NOW, valid_until=None)


def test_a_licence_is_compared_with_the_marked_file(signer, trusted, claims):
    document = licence(signer, claims.marked_sha256)
    assert verify(document, keyring=trusted, now=NOW, content=MARKED).content is ContentMatch.MARKED_FILE
    with pytest.raises(ContentMismatch):
        verify(document, keyring=trusted, now=NOW, content=Content(b"other", "b2" * 32))


def test_a_licence_without_a_file_hash_says_so(signer, trusted):
    result = verify(licence(signer, None), keyring=trusted, now=NOW, content=MARKED)
    assert result.content is None
    assert result.steps[6].finding == "licence-names-no-file"


# ---- step 8


def confirmed(bundle, confirm):
    return verify(bundle, keyring=GOLDEN_KEYS, now=golden.NOW, supplied=Supplied(confirm=confirm))


def test_the_ledger_is_asked_for_every_root(certificate):
    asked = []
    bundle = golden.bundled()
    bundle["receipts"] *= 2

    def confirm(receipt):
        asked.append(receipt.root.hex())
        return NOW - timedelta(days=len(asked))

    result = confirmed(bundle, confirm)
    assert asked == [bundle["receipts"][0]["root"][2:]] * 2
    assert result.anchored_since == NOW - timedelta(days=2)
    assert result.steps[7].finding == "receipts-confirmed"


def test_a_root_that_the_ledger_does_not_hold():
    def confirm(receipt):
        raise ReceiptMismatch("no such root", hint="ask another node")

    with pytest.raises(ReceiptMismatch, match="no such root") as caught:
        confirmed(golden.bundled(), confirm)
    assert (caught.value.step, caught.value.hint) == (8, "ask another node")


def test_a_node_that_does_not_answer_is_no_verdict():
    def confirm(receipt):
        raise Unavailable("the node is down")

    with pytest.raises(Unavailable):
        confirmed(golden.bundled(), confirm)


def test_the_ledger_is_not_asked_about_a_broken_path():
    bundle = golden.bundled()
    bundle["receipts"][0]["path"].pop()
    with pytest.raises(ReceiptMismatch, match="does not lead"):
        confirmed(bundle, lambda receipt: pytest.fail("asked"))


def test_a_bundle_without_receipts_is_a_certificate(certificate, trusted):
    bundle = {"type": "ProvenanceBundle", "certificate": certificate, "receipts": []}
    assert verify(bundle, keyring=trusted, now=NOW).steps[7].outcome is Outcome.SKIPPED


@pytest.mark.parametrize("bad", [None, [], "text", {}])
def test_bundles_without_a_certificate(bad, trusted):
    with pytest.raises(VerificationError) as caught:
        verify({"type": "ProvenanceBundle", "certificate": bad, "receipts": []}, keyring=trusted, now=NOW)
    assert caught.value.step == 2


# ---- step 9


def supplied(document=None, **things):
    return verify(document or golden.certificate(), keyring=GOLDEN_KEYS, now=golden.NOW, supplied=Supplied(**things))


def test_the_manifest_store_is_compared_with_the_link():
    assert supplied(manifest=golden.MANIFEST).steps[8].finding == "manifest-linked"
    with pytest.raises(ManifestMismatch, match=golden.MANIFEST_ID):
        supplied(manifest=b"")
    assert supplied(golden.certificate_1_0(), manifest=b"").steps[8].finding == "no-manifest-link"


def test_sha384_links_are_read_too():
    digest = base64.b64encode(hashlib.sha384(golden.MANIFEST).digest()).decode()
    document = golden.resigned(golden.put("relatedResource", 0, "digestSRI", to=f"sha384-{digest}"))
    assert supplied(document, manifest=golden.MANIFEST).steps[8].outcome is Outcome.PASSED
    with pytest.raises(ManifestMismatch):
        supplied(document, manifest=b"another")


# ---- step 10


def with_log_proof(text="c2sp.org/tlog-proof@v1\nindex 7\n"):
    return golden.bundled() | {"logProof": text}


def test_the_log_is_asked_about_the_hash_of_the_certificate():
    asked = []

    def check(*question):
        asked.append(question)
        return LogFinding("art.example/log", 7, 12)

    result = supplied(with_log_proof(), check_log=check)
    assert asked == [("c2sp.org/tlog-proof@v1\nindex 7\n", certificate_hash(golden.certificate()), golden.NOW)]
    assert result.log == LogFinding("art.example/log", 7, 12)
    assert "entry 7 of the log art.example/log" in result.steps[9].text()


def test_a_log_that_denies_it_is_a_refusal():
    def check(*_):
        raise LogRootMismatch("another root")

    with pytest.raises(LogRootMismatch) as caught:
        supplied(with_log_proof(), check_log=check)
    assert caught.value.step == 10


def test_without_a_proof_or_without_a_log_key_the_log_is_skipped():
    assert supplied(with_log_proof()).steps[9].finding == "log-not-checked"
    assert supplied(check_log=lambda *_: pytest.fail("asked")).steps[9].finding == "no-log-proof"


@pytest.mark.parametrize("text", ["", "x" * 40_000, "caf\u00e9", "a\x00b"])
def test_a_log_proof_is_a_short_plain_text(text):
    with pytest.raises(VerificationError) as caught:
        supplied(with_log_proof(text))
    assert caught.value.step == 2


# ---- step 11


def lists(*documents):
    return [json.dumps(document).encode() for document in documents]


def test_both_lists_clear_it():
    clear = supplied(status_lists=lists(*standing.valid_lists().values()))
    assert clear.steps[10].text() == (
        "The issuer's status lists of 2026-11-21T20:00:00Z do not mark it for revocation, suspension."
    )


def test_one_list_says_what_it_was_asked():
    only = supplied(status_lists=lists(standing.status_list(StatusPurpose.SUSPENSION)))
    assert only.steps[10].values["purposes"] == "suspension"


def test_revocation_counts_over_suspension():
    marked = [standing.status_list(purpose, (standing.POSITION,)) for purpose in reversed(StatusPurpose)]
    with pytest.raises(Revoked):
        supplied(status_lists=lists(*marked))


def test_one_unusable_list_is_not_passed_over():
    """It might be the one that says "revoked"."""
    stale = standing.status_list(start=golden.NOW - timedelta(days=9))
    with pytest.raises(InvalidStatusList, match="not now"):
        supplied(status_lists=lists(standing.status_list(StatusPurpose.SUSPENSION), stale))


def test_the_issuer_asks_its_own_register():
    against = {golden.certificate()["id"]: StatusPurpose.SUSPENSION}
    with pytest.raises(Suspended) as caught:
        supplied(register=against.get)
    assert caught.value.step == 11
    assert supplied(golden.licence(), register=against.get).steps[10].finding == "status-register"
    assert supplied(golden.certificate_1_0(), register={}.get).steps[10].outcome is Outcome.PASSED


def test_a_licence_is_taken_back_in_its_own_place():
    marked = lists(standing.status_list(marked=(standing.POSITION + 1,)))
    assert supplied(status_lists=marked)
    with pytest.raises(Revoked):
        supplied(golden.licence(), status_lists=marked)
