"""What the transparency log's use cases ask of the world, besides `ports.Log`."""

from contextlib import AbstractContextManager
from typing import Protocol


class TileCache(Protocol):
    """Tiles by path, on this machine. All of it can be made again from the entries; a reader may find nothing.

    What is put under a path only ever grows at its end: a tile that was partial becomes a longer one.
    """

    def get(self, path: str) -> bytes | None: ...
    def put(self, path: str, data: bytes) -> None:
        """Whole or not at all, and on disk when it returns. Raises Unavailable."""

    def alone(self) -> AbstractContextManager[None]:
        """Held by one thread of one process at a time."""


class Witness(Protocol):
    """Somebody else's witness, as c2sp.org/tlog-witness describes it. `vkey` is its verifier key."""

    @property
    def vkey(self) -> str: ...
    def add_checkpoint(self, body: bytes) -> tuple[int, bytes]:
        """The HTTP status and the body of the answer to `POST <prefix>/add-checkpoint`. Raises Unavailable."""
