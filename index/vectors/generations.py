"""Sealed generations: named arrays in a folder that are either wholly there and sound, or not there.

The database is the record and an index is a cache of it, so a generation carries the checkpoint (the sequence of the
last operation that it holds) and the models that made its vectors; whoever loads it replays the record from there.

    folder/
      LOCK                      held by the one owner; readers need no lock
      CURRENT                   the name of the generation to load
      generation-0000000007/    manifest.json and one file for each array

`write` builds a hidden folder, fsyncs every file and the folder, renames it, fsyncs its parent, and only then switches
CURRENT, by a rename too: after a kill -9 or a power cut at any moment either the old generation or the new one loads.
`load` checks length and CRC-32 of every file and falls back to the next older sound generation, at last to None (then
the record is replayed from the beginning): damage costs time, never data, and is logged.
"""

import fcntl
import logging
import os
import shutil
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from index.vectors.sealing import (
    MANIFEST,
    DamagedGeneration,
    Generation,
    check_names,
    fsync_folder,
    read_generation,
    write_file,
    write_generation,
)

__all__ = ["DamagedGeneration", "FolderInUse", "Generation", "Generations", "NotSealed"]

CURRENT: Final = "CURRENT"
LOCK: Final = "LOCK"
_PREFIX: Final = "generation-"
_HIDDEN: Final = ".unsealed-"

_log = logging.getLogger(__name__)


class FolderInUse(RuntimeError):
    """Another process (or another object in this one) owns the folder; open it with `read_only=True`."""


class NotSealed(OSError):
    """A generation could not be written, for example on a full disk; the one before it stays in force."""


class Generations:
    """The generations in one folder. The owner writes; any number of readers (`read_only=True`) load.

    `keep` is how many generations stay on disk; with 2 a damaged newest one falls back instead of starting empty.
    Raises FolderInUse when there is an owner already, NotSealed when the folder can't be written.
    """

    def __init__(self, folder: str | os.PathLike[str], *, read_only: bool = False, keep: int = 2) -> None:
        if keep < 1:
            raise ValueError("at least one generation is kept")
        self.folder = Path(folder)
        self.read_only = read_only
        self._keep = keep
        self._damaged: tuple[str, ...] = ()
        self._lock: int | None = None
        if not read_only:
            self._lock = _own(self.folder)
            self._release = weakref.finalize(self, os.close, self._lock)
            self._sweep()

    @property
    def damaged(self) -> tuple[str, ...]:
        """Names that the last `load` passed over as damaged. When there are any, write a fresh generation soon."""
        return self._damaged

    def write(
        self, arrays: Mapping[str, NDArray[np.generic] | bytes], *, checkpoint: int, models: Sequence[str] = ()
    ) -> str:
        """Seal these arrays and make them current; returns the generation's name.

        Names are lower-case letters, digits and `._-`. Arrays may have any shape and any dtype without objects.
        Raises ValueError on a bad name, dtype or checkpoint, NotSealed when the disk refuses, PermissionError when the
        folder was opened read-only.
        """
        if self.read_only:
            raise PermissionError(f"{self.folder} was opened read-only")
        if not self._release.alive:
            raise ValueError("these generations are closed")
        if checkpoint < 0:
            raise ValueError("a checkpoint is not negative")
        check_names(arrays)
        name = f"{_PREFIX}{self._next_number():010d}"
        hidden = self.folder / f"{_HIDDEN}{name}"
        try:
            _discard(hidden)
            write_generation(hidden, arrays, checkpoint=checkpoint, models=models)
            hidden.rename(self.folder / name)
            fsync_folder(self.folder)
            self._switch(name)
        except OSError as error:
            _discard(hidden)
            raise NotSealed(error.errno, f"could not seal {name} in {self.folder}: {error}") from error
        self._prune(name)
        return name

    def load(self, *, models: Sequence[str] | None = None) -> Generation | None:
        """The current generation, or the newest sound one before it, or None. Damage is logged, never raised.

        `models`: pass over generations whose vectors came from other models; they can't be compared.
        Arrays are read-only memory maps; they outlive the pruning of their files.
        """
        names = self._candidates()
        found = self._first_sound(names, models)
        while found is None and (newer := self._candidates()) != names:  # the owner wrote and pruned meanwhile
            names = newer
            found = self._first_sound(names, models)
        return found

    def close(self) -> None:
        """Give up ownership. Loaded generations stay usable."""
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _first_sound(self, names: Sequence[str], models: Sequence[str] | None) -> Generation | None:
        damaged = []
        for name in names:
            try:
                generation = read_generation(self.folder / name)
            except (OSError, DamagedGeneration) as error:
                damaged.append(name)
                _log.warning("index generation %s is passed over: %s", name, error)
                continue
            if models is None or tuple(models) == generation.models:
                self._damaged = tuple(damaged)
                return generation
            _log.warning("index generation %s is of other models (%s)", name, ", ".join(generation.models))
        self._damaged = tuple(damaged)
        return None

    def _names(self) -> list[str]:
        """Sealed generations, newest first."""
        try:
            names = [entry.name for entry in self.folder.iterdir() if _is_name(entry.name)]
        except OSError:
            return []
        return sorted(names, key=_number, reverse=True)

    def _candidates(self) -> list[str]:
        names = self._names()
        try:
            current = (self.folder / CURRENT).read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            if names:
                _log.warning("%s can't be read, the newest generation is tried: %s", self.folder / CURRENT, error)
            return names
        if _is_name(current) and current not in names:
            _log.warning("index generation %s is missing", current)
        return sorted(names, key=lambda name: name != current)  # stable: current first, the rest newest first

    def _next_number(self) -> int:
        return max((_number(name) for name in self._names()), default=0) + 1

    def _switch(self, name: str) -> None:
        temporary = self.folder / f"{_HIDDEN}{CURRENT}"
        write_file(temporary, f"{name}\n".encode("ascii"))
        temporary.replace(self.folder / CURRENT)
        fsync_folder(self.folder)

    def _prune(self, current: str) -> None:
        """Remove generations that are not needed. Failing to is harmless, and retried after the next write."""
        sound = [name for name in self._names() if name not in self._damaged]
        kept = {current, *[name for name in sound if _number(name) <= _number(current)][: self._keep]}
        for name in set(self._names()) - kept:
            try:
                (self.folder / name / MANIFEST).unlink(missing_ok=True)  # first: half a folder must not look sealed
            except OSError as error:
                _log.warning("could not prune %s: %s", name, error)
            _discard(self.folder / name)
        self._damaged = ()

    def _sweep(self) -> None:
        """Remove what an owner that was killed left unfinished."""
        for entry in self.folder.glob(f"{_HIDDEN}*"):
            _discard(entry)


def _nothing() -> None:
    """There is no lock to release."""


def _own(folder: Path) -> int:
    """Create the folder and lock it; the open descriptor is the lock, so a killed owner leaves none behind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise NotSealed(error.errno, f"{folder} can't be written: {error}; open it with read_only=True") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise FolderInUse(f"{folder} has an owner already; open it with read_only=True") from error
    return descriptor


def _is_name(name: str) -> bool:
    return name.startswith(_PREFIX) and name.removeprefix(_PREFIX).isdecimal() and name.isascii()


def _number(name: str) -> int:
    return int(name.removeprefix(_PREFIX))


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("could not remove %s: %s", path, error)
