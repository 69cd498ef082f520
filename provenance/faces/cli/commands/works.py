"""register, generate, show, withdraw."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest, ProvenanceError
from provenance.core.types import WorkId
from provenance.faces.cli import files, opened
from provenance.faces.cli.console import AsJson, complain, emit, progress, rows, say
from provenance.faces.cli.exits import Exit, exit_of

if TYPE_CHECKING:
    from provenance.core.records import Work
    from provenance.usecases.register import Submission
    from provenance.wiring import Service

DEFAULT_OUT: Final = Path("registered")
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for marked files and certificates.")]
Terms = Annotated[str, typer.Option(help="Licence terms: personal, commercial or ai-training-denied.")]
WorkArgument = Annotated[str, typer.Argument(help="A work id: pv-…")]


def register(
    paths: Annotated[list[Path], typer.Argument(help="Pictures or folders; - is standard input.")],
    out: Out = DEFAULT_OUT,
    title: Annotated[str | None, typer.Option(help="Title; default: the file's name.")] = None,
    terms: Terms = "personal",
    as_json: AsJson = False,
) -> None:
    """Register artworks: each comes back marked, with its certificate."""
    from provenance.usecases.register import Submission

    named = files.pictures(paths)
    worst = Exit.OK
    with opened.service() as service:
        for path in progress(named, "registering", as_json=as_json):
            try:
                shown = title if title is not None else path.stem.lstrip("-")
                work = service.register(Submission(data=files.read(path), owner=opened.LOCAL, title=shown, terms=terms))
            except ProvenanceError as error:
                complain(error, as_json=as_json, about=str(path))
                worst = worst or exit_of(error)
                continue
            _hand_out(service, work, out, as_json=as_json, source=str(path))
    raise typer.Exit(worst)


def generate(
    recipe: Annotated[
        str, typer.Argument(help="A recipe as JSON, @FILE, or just the kind, such as flow-field; ? lists the kinds.")
    ],
    seed: Annotated[int, typer.Option(help="The first seed.", min=0)] = 0,
    count: Annotated[int, typer.Option(help="How many, with seeds that follow.", min=1, max=10_000)] = 1,
    out: Out = DEFAULT_OUT,
    terms: Terms = "personal",
    as_json: AsJson = False,
) -> None:
    """Generate artworks from a recipe and register them."""
    with opened.service(start=recipe != "?") as service:
        if recipe == "?":
            kinds = list(service.generator("procedural").kinds)
            emit({"generator": "procedural", "kinds": kinds}) if as_json else say("\n".join(kinds))
            return
        wanted = _recipe(recipe)
        for one in progress(range(seed, seed + count), "generating", as_json=as_json):
            name = f"{wanted.get('kind', wanted.get('generator'))} {one}"
            submission: Submission = service.generate(wanted, seed=one, owner=opened.LOCAL, title=name, terms=terms)
            _hand_out(service, service.register(submission), out, as_json=as_json, source=name)


def show(
    work: Annotated[str | None, typer.Argument(help="A work id; without one, the newest works.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="Write the certificate, with its receipts where there are any; - is stdout.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Write the marked file; - is stdout.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a work, or list the newest."""
    with opened.service(start=False) as service:
        if work is None:
            _list(service, limit, as_json=as_json)
            return
        with service.store.read() as unit:
            found = unit.works.get(WorkId.parse(work))
        if file is not None:
            files.write(file, service.blobs.get(found.marked_blob))
        if certificate is not None:
            files.write(certificate, _certificate(service, found))
        if files.STANDARD in (file, certificate):
            return
        emit(_summary(found)) if as_json else _describe(found)


def withdraw(work: WorkArgument, as_json: AsJson = False) -> None:
    """Withdraw a work: it leaves every answer at once."""
    with opened.service() as service:
        gone = service.withdraw(WorkId.parse(work))
    emit(_summary(gone)) if as_json else say(f"{gone.id} is withdrawn")


COMMANDS: Final = (register, generate, show, withdraw)


def _hand_out(service: "Service", work: "Work", out: Path, *, as_json: bool, source: str) -> None:
    marked = out / f"{work.id}{files.suffix(work.media_type)}"
    files.write(marked, service.blobs.get(work.marked_blob))
    files.write(out / f"{work.id}.cert.json", json.dumps(dict(work.certificate), indent=2).encode())
    if as_json:
        emit(_summary(work) | {"source": source, "file": str(marked), "certificate": f"{out / str(work.id)}.cert.json"})
        return
    say(f"{work.id}  {source} -> {marked}")
    for remark in work.notes:
        say(f"  note: {remark}")
    for other in work.look_alikes:
        say(f"  looks like {other['work_id']}: {other['grade']}, probability {other['probability']:.2f}")


def _recipe(text: str) -> dict[str, Any]:
    if not text.startswith(("{", "@")):
        return {"generator": "procedural", "kind": text}
    try:
        recipe = json.loads(files.read(Path(text[1:])) if text.startswith("@") else text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the recipe is not valid JSON") from error
    if not isinstance(recipe, dict):
        raise InvalidRequest("the recipe is not a JSON object")
    return recipe


def _certificate(service: "Service", work: "Work") -> bytes:
    bundle = service.bundle(work)
    return json.dumps(bundle if bundle["receipts"] else dict(work.certificate), indent=2).encode()


def _summary(work: "Work") -> dict[str, Any]:
    return {
        "id": str(work.id),
        "status": str(work.status),
        "title": work.title,
        "media_type": work.media_type,
        "width": work.width,
        "height": work.height,
        "marked_sha256": work.marked_sha256,
        "source_sha256": work.source_sha256,
        "terms": work.terms_slug,
        "certificate_hash": work.certificate_hash,
        "created_at": work.created_at.isoformat(),
        "withdrawn_at": work.withdrawn_at.isoformat() if work.withdrawn_at else None,
        "notes": list(work.notes),
        "look_alikes": [dict(other) for other in work.look_alikes],
    }


def _describe(work: "Work") -> None:
    for name, value in _summary(work).items():
        if value not in (None, [], ""):
            say(f"{name:17} {value}")


def _list(service: "Service", limit: int, *, as_json: bool) -> None:
    with service.store.read() as unit:
        works, _ = unit.works.page(after=None, limit=limit)
    if as_json:
        for work in works:
            emit(_summary(work))
        return
    lines = [(str(w.id), str(w.status), w.created_at.isoformat(timespec="seconds"), w.title) for w in works]
    rows(("work", "status", "registered", "title"), lines)
