"""crJSON, C2PA's report format, as a `ManifestReport`. Everything in it was written by strangers."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from provenance.core.errors import MalformedManifest
from provenance.core.manifests import (
    ManifestAction,
    ManifestIngredient,
    ManifestReport,
    ManifestSignature,
    ManifestState,
    SoftBinding,
)

MISMATCHES: Final = frozenset(f"assertion.{kind}.mismatch" for kind in ("dataHash", "boxesHash", "bmffHash"))
UNTRUSTED: Final = "signingCredential.untrusted"
TRUSTED: Final = "signingCredential.trusted"
# What leaves a manifest valid: nobody's trust was asked for, or the time is simply not proved.
_HARMLESS: Final = frozenset((UNTRUSTED, "timeStamp.untrusted"))
_BYTES: Final = ("b64'", "'")
_MAX_LISTED: Final = 1_000
_MAX_TEXT: Final = 1_000

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the validator said besides its report."""

    active_id: str
    state: ManifestState
    is_embedded: bool


def report(crjson: Json, verdict: Verdict, store: bytes | None) -> ManifestReport:
    """Raises MalformedManifest when the active manifest is not in the report."""
    manifest = _active(crjson, verdict.active_id)
    claim = _map(manifest.get("claim.v2") or manifest.get("claim"))
    results = _map(manifest.get("validationResults"))
    failure = _codes(results, "failure")
    return ManifestReport(
        manifest_id=verdict.active_id,
        state=verdict.state,
        success=_codes(results, "success"),
        failure=failure,
        notes=_codes(results, "informational"),
        signature=_signature(_map(manifest.get("signature"))),
        title=_text(claim.get("dc:title")),
        claim_generator=_generator(claim),
        actions=tuple(_actions(manifest)),
        soft_bindings=tuple(_soft_bindings(manifest)),
        ingredients=tuple(_ingredients(manifest)),
        is_embedded=verdict.is_embedded,
        is_update=manifest.get("isUpdateManifest") is True,
        content_differs=not MISMATCHES.isdisjoint(failure),
        crjson=crjson,
        store=store,
    )


def _active(crjson: Json, manifest_id: str) -> Json:
    for manifest in _list(crjson.get("manifests")):
        if _map(manifest).get("label") == manifest_id:
            return _map(manifest)
    raise MalformedManifest("the manifest store does not hold the manifest that speaks for the file")


def _assertions(manifest: Json, label: str) -> Iterator[Json]:
    """All instances: `label`, `label__1`, …"""
    for name, data in _map(manifest.get("assertions")).items():
        if name.partition("__")[0] == label and isinstance(data, Mapping):
            yield data


def _codes(results: Json, kind: str) -> tuple[str, ...]:
    """Status codes, each once, in the order in which they were found."""
    found = [_text(_map(status).get("code")) for status in _list(results.get(kind))]
    for delta in _list(results.get("ingredientDeltas")) if kind == "failure" else ():
        changes = _map(_map(delta).get("validationDeltas"))
        found += [_text(_map(status).get("code")) for status in _list(changes.get(kind))]
    return tuple(dict.fromkeys(code for code in found if code is not None))


def _signature(signature: Json) -> ManifestSignature:
    certificate = _map(signature.get("certificateInfo"))
    subject, issuer = _map(certificate.get("subject")), _map(certificate.get("issuer"))
    stamp = _map(signature.get("timeStampInfo"))
    return ManifestSignature(
        name=_text(subject.get("CN")),
        organisation=_text(subject.get("O")),
        issuer=_text(issuer.get("CN")) or _text(issuer.get("O")),
        alg=_text(signature.get("algorithm")),
        time=_moment(stamp.get("timestamp")),
    )


def _generator(claim: Json) -> str | None:
    info = claim.get("claim_generator_info")
    first = _map(_list(info)[0] if _list(info) else info)
    return _software(first) or _text(claim.get("claim_generator"))


def _software(agent: Any) -> str | None:
    """A software agent is a map since claim version 2; it was a text before."""
    if not isinstance(agent, Mapping):
        return _text(agent)
    name, version = _text(agent.get("name")), _text(agent.get("version"))
    return f"{name} {version}" if name and version else name


def _actions(manifest: Json) -> Iterator[ManifestAction]:
    for label in ("c2pa.actions.v2", "c2pa.actions"):
        for data in _assertions(manifest, label):
            for action in map(_map, _list(data.get("actions"))):
                yield ManifestAction(
                    action=_text(action.get("action")) or "",
                    when=_text(action.get("when")),
                    software=_software(action.get("softwareAgent")),
                    digital_source_type=_text(action.get("digitalSourceType")),
                )


def _soft_bindings(manifest: Json) -> Iterator[SoftBinding]:
    """One for each block whose value can be read as bytes."""
    for data in _assertions(manifest, "c2pa.soft-binding"):
        alg = _text(data.get("alg"))
        for block in map(_map, _list(data.get("blocks"))):
            value = _bytes(block.get("value"))
            if alg and value:
                yield SoftBinding(alg, value)


def _ingredients(manifest: Json) -> Iterator[ManifestIngredient]:
    for label in ("c2pa.ingredient.v3", "c2pa.ingredient.v2", "c2pa.ingredient"):
        for data in _assertions(manifest, label):
            link = _map(data.get("activeManifest") or data.get("c2pa_manifest"))
            path = (_text(link.get("url")) or "").rpartition("/c2pa/")[2]
            yield ManifestIngredient(
                title=_text(data.get("dc:title")),
                relationship=_text(data.get("relationship")) or "",
                media_type=_text(data.get("dc:format")),
                manifest_id=path.partition("/")[0] or None,
                state=_recorded(_map(data.get("validationResults"))),
            )


def _recorded(results: Json) -> ManifestState | None:
    """The state that the codes of an ingredient amount to; None when nothing was recorded."""
    active = _map(results.get("activeManifest"))
    if not active:
        return None
    if not _HARMLESS.issuperset(_codes(active, "failure")):
        return ManifestState.INVALID
    return ManifestState.TRUSTED if TRUSTED in _codes(active, "success") else ManifestState.VALID


def _bytes(value: Any) -> bytes | None:
    """A byte string in crJSON is b64'…'; older writers put the base64, or a list of numbers, where bytes belong."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        whole = all(type(item) is int and 0 <= item < 256 for item in value)
        return bytes(value) if whole else None
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value.removeprefix(_BYTES[0]).removesuffix(_BYTES[1]), validate=True)
    except (binascii.Error, ValueError):
        return None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def _map(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value[:_MAX_LISTED] if isinstance(value, list | tuple) else ()


def _text(value: Any) -> str | None:
    return value[:_MAX_TEXT] if isinstance(value, str) and value else None
