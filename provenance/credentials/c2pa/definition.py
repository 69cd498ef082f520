"""A statement as the manifest definition that c2pa-rs's builder reads (C2PA 2.4).

The result is checked by `conformance` before anybody signs it: the builder accepts almost any string.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from provenance.core.errors import InvalidRequest
from provenance.core.manifests import ManifestStatement, ManifestUpdate, Model, SoftBinding, Software, SourceFile
from provenance.credentials import times
from provenance.credentials.c2pa import conformance
from provenance.credentials.c2pa.reseal import Substitution, stand_in

SPEC_VERSION: Final = "2.4.0"
PROMPT: Final = "prompt"
MODEL: Final = "model"
PARENT: Final = "parent"
_PROMPT_FILE: Final = "prompt.txt"
_SOFT_BINDING: Final = "c2pa.soft-binding"
_TIME_STAMP: Final = "c2pa.time-stamp"
_MAX_THUMBNAIL: Final = 1024

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """`manifest` is the builder's JSON; `files` the ingredients that come with a file, their JSON beside them;
    `resources` bytes that the JSON names; `substitutions` what `reseal` puts in place of text."""

    manifest: Json
    files: tuple[tuple[Json, SourceFile], ...] = ()
    resources: Mapping[str, bytes] = field(default_factory=dict)
    substitutions: tuple[Substitution, ...] = ()


def standard(statement: ManifestStatement) -> Definition:
    """The definition of a new manifest. Raises InvalidRequest for what C2PA 2.4 or its vocabularies don't allow."""
    if statement.thumbnail_edge is not None and not 16 <= statement.thumbnail_edge <= _MAX_THUMBNAIL:
        raise InvalidRequest(f"a thumbnail's longer side is 16 to {_MAX_THUMBNAIL} pixels")
    actions = [_first_action(statement)]
    actions += [_placed(index) for index in range(len(statement.components))]
    if statement.watermarked_with is not None:
        agent = _agent(statement.watermarked_with)
        actions.append({"action": "c2pa.watermarked.bound", "softwareAgent": agent})
    assertions = [_actions(actions), *map(_soft_binding, statement.soft_bindings)]
    if statement.model is not None:
        assertions.append(_disclosure(statement.model))
    assertions += _rights(statement)
    inputs, resources = _inputs(statement)
    definition = Definition(
        manifest=_manifest(statement, assertions) | {"ingredients": inputs},
        files=tuple(_files(statement)),
        resources=resources,
        substitutions=_soft_binding_bytes(statement.soft_bindings),
    )
    conformance.check(definition.manifest, [ingredient for ingredient, _ in definition.files])
    return definition


