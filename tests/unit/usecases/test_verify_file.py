"""What a reader's report amounts to: steps, the first failure, and words in two languages."""

import string
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance.core import errors
from provenance.core.manifests import ManifestReport, ManifestSignature, ManifestState, SoftBinding
from provenance.credentials import Outcome
from provenance.credentials.file_messages import FILE_FINDINGS, FILE_STEPS
from provenance.credentials.labels import UsagePolicy, training_mining_entries, xmp_properties
from provenance.credentials.messages import FINDINGS, STEPS
from provenance.usecases import verify_file
from provenance.usecases.verify_file import Asked, judge_file, unreadable

ID = "urn:c2pa:5f0c1b6e-2f3a-4d59-9b0e-6d1f6a7b8c9d"
OLD = "urn:c2pa:00000000-2f3a-4d59-9b0e-6d1f6a7b8c9d"
GOOD = (
    "signingCredential.ocsp.notRevoked",
    "timeStamp.validated",
    "timeStamp.trusted",
    "signingCredential.trusted",
    "claimSignature.validated",
    "assertion.dataHash.match",
)
STAMPED = ("timeStamp.validated", "timeStamp.trusted")
BINDING = SoftBinding("art.provenance.lattice.3", bytes(8))
ROOTS = Asked(anchors=True, stamp_anchors=True)


def report(state=ManifestState.TRUSTED, success=GOOD, failure=(), notes=(), **changes) -> ManifestReport:
    made = ManifestReport(
        manifest_id=ID,
        state=state,
        success=success,
        failure=failure,
        notes=notes,
        signature=ManifestSignature("Signer", "Studio", "CA", "ES256", datetime(2026, 3, 1, tzinfo=UTC)),
        title="t",
        claim_generator="g",
        actions=(),
        soft_bindings=(BINDING,),
        ingredients=(),
        is_embedded=True,
        is_update=False,
        content_differs=any(code.endswith("Hash.mismatch") for code in failure),
        crjson={"manifests": [{"label": ID, "assertions": {}}]},
    )
    return replace(made, **changes)


def invalid(*failure: str, **changes) -> ManifestReport:
    return report(ManifestState.INVALID, failure=failure, **changes)


def without(*codes: str) -> tuple[str, ...]:
    return tuple(code for code in GOOD if code not in codes)


def findings(steps) -> dict[str, str]:
    return {step.code: step.finding for step in steps}


def test_a_trusted_file_takes_ten_numbered_steps():
    steps = judge_file(report(), ROOTS, first=12)
    assert [step.number for step in steps] == list(range(12, 22))
    assert [step.code for step in steps] == list(FILE_STEPS)
    assert {step.outcome for step in steps} == {Outcome.PASSED, Outcome.SKIPPED}
    assert steps[4].text() == "An authority that you trust saw the signature at 2026-03-01T00:00:00Z."


@pytest.mark.parametrize(
    ("failure", "error", "step"),
    [
        ("assertion.hashedURI.mismatch", errors.ManifestAltered, 2),
        ("assertion.missing", errors.ManifestAltered, 2),
        ("assertion.undeclared", errors.ManifestAltered, 2),
        ("claim.malformed", errors.MalformedManifest, 2),
        ("assertion.action.malformed", errors.MalformedManifest, 2),
        ("something.new", errors.MalformedManifest, 2),
        ("claimSignature.mismatch", errors.InvalidSignature, 3),
        ("claimSignature.missing", errors.InvalidSignature, 3),
        ("claimSignature.outsideValidity", errors.Expired, 3),
        ("signingCredential.expired", errors.Expired, 3),
        ("signingCredential.invalid", errors.UntrustedSigner, 4),
        ("timeStamp.mismatch", errors.InvalidTimestamp, 5),
        ("signingCredential.ocsp.revoked", errors.Revoked, 6),
        ("assertion.dataHash.mismatch", errors.ContentMismatch, 7),
        ("assertion.bmffHash.mismatch", errors.ContentMismatch, 7),
    ],
)
def test_each_status_code_is_a_failure_of_its_own_step(failure, error, step):
    with pytest.raises(error) as caught:
        judge_file(invalid(failure, success=without(*STAMPED) if failure.startswith("timeStamp.") else GOOD), ROOTS)
    assert type(caught.value) is error
    assert caught.value.step == step
    assert len(caught.value.trail) == 10
    assert [one.number for one in caught.value.trail if one.outcome is Outcome.FAILED] == [step]


def test_an_invalid_state_without_a_reason_is_refused_all_the_same():
    with pytest.raises(errors.MalformedManifest):
        judge_file(invalid(), ROOTS)


def test_the_first_failure_is_told_and_trust_comes_last():
    doubtful = invalid(
        "signingCredential.untrusted", "assertion.dataHash.mismatch", success=without("signingCredential.trusted")
    )
    with pytest.raises(errors.ContentMismatch) as caught:
        judge_file(doubtful, ROOTS)
    assert [step.code for step in caught.value.trail if step.outcome is Outcome.FAILED] == ["trust", "bytes"]


