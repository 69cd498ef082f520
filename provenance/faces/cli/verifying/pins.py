"""What the verifier brings: keys, roots, log keys, a node to ask. Everything raises Misconfigured or InvalidRequest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from provenance.core.errors import InvalidRequest, MalformedLogProof, Misconfigured
from provenance.credentials import LogFinding, Supplied, TrustedKeys, pinned_did_document, pinned_jwks, pinned_key
from provenance.credentials.tlog import Policy, VerifierKey, verify_certificate_proof
from provenance.credentials.tlog.proofs import check_fresh
from provenance.faces.cli import files

if TYPE_CHECKING:
    from provenance.credentials import MerkleReceipt
    from provenance.usecases.recover import RemoteService

_NOTHING: Final = Supplied()
_LONGEST_NAME: Final = 256  # a longer text is no path, and asking the system about it fails
_LARGEST_PEM: Final = 1 << 20
_MOST_HOURS: Final = 1e6
_LARGEST_PROOF: Final = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Everything that counts as true: keys of certificates, roots of claim signers and of time-stamps (PEM bundles),
    what `supplied` holds, the time, and a service that may be asked."""

    keyring: TrustedKeys
    now: datetime
    anchors: tuple[str, ...] = ()
    stamp_anchors: tuple[str, ...] = ()
    supplied: Supplied = _NOTHING
    service: "RemoteService | None" = None
    max_age: timedelta | None = None

    @property
    def manifest(self) -> bytes | None:
        """The manifest store beside the picture."""
        return self.supplied.manifest

    def with_log(self, policy: Policy | None, hours: float | None) -> "Brought":
        """`hours` bound how long ago a witness saw the log. Raises InvalidRequest where they can't."""
        if hours is not None and not hours <= _MOST_HOURS:
            raise InvalidRequest("that many hours are no age")
        max_age = None if hours is None else timedelta(hours=hours)
        check = None if policy is None else LogCheck(policy, max_age)
        return replace(self, supplied=replace(self.supplied, check_log=check), max_age=max_age)

    def with_keys(self, keys: TrustedKeys) -> "Brought":
        return replace(self, keyring=keys)

    def with_roots(self, pem: str) -> "Brought":
        """For signers, and for time-stamps where none were named."""
        return replace(self, anchors=(pem,), stamp_anchors=self.stamp_anchors or (pem,))

    def without_manifest(self) -> "Brought":
        return replace(self, supplied=replace(self.supplied, manifest=None))


def keyring(keys: Sequence[str], did_docs: Sequence[Path], key_sets: Sequence[Path]) -> TrustedKeys:
    trusted = TrustedKeys()
    for text in keys:
        trusted = trusted | _pinned(text)
    for path in did_docs:
        trusted = trusted | pinned_did_document(files.read(path))
    for path in key_sets:
        trusted = trusted | pinned_jwks(files.read(path))
    return trusted


def roots(paths: Sequence[Path]) -> tuple[str, ...]:
    """PEM bundles, as they are."""
    return tuple(_pem(path) for path in paths)


def log_policy(vkeys: Sequence[str], witnesses: Sequence[str], quorum: int) -> Policy | None:
    """Which logs and witnesses count; None where no log was named."""
    if not vkeys:
        if witnesses or quorum:
            raise InvalidRequest("--witness and --quorum need --log-vkey")
        return None
    logs, others = ([VerifierKey.parse(text) for text in given] for given in (vkeys, witnesses))
    return Policy.of(logs, others, quorum=quorum)


@dataclass(frozen=True, slots=True)
class LogCheck:
    """A `CheckLog` for one policy; `max_age` bounds how long ago a witness saw the checkpoint."""

    policy: Policy
    max_age: timedelta | None = None

    def __call__(self, text: str, certificate: str, now: datetime) -> LogFinding:
        proven = verify_certificate_proof(text, certificate, self.policy)
        oldest = None if self.max_age is None else now - self.max_age
        check_fresh(proven.checkpoint, proven.witnessed, smallest=0, not_before=oldest)
        return LogFinding(proven.checkpoint.origin, proven.index, proven.checkpoint.size)


def supplied(
    manifest: Path | None,
    status_lists: Sequence[Path],
    log_proof: Path | None,
    confirm: "Callable[[MerkleReceipt], datetime] | None",
) -> Supplied:
    """What lies in files beside the certificate."""
    return Supplied(
        confirm=confirm,
        log_proof=None if log_proof is None else _proof_text(log_proof),
        manifest=None if manifest is None else files.read(manifest),
        status_lists=[files.read(path) for path in status_lists],
    )


def _proof_text(path: Path) -> str:
    """Raises MalformedLogProof for a file that is no proof by its size alone."""
    data = files.read(path, limit=_LARGEST_PROOF)
    if len(data) > _LARGEST_PROOF:
        raise MalformedLogProof(f"{path} is longer than any proof")
    return data.decode("utf-8", "replace")


def confirmer(
    rpc: str | None, contract: str | None, publisher: str | None
) -> "Callable[[MerkleReceipt], datetime] | None":
    """Asks the node; None where none was named."""
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


def _pinned(text: str) -> TrustedKeys:
    """A key, or the file that holds it."""
    path = Path(text)
    if len(text) < _LONGEST_NAME and path.is_file():
        return pinned_key(files.read(path))
    try:
        return pinned_key(text)
    except Misconfigured as error:
        raise Misconfigured(f"{text[:80]!r} is neither a key nor a file", hint=error.hint) from None


def _pem(path: Path) -> str:
    data = files.read(path, limit=_LARGEST_PEM)
    if len(data) > _LARGEST_PEM or b"-----BEGIN CERTIFICATE-----" not in data or not data.isascii():
        raise Misconfigured(f"{path} holds no PEM certificates")
    return data.decode("ascii")
