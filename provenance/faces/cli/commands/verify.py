"""verify: a certificate and its file, offline, with the keys that the verifier brought."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from provenance.core.errors import (
    ContentMismatch,
    InvalidRequest,
    MalformedCertificate,
    Misconfigured,
    Rejected,
    VerificationError,
)
from provenance.credentials import (
    Content,
    Step,
    Supplied,
    TrustedKeys,
    Verification,
    pinned_did_document,
    pinned_jwks,
    pinned_key,
)
from provenance.credentials import verify as verify_certificate
from provenance.faces.cli import files
from provenance.faces.cli.console import AsJson, emit, note, say
from provenance.faces.cli.exits import exit_of

if TYPE_CHECKING:
    from provenance.credentials import MerkleReceipt

_SIGNS: Final = {"passed": "ok", "skipped": "--", "failed": "NO"}
_VERDICTS: Final = {
    "en": ("The certificate is valid.", "The certificate is refused."),
    "zh": ("证书有效。", "证书被拒绝。"),
}
_LONGEST_NAME: Final = 256  # a longer text is no path, and asking the system about it fails
_PICTURE: Final = re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP|II\*\0|MM\0\*|....ftypavi", re.DOTALL)
_PICTURE_HINT: Final = "this is a picture: the certificate comes first, as in `provenance verify CERT FILE`"


_StatusLists = Annotated[
    list[Path] | None,
    typer.Option(help="A file: a status list of the issuer; tells whether it was taken back.", readable=False),
]


def verify(
    certificate: Annotated[
        Path, typer.Argument(help="A certificate, licence or bundle (JSON); - is stdin.", readable=False)
    ],
    file: Annotated[Path | None, typer.Argument(help="The file that it is about; - is stdin.", readable=False)] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A trusted public key: PEM file, did:key, multibase, hex or base64.")
    ] = None,
    did_doc: Annotated[list[Path] | None, typer.Option(help="A file: a trusted DID document.", readable=False)] = None,
    jwks: Annotated[list[Path] | None, typer.Option(help="A file: a trusted JWK set.", readable=False)] = None,
    status_list: _StatusLists = None,
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
    if certificate == file == files.STANDARD:
        raise InvalidRequest("standard input can be read once")
    question = _Question(
        certificate=files.read(certificate),
        keyring=_keyring(key or [], did_doc or [], jwks or []),
        content=files.read(file) if file else None,
        supplied=Supplied(
            confirm=_confirmer(rpc, contract, publisher),
            status_lists=[files.read(path) for path in status_list or []],
        ),
    )
    _tell(question, lang, as_json=as_json)


COMMANDS: Final = (verify,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is to be verified, and against what."""

    certificate: bytes
    keyring: TrustedKeys
    content: bytes | None
    supplied: Supplied

    def answer(self) -> Verification:
        """Bytes first: the certified file itself needs no image library. Only where they differ are pixels compared."""
        if self.content is None:
            return self._verify(None)
        try:
            return self._verify(Content(self.content))
        except ContentMismatch:
            pixels = _pixels(self.content)
            if pixels is None:
                raise
        return self._verify(Content(self.content, pixels))

    def _verify(self, content: Content | None) -> Verification:
        return verify_certificate(
            self.certificate, keyring=self.keyring, now=datetime.now(UTC), content=content, supplied=self.supplied
        )


def _tell(question: _Question, lang: str, *, as_json: bool) -> None:
    """Ends in typer.Exit with the error's code where it is refused."""
    try:
        done = question.answer()
    except VerificationError as error:
        _refused(error, lang, hint=_hint(error, question.certificate), as_json=as_json)
        raise typer.Exit(exit_of(error)) from None
    if as_json:
        emit(_verified(done, lang))
        return
    _print_steps(done.steps, lang)
    say(_VERDICTS[lang][0])


def _pixels(data: bytes) -> str | None:
    """The digest of the picture's pixels; None where it does not decode, or the image libraries are not installed."""
    try:
        from provenance.adapters.images import PillowImages
        from provenance.core.digests import picture_digest
    except ImportError:
        note("pixels are not compared: pip install 'provenance-art[generators]'")
        return None
    try:
        return picture_digest(PillowImages().read(data))
    except Rejected:
        return None


def _keyring(keys: list[str], did_docs: list[Path], key_sets: list[Path]) -> TrustedKeys:
    trusted = TrustedKeys()
    for text in keys:
        trusted = trusted | _pinned(text)
    for path in did_docs:
        trusted = trusted | pinned_did_document(files.read(path))
    for path in key_sets:
        trusted = trusted | pinned_jwks(files.read(path))
    return trusted


def _pinned(text: str) -> TrustedKeys:
    """A key, or the file that holds it."""
    path = Path(text)
    if len(text) < _LONGEST_NAME and path.is_file():
        return pinned_key(files.read(path))
    try:
        return pinned_key(text)
    except Misconfigured as error:
        raise Misconfigured(f"{text[:80]!r} is neither a key nor a file", hint=error.hint) from None


def _confirmer(
    rpc: str | None, contract: str | None, publisher: str | None
) -> "Callable[[MerkleReceipt], datetime] | None":
    if rpc is None:
        if contract or publisher:
            raise InvalidRequest("--contract and --publisher need --rpc", hint="a node is asked with --rpc URL")
        return None
    if contract is None or publisher is None:
        raise InvalidRequest(
            "--rpc needs --contract and --publisher", hint="take both from the publisher, never from the certificate"
        )

    def confirm(receipt: "MerkleReceipt") -> datetime:
        from provenance.adapters.chain import ReadOnlyLedger

        ledger = ReadOnlyLedger(rpc, contract, publisher=publisher, chain_id=receipt.chain_id)
        return ledger.confirm(receipt.root)

    return confirm


def _verified(done: Verification, lang: str) -> dict[str, Any]:
    return {
        "result": "verified",
        "work_id": str(done.work_id),
        "issuer": done.issuer,
        "kind": done.kind,
        "content": done.content,
        "anchored_since": done.anchored_since.isoformat() if done.anchored_since else None,
        "steps": [_step(step, lang) for step in done.steps],
    }


def _refused(error: VerificationError, lang: str, *, hint: str | None, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "result": "refused",
                "error": error.code,
                "step": error.step,
                "reason": error.reason,
                "hint": hint,
                "steps": [_step(step, lang) for step in error.trail],
            }
        )
        return
    _print_steps(error.trail, lang)
    say(_VERDICTS[lang][1])
    if hint:
        say(hint)


def _hint(error: VerificationError, document: bytes) -> str | None:
    if isinstance(error, MalformedCertificate) and _PICTURE.match(document):
        return _PICTURE_HINT
    return error.hint


def _print_steps(steps: tuple[Step, ...], lang: str) -> None:
    for step in steps:
        say(f"{step.number}  {_SIGNS[step.outcome]}  {step.title(lang)}: {step.text(lang)}")


def _step(step: Step, lang: str) -> dict[str, Any]:
    return {"number": step.number, "code": step.code, "outcome": str(step.outcome), "text": step.text(lang)}
