"""crJSON of strangers as a report. What c2pa-rs writes itself is read in tests/unit/adapters/c2pa."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import MalformedManifest
from provenance.core.manifests import ManifestState, SoftBinding
from provenance.credentials.c2pa.report import Verdict, report

VERDICT = Verdict("urn:c2pa:1", ManifestState.VALID, True)


def read(verdict=VERDICT, **manifest):
    return report({"manifests": [{"label": "urn:c2pa:1"} | manifest]}, verdict, None)


def status(*codes):
    return [{"code": code} for code in codes]


def test_an_empty_manifest_has_nothing_to_say():
    found = read()

    assert (found.manifest_id, found.state, found.actions, found.soft_bindings) == ("urn:c2pa:1", "Valid", (), ())
    assert (found.title, found.signature.name, found.signature.time) == (None, None, None)


def test_the_active_manifest_must_be_there():
    with pytest.raises(MalformedManifest):
        report({"manifests": [{"label": "urn:c2pa:2"}, "junk"]}, VERDICT, None)
    with pytest.raises(MalformedManifest):
        report({}, VERDICT, None)


def test_codes_stand_once_and_ingredients_failures_count():
    deltas = [{"validationDeltas": {"failure": status("claimSignature.mismatch"), "success": status("other")}}]
    found = read(validationResults={
        "success": status("a", "b", "a"), "failure": status("assertion.dataHash.mismatch"),
        "informational": status("c"), "ingredientDeltas": deltas,
    })  # fmt: skip

    assert (found.success, found.notes) == (("a", "b"), ("c",))
    assert found.failure == ("assertion.dataHash.mismatch", "claimSignature.mismatch")
    assert found.content_differs


@pytest.mark.parametrize("kind", ["dataHash", "boxesHash", "bmffHash"])
def test_each_kind_of_hash_can_differ(kind):
    assert read(validationResults={"failure": status(f"assertion.{kind}.mismatch")}).content_differs
    assert not read(validationResults={"failure": status("claimSignature.mismatch")}).content_differs


@pytest.mark.parametrize("value", ["b64'AQID'", "AQID", [1, 2, 3]])
def test_soft_bindings_however_they_were_written(value):
    data = {"alg": "a.b", "blocks": [{"value": value}]}

    assert read(assertions={"c2pa.soft-binding__1": data}).soft_bindings == (SoftBinding("a.b", b"\x01\x02\x03"),)


@pytest.mark.parametrize("value", ["2*0101", "b64'!'", [1, 256], [True], [1.0], 7, None, "", {}])
def test_values_that_are_no_bytes_are_left_out(value):
    data = {"alg": "a.b", "blocks": [{"value": value}]}

    assert read(assertions={"c2pa.soft-binding": data}).soft_bindings == ()


def test_ingredients_of_all_versions():
    link = {"url": "self#jumbf=/c2pa/urn:c2pa:0/c2pa.signature"}
    results = {"activeManifest": {"success": status("signingCredential.trusted"), "failure": []}}
    found = read(assertions={
        "c2pa.ingredient.v3": {"dc:title": "new", "relationship": "parentOf", "activeManifest": link,
                               "validationResults": results},
        "c2pa.ingredient": {"dc:title": "old", "relationship": "componentOf", "c2pa_manifest": link},
        "c2pa.ingredient.v3__1": {"relationship": "inputTo"},
    }).ingredients  # fmt: skip

    assert [(item.title, item.manifest_id, item.state) for item in found] == [
        ("new", "urn:c2pa:0", ManifestState.TRUSTED),
        (None, None, None),
        ("old", "urn:c2pa:0", None),
    ]


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        ([], ManifestState.VALID),
        (["signingCredential.untrusted"], ManifestState.VALID),
        (["signingCredential.untrusted", "assertion.dataHash.mismatch"], ManifestState.INVALID),
    ],
)
def test_what_was_recorded_about_an_ingredient(failure, state):
    data = {"relationship": "parentOf", "validationResults": {"activeManifest": {"failure": status(*failure), "x": 1}}}

    assert read(assertions={"c2pa.ingredient.v3": data}).ingredients[0].state is state


def test_generators_and_agents_old_and_new():
    assert read(claim={"claim_generator": "tool/1"}).claim_generator == "tool/1"
    listed = read(claim={"claim_generator_info": [{"name": "tool", "version": "2"}]})
    assert listed.claim_generator == "tool 2"
    action = {"action": "c2pa.edited", "softwareAgent": "tool 3"}
    assert read(assertions={"c2pa.actions": {"actions": [action]}}).actions[0].software == "tool 3"


@pytest.mark.parametrize("time", [7, "yesterday", "2026-11-22T02:48:20", ""])
def test_times_that_are_none(time):
    assert read(signature={"timeStampInfo": {"timestamp": time}}).signature.time is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
PARTS = ("claim.v2", "signature", "validationResults", "assertions")
LABELS = ("c2pa.actions.v2", "c2pa.soft-binding", "c2pa.ingredient.v3")


@given(st.dictionaries(st.sampled_from(PARTS), JSON), st.dictionaries(st.sampled_from(LABELS), JSON), JSON)
def test_anything_can_stand_anywhere(parts, assertions, inner):
    read(**parts)
    read(assertions=assertions)
    read(assertions={"c2pa.actions.v2": {"actions": [inner]}, "c2pa.soft-binding": {"alg": "a", "blocks": [inner]}})
    read(validationResults={"failure": [inner], "ingredientDeltas": [inner]}, signature={"certificateInfo": inner})
