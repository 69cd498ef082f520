"""verify: a certificate, a picture, or both, offline, with the keys and roots that the verifier brought."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from provenance.core.errors import InvalidRequest, VerificationError
from provenance.faces.cli import files
from provenance.faces.cli.console import AsJson, note
from provenance.faces.cli.exits import Exit, exit_of
from provenance.faces.cli.verifying import certificates, pins, subjects, telling
from provenance.faces.cli.verifying.pins import Brought

if TYPE_CHECKING:
    from provenance.usecases.recover import RemoteService

_STANDARD: Final = str(files.STANDARD)

Texts = list[str] | None
Files = list[Path] | None

_SubjectArgument = Annotated[
    str, typer.Argument(help="A certificate, licence, bundle or picture: a file, an https address; - is stdin.")
]
_FileArgument = Annotated[Path | None, typer.Argument(help="The file that it is about; - is stdin.", readable=False)]
_Key = Annotated[Texts, typer.Option(help="A trusted public key: PEM file, did:key, multibase, hex or base64.")]
_DidDoc = Annotated[Files, typer.Option(help="A file: a trusted DID document.", readable=False)]
_Jwks = Annotated[Files, typer.Option(help="A file: a trusted JWK set.", readable=False)]
_Anchors = Annotated[
    Files, typer.Option(help="A PEM file: roots that you trust to vouch for signers of pictures.", readable=False)
]
_StampAnchors = Annotated[
    Files, typer.Option(help="A PEM file: roots that you trust to vouch for time-stamps.", readable=False)
]
_Manifest = Annotated[
    Path | None, typer.Option(help="A file: the C2PA manifest store beside the picture.", readable=False)
]
_StatusLists = Annotated[
    Files, typer.Option(help="A file: a status list of the issuer; tells whether it was taken back.", readable=False)
]
_LogProof = Annotated[Path | None, typer.Option(help="A .tlog-proof file of the certificate.", readable=False)]
_LogVKey = Annotated[Texts, typer.Option(help="A verifier key of the log; may be repeated.")]
_Witness = Annotated[Texts, typer.Option(help="A witness's verifier key; may be repeated.")]
_Quorum = Annotated[int, typer.Option(min=0, help="How many --witness keys have to have cosigned.")]
_MaxAge = Annotated[float | None, typer.Option(min=0, help="Hours since a witness last saw the log, at most.")]
_Rpc = Annotated[str | None, typer.Option(help="JSON-RPC node that confirms ledger receipts.")]
_Contract = Annotated[str | None, typer.Option(help="The registry contract that you trust (with --rpc).")]
_Publisher = Annotated[str | None, typer.Option(help="The publisher whose anchors count (with --rpc).")]
_Service = Annotated[
    str | None,
    typer.Option(
        help="https address of a service to ask: its keys and roots where none are named, status lists, log proof; for "
        "a picture without credentials, the ones that it knows."
    ),
]
_AllowPrivate = Annotated[
    bool, typer.Option("--allow-private", help="Addresses may be http, on the loopback or in a private network.")
]
_Lang = Annotated[str, typer.Option(help="en or zh.")]


def verify(
    subject: _SubjectArgument,
    file: _FileArgument = None,
    key: _Key = None,
    did_doc: _DidDoc = None,
    jwks: _Jwks = None,
    trust_anchors: _Anchors = None,
    tsa_anchors: _StampAnchors = None,
    manifest: _Manifest = None,
    status_list: _StatusLists = None,
    log_proof: _LogProof = None,
    log_vkey: _LogVKey = None,
    witness: _Witness = None,
    quorum: _Quorum = 0,
    log_max_age: _MaxAge = None,
    rpc: _Rpc = None,
    contract: _Contract = None,
    publisher: _Publisher = None,
    service: _Service = None,
    allow_private: _AllowPrivate = False,
    lang: _Lang = "en",
    as_json: AsJson = False,
) -> None:
    """Verify a certificate or a picture in numbered steps, offline. Trusts only what is named here; only --rpc,
    --service and an address ask anybody."""
    if lang not in telling.VERDICTS:
        raise InvalidRequest(f"no language {lang!r}", hint="en or zh")
    if subject == str(file) == _STANDARD:
        raise InvalidRequest("standard input can be read once")
    brought = Brought(
        keyring=pins.keyring(key or [], did_doc or [], jwks or []),
        now=datetime.now(UTC),
        anchors=pins.roots(trust_anchors or []),
        stamp_anchors=pins.roots(tsa_anchors or []),
        supplied=pins.supplied(manifest, status_list or [], log_proof, pins.confirmer(rpc, contract, publisher)),
        service=None if service is None else _remote(service, allow_private=allow_private),
    ).with_log(pins.log_policy(log_vkey or [], witness or [], quorum), log_max_age)
    data = subjects.read(subject, allow_private=allow_private)
    content = None if file is None else files.read(file)
    raise typer.Exit(_verified(data, content, _with_service_keys(brought, data), lang, as_json=as_json))


COMMANDS: Final = (verify,)


def _verified(data: bytes, content: bytes | None, brought: Brought, lang: str, *, as_json: bool) -> Exit:
    media_type = subjects.media_type(data)
    if media_type is None:
        try:
            done = certificates.verify_certificate(data, content, brought)
        except VerificationError as error:
            telling.tell_refusal(error, lang, as_json=as_json)
            return exit_of(error)
        telling.tell_certificate(done, lang, as_json=as_json)
        return Exit.OK
    if content is not None:
        raise InvalidRequest("this is a picture", hint="the certificate comes first: provenance verify CERT FILE")
    from provenance.faces.cli.verifying import pictures  # c2pa-rs, which a certificate does not need

    return telling.tell_picture(pictures.verify_picture(data, media_type, brought), lang, as_json=as_json)


def _remote(named: str, *, allow_private: bool) -> "RemoteService":
    from provenance.adapters.http import Poster
    from provenance.usecases.recover import RemoteService

    url = subjects.service_url(named, allow_private=allow_private)
    poster = Poster(seconds=60.0)

    def post(address: str, body: bytes, media_type: str) -> tuple[int, bytes]:
        answer = poster.post(address, body, media_type=media_type, accept="application/json")
        return answer.status, answer.body

    return RemoteService(url=url, fetcher=subjects.fetcher(url, allow_private=allow_private), post=post)


def _with_service_keys(brought: Brought, data: bytes) -> Brought:
    """Keys that were named count alone; without any, those that the service publishes, which is as good as the address
    bar of a browser."""
    service = brought.service
    if service is None:
        return brought
    asked = []
    if not len(brought.keyring):
        brought = brought.with_keys(service.keyring())
        asked.append("keys")
    if subjects.media_type(data) and not brought.anchors and (roots := service.anchors()):
        brought = brought.with_roots(roots)
        asked.append("roots")
    if asked:
        note(f"the {' and '.join(asked)} are those that {service.url} publishes now; name your own to trust less")
    return brought
