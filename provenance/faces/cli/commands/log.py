"""log: the transparency log. Show ours; audit any; check a proof; be a witness."""

import contextlib
import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from provenance.core.errors import InvalidRequest, MalformedLogProof, Misconfigured, NotFound
from provenance.credentials.canonical import certificate_hash, parse
from provenance.credentials.tlog import (
    Checkpoint,
    LogProof,
    Policy,
    Proven,
    VerifierKey,
    read_entry,
    verify_certificate_proof,
    verify_proof,
)
from provenance.credentials.tlog.notes import COSIGNATURE, ED25519, is_key_name
from provenance.credentials.tlog.proofs import check_fresh
from provenance.faces.cli import files, opened
from provenance.faces.cli.console import AsJson, emit, note, rows, say

if TYPE_CHECKING:
    from provenance.adapters.keys import FileSigner
    from provenance.usecases.audit_log import Audited, AuditState

log = typer.Typer(help="The transparency log: show ours, audit any, check proofs, be a witness.", no_args_is_help=True)
GROUPS: Final = {"log": log}

VKeys = Annotated[
    list[str] | None, typer.Option("--vkey", help="A verifier key of the log (`/log/vkey`); may be repeated.")
]
Witnesses = Annotated[list[str] | None, typer.Option("--witness", help="A witness's verifier key; may be repeated.")]
Quorum = Annotated[int, typer.Option(min=0, help="How many of the --witness keys have to have cosigned.")]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="A policy file (c2sp.org/tlog-policy) instead.", readable=False)
]


