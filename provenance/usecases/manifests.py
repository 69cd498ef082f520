"""Keep C2PA manifest stores for others: store, hand out, delete, bind, and prove that one was stored.

A manifest repository in the words of C2PA 2.4 (Soft Binding Resolution API). It keeps what is whole and signed, whoever
signed it: whether the signer is to be trusted is for whoever finds the manifest to say.
"""

import base64
import binascii
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from provenance.core.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    MalformedLogProof,
    NotFound,
    ReceiptMismatch,
    TooLarge,
)
from provenance.core.manifests import ManifestReport, ManifestState, SoftBinding
from provenance.core.ports import Blobs, Clock, ManifestReader, Store, Unit
from provenance.core.records import Binding, ManifestRecord, WorkStatus
from provenance.credentials.c2pa import boxes
from provenance.credentials.c2pa.report import MISMATCHES, UNTRUSTED
from provenance.credentials.c2pa.store import MEDIA_TYPE, ManifestStore
from provenance.credentials.tlog.entries import EntryKind, log_entry
from provenance.usecases.bindings import ANY_ALG, MAX_VALUE, check_alg, read_value, written_value

PROOF_ALG: Final = "c2sp.org/tlog-proof@v1"
MAX_STORE_BYTES: Final = 16 << 20
MAX_BINDINGS: Final = 100  # in one manifest
_ID: Final = re.compile(r"urn:(c2pa|uuid):[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(:[\w.+-]*){0,2}", re.ASCII)
_MAX_ID: Final = 200
_CODES_SHOWN: Final = 3
_HARMLESS: Final = MISMATCHES | {UNTRUSTED, "timeStamp.untrusted"}
"""C2PA status codes of a manifest that is whole, but read without its picture or by somebody who trusts nobody."""


class LogProofs(Protocol):
    """The transparency log, as far as a receipt needs it; see `LogReceipts`."""

    @property
    def publish(self) -> Callable[[], object]:
        """Signs a checkpoint over all leaves that there are. Raises LogInconsistent, Unavailable."""

    def prove(self, index: int) -> str:
        """A C2SP tlog-proof of that leaf, under a published checkpoint. Raises NotFound, Unavailable."""

    def check(self, proof: str, entry: bytes) -> int:
        """The index at which this proof shows the entry in our log. Raises VerificationError."""


