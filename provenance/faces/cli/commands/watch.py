"""watch: uploads that are compared with every new work."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.faces.cli import files, opened
from provenance.faces.cli.batch import each
from provenance.faces.cli.console import AsJson, Paths, emit, rows, say

if TYPE_CHECKING:
    from provenance.core.bulk import Watch, WatchHit

watch = typer.Typer(help="Uploads that are compared with every new work.", no_args_is_help=True)
GROUPS: Final = {"watch": watch}
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many.")]


@watch.command()
def add(
    paths: Paths,
    title: Annotated[str | None, typer.Option(help="Title; default: the file's name.")] = None,
    licensee: Annotated[str | None, typer.Option(help="Who uses the pictures, as named in the grant.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep pictures, compare them with the register now, and again with every work that is registered later."""
    from provenance.usecases.watch import MAX_TITLE, ToWatch

    named = files.pictures(paths)
    with opened.service() as service:

        def one(picture: files.Named) -> None:
            data = files.read(picture.path, limit=service.settings.max_upload_bytes)
            shown = "".join(c for c in picture.title if c.isprintable())[:MAX_TITLE] if title is None else title
            made = service.bulk.start_watching(ToWatch(data=data, owner=opened.LOCAL, title=shown, licensee=licensee))
            service.bulk.look.at_watch({"watch_id": made.id})
            found = service.bulk.watches.hits(owner=None, watch_id=made.id, limit=1000)
            if as_json:
                emit(_told(made) | {"file": str(picture), "hits": [_hit(hit) for hit in found]})
                return
            say(f"{made.id}  {picture}")
            for hit in found:
                say(f"  {hit.work_id}  {hit.grade}, probability {hit.probability:.4f}, {hit.check_id}")

        raise typer.Exit(each(named, one, label="watching", as_json=as_json))


@watch.command("list")
def list_watches(limit: Limit = 100, as_json: AsJson = False) -> None:
    """The watched uploads, newest first."""
    with opened.service(start=False) as service:
        found, _ = service.bulk.watches.page(owner=None, after=None, limit=limit)
    if as_json:
        for one in found:
            emit(_told(one))
        return
    lines = [(one.id, f"{one.created_at:%Y-%m-%d %H:%M}", one.owner, one.title) for one in found]
    rows(("watch", "since (UTC)", "owner", "title"), lines)


@watch.command()
def hits(
    watch_id: Annotated[str | None, typer.Argument(help="A watch; without one, all of them.")] = None,
    after: Annotated[int, typer.Option(min=0, help="Only those behind this id.")] = 0,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Works whose content is in watched uploads, oldest first. The worker finds them."""
    with opened.service(start=False) as service:
        found = service.bulk.watches.hits(owner=None, watch_id=watch_id, after=after, limit=limit)
    if as_json:
        for hit in found:
            emit(_hit(hit))
        return
    lines = [
        (str(hit.id), hit.watch_id, str(hit.work_id), hit.grade, f"{hit.probability:.4f}", hit.check_id)
        for hit in found
    ]
    rows(("hit", "watch", "work", "grade", "probability", "check"), lines)


@watch.command()
def remove(
    watch_id: Annotated[str, typer.Argument(help="The id from `watch list`: wch_…")], as_json: AsJson = False
) -> None:
    """Take an upload off the list for good, with its picture, its hits and their checks."""
    with opened.service(start=False) as service:
        service.bulk.watches.delete(watch_id, owner=None)
        while service.bulk.forget():  # there may be no worker
            pass
    emit({"removed": watch_id}) if as_json else say(f"{watch_id} is watched no more")


def _told(one: "Watch") -> dict[str, Any]:
    return {
        "id": one.id,
        "owner": one.owner,
        "title": one.title,
        "created_at": one.created_at.isoformat(),
        "sha256": one.sha256,
        "licensee": one.licensee,
    }


def _hit(hit: "WatchHit") -> dict[str, Any]:
    return {
        "id": hit.id,
        "watch_id": hit.watch_id,
        "work_id": str(hit.work_id),
        "check_id": hit.check_id,
        "grade": hit.grade,
        "probability": hit.probability,
        "created_at": hit.created_at.isoformat(),
    }
