"""init, serve, work, doctor, anchor."""

import os
import runpy
from typing import Annotated, Final

import typer

from provenance.core.errors import Conflict, Misconfigured
from provenance.faces.cli import opened
from provenance.faces.cli.console import AsJson, emit, note, rows, say
from provenance.faces.cli.exits import Exit


def init(as_json: AsJson = False) -> None:
    """Make the home folder: database, signing key, watermark key. Safe to repeat."""
    with opened.service(start=False) as service:
        service.store.migrate()
        try:
            service.create_keys()
            made = True
        except Conflict:
            made = False
        answer = {"home": str(service.settings.home), "issuer": service.keys.issuer, "new_keys": made}
    if as_json:
        emit(answer)
        return
    say(f"{answer['home']} is ready; certificates are issued by {answer['issuer']}")
    say("back up its keys folder: without it, marks can't be read and nothing can be signed" if made else "it had keys")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
) -> None:
    """Run the HTTP service: one process, its worker included."""
    try:
        import uvicorn
    except ImportError as error:
        raise Misconfigured("serving needs uvicorn", hint="pip install 'provenance-art[server]'") from error
    level = opened.settings().log_level.lower()
    # The app is named, not imported: faces do not know each other.
    uvicorn.run("provenance.faces.api:create_app", factory=True, host=host, port=port, log_level=level)


def work() -> None:
    """Run the worker alone, beside a service with PROVENANCE_WORKER_IN_SERVER=false."""
    note(f"worker {os.getpid()} runs; stop it with SIGTERM or Ctrl-C")
    runpy.run_module("provenance.faces.worker", run_name="__main__")


def doctor(as_json: AsJson = False) -> None:
    """Look at every part, and say what is wrong and what to do. Exits with 6 when something is."""
    with opened.service(start=False) as service:
        checks = service.readiness()
    if as_json:
        emit({"ok": all(check["ok"] for check in checks.values()), "checks": checks})
    else:
        rows(("part", "", "detail"), [(name, "ok" if c["ok"] else "NO", c["detail"]) for name, c in checks.items()])
        for check in checks.values():
            if check.get("hint"):
                say(f"  {check['hint']}")
    if not all(check["ok"] for check in checks.values()):
        raise typer.Exit(Exit.UNAVAILABLE)


def anchor(as_json: AsJson = False) -> None:
    """Anchor the works that wait on the ledger, and follow up earlier batches."""
    with opened.service(start=False) as service:
        if service.anchor is None:
            raise Misconfigured("no ledger is configured", hint="set PROVENANCE_CHAIN_RPC_URL; see docs/ledger.md")
        batches = service.anchor()
    for batch in batches:
        line = {"root": batch.root, "works": len(batch.leaves), "state": str(batch.state), "tx_hash": batch.tx_hash}
        emit(line) if as_json else say(f"{batch.root}  {len(batch.leaves)} works  {batch.state}  {batch.tx_hash}")
    if not batches and not as_json:
        say("nothing waits for an anchor")


COMMANDS: Final = (init, serve, work, doctor, anchor)