@dataclass(frozen=True, slots=True)
class StoreReceipt:
    """`proof` is a tlog-proof of `entry`, which stands at `index` of the log and names the store's sha256."""

    manifest_id: str
    index: int
    entry: bytes
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRepository:
    """What belongs to others is not there: the errors do not tell a stranger whether it exists."""

    store: Store
    blobs: Blobs
    reader: ManifestReader
    proofs: LogProofs
    clock: Clock
    mark_alg: str  # our own watermark: it leads to what it was embedded for, whatever others claim

    def add(self, data: bytes, *, owner: str) -> ManifestRecord:
        """Store a manifest store under its active manifest's id, with the soft bindings that it declares.

        The same bytes again are the same manifest, whoever brings them. Raises InvalidRequest, TooLarge, Unavailable.
        """
        report = self._read(data)
        found = self._bindings(report)
        record = ManifestRecord(report.manifest_id, self.blobs.put(data), owner, self.clock())
        try:
            with self.store.unit() as unit:
                known = _known(unit, record.id)
                return _same(known, record) if known else _write(unit, record, found)
        except Conflict:  # another request with the same manifest was first
            with self.store.read() as unit:
                return _same(unit.manifests.get(record.id), record)

    def fetch(self, manifest_id: str, *, active_only: bool = False) -> bytes:
        """The manifest store, or one that holds nothing but the active manifest. Raises NotFound, Unavailable."""
        with self.store.read() as unit:
            record = _live(unit, manifest_id)
        data = self.blobs.get(record.blob)
        return _active_alone(data) if active_only else data

    def delete(self, manifest_id: str, *, owner: str | None) -> None:
        """Deleting twice is the same as once. `owner` None is an administrator. Raises NotFound, Forbidden."""
        with self.store.unit() as unit:
            record = _owned(unit, manifest_id, owner)
            if record.work_id is not None:
                raise Forbidden("this manifest belongs to a registered work", hint="withdraw the work")
            unit.manifests.delete(manifest_id, self.clock())

    def bind(self, manifest_id: str, value: str, *, alg: str | None, owner: str | None) -> None:
        """Let a soft binding lead to a manifest. Binding twice is the same as once. Raises InvalidRequest, NotFound."""
        with self.store.unit() as unit:
            _bindable(unit, manifest_id, owner)
            unit.manifests.bind(self._asked(manifest_id, value, alg))

    def rebind(self, manifest_id: str, value: str, *, alg: str | None, owner: str | None) -> None:
        """Let a soft binding lead to this manifest in place of those that the owner stored. What a registration bound
        stays. Raises InvalidRequest, NotFound."""
        with self.store.unit() as unit:
            _bindable(unit, manifest_id, owner)
            asked = self._asked(manifest_id, value, alg)
            bound = unit.manifests.bindings_of(owner, asked.value)
            mine = [old for old in bound if unit.manifests.get(old.manifest_id).work_id is None]
            replaced = [old for old in mine if alg in (None, old.alg)]
            if not replaced:
                raise NotFound("no manifest of yours has this soft binding")
            for old in replaced:
                unit.manifests.unbind(old)
                unit.manifests.bind(Binding(old.alg, old.value, manifest_id))

    def receipt(self, manifest_id: str, *, publish: bool = False) -> StoreReceipt:
        """`publish` puts a checkpoint over the leaf first, in place of waiting for the next one.

        Raises NotFound where the log does not hold the manifest, or has not published it yet; Unavailable.
        """
        with self.store.read() as unit:
            index, entry = _leaf(unit, _live(unit, manifest_id))
        if publish:
            self.proofs.publish()
        return StoreReceipt(manifest_id, index, entry, self.proofs.prove(index))

    def verify_receipt(self, manifest_id: str, alg: str, value: str) -> None:
        """Check that the proof of a receipt (base64) is one of this manifest. Raises NotFound, VerificationError."""
        with self.store.read() as unit:
            index, entry = _leaf(unit, _live(unit, manifest_id))
        if alg != PROOF_ALG:
            raise MalformedLogProof(f"the proof is not of the kind that this service gives ({PROOF_ALG})")
        if self.proofs.check(_proof_text(value), entry) != index:
            raise ReceiptMismatch("the proof is of another place in the log")

    def _read(self, data: bytes) -> ManifestReport:
        """Whole and signed; the picture that the hard binding needs is not here. Raises InvalidRequest, TooLarge."""
        if len(data) > MAX_STORE_BYTES:
            raise TooLarge(f"a manifest store has at most {MAX_STORE_BYTES >> 20} MiB")
        if not data:
            raise InvalidRequest("the body is empty", hint=f"send a manifest store ({MEDIA_TYPE})")
        report = self.reader.read(b"", MEDIA_TYPE, manifest=data)
        if report is None:
            raise InvalidRequest("there is no manifest in the body")
        broken = [code for code in report.failure if code not in _HARMLESS]
        if broken or (report.state is ManifestState.INVALID and not report.failure):
            raise InvalidRequest(f"the manifest does not hold: {', '.join(broken[:_CODES_SHOWN])}")
        if len(report.manifest_id) > _MAX_ID or not _ID.fullmatch(report.manifest_id):
            raise InvalidRequest("the manifest's id is no C2PA URN", hint="such as urn:c2pa:<uuid>")
        return report

    def _bindings(self, report: ManifestReport) -> list[SoftBinding]:
        """Those that others may bind. Raises InvalidRequest."""
        if len(report.soft_bindings) > MAX_BINDINGS:
            raise InvalidRequest(f"a manifest has at most {MAX_BINDINGS} soft bindings")
        found = [one for one in report.soft_bindings if one.alg != self.mark_alg and one.value]
        for one in found:
            check_alg(one.alg)
            if len(written_value(one.value)) > MAX_VALUE:
                raise InvalidRequest(f"a soft binding has at most {MAX_VALUE} characters of base64")
        return found

    def _asked(self, manifest_id: str, value: str, alg: str | None) -> Binding:
        """Raises InvalidRequest, for our own watermark too: what it leads to is what it was embedded for."""
        if alg == self.mark_alg:
            raise InvalidRequest(f"a binding of {self.mark_alg} is made by a registration alone")
        return Binding(ANY_ALG if alg is None else check_alg(alg), written_value(read_value(value)), manifest_id)


