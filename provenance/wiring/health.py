"""Does every part answer? One probe each; a probe that fails names the reason and what to do."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from provenance.core.errors import Misconfigured, ProvenanceError
from provenance.core.models import ModelSetState, models_key
from provenance.credentials.pki.profiles import Role
from provenance.usecases.catch_up import lag
from provenance.wiring.parts import Parts


def readiness(parts: Parts) -> dict[str, dict[str, Any]]:
    """One entry a part, with `ok`, a `detail` in words and, where it failed, a `hint`."""
    return {name: _tried(probe, parts) for name, probe in _PROBES.items()}


def _tried(probe: Callable[[Parts], str], parts: Parts) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": probe(parts)}
    except ProvenanceError as error:
        return {"ok": False, "detail": error.reason, "hint": error.hint}
    except OSError as error:
        hint = "look at the disk, its space and its permissions"
        return {"ok": False, "detail": f"{error.filename or ''} {error.strerror or error}".strip(), "hint": hint}


def _database(parts: Parts) -> str:
    parts.store.ping()
    problem = parts.store.revision().problem
    if problem:
        raise Misconfigured(problem)
    return "answers, and its tables are up to date"


def _blobs(parts: Parts) -> str:
    digest = parts.blobs.put(b"readiness probe\n")
    parts.blobs.get(digest)
    return "written and read back"


def _index(parts: Parts) -> str:
    models, moving = parts.matcher.models, parts.coming_matcher
    with parts.store.read() as unit:
        behind, sets = lag(unit, parts.matcher), unit.model_sets.all()
    told = [f"{', '.join(models)}; {behind} operations behind"]
    if moving is not None and any(one.state is ModelSetState.COMING for one in sets):
        made = parts.coming_progress()
        told.append(f"coming: {', '.join(made.models)}, {made.described} of {made.works} works described")
    for serving in (one for one in sets if one.state is ModelSetState.SERVING and one.key != models_key(models)):
        names = ", ".join(serving.models)
        if moving is None or models_key(moving.models) != serving.key:
            raise Misconfigured(
                f"searches go to {names} by now, and no work can be registered by this process",
                hint="set PROVENANCE_EMBEDDER to these models and restart it",
            )
        told.append(f"{names} take over as soon as their index is built")
    return "; ".join(told)


def _certificates(parts: Parts) -> str:
    """Asking makes no certificate authority."""
    if parts.settings.ca == "none":
        return "no certificate authority, as PROVENANCE_CA says"
    folder = parts.ca_folder
    if not folder.exists and parts.settings.environment != "production":
        return "the certificate authority is made when something is signed"
    leaf = folder.current(Role.LEAF)
    return f"{leaf.name}, until {leaf.not_after:%Y-%m-%d}"


_PROBES: Final[Mapping[str, Callable[[Parts], str]]] = {
    "database": _database,
    "blobs": _blobs,
    "keys": lambda parts: parts.signer.key_id,
    "watermark": lambda parts: parts.watermarker.alg,
    "index": _index,
    "certificates": _certificates,
}