def test_nobody_named_is_no_failure_a_stranger_is():
    unknown = report(
        ManifestState.VALID, success=without("signingCredential.trusted"), failure=("signingCredential.untrusted",)
    )
    assert findings(judge_file(unknown, Asked()))["trust"] == "file-nobody-named"
    with pytest.raises(errors.UntrustedSigner):
        judge_file(unknown, Asked(anchors=True))


@pytest.mark.parametrize(
    ("success", "notes", "named", "said"),
    [
        (("timeStamp.validated", "timeStamp.trusted"), (), True, "file-stamp-trusted"),
        ((), (), True, "file-no-stamp"),
        (("timeStamp.validated",), ("timeStamp.untrusted",), False, "file-stamp-unknown"),
        (("timeStamp.validated",), ("timeStamp.untrusted",), True, "file-stamp-untrusted"),
        ((), ("timeStamp.mismatch",), False, "file-stamp-invalid"),
        ((), ("timeStamp.malformed",), False, "file-stamp-invalid"),
        ((), ("timeStamp.untrusted",), False, "file-stamp-invalid"),  # its own signature does not hold
    ],
)
def test_what_c2pa_only_notes_about_time_stamps_counts(success, notes, named, said):
    told = report(success=without(*STAMPED) + success, notes=notes)
    try:
        found = findings(judge_file(told, Asked(anchors=True, stamp_anchors=named)))["stamp"]
    except errors.InvalidTimestamp as error:
        found = error.finding
    assert found == said


def test_equal_pixels_excuse_other_bytes():
    moved = invalid("assertion.dataHash.mismatch")
    assert findings(judge_file(moved, Asked(same_pixels=True)))["bytes"] == "file-same-pixels"


def labelled(properties) -> tuple[ManifestReport, Asked]:
    assertion = {"cawg.training-mining": {"entries": training_mining_entries(UsagePolicy())}}
    return report(crjson={"manifests": [{"label": ID, "assertions": assertion}]}), Asked(xmp=properties)


def test_labels_that_agree_and_labels_that_do_not():
    agreeing, asked = labelled(xmp_properties(UsagePolicy()))
    assert findings(judge_file(agreeing, asked))["labels"] == "file-labels-agree"
    allowing, asked = labelled({"plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"})
    with pytest.raises(errors.ContradictoryLabels) as caught:
        judge_file(allowing, asked)
    assert caught.value.step == 9


@pytest.mark.parametrize("assertion", [None, [], {}, {"entries": 5}, {"entries": {"cawg.ai_training": "x"}}])
def test_labels_of_any_form_do_not_break_it(assertion):
    odd = report(crjson={"manifests": [{"label": ID, "assertions": {"cawg.training-mining": assertion}}]})
    assert findings(judge_file(odd, Asked()))["labels"] in ("file-labels-unread", "file-no-labels")


def certificate(linked=ID, value="AAAAAAAAAAA="):
    subject = {"softBindings": [{"alg": BINDING.alg, "value": value}, {"alg": "other", "value": "AA=="}]}
    return {"relatedResource": [{"id": linked}], "credentialSubject": subject}


def test_certificate_manifest_and_file_name_each_other():
    assert findings(judge_file(report(), Asked(certificate=certificate())))["names"] == "file-names-agree"
    updated = Asked(certificate=certificate(OLD), history=[OLD, ID])
    assert findings(judge_file(report(), updated))["names"] == "file-names-updated"


@pytest.mark.parametrize("wrong", [certificate(OLD), certificate(value="AAAAAAAAAAE="), {"credentialSubject": {}}])
def test_a_certificate_of_another_file_is_refused(wrong):
    with pytest.raises(errors.ManifestMismatch) as caught:
        judge_file(report(), Asked(certificate=wrong))
    assert caught.value.step == 10


def test_what_can_not_be_read_is_the_first_step():
    refused = unreadable(errors.TooLarge("it has too many bytes", hint="send less"))
    assert (type(refused), refused.step, refused.hint) == (errors.MalformedManifest, 1, "send less")
    assert refused.trail[0].outcome is Outcome.FAILED
    taken_out = unreadable(errors.MalformedManifest("the C2PA manifest can't be read: AssertionNotFound: "))
    assert type(taken_out) is errors.ManifestAltered


# ---- the catalogue


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("finding", sorted(FILE_FINDINGS))
def test_both_languages_say_the_same_values(finding):
    english, chinese = FILE_FINDINGS[finding]
    assert fields(english) == fields(chinese)
    assert english.isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


def test_the_two_catalogues_do_not_overlap_and_every_finding_is_used():
    assert not set(FILE_FINDINGS) & set(FINDINGS)
    assert not set(FILE_STEPS) & set(STEPS)
    source = Path(verify_file.__file__).read_text("utf-8")
    unused = {name for name in FILE_FINDINGS if f'"{name}"' not in source}
    assert unused == {"file-manifest-inside", "file-manifest-beside"}  # chosen by a formatted name
    assert list(FILE_STEPS) == list(verify_file._STEPS)
