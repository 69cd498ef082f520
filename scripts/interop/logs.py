"""The log before Go's sumdb, and its receipts before scitt-cose."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import scitt_cose
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provenance.credentials.tlog import LogProof, VerifierKey, open_checkpoint
from provenance.credentials.tlog.tiles import Tile, TileNodes, bundles, tiles_of
from provenance.credentials.tlog.tree import consistency_path
from scripts.interop.outcomes import NotRun, Verifier, expect
from scripts.interop.registered import Registered

SOURCE: Final = Path(__file__).parents[2] / "tests" / "interop" / "go" / "verify.go"
_GOPATH: Final = Path("/usr/share/gocode")  # where Debian puts the sources of Go packages


def go_sumdb(registered: Registered) -> str:
    """Signature, tiles, entries, inclusion of each artwork, consistency with the first checkpoint."""
    verifier = _built(registered.folder)
    vkey = registered.get("/log/vkey").decode().splitlines()[0]
    said = []
    for artwork in registered.artworks:
        proof = LogProof.parse(registered.of(artwork, "log-proof"))
        folder = _laid_out(registered, vkey, proof)
        done = subprocess.run([verifier, folder], capture_output=True, text=True, check=False, timeout=60)
        expect(done.returncode == 0, done.stderr.strip())
        said.append(done.stdout.strip())
    entry = folder / "entry"
    entry.write_bytes(entry.read_bytes()[::-1])
    refused = subprocess.run([verifier, folder], capture_output=True, check=False, timeout=60)
    expect(refused.returncode != 0, "an altered entry is accepted")
    return f"note, tiles, inclusion, consistency: {said[-1]}; an altered entry refused"


def _built(folder: Path) -> Path:
    found = shutil.which("go") or next(map(str, sorted(Path("/usr/lib").glob("go-1.*/bin/go"), reverse=True)), None)
    if found is None or not (_GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        raise NotRun("needs the Debian packages golang-go and golang-golang-x-mod-dev")
    offline = {
        "GOPATH": str(_GOPATH),
        "GO111MODULE": "off",
        "GOCACHE": str(folder / "go-cache"),
        "GOFLAGS": "",
        "GOPROXY": "off",
        "CGO_ENABLED": "0",
    }
    program = folder / "verify-log"
    done = subprocess.run(
        [found, "build", "-o", program, SOURCE],
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        check=False,
    )
    expect(done.returncode == 0, done.stderr)
    return program


def _laid_out(registered: Registered, vkey: str, proof: LogProof) -> Path:
    """The files that the program reads, all but the consistency path as the service hands them out."""
    keys = [VerifierKey.parse(vkey)]
    new, _ = open_checkpoint(proof.note.text, keys)
    old, _ = open_checkpoint(registered.before, keys)

    def tile(wanted: Tile) -> bytes:
        return registered.get(f"/log/{wanted.path}")

    parts = {
        "vkey": vkey.encode(),
        "old": registered.before.encode(),
        "new": proof.note.text.encode(),
        "entry": proof.extra or b"",
        "index": str(proof.index).encode(),
        "path": b"".join(proof.path),
        "consistency": b"".join(consistency_path(old.size, new.size, TileNodes(new.size, tile))),
        **{part.path: tile(part) for part in tiles_of(new.size)},
        **{f"bundle/{part.index}": tile(part) for part in bundles(0, new.size)},
    }
    for name, data in parts.items():
        registered.put(f"log/{name}", data)
    return registered.folder / "log"


def receipts(registered: Registered) -> str:
    vkey = VerifierKey.parse(registered.get("/log/vkey").decode().splitlines()[0])
    key = Ed25519PublicKey.from_public_bytes(vkey.public_key)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for artwork in registered.artworks:
        entry = LogProof.parse(registered.of(artwork, "log-proof")).extra or b""
        receipt = registered.of(artwork, "receipt.cose")
        judged = scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem)
        expect(judged.ok, f"{artwork.name}: {judged.errors}")
        other = scitt_cose.verify_receipt(receipt, leaf_entry_hex=entry[::-1].hex(), log_public_key_pem=pem)
        expect(not other.ok, "a receipt is accepted for another entry")
    count, size = len(registered.artworks), judged.tree_size
    return f"{count} receipts verified (RFC 9942), tree of {size}; refused for another entry"


VERIFIERS: Final = (
    Verifier("Go x/mod/sumdb", "log: checkpoints, tiles, proofs", go_sumdb),
    Verifier("scitt-cose", "log: COSE receipt", receipts),
)
