"""reindex: describe every work again when the models changed."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer

from provenance.faces.cli import opened
from provenance.faces.cli.console import AsJson, emit, note, say
from provenance.faces.cli.exits import Exit
from provenance.faces.cli.progress import progress

if TYPE_CHECKING:
    from provenance.core.models import Undescribed
    from provenance.usecases.reindex import Progress, Reindex

_TOLD: Final = 100  # works that failed


def reindex(
    rate: Annotated[float, typer.Option(min=0, help="Works a second at most; 0: no limit.")] = 0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try works again that failed before.")] = False,
    without_failed: Annotated[
        bool, typer.Option("--without-failed", help="Switch although some works failed; pictures no longer find them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Describe every work by the models of PROVENANCE_EMBEDDER, then let searches go to these. Stop it whenever you
    like: it goes on where it was. A running service is not disturbed."""
    with opened.service(start=False) as service:
        service.migrate_where_safe()
        job = service.reindex
        job.begin()
        if retry_failed:
            job.retry()
        _describe(job, rate, as_json=as_json)
        done = job.finish(without_failed=without_failed)
        _tell(job.progress(), job.failures(_TOLD), done=done, as_json=as_json)
    raise typer.Exit(Exit.OK if done else Exit.ERROR)


COMMANDS: Final = (reindex,)


def _describe(job: "Reindex", rate: float, *, as_json: bool) -> None:
    with progress(range(job.progress().left), "described", as_json=as_json) as works:
        ticks: Iterator[int] = iter(works)
        started, done = time.monotonic(), 0
        while gone_through := job.step():
            done += gone_through
            for _ in range(gone_through):
                next(ticks, None)
            if rate:
                time.sleep(max(0.0, done / rate - (time.monotonic() - started)))


def _tell(made: "Progress", failures: "list[Undescribed]", *, done: bool, as_json: bool) -> None:
    if as_json:
        told = [{"work_id": str(one.work_id), "reason": one.error} for one in failures]
        numbers = {"works": made.works, "described": made.described, "failed": made.failed}
        emit({"models": list(made.models), "state": str(made.state), **numbers, "failures": told})
        return
    for one in failures:
        note(f"{one.work_id}: {one.error}")
    say(f"{made.described} of {made.works} works are described by {', '.join(made.models)}")
    if done:
        say("searches go to these models; a service that still runs on others follows by itself where it knows these")
    else:
        say("searches go on with the models before: mend what failed and use --retry-failed, or --without-failed")
