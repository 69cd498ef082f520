"""The command line. `main` is the console script; it translates errors to exit codes once (see `exits`)."""

from provenance.faces.cli.app import main

__all__ = ["main"]
