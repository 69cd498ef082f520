"""Every command, and the one place where errors become exit codes."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
import typer.main

from provenance import __version__
from provenance.core.errors import InvalidRequest, ProvenanceError
from provenance.faces.cli import opened
from provenance.faces.cli.batch import unavailable
from provenance.faces.cli.commands import (
    admin,
    anchor,
    ca,
    calibration,
    certificate,
    checks,
    log,
    marks,
    operations,
    reindex,
    verify,
    watch,
    works,
)
from provenance.faces.cli.console import ReaderLeft, complain, settle_streams, silence
from provenance.faces.cli.exits import Exit, exit_of

EPILOG: Final = (
    "Exit codes: 0 ok, 1 error, 2 usage, 3 invalid, 4 untrusted signer, 5 not found, 6 unavailable. "
    "Settings come from PROVENANCE_… variables."
)
_UsageError: Final[Any] = typer.BadParameter.__mro__[1]  # click's, which typer carries under a private name

app = typer.Typer(
    name="provenance",
    help="Mark, certify, find again and license AI-generated art.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (works, checks, calibration, verify, marks, operations, anchor, reindex):
    for command in module.COMMANDS:
        app.command()(command)
for module in (admin, ca, calibration, certificate, log, watch):
    for name, group in module.GROUPS.items():
        app.add_typer(group, name=name)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"provenance {__version__}")
        raise typer.Exit(Exit.OK)


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, help="Print the version and stop.", is_eager=True)
    ] = False,
) -> None:
    """Mark, certify, find again and license AI-generated art."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Ends in SystemExit with one of the codes in `exits`."""
    settle_streams()
    wanted = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = run(wanted, as_json="--json" in wanted)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except ReaderLeft:
        silence(sys.stdout)
        code = Exit.READER_LEFT
    sys.exit(code)


def run(arguments: list[str], *, as_json: bool) -> int:
    """One command, its errors told, as its exit code."""
    try:
        return _invoke(arguments, as_json=as_json)
    except ProvenanceError as error:
        problem = error
    except OSError as error:
        problem = unavailable(error)
    except ModuleNotFoundError as error:
        lacking = opened.not_installed(error)
        if lacking is None:
            raise
        problem = lacking
    complain(problem, as_json=as_json)
    return exit_of(problem)


def _invoke(arguments: list[str], *, as_json: bool) -> int:
    """typer prints what was wrong with the arguments; with --json that is an object too."""
    command_line = typer.main.get_command(app)
    try:
        return int(command_line(arguments, prog_name="provenance", standalone_mode=not as_json) or Exit.OK)
    except _UsageError as error:
        raise InvalidRequest(error.format_message(), hint="--help shows what the command takes") from None
    except SystemExit as end:
        return int(end.code or Exit.OK)
