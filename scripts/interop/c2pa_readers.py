"""Content credentials before c2pa-rs, Encypher's verifier, and C2PA's own conformance rubric."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import c2pa
import encypher_c2pa

from scripts.interop.outcomes import NotRun, Verifier, expect
from scripts.interop.registered import Artwork, Registered

RUBRIC_VARIABLE: Final = "PROVENANCE_RUBRIC_DIR"
_PURPOSES: Final = "1.3.6.1.4.1.62558.2.1\n1.3.6.1.5.5.7.3.4\n1.3.6.1.5.5.7.3.36\n1.3.6.1.5.5.7.3.8\n1.3.6.1.5.5.7.3.9"
_EVALUATOR: Final = "asset-rubrics/c2pa_conformance_rubric_evaluator.py"
_RUBRIC: Final = "asset-rubrics/asset-rubric-conformance0.2-spec2.4.yml"
_HOW: Final = (
    "clone c2pa-org/conformance-public with adobe/json-formula-py inside it, and name the folder with --rubric-dir or "
    f"{RUBRIC_VARIABLE}"
)


def _reader(artwork: Artwork, file: bytes, root: str | None) -> c2pa.Reader:
    """c2pa-rs as anybody has it, offline; none of our code is between it and the file."""
    trust: dict[str, Any] = {"trust_config": _PURPOSES}
    if root:
        trust["user_anchors"] = root
    offline = {"remote_manifest_fetch": False, "ocsp_fetch": False}
    context = c2pa.Context.from_dict({"version": 1, "trust": trust, "verify": offline})
    return c2pa.Reader(artwork.media_type, io.BytesIO(file), context=context)


def _state(artwork: Artwork, file: bytes, root: str | None) -> str:
    with _reader(artwork, file, root) as reader:
        return str(reader.get_validation_state())


def _tampered(artwork: Artwork) -> bytes:
    """One bit of the pixels flipped: past the manifest store, which stands before them or after them."""
    file = bytearray(artwork.file)
    at = file.find(artwork.store[-64:])
    place = len(file) - 4096 if at < len(file) // 2 else at // 4
    file[place] ^= 1
    return bytes(file)


def c2pa_rs(registered: Registered) -> str:
    for artwork in registered.artworks:
        with_root, without = (_state(artwork, artwork.file, root) for root in (registered.root, None))
        expect(with_root == "Trusted", f"{artwork.name}: {with_root} with our root")
        expect(without == "Valid", f"{artwork.name}: {without} without our root")
    png = registered.artworks[0]
    expect(_state(png, _tampered(png), registered.root) == "Invalid", "a changed picture is not refused")
    names = ", ".join(artwork.name for artwork in registered.artworks)
    return f"{names}: Trusted with our root, Valid without; Invalid after one flipped bit"


def encypher(registered: Registered) -> str:
    def judged(artwork: Artwork, file: bytes) -> dict[str, Any]:
        return dict(
            encypher_c2pa.verify(
                file,
                artwork.media_type,
                trust_pem=registered.root,
                tsa_trust_pem=registered.root,
                no_default_trust=True,
                strict_conformance=True,
                telemetry=False,
                online=False,
            )
        )

    for artwork in registered.artworks:
        found = judged(artwork, artwork.file)
        failures = [status["code"] for status in found["validation_results"]["failure"]]
        expect(found["validation_state"] == "Trusted" and not failures, f"{artwork.name}: {failures}")
        revocation = found["trust"]["revocation"]["status"]
        expect(revocation == "not_revoked", f"{artwork.name}: revocation {revocation}")
    png = registered.artworks[0]
    expect(judged(png, _tampered(png))["validation_state"] == "Invalid", "a changed picture is not refused")
    return (
        f"strict conformance: {len(registered.artworks)} of {len(registered.artworks)} Trusted, not revoked, 0 failures"
    )


def rubric(registered: Registered) -> str:
    folder = Path(os.environ.get(RUBRIC_VARIABLE) or "-")
    if not (folder / _EVALUATOR).is_file():
        raise NotRun(_HOW)
    counts = []
    for artwork in registered.artworks:
        with _reader(artwork, artwork.file, registered.root) as reader:
            report = registered.put(f"{artwork.name}.crjson", reader.crjson().encode())
        true, false, warning = _evaluated(folder, report)
        expect(not false, f"{artwork.name}: {', '.join(false)}")
        counts.append(f"{artwork.name} {true} true, {len(false)} false, {warning} warnings")
    return "; ".join(counts)


def _evaluated(folder: Path, report: Path) -> tuple[int, list[str], int]:
    """(statements that hold, traits of those that don't, warnings)."""
    library = folder / "json-formula-py" / "src"
    path = os.pathsep.join(filter(None, (str(library), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, folder / _EVALUATOR, folder / _RUBRIC, report, "--spec-version", "2.4"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=120
    )
    if "json_formula" in done.stderr and done.returncode:
        raise NotRun(_HOW)
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    held, failed, warned = (
        [item["trait"] for group in answer[kind].values() for item in group] for kind in ("true", "false", "warning")
    )
    return len(held), failed, len(warned)


VERIFIERS: Final = (
    Verifier("c2pa-rs Reader", "C2PA manifests", c2pa_rs),
    Verifier("encypher-c2pa", "C2PA manifests, strict conformance", encypher),
    Verifier("C2PA conformance rubric 0.2 for 2.4", "C2PA manifests", rubric),
)
