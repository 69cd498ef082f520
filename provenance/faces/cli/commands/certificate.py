"""certificate: take certificates and licences back, and write certificates in their other forms."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest
from provenance.core.types import WorkId
from provenance.faces.cli import files, opened
from provenance.faces.cli.console import AsJson, emit, say

if TYPE_CHECKING:
    from provenance.adapters.pdf import Language
    from provenance.core.records import CredentialStatus
    from provenance.usecases.revoke import Target

certificate = typer.Typer(help="Certificates and licences: take them back, write them out.", no_args_is_help=True)
GROUPS: Final = {"certificate": certificate}

_Target = Annotated[str, typer.Argument(help="A work id (pv-…), or the id of a licence (lic_…).")]
_Reason = Annotated[
    str,
    typer.Option(
        help="owner-request, issued-in-error, rights-dispute, terms-breached, key-compromised, superseded or "
        "court-order. It is public."
    ),
]


@certificate.command()
def revoke(target: _Target, reason: _Reason, as_json: AsJson = False) -> None:
    """Take a certificate or licence back, for good."""
    with opened.service(start=False) as service:
        status = service.take_back.revoke(_target(target), reason, owner=None)
    _tell(target, status, as_json=as_json)


@certificate.command()
def suspend(target: _Target, reason: _Reason, as_json: AsJson = False) -> None:
    """Take a certificate or licence back until it is reinstated."""
    with opened.service(start=False) as service:
        status = service.take_back.suspend(_target(target), reason, owner=None)
    _tell(target, status, as_json=as_json)


@certificate.command()
def reinstate(target: _Target, as_json: AsJson = False) -> None:
    """Lift a suspension."""
    with opened.service(start=False) as service:
        status = service.take_back.reinstate(_target(target), owner=None)
    _tell(target, status, as_json=as_json)


@certificate.command("show")
def show_standing(target: _Target, as_json: AsJson = False) -> None:
    """Whether a certificate or licence stands, was suspended or was revoked."""
    with opened.service(start=False) as service:
        status = service.take_back.standing(_target(target))
    _tell(target, status, as_json=as_json)


@certificate.command()
def jwt(
    work: Annotated[str, typer.Argument(help="A work id: pv-…")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A file; - is standard output.")] = files.STANDARD,
    force: Annotated[bool, typer.Option("--force", help="Overwrite another file.")] = False,
) -> None:
    """Write the certificate as a vc+jwt, for verifiers that speak JOSE."""
    with opened.service(start=False) as service:
        with service.store.read() as unit:
            found = unit.works.get(WorkId.parse(work))
        files.write(out, service.certificate_jwt(found).encode() + b"\n", force=force)


@certificate.command()
def pdf(
    work: Annotated[str, typer.Argument(help="A work id: pv-…")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A file; default: WORK.pdf; - is stdout.")] = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    force: Annotated[bool, typer.Option("--force", help="Overwrite another file.")] = False,
) -> None:
    """Write the certificate as a PDF for people, with the signed certificate inside."""
    wanted = WorkId.parse(work)
    language = _language(lang)
    target = out or Path(f"{wanted}.pdf")
    with opened.service(start=False) as service:
        with service.store.read() as unit:
            found = unit.works.get(wanted)
        files.write(target, service.certificate_pdf(found, language), force=force)
    if target != files.STANDARD:
        say(f"{wanted} -> {target}")


_LANGUAGES: "Final[dict[str, Language]]" = {"en": "en", "zh": "zh"}


def _language(text: str) -> "Language":
    if text not in _LANGUAGES:
        raise InvalidRequest(f"no language {text[:20]!r}", hint="en or zh")
    return _LANGUAGES[text]


def _target(text: str) -> "Target":
    return WorkId.parse(text) if text.startswith("pv-") else text


def _tell(target: str, status: "CredentialStatus | None", *, as_json: bool) -> None:
    from provenance.usecases.revoke import standing_word

    word = standing_word(status)
    if as_json:
        emit({"target": target, "status": word} | _details(status))
        return
    reason = f" ({status.reason})" if status and status.reason else ""
    say(f"{target} is {word}{reason}")


def _details(status: "CredentialStatus | None") -> dict[str, Any]:
    if status is None:
        return {"reason": None, "suspended_at": None, "revoked_at": None, "index": None}
    moments = {"suspended_at": status.suspended_at, "revoked_at": status.revoked_at}
    told = {name: at.isoformat() if at else None for name, at in moments.items()}
    return {"reason": status.reason, **told, "index": status.index}
