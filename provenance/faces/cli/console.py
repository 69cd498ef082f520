"""What commands print: words for people on a terminal, JSON for programs. Errors and progress go to stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer

from provenance.core.errors import ProvenanceError

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: one object, or one object a line for several.")]


def emit(document: Mapping[str, Any]) -> None:
    """One JSON object on its own line."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=str))


def say(text: str) -> None:
    typer.echo(text)


def note(text: str) -> None:
    """For a person only: never mixed into what a program reads."""
    typer.echo(text, err=True)


def complain(error: ProvenanceError, *, as_json: bool, about: str | None = None) -> None:
    """One error, on stderr for people, as an object on stdout for programs."""
    if as_json:
        problem = {"error": error.code, "reason": error.reason, "hint": error.hint, "file": about}
        emit({key: value for key, value in problem.items() if value is not None})
        return
    where = f"{about}: " if about else ""
    note(f"{where}{error.reason}" + (f"\n  {error.hint}" if error.hint else ""))


def progress(items: Sequence[T], label: str, *, as_json: bool) -> Iterable[T]:
    """A progress bar on stderr where that is a terminal and there is more than one item."""
    if as_json or len(items) < 2 or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, label, console=Console(stderr=True))


def rows(header: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """A plain table: columns as wide as their content, so that it also reads well in a pipe."""
    table = [list(header), *(list(line) for line in lines)]
    widths = [max(len(line[column]) for line in table) for column in range(len(header))]
    for line in table:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
