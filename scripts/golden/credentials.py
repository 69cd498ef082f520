"""Write tests/golden/credentials: one file for each defect that `provenance verify` has to refuse, and how it is asked.

python -m scripts.golden.credentials

Keys come from fixed seeds. The JSON files are the same in each run; pictures and certificates about them are not, see
`scripts/golden/pictures.py`, so that they are written anew together.
"""

from pathlib import Path
from typing import Any, Final

from provenance.core.records import StatusPurpose
from provenance.credentials import bundle, certificate_hash
from provenance.credentials.tlog import Checkpoint, EntryKind, LogProof, Note, log_entry, registration_entry
from provenance.credentials.tlog.notes import cosign, sign
from provenance.credentials.tlog.tree import complete, inclusion_path, leaf_hash, root
from scripts.golden import certificates as golden
from scripts.golden import folder, log, pictures, standing

FOLDER: Final = Path(__file__).parents[2] / "tests" / "golden" / "credentials"
_INDEX: Final = 5
_SIZE: Final = 11
_FORK: Final = bytes(range(32))

_DID: Final = ("--did-doc", "did.json")
_LOG: Final = ("--log-vkey", log.LOG.public.text, *(p for w in log.WITNESSES for p in ("--witness", w.public.text)))
_WITNESSED: Final = (*_LOG, "--quorum", "2")
_ROOTS: Final = ("--trust-anchors", "root.pem", "--tsa-anchors", "root.pem")
_PAIR: Final = ("valid.png", *_DID, *_ROOTS)

CASES: Final[dict[str, tuple[tuple[str, ...], str | None, int | None]]] = {
    # name: what is asked besides the file of that name, the error's code, the step
    "valid-bundle.json": ((*_DID, *_WITNESSED), None, None),
    "wrong-key.json": (_DID, "invalid-signature", 5),
    "unknown-signer.json": (_DID, "untrusted-signer", 4),
    "expired.json": (_DID, "expired", 6),
    "altered-field.json": (_DID, "invalid-signature", 5),
    "unknown-suite.json": (_DID, "unsupported-version", 3),
    "duplicate-key.json": (_DID, "malformed-certificate", 1),
    "certificate.json": ((*_DID, "--status-list", "revoked-list.json"), "revoked", 11),
    "log-wrong-root.json": ((*_DID, *_WITNESSED), "log-root-mismatch", 10),
    "log-other-certificate.json": ((*_DID, *_WITNESSED), "log-root-mismatch", 10),
    "log-stale.json": ((*_DID, *_WITNESSED, "--log-max-age", "24"), "stale-checkpoint", 10),
    "log-truncated-path.json": ((*_DID, *_WITNESSED), "malformed-log-proof", 10),
    "log-truncated.json": ((*_DID, *_WITNESSED), "malformed-log-proof", 10),
    "log-unknown-key.json": ((*_DID, *_WITNESSED), "untrusted-signer", 10),
    "log-unwitnessed.json": ((*_DID, *_WITNESSED), "not-witnessed", 10),
    "valid.png": (_ROOTS, None, None),
    "tampered-pixels.png": (_ROOTS, "content-mismatch", 7),
    "swapped-manifest.png": (("--manifest", "other.c2pa", *_ROOTS), "content-mismatch", 7),
    "altered-action.png": (_ROOTS, "manifest-altered", 2),
    "removed-action.png": (_ROOTS, "manifest-altered", 1),
    "altered-claim.png": (_ROOTS, "invalid-signature", 3),
    "cut-off.png": (_ROOTS, "malformed-manifest", 1),
    "stranger.png": (_ROOTS, "untrusted-signer", 4),
    "wrong-stamp.png": (_ROOTS, "invalid-timestamp", 5),
    "strangers-stamp.png": (_ROOTS, "invalid-timestamp", 5),
    "revoked.png": (_ROOTS, "revoked", 6),
    "expired-leaf.png": (_ROOTS, "expired", 3),
    "contradictory-labels.png": (_ROOTS, "contradictory-labels", 9),
    "pair.json": (_PAIR, None, None),
    "pair-other-manifest.json": (_PAIR, "manifest-mismatch", 21),
    "pair-other-digest.json": (_PAIR, "manifest-mismatch", 9),
    "pair-other-binding.json": (_PAIR, "manifest-mismatch", 21),
}


def documents() -> dict[str, bytes]:
    """What is the same in each run."""
    defects = folder.defects()
    shared = ("wrong-key", "unknown-signer", "expired", "altered-field", "unknown-suite", "duplicate-key")
    revoked = standing.status_list(StatusPurpose.REVOCATION, marked=(standing.POSITION,))
    return {
        "did.json": golden.text(golden.did_json()),
        "certificate.json": golden.text(golden.certificate()),
        "revoked-list.json": golden.text(revoked),
        **{f"{name}.json": defects[name].data for name in shared},
        **{
            f"{name}.json": golden.text(bundle(golden.certificate(), [], log_proof=text))
            for name, text in proofs().items()
        },
        "expected.json": golden.text(expected()),
    }


def _bundled(proof: str) -> dict[str, Any]:
    return bundle(golden.certificate(), [], log_proof=proof)


def expected() -> dict[str, Any]:
    cases = {name: {"arguments": list(a), "error": error, "step": step} for name, (a, error, step) in CASES.items()}
    return {"now": golden.NOW.isoformat(), "cases": cases}


def proofs() -> dict[str, str]:
    """Log proofs by the name of their bundle, as text."""
    ours = registration_entry(golden.certificate())
    entries = [log_entry(EntryKind.WORK_REGISTERED, at=golden.NOW, certificate=f"{n:064x}") for n in range(_SIZE)]
    entries[_INDEX] = ours
    assert certificate_hash(golden.certificate()) in ours.decode()
    leaves = [leaf_hash(entry) for entry in entries]

    def nodes(height: int, at: int) -> bytes:
        return complete(leaves[at << height : (at + 1) << height])

    path, head = inclusion_path(_INDEX, _SIZE, nodes), root(_SIZE, nodes)
    valid = LogProof(_INDEX, path, _note(head), ours)
    return {
        "valid-bundle": valid.text,
        "log-wrong-root": LogProof(_INDEX, path, _note(_FORK), ours).text,
        "log-other-certificate": LogProof(_INDEX, path, _note(head), entries[0]).text,
        "log-stale": LogProof(_INDEX, path, _note(head, days=2), ours).text,
        "log-truncated-path": LogProof(_INDEX, path[:-1], _note(head), ours).text,
        "log-truncated": valid.text[: len(valid.text) // 2],
        "log-unknown-key": LogProof(_INDEX, path, _note(head, stranger=True), ours).text,
        "log-unwitnessed": LogProof(_INDEX, path, _note(head, witnesses=1), ours).text,
    }


def _note(head: bytes, *, days: float = 0.1, stranger: bool = False, witnesses: int = 2) -> Note:
    """A checkpoint that these witnesses saw so many days ago."""
    body = Checkpoint(log.ORIGIN, _SIZE, head).body
    key = log.STRANGER if stranger else log.LOG
    seen = golden.NOW - golden.YEAR / 365 * days
    lines = [cosign(body, one.public, one.private.sign, at=seen) for one in log.WITNESSES[:witnesses]]
    return Note(body, (sign(body, key.public, key.private.sign), *lines))


def golden_files() -> dict[str, bytes]:
    """Every file of the folder by name."""
    made = pictures.files()
    return documents() | made | {"swapped-manifest.png": made["valid.png"]}


if __name__ == "__main__":
    folder.fill(FOLDER, golden_files())
