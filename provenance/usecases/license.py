"""Offer a work under terms at a price, and grant a licence that a certificate proves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from provenance.core.errors import Conflict, NotFound
from provenance.core.ports import Clock, Signer, Store, Unit
from provenance.core.records import Grant, Offer, Work, WorkStatus
from provenance.core.types import WorkId
from provenance.credentials import issue_licence
from provenance.licensing import LicenceClaims, check_grant, check_offer, template


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """`price_minor` is integer minor units of `currency` (ISO 4217)."""

    terms: str
    price_minor: int
    currency: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """Raises NotFound, InvalidRequest, Conflict for a withdrawn work or a closed offer."""

    store: Store
    signer: Signer
    issuer: str
    clock: Clock
    new_id: Callable[[], str]

    def offer(self, work_id: WorkId, wanted: OfferTerms, *, owner: str | None) -> Offer:
        """`owner` None is an administrator; anybody else offers only works of their own."""
        now = self.clock()
        with self.store.unit() as unit:
            work = _active(unit, work_id)
            if owner is not None and work.owner != owner:
                raise NotFound(f"there is no work {work_id} of yours")
            terms = template(wanted.terms)
            offer = Offer(
                self.new_id(),
                work_id,
                terms.slug,
                terms.hash,
                wanted.price_minor,
                wanted.currency,
                now,
                wanted.valid_until,
            )
            check_offer(offer, now)
            unit.licences.add_offer(offer)
        return offer

    def offers(self, work_id: WorkId) -> list[Offer]:
        with self.store.read() as unit:
            unit.works.get(work_id)
            return unit.licences.offers(work_id)

    def grant(self, offer_id: str, licensee: str, *, valid_until: datetime | None = None) -> Grant:
        """Payment is the marketplace's: a grant says that it was settled there."""
        now = self.clock()
        with self.store.unit() as unit:
            offer = unit.licences.offer(offer_id)
            work = _active(unit, offer.work_id)
            check_grant(offer, licensee, now, valid_until)
            grant_id = self.new_id()
            claims = LicenceClaims(
                grant_id=grant_id,
                work_id=work.id,
                work_certificate_hash=work.certificate_hash,
                marked_sha256=work.marked_sha256,
                licensee=licensee,
                terms_slug=offer.terms_slug,
                terms_hash=offer.terms_hash,
            )
            certificate = issue_licence(
                claims, signer=self.signer, issuer=self.issuer, valid_from=now, valid_until=valid_until
            )
            grant = Grant(
                grant_id,
                offer.id,
                work.id,
                licensee,
                offer.terms_slug,
                offer.terms_hash,
                offer.price_minor,
                offer.currency,
                certificate,
                now,
                valid_until,
            )
            unit.licences.add_grant(grant)
        return grant

    def granted(self, grant_id: str) -> Grant:
        with self.store.read() as unit:
            return unit.licences.grant(grant_id)


def _active(unit: Unit, work_id: WorkId) -> Work:
    work = unit.works.get(work_id)
    if work.status is not WorkStatus.ACTIVE:
        raise Conflict(f"{work_id} was withdrawn", existing=str(work_id))
    return work
