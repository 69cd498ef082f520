"""Ask witnesses to cosign the newest checkpoint. It is public already: a witness that is away holds nothing up."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from provenance.core.errors import LogInconsistent, ProvenanceError, Unavailable
from provenance.core.log_ports import Witness
from provenance.core.ports import Clock, Store
from provenance.core.records import LogCheckpoint
from provenance.credentials.messages import refusal
from provenance.credentials.tlog import Note, SignatureLine, VerifierKey
from provenance.credentials.tlog.checkpoints import read_number
from provenance.credentials.tlog.notes import read_text, signature_lines
from provenance.credentials.tlog.tree import consistency_path
from provenance.credentials.tlog.witnessing import AddCheckpoint
from provenance.usecases.log import merged
from provenance.usecases.log_tree import LogTree

_LONGEST_PAUSE: Final = timedelta(minutes=5)
_AT_ONCE: Final = 8
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Standing:
    """What is known of a witness. `size` is the tree that it cosigned last, as far as it told."""

    witness: Witness
    key: VerifierKey
    size: int = 0
    failures: int = 0
    rests_until: datetime | None = None


class AskWitnesses:
    """Keeps in memory how far each witness is, and pauses longer and longer those that fail. Safe to lose."""

    def __init__(self, *, store: Store, tree: LogTree, witnesses: Sequence[Witness], clock: Clock) -> None:
        self._store: Final = store
        self._tree: Final = tree
        self._clock: Final = clock
        self._standings: Final = [_Standing(witness, VerifierKey.parse(witness.vkey)) for witness in witnesses]

    def __call__(self) -> int:
        """One round; answers how many cosignatures came. Failures are logged, and asked again after a pause."""
        if not self._standings:
            return 0
        with self._store.read() as unit:
            newest = unit.log.checkpoint()
        waiting = self._waiting(newest) if newest else []
        if newest is None or not waiting:
            return 0
        with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(waiting))) as pool:
            answers = list(pool.map(lambda standing: self._tried(standing, newest), waiting))
        lines = [line for answer in answers for line in answer]
        if lines:
            self._keep(newest, lines)
        return len(lines)

    def _waiting(self, newest: LogCheckpoint) -> list[_Standing]:
        note, now = Note.parse(newest.note), self._clock()
        return [
            standing
            for standing in self._standings
            if not any(line.is_of(standing.key) for line in note.signatures)
            and (standing.rests_until is None or standing.rests_until <= now)
        ]

    def _tried(self, standing: _Standing, newest: LogCheckpoint) -> list[SignatureLine]:
        try:
            lines = self._ask(standing, newest)
        except ProvenanceError as error:
            standing.failures += 1
            pause = min(_LONGEST_PAUSE, timedelta(seconds=2**standing.failures))
            standing.rests_until = self._clock() + pause
            _log.warning("witness %s: %s", standing.key.name, error.reason)
            return []
        standing.failures, standing.rests_until = 0, None
        return lines

    def _ask(self, standing: _Standing, newest: LogCheckpoint) -> list[SignatureLine]:
        """Raises Unavailable, MalformedLogProof, InvalidSignature, LogInconsistent."""
        note = Note.parse(newest.note)
        for _ in range(2):  # a 409 tells the size from which the proof has to start
            status, body = standing.witness.add_checkpoint(self._request(standing.size, newest.size, note).body)
            if status == 200:
                return self._checked(standing, newest, note, body)
            if status != 409:
                raise Unavailable(f"it answered with status {status}")
            standing.size = read_number(read_text(body).removesuffix("\n"))
            if standing.size > newest.size:
                raise refusal(LogInconsistent, "log-shrank", old=str(standing.size), new=str(newest.size))
        raise Unavailable("it changed its mind about the size that it has")

    def _request(self, old: int, size: int, note: Note) -> AddCheckpoint:
        return AddCheckpoint(old, consistency_path(old, size, self._tree.nodes(size)), note)

    def _checked(self, standing: _Standing, newest: LogCheckpoint, note: Note, body: bytes) -> list[SignatureLine]:
        lines = [line for line in signature_lines(read_text(body)) if line.is_of(standing.key)]
        for line in lines:
            standing.key.check(note.body, line.signature)
        if not lines:
            raise Unavailable("its answer has no cosignature of its key")
        standing.size = newest.size
        return lines

    def _keep(self, newest: LogCheckpoint, lines: list[SignatureLine]) -> None:
        """Under the note as it is stored now: other signatures may have come."""
        with self._store.unit() as unit:
            stored = unit.log.checkpoint(newest.size)
            signed = replace(newest, note=Note.parse(newest.note).with_signatures(lines).text)
            unit.log.put_checkpoint(merged(signed, stored))
