"""C2SP tlog-checkpoint: a tree head as the text of a signed note."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provenance.core.errors import MalformedLogProof
from provenance.credentials.messages import refusal
from provenance.credentials.tlog.notes import Note, VerifierKey, from_base64, signed_by, to_base64
from provenance.credentials.tlog.tree import HASH_BYTES, MAX_SIZE

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The root (32 bytes) over a log's first `size` entries. `origin` is the log's one name for ever."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """What is signed: lines that each end in a newline."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, to_base64(self.root), *self.extensions))

    @property
    def head(self) -> tuple[int, bytes]:
        """(size, root), as `tree.verify_consistency` takes it."""
        return self.size, self.root

    @classmethod
    def parse(cls, body: str) -> "Checkpoint":
        """Raises MalformedLogProof."""
        origin, *lines = body.removesuffix("\n").split("\n")
        if not body.endswith("\n") or len(lines) < 2 or not origin or not all(lines):
            raise refusal(MalformedLogProof, "checkpoint-form", detail="its lines")
        return cls(origin, read_number(lines[0]), read_hash(lines[1]), tuple(lines[2:]))


def open_checkpoint(data: bytes | str, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, Note]:
    """A checkpoint that one of the log's keys signed under its own origin.

    Raises MalformedLogProof, UntrustedSigner, InvalidSignature.
    """
    note = Note.parse(data)
    checkpoint = Checkpoint.parse(note.body)
    signed_by(note, [key for key in keys if key.name == checkpoint.origin])
    return checkpoint, note


def read_number(text: str) -> int:
    """A size or an index: ASCII decimal without leading zeros, below 2^63. Raises MalformedLogProof."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_SIZE:
        raise refusal(MalformedLogProof, "log-number", given=text)
    return int(text)


def read_hash(text: str) -> bytes:
    """32 bytes in base64. Raises MalformedLogProof."""
    try:
        data = from_base64(text)
    except ValueError:
        data = b""
    if len(data) != HASH_BYTES:
        raise refusal(MalformedLogProof, "log-hash", given=text)
    return data
