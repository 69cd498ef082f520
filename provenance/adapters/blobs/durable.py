"""Writing a file so that a crash leaves the old state or the new one, and an answer means "on disk".

Write a temporary file on the same file system, fsync it, rename it, fsync the folders above: POSIX promises an atomic
rename, and only the folder's fsync makes the name survive a power cut.
"""

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_INCOMING: Final = "incoming"
_ABANDONED_AFTER: Final = 24 * 3600  # seconds; no write takes a day, so its writer is gone


def write(root: Path, relative: Path, data: bytes) -> None:
    """Put `data` at `root / relative`, replacing what is there. Raises OSError; then nothing is at the final name."""
    incoming = root / _INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    temporary = incoming / f"{relative.name}.{secrets.token_hex(8)}"
    try:
        _write_synced(temporary, data)
        target = root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        settle(root, relative)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def remove(root: Path, relative: Path) -> None:
    """Delete `root / relative` if it is there, so that it does not come back after a power cut. Raises OSError."""
    target = root / relative
    target.unlink(missing_ok=True)
    if target.parent.is_dir():
        _sync_folder(target.parent)


def settle(root: Path, relative: Path) -> None:
    """Sync the folders that lead to `root / relative`. Also for a file that another writer just renamed: its name may
    not be on disk yet. Raises OSError."""
    for parent in relative.parents:
        _sync_folder(root / parent)


def make_root(root: Path) -> None:
    """Create a folder and its missing parents, each entry synced. Raises OSError."""
    if not root.is_dir():
        if root.parent != root:
            make_root(root.parent)
        root.mkdir(exist_ok=True)
        _sync_folder(root.parent)


def sweep(root: Path) -> int:
    """Delete temporary files that a killed process left behind. Answers how many."""
    oldest = time.time() - _ABANDONED_AFTER
    removed = 0
    for path in (root / _INCOMING).glob("*"):
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
                removed += 1
    return removed


def _write_synced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
