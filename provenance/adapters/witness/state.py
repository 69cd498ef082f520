"""What our own witness remembers: of each log the largest tree that it cosigned. On disk before anything is signed."""

import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from provenance.core.errors import Misconfigured, Unavailable
from provenance.credentials.tlog.tree import HASH_BYTES, MAX_SIZE

_VERSION: Final = 1
_HINT: Final = "restore it from a backup that is not older, or make a new witness with a new key"


class WitnessState:
    """A JSON file: `{"version": 1, "logs": {origin: {"size": n, "root": hex}}}`.

    One process at a time has it: two that share a file could cosign two histories. Raises Misconfigured when it is
    damaged, in use, or can't be opened. A witness that lost its state must not go on under the same key.
    """

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._turn = threading.Lock()
        self._lock: Final = _locked(path.with_name(f".{path.name}.lock"))
        try:
            self._logs: Final = _load(path)
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        os.close(self._lock)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Checking a request and remembering its checkpoint is one step: hold this around both."""
        with self._turn:
            yield

    def latest(self, origin: str) -> tuple[int, bytes] | None:
        """(size, root) of the last cosigned tree."""
        return self._logs.get(origin)

    def remember(self, origin: str, size: int, root: bytes) -> None:
        """Raises Unavailable when it can't be written; then nothing may be signed."""
        logs = {**self._logs, origin: (size, root)}
        document = {
            "version": _VERSION,
            "logs": {name: {"size": count, "root": node.hex()} for name, (count, node) in sorted(logs.items())},
        }
        try:
            _replace(self._path, json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            raise Unavailable(f"{self._path} can't be written: {error.strerror}") from error
        self._logs[origin] = (size, root)


def _locked(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise Misconfigured(f"{path} can't be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise Misconfigured("another witness uses this state file", hint="each has a file of its own") from None
    return descriptor


def _load(path: Path) -> dict[str, tuple[int, bytes]]:
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != _VERSION:
            raise ValueError
        return {str(origin): _head(entry) for origin, entry in document["logs"].items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Misconfigured(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Misconfigured(f"{path} is damaged, so this witness does not know what it signed", hint=_HINT) from None


def _head(entry: Any) -> tuple[int, bytes]:
    size, root = entry["size"], bytes.fromhex(entry["root"])
    if type(size) is not int or not 0 <= size <= MAX_SIZE or len(root) != HASH_BYTES:
        raise ValueError
    return size, root


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
