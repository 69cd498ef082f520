"""check: which registered works does a picture show?"""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from provenance.core.errors import InvalidRequest, Rejected
from provenance.core.types import Grade, check_licensee
from provenance.faces.cli import explaining, files, opened
from provenance.faces.cli.batch import each
from provenance.faces.cli.console import AsJson, Paths, emit, placed, say
from provenance.faces.cli.exits import Exit
from provenance.faces.cli.folder import Finished, FolderRun, ended
from provenance.usecases.look_alikes import GroupIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provenance.adapters.reports import Language
    from provenance.core.report import Report
    from provenance.wiring import Service

_WIDEST: Final = max(len(grade) for grade in Grade)
_LICENCES: Final = {"licensed": ", licensed", "not-licensed": ", not licensed"}


Licensee = Annotated[str | None, typer.Option(help="Who uses the pictures, as named in the grant.")]
FailOnMatch = Annotated[bool, typer.Option("--fail-on-match", help="Exit with 1 when a registered work was found.")]
ReportPath = Annotated[Path | None, typer.Option(help="A report on one picture: FILE.pdf, .html or .json.")]
Explained = Annotated[
    bool, typer.Option("--explain", help="Every work that was considered, every score, and where the search stopped.")
]
Resumed = Annotated[
    Path | None, typer.Option("--resume", help="FILE: write down what is finished, and go on from it the next time.")
]
NearOnes = Annotated[
    bool, typer.Option("--duplicates", help="Look for near duplicates among the pictures too, which takes longer.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What was asked for, of every picture."""

    licensee: str | None
    fail_on_match: bool
    paper: "_Paper | None"
    force: bool
    explain: bool
    near: bool
    as_json: bool


def check(
    paths: Paths,
    licensee: Licensee = None,
    fail_on_match: FailOnMatch = False,
    report: ReportPath = None,
    lang: Annotated[str, typer.Option(help="Of the report: en or zh.")] = "en",
    force: Annotated[bool, typer.Option("--force", help="Overwrite another report.")] = False,
    explain: Explained = False,
    resume: Resumed = None,
    duplicates: NearOnes = False,
    as_json: AsJson = False,
) -> None:
    """Check pictures against the register, with the evidence. It says what was found, never "infringement"."""
    if licensee is not None:
        check_licensee(licensee)
    named = files.pictures(paths)
    wanted = _Wanted(
        licensee=licensee,
        fail_on_match=fail_on_match,
        paper=_paper(report, lang, len(named)) if report is not None else None,
        force=force,
        explain=explain,
        near=duplicates,
        as_json=as_json,
    )
    with opened.service() as service, Finished(resume, licensee) if resume else nullcontext() as finished:
        index = GroupIndex(service.local_matcher.fresh()) if duplicates else None
        run = FolderRun(finished=finished, index=index)
        worst = each(named, lambda picture: _one(service, picture, wanted, run), label="checking", as_json=as_json)
    if len(named) > 1 and (not as_json or duplicates or resume):
        run.summed_up(len(named), as_json=as_json)
    raise typer.Exit(worst)


def _one(service: "Service", picture: files.Named, wanted: _Wanted, run: FolderRun) -> Exit:
    from provenance.usecases.check import Query

    data = files.read(picture.path, limit=service.settings.max_upload_bytes)
    earlier = run.earlier(str(picture), data)
    if earlier is not None:
        return ended(earlier, fail_on_match=wanted.fail_on_match)
    try:
        found = service.check(Query(data=data, owner=opened.LOCAL, licensee=wanted.licensee))
    except Rejected as error:
        run.refused(str(picture), data, error)
        raise
    if wanted.paper is not None:
        made = service.report(found, query=service.images.read(data), viewer=None)
        wanted.paper.write(made, force=wanted.force)
    why = service.explain(found) if wanted.explain else None
    run.checked(str(picture), found.report, service.images.read(data).pixels if wanted.near else None)
    _tell(str(picture), found.report, why, as_json=wanted.as_json)
    return Exit.ERROR if wanted.fail_on_match and Grade(found.report["grade"]).is_match else Exit.OK


COMMANDS: Final = (check,)


def _tell(name: str, report: "Mapping[str, Any]", why: "Mapping[str, Any] | None", *, as_json: bool) -> None:
    """Without what is stored for later questions only; with the explanation where that was asked for."""
    if not as_json:
        _describe(name, report)
        for line in explaining.lines(why) if why else ():
            say("  " + line)
        return
    told = {key: value for key, value in report.items() if key not in ("explanation", "kept")}
    emit({"file": name, **told, **({"explanation": why} if why else {})})


class _Paper(NamedTuple):
    """Where a report goes, and what it is."""

    path: Path
    form: str
    language: "Language"

    def write(self, report: "Report", *, force: bool) -> None:
        from provenance.wiring.reports import rendered

        files.write(self.path, rendered(report, self.form, self.language), force=force)


def _paper(path: Path, lang: str, pictures: int) -> _Paper:
    """Said before any picture is looked at. Raises InvalidRequest."""
    from provenance.wiring.reports import check_form, check_language

    if pictures > 1:
        raise InvalidRequest("a report is about one picture", hint="name one file")
    return _Paper(path, check_form(path.suffix.lower().removeprefix(".")), check_language(lang))


def _describe(name: str, report: "Mapping[str, Any]") -> None:
    """The grade first, in a column of its own, so that a long list can be read down and sorted."""
    took = sum(report["milliseconds"].values())
    say(f"{report['grade']:{_WIDEST}}  {name}  ({took:.0f} ms)")
    for match in report["matches"]:
        for line in _lines(match):
            say(" " * (_WIDEST + 2) + line)


def _lines(match: "Mapping[str, Any]") -> list[str]:
    spoke = [_spoken(witness) for witness in match["evidence"] if witness["speaks"]]
    licence = _LICENCES.get(match["licence"]["status"], "")
    title = f", {match['title']}" if match["title"] else ""
    part = placed(match["region_query"]) if match["region_query"] else ""
    lines = [
        f"{match['work_id']}  {match['grade']}{part}{licence}, probability {match['probability']:.4f}",
        f"  registered {match['registered_at'][:10]}{title}",
        f"  evidence: {', '.join(spoke) or 'nothing above its threshold'}",
    ]
    if match["copied_mark"]:
        lines.append("  its mark is in the picture, which shows something else: the mark may have been copied")
    return lines


def _spoken(witness: "Mapping[str, Any]") -> str:
    return f"{witness['kind']} {witness['score']:.3g}"
