"""Every command, and the one place where errors become exit codes."""

import sys
from typing import Annotated, Final

import typer

from provenance import __version__
from provenance.core.errors import ProvenanceError
from provenance.faces.cli.commands import admin, checks, marks, operations, verify, works
from provenance.faces.cli.console import complain
from provenance.faces.cli.exits import Exit, exit_of

EPILOG: Final = (
    "Exit codes: 0 ok, 1 error, 2 usage, 3 invalid, 4 untrusted signer, 5 not found, 6 unavailable. "
    "Settings come from PROVENANCE_… variables."
)

app = typer.Typer(
    name="provenance",
    help="Mark, certify, find again and license AI-generated art.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (works, checks, verify, marks, operations):
    for command in module.COMMANDS:
        app.command()(command)
for name, group in admin.GROUPS.items():
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


def main() -> None:
    """The console script."""
    as_json = "--json" in sys.argv
    try:
        app()
    except ProvenanceError as error:
        complain(error, as_json=as_json)
        sys.exit(exit_of(error))
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(Exit.OK)
