"""Be a witness: cosign the checkpoints of logs that only ever grow (c2sp.org/tlog-witness)."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from provenance.core.errors import InvalidRequest, MalformedLogProof
from provenance.core.ports import Clock
from provenance.credentials.tlog import VerifierKey
from provenance.credentials.tlog.notes import Sign, cosign
from provenance.credentials.tlog.witnessing import AddCheckpoint, advance


class WitnessMemory(Protocol):
    """What was cosigned last, by origin. `remember` has it on disk when it returns, and raises Unavailable."""

    def turn(self) -> AbstractContextManager[None]: ...
    def latest(self, origin: str) -> tuple[int, bytes] | None: ...
    def remember(self, origin: str, size: int, root: bytes) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosign:
    """`key` is this witness's verifier key, `sign` makes its Ed25519 signatures; `logs` are the keys of the logs."""

    key: VerifierKey
    sign: Sign
    logs: Sequence[VerifierKey]
    memory: WitnessMemory
    clock: Clock

    def __call__(self, body: bytes) -> str:
        """The cosignature line for one `POST /add-checkpoint`; the new tree is remembered before it is signed.

        Raises InvalidRequest where the body is no request, and as `advance` does.
        """
        try:
            request = AddCheckpoint.parse(body)
        except MalformedLogProof as error:
            raise InvalidRequest(error.reason, hint="see c2sp.org/tlog-witness") from error
        with self.memory.turn():
            checkpoint = advance(request, self.memory.latest(request.checkpoint.origin), self.logs)
            self.memory.remember(checkpoint.origin, *checkpoint.head)
            return cosign(checkpoint.body, self.key, self.sign, at=self.clock()).text
