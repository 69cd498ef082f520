"""Files, folders and standard streams as arguments."""

import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provenance.core.errors import Conflict, InvalidRequest, NotFound, Unavailable
from provenance.faces.cli.console import pour

STANDARD: Final = Path("-")
_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".avif", ".apng"})


@dataclass(frozen=True, slots=True)
class Named:
    """A picture that was named. `place` is where its output goes below the output folder, without a suffix: what lay in
    two folders under one name stays apart."""

    path: Path
    place: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def title(self) -> str:
        return "" if self.path == STANDARD else self.path.stem


def pictures(arguments: Sequence[Path], *, without: Path | None = None) -> list[Named]:
    """Files as they are named; of a folder, every picture below it, in order of name; `-` is standard input. `without`
    is a folder of outputs: what lies below it is left out, unless it is named itself.

    Raises NotFound, InvalidRequest, Unavailable when a folder can't be read.
    """
    if arguments.count(STANDARD) > 1:
        raise InvalidRequest("standard input can be read once")
    found: dict[Path, Named] = {}  # a file that was named twice is one file
    for argument in arguments:
        if argument == STANDARD:
            found[argument] = Named(argument, Path("stdin"))
        elif argument.is_dir():
            for path in sorted(_below(argument, without)):
                found.setdefault(path, Named(path, path.relative_to(argument).with_suffix("")))
        elif argument.exists():
            found.setdefault(argument, Named(argument, Path(argument.stem)))
        else:
            raise NotFound(f"there is no file or folder {argument}")
    if not found:
        raise NotFound("there is no picture in what was named", hint=f"looked for {', '.join(sorted(_SUFFIXES))}")
    return list(found.values())


def read(path: Path, *, limit: int | None = None) -> bytes:
    """With a `limit`, at most one byte more than it: enough to see that a file is too large. Raises NotFound,
    Unavailable."""
    size = -1 if limit is None else limit + 1
    try:
        if path == STANDARD:
            return sys.stdin.buffer.read(size)
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise Unavailable(f"{path} can't be read: {error.strerror}") from error


def write(path: Path, data: bytes, *, force: bool = False) -> bool:
    """The whole file or none: written beside, synced and renamed. A file that is there with the same bytes is left, and
    the answer is False.

    Raises Conflict when it is there with others and `force` was not given, Unavailable.
    """
    if path == STANDARD:
        pour(data)
        return True
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_new(temporary, data)
        if force:
            temporary.replace(path)
            return True
        return _publish(temporary, path, data)
    except OSError as error:
        raise Unavailable(f"{path} can't be written: {error.strerror}") from error
    finally:
        _remove(temporary)


def writable(folder: Path) -> None:
    """Make an output folder and try it, before anything is registered whose file could then not be handed out.

    Raises Unavailable.
    """
    if folder == STANDARD:
        return
    probe = folder / f".{secrets.token_hex(8)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_new(probe, b"")
    except OSError as error:
        raise Unavailable(f"{folder} can't be written: {error.strerror}", hint="name another folder") from error
    finally:
        _remove(probe)


def one_output(out: Path | None, count: int, *, as_json: bool = False) -> None:
    """Raises InvalidRequest where several results would go to standard output, or a file and JSON."""
    if out != STANDARD:
        return
    if count > 1:
        raise InvalidRequest("standard output takes one file", hint="name a folder with --out")
    if as_json:
        raise InvalidRequest("standard output takes the file or JSON, not both", hint="name a file, or no --json")


def suffix(media_type: str) -> str:
    return "." + media_type.rpartition("/")[2]


def _below(folder: Path, without: Path | None) -> Iterator[Path]:
    """Pictures in a folder and the folders in it; hidden ones are left out, and links to folders are not followed."""
    left_out = None if without is None else without.resolve()

    def refuse(error: OSError) -> None:
        raise Unavailable(f"{error.filename} can't be read: {error.strerror}") from error

    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".") and (Path(root, name).resolve() != left_out)]
        for path in (Path(root, name) for name in names if not name.startswith(".")):
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                yield path


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)  # minus the user's umask
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(temporary: Path, path: Path, data: bytes) -> bool:
    """Give the file its name unless somebody has it: link(2) decides, also between two processes."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        _same(path, data)
        return False
    except OSError:  # a file system without hard links
        if path.exists():
            _same(path, data)
            return False
        temporary.replace(path)
    return True


def _same(path: Path, data: bytes) -> None:
    if not path.is_file() or path.read_bytes() != data:
        raise Conflict(f"{path} is there already, and is another file", hint="name another place, or give --force")


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # its folder is not there, or it can't be changed; the error that is on its way says so
