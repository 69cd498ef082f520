"""Give a manifest the time-stamp that it was signed without, because the authority did not answer.

The file that was handed out is not touched: its certificate names its bytes. An update manifest around the same store
lies beside it, and the service answers with that one from then on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from provenance.core.digests import file_digest
from provenance.core.manifests import ManifestUpdate, SignedAsset, Software
from provenance.core.ports import Blobs, Clock, ManifestSigner, Store
from provenance.core.records import ManifestRecord, Work, WorkStatus
from provenance.core.types import WorkId

UNSTAMPED: Final = "manifest.unstamped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StampLater:
    """A handler of the outbox. Raises Unavailable while the authority does not answer: the job is tried again."""

    store: Store
    blobs: Blobs
    signer: ManifestSigner
    generator: Software
    clock: Clock

    def __call__(self, body: Mapping[str, Any]) -> None:
        work_id = WorkId.parse(body["work_id"])
        with self.store.read() as unit:
            work = unit.works.get(work_id)
            records = unit.manifests.of_work(work_id)
        if work.status is WorkStatus.WITHDRAWN or len(records) != 1:
            return  # gone, or stamped by the attempt before this one
        updated = self._updated(work, records[0])
        self.blobs.put(updated.manifest)
        self._write(records[0], updated)

    def _updated(self, work: Work, record: ManifestRecord) -> SignedAsset:
        change = ManifestUpdate(title=str(work.id), when=self.clock(), generator=self.generator, time_stamp=True)
        file, store = self.blobs.get(work.marked_blob), self.blobs.get(record.blob)
        return self.signer.update(file, work.media_type, change, manifest=store)

    def _write(self, record: ManifestRecord, updated: SignedAsset) -> None:
        stamped = replace(
            record,
            id=updated.manifest_id,
            blob=file_digest(updated.manifest),
            created_at=self.clock(),
            embedded=False,
        )
        with self.store.unit() as unit:
            bindings = unit.manifests.bindings(record.id)
            unit.manifests.add(stamped, [replace(binding, manifest_id=stamped.id) for binding in bindings])