@log.command()
def show(
    entries: Annotated[int, typer.Option(min=0, max=1000, help="Also the last N entries.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Our own log: its name, its keys, its newest checkpoint and who cosigned it."""
    with opened.service(start=False) as service:
        keys = [key.text for key in service.log.vkeys]
        with service.store.read() as unit:
            size, newest = unit.log.size(), unit.log.checkpoint()
            last = unit.log.entries(max(0, size - entries), size) if entries else []
        origin = service.log.origin
    published = {"size": newest.size, "root": newest.root, "note": newest.note} if newest else None
    if as_json:
        emit({"origin": origin, "vkeys": keys, "entries": size, "checkpoint": published})
        for entry in last:
            emit({"index": entry.index} | json.loads(entry.data))
        return
    say(f"{origin}: {size} entries, {newest.size if newest else 0} of them published")
    for key in keys:
        say(f"key  {key}")
    say(newest.note.rstrip("\n") if newest else "no checkpoint yet: the worker publishes one")
    if last:
        rows(("index", "entry"), [(str(entry.index), entry.data.decode()) for entry in last])


@log.command("verify-proof")
def verify_log_proof(
    proof: Annotated[Path, typer.Argument(help="A .tlog-proof file; - is stdin.", readable=False)],
    entry: Annotated[Path | None, typer.Option(help="The entry's exact bytes.", readable=False)] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The certificate (JSON) whose issue was logged.", readable=False)
    ] = None,
    vkey: VKeys = None,
    witness: Witnesses = None,
    quorum: Quorum = 0,
    policy: PolicyFile = None,
    max_age: Annotated[
        float | None, typer.Option(min=0, help="Hours since a witness last saw the checkpoint, at most.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check offline that a certificate, or any entry, is in a log that the named keys vouch for."""
    if (entry is None) == (certificate is None):
        raise InvalidRequest("name either --entry or --certificate")
    wanted = _policy(vkey, witness, quorum, policy)
    text = files.read(proof)
    if certificate is not None:
        proven = verify_certificate_proof(text, _hash_of(files.read(certificate)), wanted)
    else:
        proven = verify_proof(text, files.read(entry) if entry else b"", wanted)
    oldest = None if max_age is None else datetime.now(UTC) - timedelta(hours=max_age)
    check_fresh(proven.checkpoint, proven.witnessed, smallest=0, not_before=oldest)
    _print_proven(proven, LogProof.parse(text), as_json=as_json)


@log.command()
def audit(
    url: Annotated[str, typer.Argument(help="The log's address, such as https://art.example/log.")],
    vkey: VKeys = None,
    witness: Witnesses = None,
    quorum: Quorum = 0,
    policy: PolicyFile = None,
    state: Annotated[
        Path | None, typer.Option(help="File that remembers what was seen; the next audit goes on from there.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what is new.")] = False,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="Report every entry about this certificate (JSON).", readable=False)
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The log may be on the loopback or in a private network.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replay a log as a monitor: every signature, entry and tile, and that nothing was taken back since last time."""
    from provenance.usecases.audit_log import AuditLog

    report = _Report({_hash_of(files.read(path)): str(path) for path in certificate or ()}, as_json=as_json)
    known = _state(state)
    auditor = AuditLog(
        fetcher=_fetcher(url, allow_private=allow_private),
        prefix=url.rstrip("/"),
        policy=_policy(vkey, witness, quorum, policy),
    )
    done = auditor(known, full=full, on_entry=report.entry)
    if state is not None:
        files.write(state, done.state.dump(), force=True)
    report.done(done)


@log.command("witness")
def serve_witness(
    vkey: Annotated[list[str], typer.Option("--log", help="The verifier key of a log to witness; may be repeated.")],
    state: Annotated[Path, typer.Option(help="File that remembers what was cosigned. Never lose it, never copy it.")],
    name: Annotated[str, typer.Option(help="The witness's own name, such as witness.example/w1.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT.")] = "127.0.0.1:8200",
    key: Annotated[
        Path | None, typer.Option(help="Its Ed25519 key (PEM); made when missing. Default: beside the state.")
    ] = None,
) -> None:
    """Be a witness for others' logs: cosign what only ever grew, over HTTP. Prints the verifier key to hand out."""
    import uvicorn

    from provenance.adapters.witness import WitnessState
    from provenance.faces.witness import WitnessApp
    from provenance.usecases.witness import Cosign

    if not is_key_name(name):
        raise InvalidRequest("a witness's name has no spaces and no plus", hint="such as witness.example/w1")
    host, port = _address(listen)
    signer = _witness_key(key or state.with_name(f"{state.name}.pem"))
    public = VerifierKey(name, COSIGNATURE, signer.public_key)
    with contextlib.closing(WitnessState(state)) as memory:
        cosign = Cosign(
            key=public,
            sign=signer.sign,
            logs=[_log_key(text) for text in vkey],
            memory=memory,
            clock=lambda: datetime.now(UTC),
        )
        say(public.text)
        note(f"the witness listens on http://{host}:{port}")
        uvicorn.run(WitnessApp(cosign), host=host, port=port, log_level="warning", lifespan="off")


class _Report:
    """What an audit tells: one line for each entry about a watched certificate, then the sum."""

    def __init__(self, watched: dict[str, str], *, as_json: bool) -> None:
        self._watched = watched
        self._as_json = as_json
        self._kinds: Counter[str] = Counter()

    def entry(self, index: int, data: bytes) -> None:
        try:
            fact = read_entry(data)
        except MalformedLogProof:
            self._kinds["unknown"] += 1
            return
        self._kinds[fact.kind] += 1
        if fact.subject not in self._watched:
            return
        line = {"index": index, "kind": fact.kind, "at": fact.at.isoformat(), "file": self._watched[fact.subject]}
        emit(line) if self._as_json else say(f"{index}  {fact.at:%Y-%m-%d %H:%M}  {fact.kind}  {line['file']}")

    def done(self, audited: "Audited") -> None:
        checkpoint = audited.checked.checkpoint
        if self._as_json:
            emit(
                {"result": "consistent", **_head(checkpoint, audited.checked.witnessed)}
                | {"first": audited.first, "tiles": audited.tiles, "kinds": dict(sorted(self._kinds.items()))}
            )
            return
        say(f"{checkpoint.origin}: {checkpoint.size} entries, {checkpoint.size - audited.first} of them read now")
        for kind, count in sorted(self._kinds.items()):
            say(f"{count:8d}  {kind}")
        say(f"every entry and {audited.tiles} tiles lead to the root {checkpoint.root.hex()}")
        _say_witnessed(audited.checked.witnessed)


def _print_proven(proven: Proven, proof: LogProof, *, as_json: bool) -> None:
    if as_json:
        emit({"result": "proven", "index": proven.index, **_head(proven.checkpoint, proven.witnessed)})
        return
    say(f"entry {proven.index} of {proven.checkpoint.origin}, under a tree head of {proven.checkpoint.size} entries")
    if proof.extra is not None:
        with contextlib.suppress(MalformedLogProof):
            fact = read_entry(proof.extra)
            say(f"it says: {fact.kind} at {fact.at:%Y-%m-%d %H:%M} UTC")
    _say_witnessed(proven.witnessed)


def _head(checkpoint: Checkpoint, witnessed: dict[str, datetime]) -> dict[str, Any]:
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "witnessed": {name: at.isoformat() for name, at in witnessed.items()},
    }


def _say_witnessed(witnessed: dict[str, datetime]) -> None:
    for name, at in witnessed.items():
        say(f"seen by {name} at {at:%Y-%m-%d %H:%M} UTC")
    if not witnessed:
        note("no witness vouches for it: the log could show others another history")


def _policy(vkeys: list[str] | None, witnesses: list[str] | None, quorum: int, path: Path | None) -> Policy:
    if path is not None:
        if vkeys or witnesses or quorum:
            raise InvalidRequest("--policy stands for --vkey, --witness and --quorum")
        try:
            return Policy.parse(files.read(path, limit=1 << 16).decode())
        except UnicodeDecodeError:
            raise Misconfigured(f"{path} is not UTF-8 text") from None
    if not vkeys:
        raise InvalidRequest("name the log's key with --vkey, or a --policy", hint="take it from the log's operator")
    keys = [VerifierKey.parse(text) for text in witnesses or ()]
    return Policy.of([_log_key(text) for text in vkeys], keys, quorum=quorum)


def _log_key(text: str) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.kind != ED25519:
        raise Misconfigured(f"the key of {key.name} is not one of a log", hint="a log's keys are of type 0x01")
    return key


def _hash_of(document: bytes) -> str:
    """Of a certificate, or of the one in a bundle."""
    certificate = parse(document)
    inner = certificate.get("certificate")
    return certificate_hash(inner if isinstance(inner, dict) else certificate)


def _state(path: Path | None) -> "AuditState | None":
    from provenance.usecases.audit_log import AuditState

    if path is None:
        return None
    try:
        return AuditState.load(files.read(path))
    except NotFound:
        return None


def _fetcher(url: str, *, allow_private: bool) -> Any:
    from provenance.adapters.http import FetchLimits, GuardedFetcher
    from provenance.credentials.tlog.tiles import MAX_BUNDLE

    try:
        port = urlsplit(url).port
    except ValueError:
        raise InvalidRequest("the URL is malformed") from None
    ports = frozenset({80, 443} | ({port} if port else set()))
    return GuardedFetcher(FetchLimits(body_bytes=MAX_BUNDLE, ports=ports), allow_private=allow_private)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise InvalidRequest(f"{text[:80]!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _witness_key(path: Path) -> "FileSigner":
    from provenance.adapters.keys import FileSigner

    settings = opened.settings()
    secret = settings.key_passphrase
    options: dict[str, Any] = {
        "passphrase": secret.get_secret_value().encode() if secret else None,
        "allow_unencrypted": settings.environment != "production",
    }
    if os.path.lexists(path):
        return FileSigner(path, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileSigner.create(path, **options)
