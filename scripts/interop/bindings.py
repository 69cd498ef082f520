"""Soft bindings: the ISCC before its reference implementation, the resolver before a stripped copy and schemathesis."""

import base64
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import c2pa
import httpx
import iscc_core
from PIL import Image

from provenance.credentials.c2pa.store import ManifestStore
from scripts.interop.outcomes import NotRun, Verifier, expect
from scripts.interop.registered import Artwork, Registered

_ROUTES: Final = "^/v1/(matches|manifests|bindings|services)|^/.well-known/c2pa"
_CHECKS: Final = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
_QUALITY: Final = 80
_CROP: Final = 0.9  # of each side's length, so that a tenth of it is gone


def iscc(registered: Registered) -> str:
    """The binding in the manifest, decoded by iscc_core, holds the ISCC units that the certificate names."""
    lengths = []
    for artwork in registered.artworks:
        value = _binding(artwork, "io.iscc.v0")
        units = iscc_core.decode_seq(value)
        certificate = json.loads(registered.of(artwork, "certificate"))
        stated = certificate["credentialSubject"]["iscc"]
        expect(stated in [_prefixed(unit) for unit in units], f"{artwork.name}: {units} does not hold {stated}")
        lengths.append(len(units))
    return f"decode_seq: {', '.join(map(str, lengths))} units; the Image-Code is the certificate's"


def _prefixed(unit: str) -> str:
    return unit if unit.startswith("ISCC:") else f"ISCC:{unit}"


def _binding(artwork: Artwork, alg: str) -> bytes:
    """As c2pa-rs reports it."""
    with c2pa.Reader(artwork.media_type, io.BytesIO(artwork.file)) as reader:
        report = json.loads(reader.crjson())
        active = reader.get_active_manifest()["label"]
    manifest = next(one for one in report["manifests"] if one["label"] == active)
    found = [data for label, data in manifest["assertions"].items() if label.startswith("c2pa.soft-binding")]
    value = next(data["blocks"][0]["value"] for data in found if data["alg"] == alg)
    return bytes(value) if isinstance(value, list) else base64.b64decode(re.sub(r"^b64'|'$", "", value))


def stripped(artwork: Artwork) -> bytes:
    """All metadata gone, a tenth of each side cut off, written as JPEG of quality 80."""
    with Image.open(io.BytesIO(artwork.file)) as opened:
        width, height = opened.size
        left, top = round(width * (1 - _CROP) / 2), round(height * (1 - _CROP) / 2)
        box = (left, top, left + round(width * _CROP), top + round(height * _CROP))
        picture = Image.new("RGB", (box[2] - left, box[3] - top))  # a new picture has no metadata to take along
        picture.paste(opened.convert("RGB").crop(box))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def recovery(registered: Registered) -> str:
    """What c2pa-rs reads beside the copy is the manifest of the original: Invalid for nothing but its pixels."""
    scores = []
    for artwork in registered.artworks:
        copy = stripped(artwork)
        answer = httpx.post(
            f"{registered.url}/v1/matches/byContent", content=copy, headers={"Content-Type": "image/jpeg"}, timeout=60
        )
        matches = answer.raise_for_status().json()["matches"]
        with c2pa.Reader(artwork.media_type, io.BytesIO(artwork.file)) as reader:
            wanted = reader.get_active_manifest()["label"]
        expect(matches and matches[0]["manifestId"] == wanted, f"{artwork.name}: {matches}")
        store = registered.get(f"/v1/manifests/{wanted}")
        expect(store == artwork.store, f"{artwork.name}: another store is handed out")
        failures = _failures(copy, store)
        expect(failures == {"assertion.dataHash.mismatch"}, f"{artwork.name}: {failures}")
        scores.append(matches[0]["similarityScore"])
    return f"metadata gone, JPEG 80, a tenth cropped: our manifest first, scores {', '.join(map(str, scores))}"


def _failures(copy: bytes, store: bytes) -> set[str]:
    offline: dict[str, Any] = {"version": 1, "verify": {"verify_trust": False}}
    with c2pa.Reader("image/jpeg", io.BytesIO(copy), store, context=c2pa.Context.from_dict(offline)) as reader:
        found = reader.get_validation_results()["activeManifest"]["failure"]
    return {status["code"] for status in found} - {"signingCredential.untrusted"}


def schemathesis(registered: Registered) -> str:
    program = Path(sys.executable).with_name("schemathesis")
    if not program.is_file():
        raise NotRun("needs schemathesis: pip install 'provenance-art[dev]'")
    done = subprocess.run(
        [
            program, "run", f"{registered.url}/openapi.json", "--include-path-regex", _ROUTES, "--checks", _CHECKS,
            "--max-examples", "12", "--seed", "1", "--phases", "examples,fuzzing", "--generation-deterministic",
            "--no-color", "-H", f"Authorization: Bearer {registered.api_key}",
        ],
        cwd=registered.folder, env=_hooked(registered), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    said = done.stdout + done.stderr
    expect(done.returncode == 0, said[-1500:])
    cases = re.search(r"(\d+) generated", said)
    tested = re.search(r"Tested: +(\d+)", said)
    return f"{tested.group(1) if tested else '?'} operations, {cases.group(1) if cases else '?'} requests, no failure"


def _hooked(registered: Registered) -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    artwork = registered.artworks[-1]
    manifest_id = ManifestStore.parse(artwork.store).active_id
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))),
        "SCHEMATHESIS_HOOKS": "scripts.interop.schemathesis_hooks",
        "INTEROP_MANIFEST_ID": manifest_id,
    }


VERIFIERS: Final = (
    Verifier("iscc_core.decode_seq", "soft binding io.iscc.v0", iscc),
    Verifier("c2pa-rs Reader with the recovered store", "Soft Binding Resolution by content", recovery),
    Verifier("schemathesis", "Soft Binding Resolution API", schemathesis),
)
