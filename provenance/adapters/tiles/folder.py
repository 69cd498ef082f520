"""A folder of tiles. Any process of the service may read it; those that extend it take turns by a file lock."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from provenance.core.errors import Unavailable

_LOCK: Final = ".lock"
_HINT: Final = "look at the disk, its space and its permissions"


class TileFolder:
    """`root` is made on the first write. Every method raises Unavailable when the disk refuses."""

    def __init__(self, root: Path) -> None:
        self._root: Final = root

    def get(self, path: str) -> bytes | None:
        """`path` comes from `Tile.path`, never from a request."""
        try:
            return (self._root / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"a tile can't be read: {error.strerror}", hint=_HINT) from error

    def put(self, path: str, data: bytes) -> None:
        """A reader sees the file before or the file after, also through a power cut."""
        target = self._root / path
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_synced(temporary, data)
            temporary.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise Unavailable(f"a tile can't be written: {error.strerror}", hint=_HINT) from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The kernel drops the lock of a process that dies."""
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise Unavailable(f"the log's folder can't be written: {error.strerror}", hint=_HINT) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
