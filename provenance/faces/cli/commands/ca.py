"""ca: the certificate authority that signs content credentials."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest
from provenance.faces.cli import files, opened
from provenance.faces.cli.console import AsJson, emit, rows, say

if TYPE_CHECKING:
    from provenance.adapters.ca import CaFolder, Issued, Register
    from provenance.credentials.pki.profiles import Role

ca = typer.Typer(help="The certificate authority behind content credentials (C2PA).", no_args_is_help=True)
GROUPS: Final = {"ca": ca}

Organization = Annotated[str, typer.Option("--organization", "-O", help="O of every certificate.")]
Country = Annotated[str, typer.Option("--country", "-C", help="C of every certificate: two capitals.")]
CplRecord = Annotated[
    str | None, typer.Option("--cpl-record", help="UUID of the product on the C2PA Conforming Products List.")
]
Alg = Annotated[str, typer.Option("--alg", help="ES256, ES384 or ES512.")]
Out = Annotated[Path, typer.Option("--out", help="A file; - is standard output.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file.")]


@ca.command()
def init(organization: Organization, country: Country, as_json: AsJson = False) -> None:
    """Make root, issuing CAs, claim signer, OCSP responder and time-stamping authority, encrypted at rest."""
    from provenance.credentials.pki.profiles import Owner, Role

    with opened.service(start=False, create=True) as service:
        folder = service.ca_folder
        folder.create(Owner(organization, country))
        root = folder.current(Role.ROOT)
        anchor, key = folder.path / root.file, folder.path / root.key
    if as_json:
        emit({"folder": str(folder.path), "trust_anchor": str(anchor), "root_key": str(key)})
        return
    say(f"the certificate authority of {organization} is in {folder.path}")
    say(f"trust anchor, for whoever verifies:  {anchor}")
    say(f"root key, to be kept elsewhere:      {key}")
    if service.settings.effective_ca_url is None:
        say(
            "without PROVENANCE_BASE_URL its certificates name no OCSP responder: set it before, and verifiers find one"
        )


@ca.command()
def issue(
    role: Annotated[str, typer.Argument(help="leaf, ocsp or tsa.")] = "leaf",
    alg: Alg = "ES256",
    days: Annotated[int, typer.Option("--days", help="Validity of a leaf: 1 to 366.")] = 365,
    cpl_record: CplRecord = None,
    as_json: AsJson = False,
) -> None:
    """Issue a new certificate with a new key; it is the current one from now on. Restart the service to use a leaf."""
    from provenance.adapters.ca import LeafOptions

    with _folder() as folder:
        options = LeafOptions(alg=alg, days=days, cpl_record=cpl_record, key=folder.claim_key)
        _tell([folder.issue(_role(role), leaf=options)], as_json=as_json)


@ca.command()
def renew(as_json: AsJson = False) -> None:
    """Replace what ends within 30 days. `provenance serve` does so at its start."""
    with _folder() as folder:
        made = folder.renew()
    _tell(made, as_json=as_json)
    if not made and not as_json:
        say("nothing ends soon")


@ca.command()
def revoke(
    serial: Annotated[str, typer.Argument(help="From `ca status`, in hexadecimal.")],
    reason: Annotated[str, typer.Option("--reason", help="keyCompromise, superseded, cessationOfOperation, …")],
    as_json: AsJson = False,
) -> None:
    """Revoke a certificate at once and for good. The OCSP responder says so from now on."""
    try:
        number = int(serial, 16)
    except ValueError:
        raise InvalidRequest(f"{serial[:48]!r} is no serial number", hint="`provenance ca status` lists them") from None
    with _folder() as folder:
        revoked = folder.revoke(number, reason)
    if as_json:
        emit(_shown(revoked, "revoked"))
    else:
        say(f"{revoked.name} {revoked.serial:x} is revoked ({revoked.reason})")


@ca.command()
def status(as_json: AsJson = False) -> None:
    """Every certificate, and what the current claim signer lacks of the C2PA profile."""
    from provenance.credentials.pki.profiles import Role

    with _folder() as folder:
        register, now = folder.register(), datetime.now(UTC)
        states = [(issued, _state(issued, register, now)) for issued in register.certificates]
        leaf = register.current(Role.LEAF, now)
        problems = folder.problems(leaf) if leaf else ("there is none: run `provenance ca renew`",)
    if as_json:
        for issued, state in states:
            emit(_shown(issued, state))
        return
    rows(
        ("role", "state", "until", "serial", "name"),
        [(str(i.role), state, f"{i.not_after:%Y-%m-%d}", f"{i.serial:x}", i.name) for i, state in states],
    )
    for problem in problems:
        say(f"claim signer: {problem}")


@ca.command("csr")
def request(
    common_name: Annotated[str, typer.Option("--common-name", "-N", help="The product's name on the C2PA list.")],
    organization: Organization,
    country: Country,
    cpl_record: CplRecord = None,
    alg: Alg = "ES256",
    out: Out = files.STANDARD,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Print a certificate request that fits the C2PA profile, for a CA on the C2PA trust list. Its key stays here."""
    from provenance.credentials.pki.profiles import Owner

    subject = Owner(organization, country).name(common_name)
    with _folder() as folder:
        _deliver(folder.request(subject, cpl_record=cpl_record, alg=alg), out, force=force, as_json=as_json)


