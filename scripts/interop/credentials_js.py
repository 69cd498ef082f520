"""The certificate before JavaScript: jose on the token, canonicalize and node on the proof, bitstring on the lists."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import httpx

from scripts.interop.outcomes import NotRun, Verifier, expect
from scripts.interop.registered import Registered

FOLDER: Final = Path(__file__).parents[2] / "tests" / "interop"
VECTOR: Final = FOLDER / "w3c-eddsa-jcs-2022.json"


def _node(script: str, *files: Path, package: str) -> dict[str, Any]:
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules" / package).is_dir():
        raise NotRun("needs node, and `npm install` in tests/interop")
    done = subprocess.run([node, FOLDER / script, *files], capture_output=True, text=True, check=False, timeout=60)
    expect(done.stdout, done.stderr)
    return dict(json.loads(done.stdout))


def jose(registered: Registered) -> str:
    keys = registered.put("jwks.json", registered.get("/.well-known/jwks.json"))
    for artwork in registered.artworks:
        token = registered.of(artwork, "certificate.jwt")
        answer = _node("verify_jwt.mjs", registered.put("token.jwt", token), keys, package="jose")
        expect(answer["verified"], f"{artwork.name}: {answer}")
        expect(answer["payload"]["credentialSubject"]["work"] == artwork.work_id, "it is another work's")
    header, payload, signature = token.split(b".")
    altered = b".".join((header, payload, signature[::-1]))
    answer = _node("verify_jwt.mjs", registered.put("altered.jwt", altered), keys, package="jose")
    expect(not answer["verified"], "an altered token is accepted")
    return f"{len(registered.artworks)} vc+jwt verified with our published JWK set; an altered one refused"


def proof(registered: Registered) -> str:
    """The W3C's own signed vector first, so that the verifier is known to be one; then our certificates."""
    package = "canonicalize"
    expect(_node("verify_proof.mjs", VECTOR, package=package)["verified"], "it refuses the W3C's vector")
    did = registered.put("did.json", registered.get("/.well-known/did.json"))
    for artwork in registered.artworks:
        path = registered.put("certificate.json", registered.of(artwork, "certificate"))
        answer = _node("verify_proof.mjs", path, did, package=package)
        expect(answer["verified"], f"{artwork.name}: {answer}")
    altered = registered.certificate | {"validUntil": "2099-01-01T00:00:00Z"}
    answer = _node("verify_proof.mjs", registered.put("a.json", json.dumps(altered).encode()), did, package=package)
    expect(not answer["verified"], "an altered certificate is accepted")
    return f"the W3C's vector and {len(registered.artworks)} certificates verified; an altered one refused"


def status(registered: Registered) -> str:
    """A certificate is good; after its revocation its bit, and no other, is set."""
    entries = {entry["statusPurpose"]: entry for entry in registered.certificate["credentialStatus"]}
    entry = entries["revocation"]
    address = entry["statusListCredential"].removeprefix(registered.url)

    def marked() -> dict[str, Any]:
        document = registered.put("list.json", registered.get(address))
        return _node("read_status.mjs", document, registered.put("index", entry["statusListIndex"].encode()),
                     package="@digitalbazaar/bitstring")  # fmt: skip

    before = marked()
    expect(before == {"length": 131_072, "marked": False, "total": 0}, f"before any revocation: {before}")
    _revoke(registered)
    after = marked()
    expect(after == {"length": 131_072, "marked": True, "total": 1}, f"after a revocation: {after}")
    return f"131,072 places; place {entry['statusListIndex']} set after its revocation, and no other"


def _revoke(registered: Registered) -> None:
    work = registered.artworks[0].work_id
    answer = httpx.post(
        f"{registered.url}/v1/works/{work}/certificate:revoke",
        headers=registered.auth,
        json={"reason": "owner-request"},
        timeout=60,
    )
    answer.raise_for_status()


VERIFIERS: Final = (
    Verifier("npm jose", "certificate as vc+jwt", jose),
    Verifier("npm canonicalize and node:crypto", "eddsa-jcs-2022 proof of the certificate", proof),
)
LAST: Final = (Verifier("npm @digitalbazaar/bitstring", "Bitstring Status List", status),)
"""It revokes a certificate, so it comes after all others."""