def update(change: ManifestUpdate, stamp: tuple[str, bytes] | None = None) -> Definition:
    """The definition of an update manifest; its parent is the file itself. Raises InvalidRequest.

    `stamp` is a manifest's id and the DER TimeStampToken over its signature.
    """
    actions: list[Json] = [{"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}]
    if change.usage or change.metadata:
        actions.append({"action": "c2pa.edited.metadata"})
    if change.published:
        actions.append({"action": "c2pa.published"})
    if len(actions) == 1 and stamp is None:
        raise InvalidRequest("the update changes nothing")
    for action in actions:
        action["when"] = _when(change.when)
    assertions = [_actions(actions), *_rights(change)]
    substitutions = []
    if stamp is not None:
        manifest_id, token = stamp
        data = {manifest_id: stand_in(token)}
        assertions.append({"label": _TIME_STAMP, "created": True, "data": data})
        substitutions.append(Substitution(_TIME_STAMP, manifest_id, token))
    manifest = _manifest(change, assertions)
    conformance.check_update(manifest)
    return Definition(manifest, substitutions=tuple(substitutions))


def _manifest(source: ManifestStatement | ManifestUpdate, assertions: Sequence[Json]) -> Json:
    return {
        "claim_version": 2,
        "title": source.title,
        "claim_generator_info": [_agent(source.generator) | {"specVersion": SPEC_VERSION}],
        "assertions": list(assertions),
    }


def _when(moment: datetime) -> str:
    try:
        return times.written(moment)
    except ValueError as error:
        raise InvalidRequest(f"the manifest's time: {error}") from error


def _agent(software: Software) -> Json:
    return {"name": software.name} | ({"version": software.version} if software.version else {})


def _actions(actions: Sequence[Json]) -> Json:
    data = {"allActionsIncluded": True, "actions": list(actions)}
    return {"label": "c2pa.actions.v2", "created": True, "data": data}


def _first_action(statement: ManifestStatement) -> Json:
    """`c2pa.created` with its digital source type, or `c2pa.opened` with its one parent and without."""
    action: Json = {"when": _when(statement.when)}
    if statement.made_with is not None:
        action["softwareAgent"] = _agent(statement.made_with)
    if statement.parent is not None:
        if statement.digital_source_type is not None:
            raise InvalidRequest("what was opened keeps the source type that its own manifest gives it")
        return {"action": "c2pa.opened", **action, "parameters": {"ingredientIds": [PARENT]}}
    if statement.digital_source_type is None:
        raise InvalidRequest("a created work says how it was made: its digital source type is missing")
    action["digitalSourceType"] = statement.digital_source_type
    inputs = [name for name, given in ((PROMPT, statement.prompt), (MODEL, statement.model)) if given is not None]
    if inputs:
        action["parameters"] = {"ingredientIds": inputs}
    return {"action": "c2pa.created", **action}


def _placed(index: int) -> Json:
    return {"action": "c2pa.placed", "parameters": {"ingredientIds": [_component(index)]}}


def _component(index: int) -> str:
    return f"component-{index}"


def _soft_binding(binding: SoftBinding) -> Json:
    block = {"scope": {}, "value": stand_in(binding.value)}
    data = {"alg": binding.alg, "pad": stand_in(b""), "blocks": [block]}
    return {"label": _SOFT_BINDING, "created": True, "data": data}


def _soft_binding_bytes(bindings: Sequence[SoftBinding]) -> tuple[Substitution, ...]:
    found = []
    for index, binding in enumerate(bindings):
        label = f"{_SOFT_BINDING}__{index}" if index else _SOFT_BINDING  # C2PA 2.4, "Multiple instances"
        found += [Substitution(label, "value", binding.value), Substitution(label, "pad", b"")]
    return tuple(found)


def _disclosure(model: Model) -> Json:
    data: Json = {"modelType": model.kind, "modelName": model.name}
    if model.identifier:
        data["modelIdentifier"] = model.identifier
    if model.oversight:
        data["contentProfile"] = {"humanOversightLevel": model.oversight}
    return {"label": "c2pa.ai-disclosure", "created": True, "data": data}


def _rights(source: ManifestStatement | ManifestUpdate) -> list[Json]:
    """CAWG's assertions: gathered, because they repeat what the owner says."""
    assertions: list[Json] = []
    if source.usage:
        entries = {key: dict(entry) for key, entry in source.usage.items()}
        assertions.append({"label": "cawg.training-mining", "data": {"entries": entries}})
    if source.metadata:
        assertions.append({"label": "cawg.metadata", "kind": "Json", "data": dict(source.metadata)})
    return assertions


def _inputs(statement: ManifestStatement) -> tuple[list[Json], dict[str, bytes]]:
    """The ingredients that are no files: prompt and model."""
    inputs: list[Json] = []
    resources: dict[str, bytes] = {}
    if statement.prompt is not None:
        kinds = [{"type": "c2pa.types.generator.prompt"}]
        prompt: Json = {"title": PROMPT, "format": "text/plain", "relationship": "inputTo", "label": PROMPT}
        if statement.prompt.text is not None:
            prompt["data"] = {"format": "text/plain", "identifier": _PROMPT_FILE, "data_types": kinds}
            resources[_PROMPT_FILE] = statement.prompt.text.encode()
        inputs.append(prompt | {"data_types": kinds})
    if statement.model is not None:
        inputs.append(_model(statement.model))
    return inputs, resources


def _model(model: Model) -> Json:
    kind: Json = {"type": model.kind} | ({"version": model.version} if model.version else {})
    ingredient: Json = {
        "title": f"{model.name} {model.version}" if model.version else model.name,
        "format": "application/octet-stream",
        "relationship": "inputTo",
        "label": MODEL,
        "data_types": [{"type": "c2pa.types.generator"}, kind],
    }
    return ingredient | ({"informational_URI": model.url} if model.url else {})


def _files(statement: ManifestStatement) -> list[tuple[Json, SourceFile]]:
    files = [(PARENT, "parentOf", statement.parent)] if statement.parent is not None else []
    files += [(_component(index), "componentOf", item) for index, item in enumerate(statement.components)]
    return [({"title": item.title, "relationship": role, "label": label}, item) for label, role, item in files]
