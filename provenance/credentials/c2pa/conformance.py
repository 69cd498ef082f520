"""The rules of C2PA 2.4 that a definition of ours could break, checked before signing.

They are those of the conformance programme's rubric 0.2 for specification 2.4 that concern what a claim generator
writes, with CAWG's "Training and data mining" 1.1 and "Metadata" 1.2. The builder itself checks few of them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from provenance.core.errors import InvalidRequest
from provenance.credentials.vocabulary import check_digital_source_type

_ASSERTIONS: Final = frozenset((
    "c2pa.actions.v2", "c2pa.soft-binding", "c2pa.ai-disclosure", "c2pa.time-stamp",
    "cawg.training-mining", "cawg.metadata",
))  # fmt: skip
_DEPRECATED_ACTIONS: Final = frozenset(
    "c2pa." + name
    for name in (
        "copied", "formatted", "version_updated", "printed", "managed", "produced", "saved", "color_adjustments",
        "watermarked",
    )
)  # fmt: skip
_NOT_PERCEPTIBLE: Final = frozenset(
    "c2pa." + name
    for name in (
        "converted", "edited.metadata", "enhanced", "opened", "placed", "published", "redacted", "repackaged",
        "resized.proportional", "transcoded", "watermarked.bound", "watermarked.unbound",
    )
)  # fmt: skip
_UPDATE_ACTIONS: Final = frozenset(("c2pa.edited.metadata", "c2pa.opened", "c2pa.published", "c2pa.redacted"))
_RELATIONSHIPS: Final = frozenset(("parentOf", "componentOf", "inputTo"))
_PARAMETERS: Final = frozenset(("ingredientIds", "redacted", "relatedAssertions", "sourceLanguage", "targetLanguage"))
_MODEL_KIND: Final = re.compile(r"c2pa\.types\.model(\.[a-z0-9]+)*")
_OVERSIGHT: Final = re.compile(r"[a-z]+(_[a-z]+)*")
_ALGORITHM: Final = re.compile(r"[A-Za-z0-9]+([.-][A-Za-z0-9-]+)+")
_MAX_BINDING: Final = 1024
_MINING: Final = frozenset(
    f"cawg.{use}" for use in ("data_mining", "ai_inference", "ai_training", "ai_generative_training")
)
_USES: Final = frozenset(("allowed", "notAllowed", "constrained"))
_MAX_TITLE: Final = 500

Json = Mapping[str, Any]


def check(manifest: Json, files: Sequence[Json] = ()) -> None:
    """Raises InvalidRequest with the first rule that a standard manifest breaks.

    `manifest` is a builder's definition, `files` the ingredients that are added to it with their files.
    """
    _check_frame(manifest)
    ingredients = [*manifest.get("ingredients", ()), *files]
    for ingredient in ingredients:
        _check_ingredient(ingredient)
    if sum(ingredient["relationship"] == "parentOf" for ingredient in ingredients) > 1:
        _refuse("a file has one parent")
    actions = _actions(manifest)
    _check_actions(actions, {ingredient["label"] for ingredient in ingredients})
    bound = any(action["action"] == "c2pa.watermarked.bound" for action in actions)
    if bound and not _data(manifest, "c2pa.soft-binding"):
        _refuse("a bound watermark is described by a soft binding in the same manifest")


def check_update(manifest: Json) -> None:
    """Raises InvalidRequest with the first rule that an update manifest breaks."""
    _check_frame(manifest)
    for action in _actions(manifest):
        if action["action"] not in _UPDATE_ACTIONS:
            _refuse(f"{action['action']} would change the file; an update manifest only changes what is said about it")
    if _data(manifest, "c2pa.soft-binding"):
        _refuse("an update manifest binds no content")


def _check_frame(manifest: Json) -> None:
    """What every manifest has: a generator with the version of the specification, known assertions, a title."""
    title = manifest.get("title")
    if not isinstance(title, str) or not 0 < len(title) <= _MAX_TITLE:
        _refuse(f"a title has 1 to {_MAX_TITLE} characters")
    generators = manifest.get("claim_generator_info", ())
    if len(generators) != 1 or not generators[0].get("name") or not generators[0].get("specVersion"):
        _refuse("one claim generator names itself and the specification's version")
    for assertion in manifest["assertions"]:
        if assertion["label"] not in _ASSERTIONS:
            _refuse(f"the assertion {assertion['label']!r} is deprecated, or none that is written here")
    for data in _data(manifest, "c2pa.soft-binding"):
        _check_soft_binding(data)
    for data in _data(manifest, "c2pa.ai-disclosure"):
        _check_disclosure(data)
    for data in _data(manifest, "cawg.training-mining"):
        _check_mining(data["entries"])
    for data in _data(manifest, "cawg.metadata"):
        _check_metadata(data)


def _check_actions(actions: Sequence[Json], ingredients: set[str]) -> None:
    if not actions or actions[0]["action"] not in ("c2pa.created", "c2pa.opened"):
        _refuse("the first action is c2pa.created or c2pa.opened")
    for action in actions[1:]:
        if action["action"] in ("c2pa.created", "c2pa.opened"):
            _refuse(f"{action['action']} is the first action or none")
    for action in actions:
        _check_action(action, ingredients)


def _check_action(action: Json, ingredients: set[str]) -> None:
    name, source = action["action"], action.get("digitalSourceType")
    if name in _DEPRECATED_ACTIONS:
        _refuse(f"the action {name} is deprecated")
    if source is not None:
        if name == "c2pa.opened":
            _refuse("c2pa.opened has no digital source type")
        check_digital_source_type(source)
    elif name.startswith("c2pa.") and name not in _NOT_PERCEPTIBLE:
        _refuse(f"the action {name} needs a digital source type")
    parameters = action.get("parameters", {})
    for parameter in parameters:
        if parameter not in _PARAMETERS and "." not in parameter:
            _refuse(f"the parameter {parameter!r} is not C2PA's, and has no namespace")
    named = parameters.get("ingredientIds", ())
    if name == "c2pa.opened" and len(named) != 1:
        _refuse("c2pa.opened names the one ingredient that was opened")
    if not set(named) <= ingredients:
        _refuse(f"the action {name} names an ingredient that is not there")


def _check_ingredient(ingredient: Json) -> None:
    if ingredient.get("relationship") not in _RELATIONSHIPS:
        _refuse(f"{ingredient.get('relationship')!r} is no relationship of an ingredient")
    if not ingredient.get("title"):
        _refuse("an ingredient has a title")


def _check_soft_binding(data: Json) -> None:
    if not _ALGORITHM.fullmatch(data["alg"]):
        _refuse(f"{data['alg'][:80]!r} is not the dotted name of a soft-binding algorithm")
    if not data["blocks"] or not all(0 < len(block["value"]) <= _MAX_BINDING for block in data["blocks"]):
        _refuse(f"a soft binding's value has 1 to {_MAX_BINDING} bytes")


def _check_disclosure(data: Json) -> None:
    if not _MODEL_KIND.fullmatch(data["modelType"]):
        _refuse(f"{data['modelType'][:80]!r} is not one of C2PA's model types, such as c2pa.types.model.pytorch")
    level = data.get("contentProfile", {}).get("humanOversightLevel")
    if level is not None and not _OVERSIGHT.fullmatch(level):
        _refuse(f"{level[:80]!r} is not a level of human oversight, such as prompt_guided")


def _check_mining(entries: Mapping[str, Mapping[str, str]]) -> None:
    """The field is `constraint_info`, as in the specification's CDDL; its prose has another spelling."""
    for key, entry in entries.items():
        if key not in _MINING:
            _refuse(f"{key[:80]!r} is not a use that cawg.training-mining knows")
        if entry.get("use") not in _USES or not set(entry) <= {"use", "constraint_info"}:
            _refuse(f"{key} is allowed, notAllowed or constrained, and says no more than its constraint_info")
        if ("constraint_info" in entry) != (entry["use"] == "constrained"):
            _refuse(f"{key}: constraint_info belongs to what is constrained, and to nothing else")


def _check_metadata(data: Json) -> None:
    context = data.get("@context")
    if not isinstance(context, Mapping):
        _refuse("cawg.metadata is JSON-LD: it names its prefixes in @context")
    for key in data:
        if key != "@context" and key.partition(":")[0] not in context:
            _refuse(f"the prefix of {key[:80]!r} is not in cawg.metadata's @context")


def _actions(manifest: Json) -> list[Json]:
    """Those of all actions assertions. Each says whether it holds every action."""
    actions = []
    for data in _data(manifest, "c2pa.actions.v2"):
        if not isinstance(data.get("allActionsIncluded"), bool):
            _refuse("an actions assertion says whether it holds every action")
        actions += data["actions"]
    return actions


def _data(manifest: Json, label: str) -> list[Any]:
    return [assertion["data"] for assertion in manifest["assertions"] if assertion["label"] == label]


def _refuse(rule: str) -> NoReturn:
    raise InvalidRequest(f"the manifest would break a rule of C2PA: {rule}")