@ca.command()
def install(
    chain: Annotated[Path, typer.Argument(help="PEM: the bought certificate, then the CAs above it.", readable=False)],
    as_json: AsJson = False,
) -> None:
    """Sign with a bought certificate from now on. Restart the service to use it."""
    pem = files.read(chain)
    with _folder() as folder:
        installed = folder.install(pem)
        problems = folder.problems(installed)
    _tell([installed], as_json=as_json)
    for problem in () if as_json else problems:
        say(f"note: {problem}")


@ca.command("export")
def export(
    what: Annotated[str, typer.Argument(help="root (the trust anchor), chain or tsa.")] = "root",
    out: Out = files.STANDARD,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Print certificates as PEM, for whoever verifies."""
    from provenance.credentials.pki import chains
    from provenance.credentials.pki.profiles import Role

    roles = {"root": Role.ROOT, "chain": Role.LEAF, "tsa": Role.TSA}
    if what not in roles:
        raise InvalidRequest(f"no certificates {what[:40]!r}", hint=f"one of {', '.join(roles)}")
    with _folder() as folder:
        _deliver(chains.pem(folder.chain(roles[what])), out, force=force, as_json=as_json)


@contextmanager
def _folder() -> "Iterator[CaFolder]":
    """The CA as it is: unlike a development service, a command makes none by the way."""
    with opened.service(start=False, create=True) as service:
        yield service.ca_folder


def _role(text: str) -> "Role":
    from provenance.credentials.pki.profiles import Role

    try:
        return Role(text)
    except ValueError:
        raise InvalidRequest(f"no role {text[:40]!r}", hint="leaf, ocsp or tsa") from None


def _state(issued: "Issued", register: "Register", now: datetime) -> str:
    """In one word. A CA and an OCSP responder that were replaced still answer for what they issued."""
    if issued.revoked is not None:
        return "revoked"
    if issued.not_after < now:
        return "ended"
    return "current" if issued == register.current(issued.role, now, issuer=issued.issuer) else "replaced"


def _tell(made: "Sequence[Issued]", *, as_json: bool) -> None:
    for issued in made:
        if as_json:
            emit(_shown(issued, "current"))
        else:
            say(f"{issued.name} {issued.serial:x}, until {issued.not_after:%Y-%m-%d}")


def _shown(issued: "Issued", state: str) -> dict[str, Any]:
    shown = {
        "serial": f"{issued.serial:x}",
        "role": str(issued.role),
        "state": state,
        "name": issued.name,
        "not_before": issued.not_before.isoformat(),
        "not_after": issued.not_after.isoformat(),
        "file": issued.file,
        "bought": issued.issuer is None,
    }
    if issued.revoked is not None:
        shown |= {"revoked": issued.revoked.isoformat(), "reason": issued.reason}
    return shown


def _deliver(pem: bytes, out: Path, *, force: bool, as_json: bool) -> None:
    if as_json:
        emit({"pem": pem.decode()})
    else:
        files.write(out, pem, force=force)
