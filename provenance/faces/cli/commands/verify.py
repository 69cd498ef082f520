"""verify: a certificate and its file, offline, with the keys that the verifier brought."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import InvalidRequest, VerificationError
from provenance.credentials import Content, Step, TrustedKeys, pinned_did_document, pinned_jwks, pinned_key
from provenance.credentials import verify as verify_certificate
from provenance.faces.cli import files
from provenance.faces.cli.console import AsJson, emit, say
from provenance.faces.cli.exits import exit_of

if TYPE_CHECKING:
    from provenance.credentials import MerkleReceipt

_SIGNS: Final = {"passed": "ok", "skipped": "--", "failed": "NO"}
_VERDICTS: Final = {
    "en": ("The certificate is valid.", "The certificate is refused."),
    "zh": ("证书有效。", "证书被拒绝。"),
}


def verify(
    certificate: Annotated[Path, typer.Argument(help="A certificate, licence or bundle (JSON); - is standard input.")],
    file: Annotated[Path | None, typer.Argument(help="The file that it is about.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A trusted public key: PEM file, did:key, multibase, hex or base64.")
    ] = None,
    did_doc: Annotated[list[Path] | None, typer.Option(help="A trusted DID document, as a file.")] = None,
    jwks: Annotated[list[Path] | None, typer.Option(help="A trusted JWK set, as a file.")] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC node that confirms ledger receipts.")] = None,
    contract: Annotated[str | None, typer.Option(help="The registry contract that you trust (with --rpc).")] = None,
    publisher: Annotated[str | None, typer.Option(help="The publisher whose anchors count (with --rpc).")] = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Verify a certificate in numbered steps, offline. Trusts only the keys that are named here; --rpc alone asks a
    node."""
    if lang not in _VERDICTS:
        raise InvalidRequest(f"no language {lang!r}", hint="en or zh")
    keyring = _keyring(key or [], did_doc or [], jwks or [])
    confirm = _confirmer(rpc, contract, publisher) if rpc else None
    content = _content(files.read(file)) if file else None
    try:
        done = verify_certificate(
            files.read(certificate), keyring=keyring, now=datetime.now(UTC), content=content, confirm=confirm
        )
    except VerificationError as error:
        _refused(error, lang, as_json=as_json)
        raise typer.Exit(exit_of(error)) from None
    if as_json:
        emit(
            {
                "result": "verified",
                "work_id": str(done.work_id),
                "issuer": done.issuer,
                "kind": done.kind,
                "steps": [_step(step, lang) for step in done.steps],
            }
        )
        return
    _print_steps(done.steps, lang)
    say(_VERDICTS[lang][0])


COMMANDS: Final = (verify,)


def _keyring(keys: list[str], did_docs: list[Path], key_sets: list[Path]) -> TrustedKeys:
    trusted = TrustedKeys()
    for text in keys:
        path = Path(text)
        trusted = trusted | pinned_key(files.read(path) if len(text) < 256 and path.is_file() else text)
    for path in did_docs:
        trusted = trusted | pinned_did_document(files.read(path))
    for path in key_sets:
        trusted = trusted | pinned_jwks(files.read(path))
    return trusted


def _content(data: bytes) -> Content:
    """With the pixels' digest where the image libraries are installed and the file decodes; bytes alone otherwise."""
    from provenance.core.errors import Rejected

    try:
        from provenance.adapters.images import PillowImages
        from provenance.core.digests import picture_digest
    except ImportError:
        return Content(data)
    try:
        return Content(data, picture_digest(PillowImages().read(data)))
    except Rejected:
        return Content(data)


def _confirmer(rpc: str, contract: str | None, publisher: str | None) -> "Callable[[MerkleReceipt], datetime]":
    if contract is None or publisher is None:
        raise InvalidRequest(
            "--rpc needs --contract and --publisher", hint="take both from the publisher, never from the certificate"
        )

    def confirm(receipt: "MerkleReceipt") -> datetime:
        from provenance.adapters.chain import ReadOnlyLedger

        ledger = ReadOnlyLedger(rpc, contract, publisher=publisher, chain_id=receipt.chain_id)
        return ledger.confirm(receipt.root)

    return confirm


def _refused(error: VerificationError, lang: str, *, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "result": "refused",
                "error": error.code,
                "step": error.step,
                "reason": error.reason,
                "hint": error.hint,
                "steps": [_step(step, lang) for step in error.trail],
            }
        )
        return
    _print_steps(error.trail, lang)
    say(_VERDICTS[lang][1])
    if error.hint:
        say(error.hint)


def _print_steps(steps: tuple[Step, ...], lang: str) -> None:
    for step in steps:
        say(f"{step.number}  {_SIGNS[step.outcome]}  {step.title(lang)}: {step.text(lang)}")


def _step(step: Step, lang: str) -> dict[str, Any]:
    return {"number": step.number, "code": step.code, "outcome": str(step.outcome), "text": step.text(lang)}
