"""C2PA manifest stores and the soft bindings that lead to them."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from provenance.adapters.store.models import BindingRow, ManifestRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.errors import Conflict, NotFound
from provenance.core.records import Binding, ManifestRecord
from provenance.core.types import WorkId


class SqlManifests(Repository):
    def add(self, manifest: ManifestRecord, bindings: Sequence[Binding]) -> None:
        try:
            with self._savepoint():
                self._insert(ManifestRow, ManifestRow.values(manifest))
                self._insert(BindingRow, *map(BindingRow.values, dict.fromkeys(bindings)))
        except Conflict as conflict:
            raise Conflict(f"the manifest {manifest.id} is here already") from conflict

    def get(self, manifest_id: str) -> ManifestRecord:
        return self._one(ManifestRow, f"manifest {manifest_id}", col(ManifestRow.id) == manifest_id).to(ManifestRecord)

    def of_work(self, work_id: WorkId) -> list[ManifestRecord]:
        query = select(ManifestRow).where(col(ManifestRow.work_id) == work_id, col(ManifestRow.deleted_at).is_(None))
        newest = query.order_by(col(ManifestRow.created_at).desc(), col(ManifestRow.id))
        return [row.to(ManifestRecord) for row in self._session.exec(newest)]

    def bind(self, binding: Binding) -> None:
        if self._held(binding.manifest_id).deleted_at is not None:
            raise NotFound(f"there is no manifest {binding.manifest_id}")
        key = (binding.alg, binding.value, binding.manifest_id)
        if self._session.get(BindingRow, key) is None:
            self._insert(BindingRow, BindingRow.values(binding))

    def unbind(self, binding: Binding) -> None:
        row = self._session.get(BindingRow, (binding.alg, binding.value, binding.manifest_id))
        if row is not None:
            self._session.delete(row)
            self._session.flush()

    def bindings(self, manifest_id: str) -> list[Binding]:
        query = select(BindingRow).where(col(BindingRow.manifest_id) == manifest_id)
        ordered = query.order_by(col(BindingRow.alg), col(BindingRow.value))
        return [row.to(Binding) for row in self._session.exec(ordered)]

    def bindings_of(self, owner: str | None, value: str) -> list[Binding]:
        query = (
            select(BindingRow)
            .join(ManifestRow, col(BindingRow.manifest_id) == col(ManifestRow.id))
            .where(col(BindingRow.value) == value, col(ManifestRow.deleted_at).is_(None))
            .order_by(col(BindingRow.alg), col(BindingRow.manifest_id))
        )
        if owner is not None:
            query = query.where(col(ManifestRow.owner) == owner)
        return [row.to(Binding) for row in self._session.exec(query)]

    def by_binding(self, alg: str, value: str, limit: int) -> list[ManifestRecord]:
        query = (
            select(ManifestRow)
            .join(BindingRow, col(BindingRow.manifest_id) == col(ManifestRow.id))
            .where(col(BindingRow.alg) == alg, col(BindingRow.value) == value, col(ManifestRow.deleted_at).is_(None))
            .order_by(col(ManifestRow.created_at).desc(), col(ManifestRow.id))
            .limit(limit)
        )
        return [row.to(ManifestRecord) for row in self._session.exec(query)]

    def values(self, alg: str, *, after: str, limit: int, works: bool = True) -> list[str]:
        value = col(BindingRow.value)
        query = select(BindingRow.value).where(col(BindingRow.alg) == alg, value > after).distinct()
        if not works:
            manifests = select(ManifestRow.id).where(col(ManifestRow.work_id).is_(None))
            query = query.where(col(BindingRow.manifest_id).in_(manifests))
        return list(self._session.exec(query.order_by(value).limit(limit)))

    def delete(self, manifest_id: str, at: datetime) -> None:
        row = self._held(manifest_id)
        if row.deleted_at is None:
            row.deleted_at = at
            self._update(row)

    def _held(self, manifest_id: str) -> ManifestRow:
        """Held until the transaction ends, so that nothing is bound to what is being deleted."""
        return self._locked(ManifestRow, f"manifest {manifest_id}", col(ManifestRow.id) == manifest_id)
