"""register, generate, show, withdraw."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from provenance.core.errors import InvalidRequest, ProvenanceError
from provenance.core.types import WorkId
from provenance.faces.cli import files, opened
from provenance.faces.cli.batch import each
from provenance.faces.cli.console import AsJson, Paths, emit, note, rows, say
from provenance.faces.cli.exits import Exit

if TYPE_CHECKING:
    from provenance.core.records import Work
    from provenance.usecases.register import Submission
    from provenance.wiring import Service

T = TypeVar("T")
DEFAULT_OUT: Final = Path("registered")
Out = Annotated[
    Path, typer.Option("--out", "-o", help="Folder for marked files and certificates; - is stdout, for one file.")
]
Terms = Annotated[str, typer.Option(help="Licence terms: personal, commercial or ai-training-denied.")]
WorkArgument = Annotated[str, typer.Argument(help="A work id: pv-…")]


@dataclass(frozen=True, slots=True)
class _Seeded:
    """One artwork to be generated."""

    kind: str
    seed: int

    def __str__(self) -> str:
        return f"{self.kind} {self.seed}"


def register(
    paths: Paths,
    out: Out = DEFAULT_OUT,
    title: Annotated[str | None, typer.Option(help="Title; default: the file's name.")] = None,
    terms: Terms = "personal",
    ai_system: Annotated[str | None, typer.Option(help="What made the pictures; stands in their labels.")] = None,
    ai_version: Annotated[str | None, typer.Option(help="Its version.")] = None,
    creator: Annotated[list[str] | None, typer.Option(help="A name that the labels publish.")] = None,
    prompt: Annotated[str | None, typer.Option(help="A prompt that the labels publish, for everybody.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register artworks: each comes back marked, labelled and signed, with its certificate."""
    from provenance.core.manifests import Software
    from provenance.usecases.register import Submission

    if ai_version and not ai_system:
        raise InvalidRequest("--ai-version needs --ai-system")
    named = files.pictures(paths, without=out)
    made_with = Software(ai_system, ai_version) if ai_system else None

    def submit(service: "Service", picture: files.Named) -> "Submission":
        data = files.read(picture.path, limit=service.settings.max_upload_bytes)
        shown = _title(picture.title) if title is None else title
        return Submission(
            data=data,
            owner=opened.LOCAL,
            title=shown,
            terms=terms,
            made_with=made_with,
            creators=tuple(creator or ()),
            prompt=prompt,
        )

    raise typer.Exit(_register(named, submit, out, terms, label="registering", as_json=as_json))


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
    if recipe == "?":
        _list_kinds(as_json=as_json)
        return
    wanted = _recipe(recipe)
    kind = _title(str(wanted.get("kind", wanted.get("generator", ""))))

    def submit(service: "Service", one: _Seeded) -> "Submission":
        return service.generate(wanted, seed=one.seed, owner=opened.LOCAL, title=str(one), terms=terms)

    all_of_them = [_Seeded(kind, number) for number in range(seed, seed + count)]
    raise typer.Exit(_register(all_of_them, submit, out, terms, label="generating", as_json=as_json))


