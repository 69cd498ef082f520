"""What commands print: words for people on a terminal, JSON for programs. Errors and progress go to stderr."""

import io
import json
import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import typer

from provenance.core.errors import ProvenanceError
from provenance.core.types import Region

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: one object, or one object a line for several.")]
# `readable=False`: a file that can't be read is told like any other trouble with one file, and the rest goes on.
Paths = Annotated[list[Path], typer.Argument(help="Pictures or folders; - is standard input.", readable=False)]
_LINE: Final = "\n"
_WHOLE: Final = 0.9  # what fills so much of the width and the height is not said to lie in a part of the picture


class ReaderLeft(Exception):
    """Whoever read the standard output has closed it, as `| head` does. Nothing is wrong, and nothing more to do."""


def settle_streams() -> None:
    """What the terminal's encoding lacks is escaped (in JSON the escape is JSON's own); each warning is one line, once
    a process, without the source line that Python would show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    told: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        text = str(message)
        if text not in told:
            told.add(text)
            note(f"warning: {text}")

    warnings.showwarning = show


def emit(document: Mapping[str, Any]) -> None:
    """One JSON object on its own line."""
    _print(json.dumps(document, ensure_ascii=False, default=str))


def say(text: str) -> None:
    _print(_harmless(text))


def note(text: str) -> None:
    """For a person only: never mixed into what a program reads."""
    _print(_harmless(text), err=True)


def pour(data: bytes) -> None:
    """Bytes to the standard output. Raises ReaderLeft."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderLeft from None


def complain(
    error: ProvenanceError, *, as_json: bool, about: str | None = None, milliseconds: float | None = None
) -> None:
    """One error, on stderr for people, as an object on stdout for programs. `about` is the file that it is about."""
    if as_json:
        existing = getattr(error, "existing", None)
        problem = {
            "error": error.code,
            "reason": error.reason,
            "hint": error.hint,
            "existing": existing,
            "file": about,
            "milliseconds": milliseconds,
        }
        emit({key: value for key, value in problem.items() if value is not None})
        return
    where = f"{about}: " if about else ""
    note(f"{where}{error.reason}" + (f"\n  {error.hint}" if error.hint else ""))


def placed(region: Region) -> str:
    """Where in a picture something lies, as the box around it; nothing where that is about the whole picture."""
    x, y = zip(*region, strict=True)
    if max(x) - min(x) > _WHOLE and max(y) - min(y) > _WHOLE:
        return ""
    return f", at x {min(x):.0%} to {max(x):.0%}, y {min(y):.0%} to {max(y):.0%}"


def rows(header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """A plain table: columns as wide as their content, so that it also reads well in a pipe."""
    from rich.cells import cell_len  # a Chinese character takes two columns

    table = [[_harmless(cell) for cell in line] for line in (header, *lines)]
    widths = [max(cell_len(line[column]) for line in table) for column in range(len(header))]
    for line in table:
        say("  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)).rstrip())


def silence(stream: TextIO) -> None:
    """Let what is still buffered for a reader that left go nowhere: the interpreter flushes it at its end."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):  # not a file: nothing will be flushed into it
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _print(line: str, *, err: bool = False) -> None:
    try:
        typer.echo(line, err=err)
    except BrokenPipeError:
        raise ReaderLeft from None


def _harmless(text: str) -> str:
    """File names and titles come from others: nothing in them may steer a terminal."""
    return "".join(c if c.isprintable() or c == _LINE else "\N{REPLACEMENT CHARACTER}" for c in text)
