"""C2SP tlog-witness: what is asked of a witness, and when it may cosign. Pure: the caller keeps the state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.errors import Conflict, InvalidRequest, MalformedLogProof, NotFound
from provenance.credentials.messages import refusal
from provenance.credentials.tlog.checkpoints import Checkpoint, read_hash, read_number
from provenance.credentials.tlog.notes import Note, VerifierKey, read_text, signed_by, to_base64
from provenance.credentials.tlog.tree import EMPTY_ROOT, verify_consistency

MAX_REQUEST: Final = 256 * 1024
SIZE_TYPE: Final = "text/x.tlog.size"
"""Media type of a 409 answer, whose body is the size that the witness has."""

_LONGEST_PATH: Final = 63


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The body of `POST /add-checkpoint`: a checkpoint, and a consistency proof from the size `old` to it."""

    old: int
    path: tuple[bytes, ...]
    note: Note

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says; nobody checked its signatures yet. Raises MalformedLogProof."""
        return Checkpoint.parse(self.note.body)

    @property
    def body(self) -> bytes:
        path = "".join(f"{to_base64(node)}\n" for node in self.path)
        return f"old {self.old}\n{path}\n{self.note.text}".encode()

    @classmethod
    def parse(cls, data: bytes) -> "AddCheckpoint":
        """Raises MalformedLogProof."""
        head, blank, note = read_text(data).partition("\n\n")
        first, *path = head.split("\n")
        if not blank or not first.startswith("old ") or len(path) > _LONGEST_PATH:
            raise refusal(MalformedLogProof, "proof-form", detail="its first lines")
        old = read_number(first.removeprefix("old "))
        request = cls(old, tuple(read_hash(line) for line in path), Note.parse(note))
        _ = request.checkpoint
        return request


def advance(request: AddCheckpoint, known: tuple[int, bytes] | None, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The checkpoint that may be cosigned next, once it is stored. `known` is the (size, root) that was cosigned last
    for its origin; `keys` are the log keys that the witness trusts.

    In the order of the specification, raises NotFound (404), UntrustedSigner or InvalidSignature (403), InvalidRequest
    (400), Conflict (409; `existing` is the known size), MalformedLogProof or LogInconsistent (422).
    """
    checkpoint = request.checkpoint
    trusted = [key for key in keys if key.name == checkpoint.origin]
    if not trusted:
        raise NotFound("this witness does not know that log")
    signed_by(request.note, trusted)
    if request.old > checkpoint.size:
        raise InvalidRequest("the old size is larger than the checkpoint")
    head = known or (0, EMPTY_ROOT)
    if request.old != head[0]:
        raise Conflict(f"the latest cosigned checkpoint has size {head[0]}", existing=str(head[0]))
    verify_consistency(request.path, old=head, new=checkpoint.head)
    return checkpoint
