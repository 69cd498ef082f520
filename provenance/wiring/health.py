"""Does every part answer? One probe each; a probe that fails names the reason and what to do."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from provenance.core.errors import Misconfigured, ProvenanceError
from provenance.credentials.pki.profiles import Role
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
    with parts.store.read() as unit:
        behind = unit.fingerprints.last() - parts.matcher.checkpoint()
    return f"{', '.join(parts.matcher.models)}; {max(0, behind)} operations behind"


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
