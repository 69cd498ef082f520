"""Proofs of single leaves of the transparency log, for the receipts of stored manifests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provenance.core.errors import LogRootMismatch, NotFound, Unavailable
from provenance.core.ports import Store
from provenance.core.records import LogCheckpoint
from provenance.credentials.tlog import LogProof, Note, Policy, VerifierKey, verify_proof
from provenance.credentials.tlog.tree import inclusion_path, leaf_hash, verify_inclusion
from provenance.usecases.log_tree import LogTree


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReceipts:
    """Every proof is checked before it is handed out. `keys` sign, or signed, the log's checkpoints."""

    store: Store
    tree: LogTree
    publish: Callable[[], LogCheckpoint | None]
    keys: Callable[[], Sequence[VerifierKey]]

    def prove(self, index: int) -> str:
        """A C2SP tlog-proof of the leaf, under the newest checkpoint. Raises NotFound before there is one that covers
        it, Unavailable."""
        with self.store.read() as unit:
            newest = unit.log.checkpoint()
            if newest is None or index >= newest.size:
                raise NotFound("the log's entry is not published yet", hint="ask again in a few seconds")
            (entry,) = unit.log.entries(index, index + 1)
        path = inclusion_path(index, newest.size, self.tree.nodes(newest.size))
        try:
            verify_inclusion(leaf_hash(entry.data), path, index=index, head=(newest.size, bytes.fromhex(newest.root)))
        except LogRootMismatch as error:
            self.tree.rebuild(newest.size)
            raise Unavailable("the log's tiles were damaged, and are made again", hint="try again") from error
        return LogProof(index, path, Note.parse(newest.note)).text

    def check(self, proof: str, entry: bytes) -> int:
        """The index at which a proof shows this entry in our log. Raises VerificationError."""
        return verify_proof(proof, entry, Policy.of(self.keys())).index
