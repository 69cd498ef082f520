"""Publish the transparency log, and prove what is in it.

A checkpoint is signed only when the tree still has every root that was published before: the ones in the database, and
the last one on this machine's disk, which a restored backup of the database does not know.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from provenance.core.errors import LogInconsistent, LogRootMismatch, NotFound, Unavailable
from provenance.core.ports import Clock, Signer, Store, Unit
from provenance.core.records import LogCheckpoint, LogEntry
from provenance.core.types import WorkId
from provenance.credentials import LogFinding, VerificationKey
from provenance.credentials.messages import refusal
from provenance.credentials.tlog import (
    Checkpoint,
    EntryKind,
    LogProof,
    Note,
    Policy,
    VerifierKey,
    log_entry,
    read_entry,
    verify_certificate_proof,
)
from provenance.credentials.tlog.notes import ED25519, sign
from provenance.credentials.tlog.tree import inclusion_path, leaf_hash, verify_inclusion
from provenance.usecases.log_tree import LogTree

_ISSUED: Final = frozenset({EntryKind.WORK_REGISTERED, EntryKind.LICENCE_GRANTED})
_FORK_HINT: Final = (
    "was the database restored from a backup? What was published can't be taken back: restore a newer one, or start "
    "another log under a new PROVENANCE_LOG_ORIGIN"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishCheckpoint:
    """`keys` answers the history of the service's signing keys: what happened to them is logged first."""

    store: Store
    tree: LogTree
    signer: Signer
    keys: Callable[[], Sequence[VerificationKey]]
    origin: str
    clock: Clock

    def __call__(self) -> LogCheckpoint | None:
        """Sign the tree as it is now; None when the newest checkpoint says the same. Work grows with the new entries.

        Raises LogInconsistent when the log lost what it had published, Unavailable.
        """
        with self.store.read() as unit:
            missing = missing_key_entries(unit, self.keys())
        if missing:
            self._log_keys()
        with self.store.read() as unit:
            size, newest = unit.log.size(), unit.log.checkpoint()
        if newest and newest.size == size and Checkpoint.parse(Note.parse(newest.note).body).origin == self.origin:
            return None
        self.tree.settle(size)
        self._check_history(size, newest)
        return self._sign(size)

    def _log_keys(self) -> None:
        with self.store.unit() as unit:
            for entry, kind, at in missing_key_entries(unit, self.keys()):
                unit.log.append(kind, entry, at=at)

    def _check_history(self, size: int, newest: LogCheckpoint | None) -> None:
        """Every head that was published is one of this tree. Raises LogInconsistent."""
        heads = [(newest.size, bytes.fromhex(newest.root))] if newest else []
        last = self._last()
        if last:
            heads.append(last.head)
        for old, root in heads:
            if old > size:
                raise refusal(LogInconsistent, "log-shrank", hint=_FORK_HINT, old=str(old), new=str(size))
            if self.tree.root(old) != root:
                self.tree.rebuild(size)
            if self.tree.root(old) != root:
                raise refusal(LogInconsistent, "log-forked", hint=_FORK_HINT, old=str(old), new=str(size))

    def _last(self) -> Checkpoint | None:
        """What this machine published last under this origin."""
        text = self.tree.cache.get(self._place)
        if text is None:
            return None
        checkpoint = Checkpoint.parse(Note.parse(text).body)
        return checkpoint if checkpoint.origin == self.origin else None

    def _sign(self, size: int) -> LogCheckpoint | None:
        root = self.tree.root(size)
        checkpoint = Checkpoint(self.origin, size, root)
        key = VerifierKey(checkpoint.origin, ED25519, self.signer.public_key)
        note = Note(checkpoint.body, (sign(checkpoint.body, key, self.signer.sign),))
        made = LogCheckpoint(size, root.hex(), note.text, self.clock())
        with self.store.unit() as unit:
            newest = unit.log.checkpoint()
            if newest and newest.size > size:
                return None  # another process was faster, and went further
            made = merged(made, newest)
            unit.log.put_checkpoint(made)
        self.tree.cache.put(self._place, made.note.encode())
        return made

    @property
    def _place(self) -> str:
        """Where the last published note of this origin lies among the tiles."""
        return f"published/{sha256(self.origin.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prove:
    """Prove that the register logged a certificate. Every proof is checked before it is handed out."""

    store: Store
    tree: LogTree
    signer: Signer
    issuer: str

    def __call__(self, work_id: WorkId, *, certificate: str | None = None) -> LogProof:
        """The proof under the newest checkpoint, with the entry as its extra data. `certificate` is the hash of one of
        the work's certificates; None: that of the work itself.

        Raises NotFound: no such work, nothing logged, or not published yet. Unavailable.
        """
        entry, newest = self._find(work_id, certificate)
        note = Note.parse(newest.note)
        head = (newest.size, bytes.fromhex(newest.root))
        for attempt in ("as they are", "made again"):
            path = inclusion_path(entry.index, newest.size, self.tree.nodes(newest.size))
            try:
                verify_inclusion(leaf_hash(entry.data), path, index=entry.index, head=head)
                return LogProof(entry.index, path, note, entry.data)
            except LogRootMismatch:
                _log.error("the log's tiles, %s, do not lead to its checkpoint of size %s", attempt, newest.size)
                self.tree.rebuild(newest.size)
        raise Unavailable("the log can't prove this entry", hint="look at the service's log")

    def receipt(self, work_id: WorkId, *, certificate: str | None = None) -> bytes:
        """The same as a COSE receipt (RFC 9942). Raises the same."""
        from provenance.credentials.tlog.receipts import ReceiptClaims, build_receipt

        proof = self(work_id, certificate=certificate)
        fact = read_entry(proof.extra or b"")
        claims = ReceiptClaims(issuer=self.issuer, subject=f"sha256:{fact.subject}", key_id=self.signer.key_id)
        head = Checkpoint.parse(proof.note.body).head
        return build_receipt(claims, index=proof.index, path=proof.path, head=head, with_key=self.signer.sign)

    def _find(self, work_id: WorkId, certificate: str | None) -> tuple[LogEntry, LogCheckpoint]:
        with self.store.read() as unit:
            work = unit.works.get(work_id)
            entries = unit.log.of_work(work_id)
            newest = unit.log.checkpoint()
        entry = next((e for e in entries if _is_issue(e, certificate or work.certificate_hash)), None)
        if entry is None:
            raise NotFound(f"the log has no entry of {work_id}", hint="it was registered before there was a log")
        if newest is None or entry.index >= newest.size:
            raise NotFound(f"the entry of {work_id} is not published yet", hint="ask again in a few seconds")
        return entry, newest


