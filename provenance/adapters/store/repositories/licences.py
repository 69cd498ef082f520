"""Offers and the licences given on them."""

from datetime import datetime

from sqlmodel import col, select

from provenance.adapters.store.models import GrantRow, OfferRow
from provenance.adapters.store.repositories.repository import Repository
from provenance.core.records import Grant, Offer
from provenance.core.types import WorkId


class SqlLicences(Repository):
    def add_offer(self, offer: Offer) -> None:
        with self._savepoint():
            self._insert(OfferRow, OfferRow.values(offer))

    def offer(self, offer_id: str) -> Offer:
        return self._one(OfferRow, f"offer {offer_id}", col(OfferRow.id) == offer_id).to(Offer)

    def offers(self, work_id: WorkId) -> list[Offer]:
        query = select(OfferRow).where(col(OfferRow.work_id) == work_id)
        return [row.to(Offer) for row in self._session.exec(query.order_by(col(OfferRow.created_at), col(OfferRow.id)))]

    def add_grant(self, grant: Grant) -> None:
        with self._savepoint():
            self._insert(GrantRow, GrantRow.values(grant))

    def grant(self, grant_id: str) -> Grant:
        return self._one(GrantRow, f"grant {grant_id}", col(GrantRow.id) == grant_id).to(Grant)

    def grants(self, work_id: WorkId, licensee: str) -> list[Grant]:
        query = select(GrantRow).where(col(GrantRow.work_id) == work_id, col(GrantRow.licensee) == licensee)
        return [row.to(Grant) for row in self._session.exec(query.order_by(col(GrantRow.created_at), col(GrantRow.id)))]

    def stop(self, grant_id: str, since: datetime | None) -> None:
        row = self._locked(GrantRow, f"grant {grant_id}", col(GrantRow.id) == grant_id)
        row.revoked_at = since
        self._update(row)
