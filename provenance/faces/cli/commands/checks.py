"""check: which registered works does a picture show?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import ProvenanceError
from provenance.core.types import Grade
from provenance.faces.cli import files, opened
from provenance.faces.cli.console import AsJson, complain, emit, progress, say
from provenance.faces.cli.exits import Exit, exit_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def check(
    paths: Annotated[list[Path], typer.Argument(help="Pictures or folders; - is standard input.")],
    licensee: Annotated[str | None, typer.Option(help="Who uses the pictures, as named in the grant.")] = None,
    fail_on_match: Annotated[
        bool, typer.Option("--fail-on-match", help="Exit with 1 when a registered work was found.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check pictures against the register, with the evidence. It says what was found, never "infringement"."""
    from provenance.usecases.check import Query

    named = files.pictures(paths)
    worst = Exit.OK
    with opened.service() as service:
        for path in progress(named, "checking", as_json=as_json):
            try:
                found = service.check(Query(data=files.read(path), owner=opened.LOCAL, licensee=licensee))
            except ProvenanceError as error:
                complain(error, as_json=as_json, about=str(path))
                worst = worst or exit_of(error)
                continue
            emit({"file": str(path), **found.report}) if as_json else _describe(str(path), found.report)
            if fail_on_match and Grade(found.report["grade"]).is_match:
                worst = worst or Exit.ERROR
    raise typer.Exit(worst)


COMMANDS: Final = (check,)


def _describe(name: str, report: "Mapping[str, Any]") -> None:
    took = sum(report["milliseconds"].values())
    say(f"{name}: {report['grade']} ({took:.0f} ms)")
    for match in report["matches"]:
        spoke = (
            ", ".join(_spoken(witness) for witness in match["evidence"] if witness["speaks"])
            or "nothing above its threshold"
        )
        licence = {"licensed": ", licensed", "not-licensed": ", not licensed"}.get(match["licence"]["status"], "")
        say(f"  {match['work_id']} {match['grade']}{licence}, probability {match['probability']:.4f}: {spoke}")
        if match["title"]:
            say(f"    {match['title']}, registered {match['registered_at']}")
        if match["copied_mark"]:
            say("    its mark is in the picture, but the picture shows something else: the mark may have been copied")


def _spoken(witness: "Mapping[str, Any]") -> str:
    return f"{witness['kind']} {witness['score']:.3g}"
