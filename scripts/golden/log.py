"""Golden log proofs: one that is right, and ones with a single defect each. Keys and entries come from numbers.

python -m scripts.golden.log            writes tests/golden/log/
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.credentials.tlog import Checkpoint, EntryKind, LogProof, Note, Policy, VerifierKey, log_entry
from provenance.credentials.tlog.notes import COSIGNATURE, ED25519, cosign, sign
from provenance.credentials.tlog.tree import complete, inclusion_path, leaf_hash, root

FOLDER: Final = Path(__file__).parents[2] / "tests" / "golden" / "log"
ORIGIN: Final = "golden.example/log"
SEEN: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKED: Final = datetime(2026, 3, 1, tzinfo=UTC)
INDEX: Final = 300
SIZE: Final = 517
KNOWN: Final = 500  # a size that the verifier has seen before


class _Key:
    def __init__(self, name: str, kind: int, seed: str) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
        self.public = VerifierKey(name, kind, self.private.public_key().public_bytes_raw())


LOG: Final = _Key(ORIGIN, ED25519, "log")
STRANGER: Final = _Key(ORIGIN, ED25519, "stranger")
WITNESSES: Final = [_Key(f"w{n}.golden.example", COSIGNATURE, f"witness {n}") for n in range(3)]
CERTIFICATE: Final = hashlib.sha256(b"certificate 300").hexdigest()


def entries(size: int = SIZE) -> list[bytes]:
    """Registrations; the one at INDEX is that of CERTIFICATE."""
    hashes = [hashlib.sha256(f"certificate {number}".encode()).hexdigest() for number in range(size)]
    return [log_entry(EntryKind.WORK_REGISTERED, at=ASKED, certificate=digest) for digest in hashes]


def policy() -> Policy:
    """Two of three witnesses."""
    return Policy.of([LOG.public], [witness.public for witness in WITNESSES], quorum=2)


def golden_files() -> dict[str, bytes]:
    """Every file of the folder by name."""
    proofs = {"valid": valid().text} | {name: text for name, (text, _) in defects().items()}
    expected = {
        "certificate": CERTIFICATE,
        "index": INDEX,
        "size": SIZE,
        "smallest": KNOWN,
        "notBefore": ASKED.isoformat(),
        "defects": {name: error for name, (_, error) in defects().items()},
    }
    files = {f"{name}.tlog-proof": text.encode() for name, text in proofs.items()}
    files["expected.json"] = json.dumps(expected, indent=1).encode() + b"\n"
    files["policy"] = policy().text.encode()
    files["entry.json"] = entries()[INDEX]
    return files


def valid() -> LogProof:
    return _proof(entries())


def defects() -> dict[str, tuple[str, str]]:
    """The text of each proof, and the error with which it is refused."""
    right, made = valid(), entries()
    note = right.note
    short = entries(INDEX + 1)
    swapped = [*right.path[:3], right.path[4], right.path[3], *right.path[5:]]
    early = datetime(2025, 1, 1, tzinfo=UTC)
    altered = note.text.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n")
    return {
        "wrong-root": (replace(right, note=_note(SIZE, bytes(32))).text, "LogRootMismatch"),
        "wrong-index": (right.text.replace(f"index {INDEX}", f"index {INDEX + 1}"), "LogRootMismatch"),
        "swapped-path": (replace(right, path=tuple(swapped)).text, "LogRootMismatch"),
        "other-entry": (replace(right, extra=made[INDEX + 1]).text, "LogRootMismatch"),
        "revoked-entry": (replace(right, extra=_revocation()).text, "LogRootMismatch"),
        "truncated-path": (replace(right, path=right.path[:-1]).text, "MalformedLogProof"),
        "truncated-file": (right.text[: len(right.text) // 2], "MalformedLogProof"),
        "index-outside": (right.text.replace(f"index {INDEX}", f"index {SIZE}"), "MalformedLogProof"),
        "unknown-version": (right.text.replace("@v1", "@v2"), "MalformedLogProof"),
        "no-entry": (replace(right, extra=None).text, "MalformedLogProof"),
        "stale-checkpoint": (_proof(short).text, "StaleCheckpoint"),
        "seen-too-early": (replace(right, note=_note(SIZE, _root(made), at=early)).text, "StaleCheckpoint"),
        "unknown-log": (replace(right, note=_note(SIZE, _root(made), key=STRANGER)).text, "UntrustedSigner"),
        "altered-size": (right.text.replace(note.text, altered), "InvalidSignature"),
        "altered-cosignature": (replace(right, note=_wrong_cosignature(note)).text, "InvalidSignature"),
        "too-few-witnesses": (replace(right, note=_note(SIZE, _root(made), witnesses=1)).text, "NotWitnessed"),
    }


def _proof(made: Sequence[bytes]) -> LogProof:
    hashes = [leaf_hash(entry) for entry in made]
    path = inclusion_path(INDEX, len(made), lambda height, at: complete(hashes[at << height : (at + 1) << height]))
    return LogProof(INDEX, path, _note(len(made), _root(made)), made[INDEX])


def _root(made: Sequence[bytes]) -> bytes:
    hashes = [leaf_hash(entry) for entry in made]
    return root(len(made), lambda height, at: complete(hashes[at << height : (at + 1) << height]))


def _note(size: int, head: bytes, *, key: _Key = LOG, witnesses: int = 2, at: datetime = SEEN) -> Note:
    body = Checkpoint(ORIGIN, size, head).body
    lines = [cosign(body, witness.public, witness.private.sign, at=at) for witness in WITNESSES[:witnesses]]
    return Note(body, (sign(body, key.public, key.private.sign), *lines))


def _wrong_cosignature(note: Note) -> Note:
    log, first, second = note.signatures
    return replace(
        note, signatures=(log, replace(first, signature=bytes(reversed(first.signature[8:])).rjust(72)), second)
    )


def _revocation() -> bytes:
    return log_entry(EntryKind.CERTIFICATE_REVOKED, at=ASKED, certificate=CERTIFICATE)


def main() -> None:
    """Write the folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in golden_files().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