def check_log(policy: Policy) -> Callable[[str, str, datetime], LogFinding]:
    """For `credentials.Supplied.check_log`: the step that checks the proof in a certificate's bundle.

    A proof does not age: that an entry was logged stays true, so the time of the verification is not asked.
    """

    def check(text: str, certificate: str, _now: datetime) -> LogFinding:
        proven = verify_certificate_proof(text, certificate, policy)
        return LogFinding(proven.checkpoint.origin, proven.index, proven.checkpoint.size)

    return check


def missing_key_entries(unit: Unit, keys: Sequence[VerificationKey]) -> list[tuple[bytes, EntryKind, datetime]]:
    """Entries (bytes, kind, time) about signing keys that the log does not have yet, oldest first."""
    logged = {entry.data for entry in unit.log.of_kinds([kind for kind in EntryKind if kind.is_about_a_key])}
    facts = []
    for key in keys:
        moments = (
            (EntryKind.KEY_ADDED, key.valid_from),
            (EntryKind.KEY_RETIRED, key.valid_until),
            (EntryKind.KEY_REVOKED, key.revoked),
        )
        facts += [(log_entry(kind, at=at, key=key.key_id), kind, at) for kind, at in moments if at and key.key_id]
    return sorted((fact for fact in facts if fact[0] not in logged), key=lambda fact: fact[2])


def merged(made: LogCheckpoint, stored: LogCheckpoint | None) -> LogCheckpoint:
    """`made` with the signatures that the stored note of the same text has collected meanwhile."""
    if stored is None:
        return made
    ours, theirs = Note.parse(made.note), Note.parse(stored.note)
    if ours.body != theirs.body:
        return made
    return replace(made, note=ours.with_signatures(theirs.signatures).text)


def _is_issue(entry: LogEntry, certificate: str) -> bool:
    if entry.kind not in _ISSUED:
        return False
    return read_entry(entry.data).subject == certificate
