"""db, index, keys, apikey: groups of commands for whoever runs the service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest
from provenance.core.models import models_key
from provenance.faces.cli import files, opened
from provenance.faces.cli.console import AsJson, emit, rows, say
from provenance.usecases.reindex import progress

if TYPE_CHECKING:
    from provenance.adapters.keys import Entry
    from provenance.usecases.reindex import Progress

db = typer.Typer(help="The database.", no_args_is_help=True)
index = typer.Typer(help="The vector index: a cache that the database can always rebuild.", no_args_is_help=True)
keys = typer.Typer(help="Signing and watermark keys.", no_args_is_help=True)
apikey = typer.Typer(help="API keys of the HTTP service.", no_args_is_help=True)
GROUPS: Final = {"db": db, "index": index, "keys": keys, "apikey": apikey}


@db.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the tables up to this version."""
    with opened.service(start=False, create=True) as service:
        service.store.migrate()
        revision = service.store.revision()
    emit({"revision": revision.current}) if as_json else say(f"the tables are at revision {revision.current}")


@db.command("status")
def db_status(as_json: AsJson = False) -> None:
    """Which tables there are, and which this version needs."""
    with opened.service(start=False) as service:
        revision = service.store.revision()
    if as_json:
        emit({"current": revision.current, "head": revision.head, "problem": revision.problem})
    else:
        say(revision.problem or f"the tables are at revision {revision.current}, as this version needs")


@index.command("status")
def index_status(as_json: AsJson = False) -> None:
    """How far the index is behind the record, and which works each set of models has described."""
    with opened.service(start=False) as service:
        checkpoint, models = service.matcher.checkpoint(), list(service.matcher.models)
        with service.store.read() as unit:
            last = unit.fingerprints.last(models=models_key(models))
            sets = [progress(unit, one) for one in unit.model_sets.all()]
    if as_json:
        emit({"models": models, "checkpoint": checkpoint, "record": last, "sets": [_set_json(one) for one in sets]})
        return
    say(f"the index has {checkpoint} of {last} operations; {', '.join(models)}")
    for one in sets:
        failed = f", {one.failed} failed" if one.failed else ""
        say(f"{one.state}: {one.described} of {one.works} works described{failed}; {', '.join(one.models)}")


def _set_json(one: "Progress") -> dict[str, Any]:
    told = {"works": one.works, "described": one.described, "failed": one.failed}
    return {"models": list(one.models), "state": str(one.state)} | told


@index.command()
def rebuild(as_json: AsJson = False) -> None:
    """Throw the index away and build it again from the database."""
    with opened.service(start=False) as service:
        count = service.rebuild_index()
    emit({"operations": count}) if as_json else say(f"rebuilt from {count} operations")


@index.command("prune")
def prune_index(as_json: AsJson = False) -> None:
    """Delete the fingerprints of models that searches no longer go to. Going back to them is a new `reindex` then."""
    with opened.service(start=False) as service:
        count = service.prune_index()
    emit({"deleted": count}) if as_json else say(f"{count} fingerprints deleted")


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Every key, oldest first. Secrets are never shown."""
    with opened.service(start=False) as service:
        signing, watermark = service.keys.history()
    lines = [("signing", entry) for entry in signing] + [("watermark", entry) for entry in watermark]
    if as_json:
        for kind, entry in lines:
            moments = {"created": entry.created, "retired": entry.retired, "revoked": entry.revoked}
            emit({"kind": kind, "id": entry.key_id} | moments)
        return
    rows(
        ("kind", "created", "state", "id"),
        [(kind, f"{entry.created:%Y-%m-%d}", _state(entry), entry.key_id) for kind, entry in lines],
    )


def _state(entry: "Entry") -> str:
    if entry.revoked:
        return "revoked"
    return "retired" if entry.retired else "current"


@keys.command()
def rotate(
    watermark: Annotated[bool, typer.Option("--watermark", help="The watermark key, not the signing key.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new current key. The older one retires: its certificates verify and its marks are found for ever."""
    with opened.service(start=False) as service:
        key_id = service.rotate_keys(watermark=watermark)
    emit({"id": key_id}) if as_json else say(f"{key_id} is current")


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The id of a retired signing key, from `keys list`.")],
    as_json: AsJson = False,
) -> None:
    """Revoke a retired signing key, after a theft: nothing that it signed counts any more, however it is dated."""
    with opened.service(start=False) as service:
        service.revoke_key(key_id)
    emit({"revoked": key_id}) if as_json else say(f"{key_id} is revoked")


@keys.command("passphrase")
def change_passphrase(
    new: Annotated[
        Path | None, typer.Option(help="A file whose first line is the new passphrase; - is stdin; default: ask.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change the passphrase that encrypts the keys. The old one is in PROVENANCE_KEY_PASSPHRASE; set the new one there
    after. Stop the service first."""
    passphrase = _new_passphrase(new)
    with opened.service(start=False) as service:
        service.change_passphrase(passphrase.encode())
    done = "the keys are encrypted under the new passphrase; set PROVENANCE_KEY_PASSPHRASE to it"
    emit({"changed": True}) if as_json else say(done)


def _new_passphrase(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True))
    try:
        return files.read(file).decode().partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise InvalidRequest("the new passphrase is not UTF-8 text") from None


@keys.command("export")
def export_keys(as_json: AsJson = True) -> None:  # noqa: ARG001  a JWK set is JSON anyway
    """Print the public keys as a JWK set, for verifiers."""
    with opened.service(start=False) as service:
        emit(service.jwks)


@apikey.command()
def create(
    owner: Annotated[str, typer.Argument(help="Whose key: works belong to this name.")],
    scope: Annotated[list[str] | None, typer.Option(help="May be repeated; default: works and checks.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key. It is shown once."""
    scopes = scope or ["works:read", "works:write", "checks:write"]
    with opened.service(start=False) as service:
        service.store.migrate()
        record, secret = service.access.create(owner, scopes)
    if as_json:
        emit({"id": record.id, "owner": record.owner, "scopes": sorted(record.scopes), "key": secret})
    else:
        say(secret)


@apikey.command("list")
def list_apikeys(as_json: AsJson = False) -> None:
    """Every API key, without its secret."""
    with opened.service(start=False) as service:
        records = service.access.all()
    if as_json:
        for record in records:
            emit(
                {"id": record.id, "owner": record.owner, "scopes": sorted(record.scopes), "revoked": record.revoked_at}
            )
        return
    rows(
        ("id", "owner", "state", "scopes"),
        [(r.id, r.owner, "revoked" if r.revoked_at else "active", " ".join(sorted(r.scopes))) for r in records],
    )


@apikey.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The id from `apikey list`.")], as_json: AsJson = False) -> None:
    """Revoke an API key at once."""
    with opened.service(start=False) as service:
        service.access.revoke(key_id)
    emit({"revoked": key_id}) if as_json else say(f"{key_id} is revoked")
