"""init, serve, work, doctor."""

import os
import runpy
from typing import Annotated, Any, Final

import typer

from provenance.core.errors import Conflict
from provenance.faces.cli import opened
from provenance.faces.cli.console import AsJson, emit, note, rows, say
from provenance.faces.cli.exits import Exit


def init(as_json: AsJson = False) -> None:
    """Make the home folder: database, signing key, watermark key. Safe to repeat."""
    with opened.service(start=False, create=True) as service:
        try:
            service.create_keys()
            made = True
        except Conflict:
            made = False
        service.store.migrate()
        answer = {"home": str(service.settings.home), "issuer": service.keys.issuer, "new_keys": made}
    if as_json:
        emit(answer)
        return
    say(f"{answer['home']} is ready; certificates are issued by {answer['issuer']}")
    say("back up its keys folder: without it, marks can't be read and nothing can be signed" if made else "it had keys")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Run the HTTP service: one process, its worker included."""
    import uvicorn

    level = opened.settings().log_level.lower()
    # The app is named, not imported: faces do not know each other.
    uvicorn.run("provenance.faces.api:create_app", factory=True, host=host, port=port, log_level=level)


def work() -> None:
    """Run the worker alone, beside a service with PROVENANCE_WORKER_IN_SERVER=false."""
    opened.settings()  # a wrong one is told here, by its name
    note(f"worker {os.getpid()} runs; stop it with SIGTERM or Ctrl-C")
    runpy.run_module("provenance.faces.worker", run_name="__main__")


def doctor(as_json: AsJson = False) -> None:
    """Look at every part, and say what is wrong and what to do. Exits with 6 when something is."""
    with opened.service(start=False, create=True) as service:
        # Opening the parts of a home folder that has no keys would make some, and a doctor changes nothing.
        checks = service.readiness() if service.initialised else {"keys": _no_keys(str(service.settings.home))}
    well = all(check["ok"] for check in checks.values())
    if as_json:
        emit({"ok": well, "checks": checks})
    else:
        rows(("part", "", "detail"), [(name, "ok" if c["ok"] else "NO", c["detail"]) for name, c in checks.items()])
        for hint in dict.fromkeys(check["hint"] for check in checks.values() if check.get("hint")):
            say(f"  {hint}")
    raise typer.Exit(Exit.OK if well else Exit.UNAVAILABLE)


COMMANDS: Final = (init, serve, work, doctor)


def _no_keys(home: str) -> dict[str, Any]:
    return {
        "ok": False,
        "detail": f"there are none in {home}",
        "hint": "run `provenance init`; where works were registered before, restore the keys folder from its backup",
    }
