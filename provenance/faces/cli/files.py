"""Files, folders and standard streams as arguments."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from provenance.core.errors import InvalidRequest, NotFound, Unavailable

STANDARD: Final = Path("-")
_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".avif", ".apng"})


def pictures(arguments: Sequence[Path]) -> list[Path]:
    """Files as they are named; of a folder, every picture below it, in order of name; `-` is standard input."""
    found: list[Path] = []
    for argument in arguments:
        if argument == STANDARD or argument.is_file():
            found.append(argument)
        elif argument.is_dir():
            found.extend(sorted(path for path in argument.rglob("*") if _is_picture(path)))
        else:
            raise NotFound(f"there is no file or folder {argument}")
    if not found:
        raise NotFound("there is no picture in what was named", hint=f"looked for {', '.join(sorted(_SUFFIXES))}")
    return found


def read(path: Path) -> bytes:
    """Raises NotFound, Unavailable."""
    try:
        return sys.stdin.buffer.read() if path == STANDARD else path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}") from None
    except OSError as error:
        raise Unavailable(f"{path} can't be read: {error.strerror}") from error


def write(path: Path, data: bytes) -> None:
    """The whole file or none: written beside and renamed. Raises Unavailable."""
    if path == STANDARD:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as target:
            target.write(data)
        written = Path(target.name)
        written.chmod(0o644)  # a picture or certificate is meant to be handed on
        written.replace(path)
    except OSError as error:
        raise Unavailable(f"{path} can't be written: {error.strerror}") from error


def one_output(out: Path | None, count: int) -> None:
    """Raises InvalidRequest where several results would go to standard output."""
    if out == STANDARD and count > 1:
        raise InvalidRequest("standard output takes one file", hint="name a folder with --out")


def suffix(media_type: str) -> str:
    return "." + media_type.rpartition("/")[2]


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and path.is_file() and not path.name.startswith(".")
