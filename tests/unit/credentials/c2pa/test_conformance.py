"""Statements that would break a rule of C2PA 2.4 are refused before anything is signed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provenance.core.errors import InvalidRequest
from provenance.core.manifests import (
    ManifestStatement,
    ManifestUpdate,
    Model,
    Prompt,
    SoftBinding,
    Software,
    SourceFile,
)
from provenance.credentials.c2pa import conformance, definition
from provenance.credentials.c2pa.reseal import stand_in
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA

WHEN = datetime(2026, 11, 21, 20, tzinfo=UTC)
MARK = SoftBinding("art.provenance.lattice.1", bytes(range(8)))
STATEMENT = ManifestStatement(
    title="Sunset",
    when=WHEN,
    generator=Software("Provenance", "1.0"),
    digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
    watermarked_with=Software("lattice"),
    soft_bindings=(MARK, SoftBinding("io.iscc.v0", bytes(102))),
)
PARENT = SourceFile(b"a file", "image/png", "first.png")
UPDATE = ManifestUpdate("Sunset", WHEN, Software("Provenance"), published=True)


def assertion(made, label, place=0):
    return [item for item in made.manifest["assertions"] if item["label"] == label][place]


def test_the_definition_of_a_created_work():
    made = definition.standard(STATEMENT)

    actions = assertion(made, "c2pa.actions.v2")
    assert (actions["created"], actions["data"]["allActionsIncluded"]) == (True, True)
    assert actions["data"]["actions"] == [
        {"action": "c2pa.created", "when": "2026-11-21T20:00:00Z", "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA},
        {"action": "c2pa.watermarked.bound", "softwareAgent": {"name": "lattice"}},
    ]
    assert made.manifest["claim_version"] == 2
    assert made.manifest["claim_generator_info"] == [{"name": "Provenance", "version": "1.0", "specVersion": "2.4.0"}]


def test_soft_bindings_wait_as_text_of_their_length():
    made = definition.standard(STATEMENT)

    assert assertion(made, "c2pa.soft-binding")["data"]["blocks"] == [{"scope": {}, "value": stand_in(MARK.value)}]
    values = [(item.label, len(item.value)) for item in made.substitutions if item.key == "value"]
    assert values == [("c2pa.soft-binding", 8), ("c2pa.soft-binding__1", 102)]


def test_inputs_are_named_by_the_action_and_a_prompts_text_is_a_resource():
    made = definition.standard(replace(STATEMENT, prompt=Prompt("a bird"), model=Model("SD", "3.5", url="https://m")))

    created = assertion(made, "c2pa.actions.v2")["data"]["actions"][0]
    assert created["parameters"] == {"ingredientIds": ["prompt", "model"]}
    assert dict(made.resources) == {"prompt.txt": b"a bird"}
    prompt, model = made.manifest["ingredients"]
    assert prompt["data"]["identifier"] == "prompt.txt"
    assert (model["title"], model["informational_URI"]) == ("SD 3.5", "https://m")
    assert assertion(made, "c2pa.ai-disclosure")["data"] == {"modelType": "c2pa.types.model", "modelName": "SD"}


def test_a_prompt_without_its_text_is_a_type_only():
    made = definition.standard(replace(STATEMENT, prompt=Prompt()))

    assert dict(made.resources) == {}
    (prompt,) = made.manifest["ingredients"]
    assert "data" not in prompt
    assert prompt["data_types"] == [{"type": "c2pa.types.generator.prompt"}]


def test_an_opened_work_has_a_parent_and_no_source_type():
    made = definition.standard(replace(STATEMENT, parent=PARENT, digital_source_type=None, made_with=Software("Edit")))

    opened = assertion(made, "c2pa.actions.v2")["data"]["actions"][0]
    assert opened["action"] == "c2pa.opened"
    assert opened["parameters"] == {"ingredientIds": ["parent"]}
    assert "digitalSourceType" not in opened
    assert made.files == (({"title": "first.png", "relationship": "parentOf", "label": "parent"}, PARENT),)


def test_an_update_says_what_changed():
    made = definition.update(replace(UPDATE, usage={"cawg.data_mining": {"use": "allowed"}}), ("urn:c2pa:1", b"token"))

    actions = assertion(made, "c2pa.actions.v2")["data"]["actions"]
    assert [item["action"] for item in actions] == ["c2pa.opened", "c2pa.edited.metadata", "c2pa.published"]
    assert assertion(made, "c2pa.time-stamp")["data"] == {"urn:c2pa:1": "*****"}
    assert [(item.label, item.key, item.value) for item in made.substitutions] == [
        ("c2pa.time-stamp", "urn:c2pa:1", b"token")
    ]


ENTRIES = "cawg.data_mining"
CONTEXT = {"dc": "http://purl.org/dc/elements/1.1/"}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"digital_source_type": None}, "source type is missing"),
        ({"digital_source_type": "http://example.org/made-up"}, "not a digital source type"),
        ({"parent": PARENT}, "keeps the source type"),
        ({"soft_bindings": ()}, "described by a soft binding"),
        ({"soft_bindings": (SoftBinding("no dots", b"1"),)}, "dotted name"),
        ({"soft_bindings": (SoftBinding("a.b", b""),)}, "1 to 1024 bytes"),
        ({"soft_bindings": (SoftBinding("a.b", bytes(1025)),)}, "1 to 1024 bytes"),
        ({"title": ""}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"when": datetime(2026, 1, 1)}, "time zone"),
        ({"generator": Software("")}, "claim generator"),
        ({"thumbnail_edge": 8}, "thumbnail"),
        ({"thumbnail_edge": 5_000}, "thumbnail"),
        ({"model": Model("SD", kind="a transformer")}, "model types"),
        ({"model": Model("SD", oversight="A lot")}, "human oversight"),
        ({"usage": {"cawg.painting": {"use": "allowed"}}}, "not a use"),
        ({"usage": {ENTRIES: {"use": "forbidden"}}}, "allowed, notAllowed or constrained"),
        ({"usage": {ENTRIES: {"use": "constrained"}}}, "constraint_info belongs"),
        ({"usage": {ENTRIES: {"use": "allowed", "constraint_info": "x"}}}, "constraint_info belongs"),
        ({"usage": {ENTRIES: {"use": "constrained", "constraints_info": "x"}}}, "says no more"),
        ({"metadata": {"dc:creator": "Ada"}}, "@context"),
        ({"metadata": {"@context": CONTEXT, "plus:DataMining": "x"}}, "prefix"),
        ({"components": (replace(PARENT, title=""),)}, "has a title"),
    ],
)
def test_a_bad_statement_is_refused(more, reason):
    with pytest.raises(InvalidRequest, match=reason):
        definition.standard(replace(STATEMENT, **more))


def created(**more):
    return {"action": "c2pa.created", "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA} | more


def manifest(*actions, assertions=(), ingredients=(), **more):
    data = {"actions": list(actions), "allActionsIncluded": True}
    return {
        "title": "x",
        "claim_generator_info": [{"name": "x", "specVersion": "2.4.0"}],
        "assertions": [{"label": "c2pa.actions.v2", "data": data}, *assertions],
        "ingredients": list(ingredients),
    } | more


PARENT_JSON = {"title": "p", "relationship": "parentOf", "label": "parent"}
OPENED = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}


@pytest.mark.parametrize(
    ("definition_", "reason"),
    [
        (manifest(), "first action"),
        (manifest({"action": "c2pa.edited"}), "first action"),
        (manifest(created(), created()), "first action or none"),
        (manifest(created(), {"action": "c2pa.cropped"}), "needs a digital source type"),
        (manifest(created(), {"action": "c2pa.watermarked"}), "deprecated"),
        (manifest(created(), {"action": "c2pa.saved"}), "deprecated"),
        (manifest(created(parameters={"prompt": "x"})), "no namespace"),
        (manifest(created(parameters={"ingredientIds": ["x"]})), "is not there"),
        (manifest({"action": "c2pa.opened"}), "the one ingredient"),
        (manifest(OPENED | created(action="c2pa.opened"), ingredients=[PARENT_JSON]), "no digital source type"),
        (manifest(created(), ingredients=[PARENT_JSON | {"relationship": "cousinOf"}]), "relationship"),
        (manifest(OPENED, ingredients=[PARENT_JSON, PARENT_JSON]), "one parent"),
        (manifest(created(), assertions=[{"label": "stds.exif", "data": {}}]), "deprecated, or none"),
        (manifest(created(), assertions=[{"label": "c2pa.actions", "data": {}}]), "deprecated, or none"),
        (manifest(created(), claim_generator_info=[{"name": "x"}]), "specification's version"),
        (manifest(created(), claim_generator_info=[]), "one claim generator"),
    ],
)
def test_a_bad_definition_is_refused(definition_, reason):
    with pytest.raises(InvalidRequest, match=reason):
        conformance.check(definition_)


def test_good_definitions_pass():
    conformance.check(manifest(created()))
    conformance.check(manifest(OPENED), [PARENT_JSON])
    conformance.check(manifest(created(), {"action": "org.example.dreamt"}))
    conformance.check_update(manifest(OPENED, {"action": "c2pa.published"}))


def test_an_actions_assertion_says_whether_it_is_complete():
    incomplete = manifest(created())
    del incomplete["assertions"][0]["data"]["allActionsIncluded"]

    with pytest.raises(InvalidRequest, match="every action"):
        conformance.check(incomplete)


def test_an_update_manifest_changes_no_content():
    binding = {"label": "c2pa.soft-binding", "data": {"alg": "a.b", "blocks": [{"value": "x"}]}}

    with pytest.raises(InvalidRequest, match="would change the file"):
        conformance.check_update(manifest(OPENED, {"action": "c2pa.cropped"}))
    with pytest.raises(InvalidRequest, match="binds no content"):
        conformance.check_update(manifest(OPENED, assertions=[binding]))
