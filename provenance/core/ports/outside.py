"""Time, files and addresses."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time now, UTC, timezone-aware. Core has no clock of its own."""

    def __call__(self) -> datetime: ...


class Blobs(Protocol):
    """Content-addressed files: `put` answers the sha256 hex digest. An orphan is harmless; `get` raises NotFound."""

    def put(self, data: bytes) -> str: ...
    def get(self, digest: str) -> bytes: ...
    def delete(self, digest: str) -> None:
        """For good. One that is not there is no error: whoever deletes answers for it that nothing else needs it."""


class Fetcher(Protocol):
    """The only way to a URL. Raises InvalidRequest for a forbidden address, TooLarge, Unavailable."""

    def fetch(self, url: str) -> bytes: ...
