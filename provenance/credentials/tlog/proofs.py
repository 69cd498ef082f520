"""C2SP tlog-proof: a file that proves offline that an entry is in a log, and that witnesses have seen that log.

    c2sp.org/tlog-proof@v1
    extra <base64>            optional; ours holds the entry
    index <decimal>
    <base64 hash>             the inclusion path, the leaf's sibling first

    <checkpoint with all its signatures>

Nobody signed the extra data: what binds an entry to the log is its inclusion proof.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from provenance.core.errors import LogRootMismatch, MalformedLogProof, StaleCheckpoint
from provenance.credentials import times
from provenance.credentials.messages import refusal
from provenance.credentials.tlog.checkpoints import Checkpoint, read_hash, read_number
from provenance.credentials.tlog.entries import EntryKind, read_entry
from provenance.credentials.tlog.notes import Note, from_base64, read_text, to_base64
from provenance.credentials.tlog.policies import Policy
from provenance.credentials.tlog.tree import leaf_hash, verify_inclusion

MEDIA_TYPE: Final = "text/plain; charset=utf-8"
SUFFIX: Final = ".tlog-proof"
_HEADER: Final = "c2sp.org/tlog-proof@v1"
_LONGEST_PATH: Final = 63
_ISSUED: Final = frozenset({EntryKind.WORK_REGISTERED, EntryKind.LICENCE_GRANTED})


@dataclass(frozen=True, slots=True)
class LogProof:
    """`path` holds 32-byte hashes; `note` is a checkpoint. `extra` is opaque, and nobody signed it."""

    index: int
    path: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    @property
    def text(self) -> str:
        extra = "" if self.extra is None else f"extra {to_base64(self.extra)}\n"
        path = "".join(f"{to_base64(node)}\n" for node in self.path)
        return f"{_HEADER}\n{extra}index {self.index}\n{path}\n{self.note.text}"

    @classmethod
    def parse(cls, data: bytes | str) -> "LogProof":
        """Raises MalformedLogProof."""
        head, blank, note = read_text(data).partition("\n\n")
        header, *lines = head.split("\n")
        if header != _HEADER or not blank:
            raise refusal(MalformedLogProof, "proof-form", detail="its first lines")
        extra = _read_extra(lines.pop(0)) if lines and lines[0].startswith("extra ") else None
        if not lines or not lines[0].startswith("index ") or len(lines) > 1 + _LONGEST_PATH:
            raise refusal(MalformedLogProof, "proof-form", detail="its index or its path")
        index = read_number(lines[0].removeprefix("index "))
        return cls(index, tuple(read_hash(line) for line in lines[1:]), Note.parse(note), extra)


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof proves: the entry stands at `index` of the log that `checkpoint` describes. `witnessed` says when
    each of the policy's witnesses saw it."""

    index: int
    checkpoint: Checkpoint
    witnessed: dict[str, datetime]


def verify_proof(
    text: bytes | str, entry: bytes, policy: Policy, *, smallest: int = 0, not_before: datetime | None = None
) -> Proven:
    """Check a tlog-proof of the exact bytes of `entry`.

    `smallest` is a size of this log that the verifier knows already; `not_before` asks for a witness's cosignature of
    that time or later. Raises MalformedLogProof, UntrustedSigner, InvalidSignature, NotWitnessed, LogRootMismatch,
    StaleCheckpoint.
    """
    proof = LogProof.parse(text)
    checked = policy.check(proof.note.text)
    checkpoint = checked.checkpoint
    verify_inclusion(leaf_hash(entry), proof.path, index=proof.index, head=checkpoint.head)
    check_fresh(checkpoint, checked.witnessed, smallest=smallest, not_before=not_before)
    return Proven(proof.index, checkpoint, checked.witnessed)


def verify_certificate_proof(text: bytes | str, certificate: str, policy: Policy) -> Proven:
    """Check the proof that a certificate's issue was logged. `certificate` is its `certificate_hash`, hex; the entry is
    the proof's extra data.

    Raises as `verify_proof` does, LogRootMismatch also where the entry is about another certificate.
    """
    entry = LogProof.parse(text).extra
    if entry is None:
        raise refusal(MalformedLogProof, "log-no-entry")
    fact = read_entry(entry)
    if fact.kind not in _ISSUED or fact.subject != certificate:
        raise refusal(LogRootMismatch, "log-other-subject")
    return verify_proof(text, entry, policy)


def check_fresh(
    checkpoint: Checkpoint, witnessed: dict[str, datetime], *, smallest: int, not_before: datetime | None
) -> None:
    """Raises StaleCheckpoint. A checkpoint has no time of its own: only its witnesses say when they saw it."""
    if checkpoint.size < smallest:
        raise refusal(StaleCheckpoint, "log-stale-size", size=str(checkpoint.size), known=str(smallest))
    if not_before is None:
        return
    if not witnessed:
        raise refusal(StaleCheckpoint, "log-no-time", hint="name witnesses in the policy")
    latest = max(witnessed.values())
    if latest < not_before:
        seen, wanted = times.written(latest), times.written(not_before)
        raise refusal(StaleCheckpoint, "log-stale-time", seen=seen, wanted=wanted)


def _read_extra(line: str) -> bytes:
    try:
        return from_base64(line.removeprefix("extra "))
    except ValueError:
        raise refusal(MalformedLogProof, "proof-form", detail="its extra data") from None