def _write(unit: Unit, record: ManifestRecord, found: Sequence[SoftBinding]) -> ManifestRecord:
    entry = log_entry(EntryKind.MANIFEST_STORED, at=record.created_at, manifest=record.blob)
    index = unit.log.append(EntryKind.MANIFEST_STORED, entry, at=record.created_at)
    logged = ManifestRecord(record.id, record.blob, record.owner, record.created_at, log_index=index)
    unit.manifests.add(logged, [Binding(one.alg, written_value(one.value), record.id) for one in found])
    return logged


def _known(unit: Unit, manifest_id: str) -> ManifestRecord | None:
    try:
        return unit.manifests.get(manifest_id)
    except NotFound:
        return None


def _same(known: ManifestRecord, brought: ManifestRecord) -> ManifestRecord:
    """Raises InvalidRequest where the id is another manifest's, or was deleted for good."""
    if known.deleted_at is not None:
        raise InvalidRequest("this manifest was deleted here", hint="sign a new one: an id is used once")
    if known.blob != brought.blob:
        raise InvalidRequest("another manifest store with this id is here", hint="an id belongs to one manifest")
    return known


def _live(unit: Unit, manifest_id: str) -> ManifestRecord:
    """Raises NotFound for what was never here, was deleted, or belongs to a withdrawn work."""
    record = unit.manifests.get(manifest_id)
    work = unit.works.get(record.work_id) if record.work_id else None
    if record.deleted_at is not None or (work is not None and work.status is not WorkStatus.ACTIVE):
        raise _missing(manifest_id)
    return record


def _owned(unit: Unit, manifest_id: str, owner: str | None) -> ManifestRecord:
    """Raises NotFound for somebody else's too. `owner` None owns all."""
    record = unit.manifests.get(manifest_id)
    if owner not in (None, record.owner):
        raise _missing(manifest_id)
    return record


def _bindable(unit: Unit, manifest_id: str, owner: str | None) -> None:
    """Raises NotFound."""
    _owned(unit, manifest_id, owner)
    _live(unit, manifest_id)


def _leaf(unit: Unit, record: ManifestRecord) -> tuple[int, bytes]:
    """The leaf that names the store's hash; for a work's, the one that names its certificate, which links to the store
    by its hash. Raises NotFound."""
    entries = []
    if record.log_index is not None:
        entries = unit.log.entries(record.log_index, record.log_index + 1)
    elif record.work_id is not None:
        entries = [entry for entry in unit.log.of_work(record.work_id) if entry.kind == EntryKind.WORK_REGISTERED]
    if not entries:
        raise NotFound(f"there is no receipt of {record.id}", hint="it was stored before there was a log")
    return entries[0].index, entries[0].data


def _proof_text(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise MalformedLogProof("the proof is not base64 of a tlog-proof") from error


def _active_alone(data: bytes) -> bytes:
    """A store with the last manifest only (C2PA 2.4, "C2PA box details": the last one is the active one)."""
    store = ManifestStore.parse(data)
    _, start, end = boxes.header(data, 0, len(data))
    _, _, described = boxes.header(data, start, end)
    return _superbox(data[start:described] + _superbox(store.bytes_of(store.active)))


def _superbox(payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), b"jumb") + payload


def _missing(manifest_id: str) -> NotFound:
    return NotFound(f"there is no manifest {manifest_id}")
