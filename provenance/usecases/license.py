"""Offer a work under terms at a price, and grant a licence that a certificate proves."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from provenance.core.errors import Conflict, NotFound
from provenance.core.ports import Clock, Signer, Store, Unit
from provenance.core.records import Grant, Offer, Work, WorkStatus
from provenance.core.types import StatusPlace, WorkId
from provenance.credentials import issue_licence
from provenance.credentials.tlog.entries import EntryKind, grant_entry
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
    """Raises NotFound, InvalidRequest, Conflict for a withdrawn work or a closed offer.

    With a `base_url`, licences have a place in the status lists that the service publishes there.
    """

    store: Store
    signer: Signer
    issuer: str
    clock: Clock
    new_id: Callable[[], str]
    base_url: str | None = None

    def offer(self, work_id: WorkId, wanted: OfferTerms, *, owner: str | None) -> Offer:
        """`owner` None is an administrator; anybody else offers only works of their own."""
        now = self.clock()
        with self.store.unit() as unit:
            _refuse_stranger(unit, work_id, owner, f"there is no work {work_id} of yours")
            _active(unit, work_id)
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

    def grant(self, offer_id: str, licensee: str, *, owner: str | None, valid_until: datetime | None = None) -> Grant:
        """Payment is the marketplace's: a grant says that it was settled there. `owner` None is an administrator, who
        may grant for everybody; anybody else grants from offers of their own works."""
        now = self.clock()
        with self.store.unit() as unit:
            offer = unit.licences.offer(offer_id)
            _refuse_stranger(unit, offer.work_id, owner, f"there is no offer {offer_id} of yours")
            work = _active(unit, offer.work_id)
            check_grant(offer, licensee, now, valid_until)
            grant = self._granted(self._claims(unit, offer, work, licensee), offer, valid_until, now)
            unit.licences.add_grant(grant)
            entry = grant_entry(grant.certificate)
            unit.log.append(EntryKind.LICENCE_GRANTED, entry, at=now, work_id=grant.work_id)
        return grant

    def _claims(self, unit: Unit, offer: Offer, work: Work, licensee: str) -> LicenceClaims:
        claims = LicenceClaims(
            grant_id=self.new_id(),
            work_id=work.id,
            work_certificate_hash=work.certificate_hash,
            marked_sha256=work.marked_sha256,
            licensee=licensee,
            terms_slug=offer.terms_slug,
            terms_hash=offer.terms_hash,
        )
        if self.base_url is None:
            return claims
        index = unit.statuses.reserve(
            f"urn:uuid:{claims.id}", at=self.clock(), work_id=work.id, grant_id=claims.grant_id
        )
        return replace(claims, status=StatusPlace(self.base_url, index))

    def _granted(self, claims: LicenceClaims, offer: Offer, valid_until: datetime | None, now: datetime) -> Grant:
        return Grant(
            id=claims.grant_id,
            offer_id=offer.id,
            work_id=claims.work_id,
            licensee=claims.licensee,
            terms_slug=offer.terms_slug,
            terms_hash=offer.terms_hash,
            price_minor=offer.price_minor,
            currency=offer.currency,
            certificate=issue_licence(
                claims, signer=self.signer, issuer=self.issuer, valid_from=now, valid_until=valid_until
            ),
            created_at=now,
            valid_until=valid_until,
        )

    def granted(self, grant_id: str, *, owner: str | None) -> Grant:
        """A grant on a work of the owner's; who holds which licence is nobody else's business."""
        with self.store.read() as unit:
            grant = unit.licences.grant(grant_id)
            _refuse_stranger(unit, grant.work_id, owner, f"there is no grant {grant_id} of yours")
        return grant


def _refuse_stranger(unit: Unit, work_id: WorkId, owner: str | None, reason: str) -> None:
    if owner is not None and unit.works.get(work_id).owner != owner:
        raise NotFound(reason)


def _active(unit: Unit, work_id: WorkId) -> Work:
    work = unit.works.get(work_id)
    if work.status is not WorkStatus.ACTIVE:
        raise Conflict(f"{work_id} was withdrawn", existing=str(work_id))
    return work