def show(
    work: Annotated[str | None, typer.Argument(help="A work id; without one, the newest works.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="Write the certificate, with its receipts where there are any; - is stdout.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Write the marked file; - is stdout.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite other files.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many of the newest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a work, or list the newest."""
    written = [target for target in (file, certificate) if target is not None]
    if work is None and written:
        raise InvalidRequest("--file and --certificate need a work id")
    if files.STANDARD in written:
        files.one_output(files.STANDARD, written.count(files.STANDARD), as_json=as_json)
    wanted = None if work is None else WorkId.parse(work)
    with opened.service(start=False) as service:
        if wanted is None:
            _list(service, limit, as_json=as_json)
            return
        with service.store.read() as unit:
            found = unit.works.get(wanted)
        if file is not None:
            files.write(file, service.blobs.get(found.marked_blob), force=force)
        if certificate is not None:
            files.write(certificate, _certificate(service, found), force=force)
        if files.STANDARD not in written:
            emit(_summary(found)) if as_json else _describe(found)


def withdraw(work: WorkArgument, as_json: AsJson = False) -> None:
    """Withdraw a work: it leaves every answer at once."""
    wanted = WorkId.parse(work)
    with opened.service() as service:
        gone = service.withdraw(wanted)
    emit(_summary(gone)) if as_json else say(f"{gone.id} is withdrawn")


COMMANDS: Final = (register, generate, show, withdraw)


def _register(
    items: Sequence[T],
    submit: "Callable[[Service, T], Submission]",
    out: Path,
    terms: str,
    *,
    label: str,
    as_json: bool,
) -> Exit:
    """What can be refused for all of them is refused before the first one is in the register."""
    from provenance.licensing import template

    template(terms)
    files.one_output(out, len(items), as_json=as_json)
    files.writable(out)
    with opened.service(create=True) as service:

        def one(item: T) -> None:
            work = service.register(submit(service, item))
            _hand_out(service, work, out, as_json=as_json, source=str(item))

        return each(items, one, label=label, as_json=as_json)


def _hand_out(service: "Service", work: "Work", out: Path, *, as_json: bool, source: str) -> None:
    if out == files.STANDARD:
        files.write(out, service.blobs.get(work.marked_blob))
        note(f"{work.id} is registered; its certificate: provenance show {work.id} --certificate FILE")
        return
    marked, certificate = out / f"{work.id}{files.suffix(work.media_type)}", out / f"{work.id}.cert.json"
    try:
        files.write(marked, service.blobs.get(work.marked_blob))
        files.write(certificate, json.dumps(dict(work.certificate), indent=2).encode())
    except ProvenanceError as error:
        again = f"provenance show {work.id} --file FILE --certificate FILE"
        error.hint = f"it is registered as {work.id}; write it out with `{again}`"
        raise
    if as_json:
        emit(_summary(work) | {"source": source, "file": str(marked), "certificate": str(certificate)})
        return
    say(f"{work.id}  {source} -> {marked}")
    for remark in work.notes:
        say(f"  note: {remark}")
    for other in work.look_alikes:
        say(f"  looks like {other['work_id']}: {other['grade']}, probability {other['probability']:.2f}")


def _title(name: str) -> str:
    """A file's name as a title: what a title can't hold is left out, so that no file is refused for its name."""
    from provenance.usecases.register import MAX_TITLE

    return "".join(character for character in name if character.isprintable())[:MAX_TITLE]


def _list_kinds(*, as_json: bool) -> None:
    with opened.service(start=False, create=True) as service:
        kinds = list(service.generator("procedural").kinds)
    emit({"generator": "procedural", "kinds": kinds}) if as_json else say("\n".join(kinds))


def _recipe(text: str) -> dict[str, Any]:
    from provenance.usecases.generate import read_recipe

    if not text.startswith(("{", "@")):
        return {"generator": "procedural", "kind": text}
    return read_recipe(files.read(Path(text[1:])) if text.startswith("@") else text)


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
    told = _summary(work)
    told["notes"] = "; ".join(work.notes)
    told["look_alikes"] = ", ".join(f"{other['work_id']} ({other['grade']})" for other in work.look_alikes)
    for name, value in told.items():
        if value:
            say(f"{name:17} {value}")


def _list(service: "Service", limit: int, *, as_json: bool) -> None:
    with service.store.read() as unit:
        works, _ = unit.works.page(after=None, limit=limit)
    if as_json:
        for work in works:
            emit(_summary(work))
        return
    lines = [
        (str(w.id), str(w.status), f"{w.created_at:%Y-%m-%d %H:%M}", f"{w.width}x{w.height}", w.terms_slug, w.title)
        for w in works
    ]
    rows(("work", "status", "registered (UTC)", "size", "terms", "title"), lines)
