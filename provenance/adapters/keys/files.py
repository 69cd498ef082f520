"""Files that hold secrets: private from the first byte, complete or absent, never readable by others."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from provenance.core.errors import Misconfigured, Unavailable

_PRIVATE: Final = 0o600
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def create(path: Path, data: bytes) -> None:
    """Write a new file with mode 0600. Raises FileExistsError when it is there: of two writers, exactly one wins.

    The name appears with its whole, synced content or not at all: link(2) refuses an existing name, as O_EXCL does.
    """
    _publish(path, data, exclusive=True)


def replace(path: Path, data: bytes) -> None:
    """Write a file with mode 0600 over the one that may be there, atomically and synced."""
    _publish(path, data, exclusive=False)


def read(path: Path) -> bytes:
    """Raises Misconfigured when the file is missing or others than its owner may touch it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Misconfigured(f"there is no key file {path}", hint="run `provenance init`") from None
    except OSError as error:
        raise Unavailable(f"{path} can't be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        # The open file is asked, not the path, so that nobody can swap it in between.
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & _OTHERS:
            raise Misconfigured(f"others can read or change {path}", hint=f"chmod 600 {path}")
        return file.read()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time changes the folder. The kernel drops the lock of a process that dies."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    except OSError as error:
        raise Unavailable(f"the key folder {folder} can't be written: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _publish(path: Path, data: bytes, *, exclusive: bool) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write_new(temporary, data)
        if exclusive:
            os.link(temporary, path)
            temporary.unlink()
        else:
            temporary.replace(path)
        _sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise Unavailable(f"{path} can't be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
