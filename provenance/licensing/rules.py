"""When an offer may stand, when a licence may be granted from it, and when a licence holds."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from provenance.core.errors import Conflict, InvalidRequest
from provenance.core.records import Grant, Offer
from provenance.core.types import StatusPlace, WorkId, check_licensee
from provenance.licensing.money import check_price
from provenance.licensing.terms import template


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceClaims:
    """What the licence certificate states (`credentials.issue_licence`). Hashes are lower-case hex sha256.

    `work_certificate_hash` binds the licence to the work's own certificate. With `marked_sha256`, a holder of the
    marked file can check the licence against it without that certificate. `status` is the licence's reserved place in
    the status lists; None where the issuer has no public address to publish them at.
    """

    grant_id: str
    work_id: WorkId
    work_certificate_hash: str
    licensee: str
    terms_slug: str
    terms_hash: str
    marked_sha256: str | None = None
    status: StatusPlace | None = None
    id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        check_licensee(self.licensee)


def check_offer(offer: Offer, now: datetime) -> None:
    """Raises InvalidRequest on a wrong price or currency, terms that are not the template's, or an end that passed."""
    check_price(offer.price_minor, offer.currency)
    _check_terms(offer)
    if offer.valid_until is not None and offer.valid_until <= now:
        raise InvalidRequest(
            "the offer would have ended already", hint="give valid_until in the future, or leave it out"
        )


def check_grant(offer: Offer, licensee: str, now: datetime, valid_until: datetime | None = None) -> None:
    """Whether a licence may be granted from this offer, now, until `valid_until` (None: without an end).

    Raises Conflict when the offer is closed or has ended, InvalidRequest when the licensee's id, the terms or the
    period is wrong. An offer that ends at a moment is still open at that moment.
    """
    check_licensee(licensee)
    _check_terms(offer)
    if offer.closed_at is not None and offer.closed_at <= now:
        raise Conflict(f"the offer {offer.id} is closed", existing=offer.id, hint="ask for a new offer")
    if offer.valid_until is not None and now > offer.valid_until:
        raise Conflict(f"the offer {offer.id} has ended", existing=offer.id, hint="ask for a new offer")
    if valid_until is not None and valid_until <= now:
        raise InvalidRequest("the licence would have ended already")


def holds(grant: Grant, now: datetime) -> bool:
    """Whether the licence is in force: granted, not revoked, not ended. The last moment still counts."""
    revoked = grant.revoked_at is not None and grant.revoked_at <= now
    ended = grant.valid_until is not None and now > grant.valid_until
    return grant.created_at <= now and not revoked and not ended


def is_licensed(grants: Iterable[Grant], licensee: str, now: datetime) -> Grant | None:
    """The licensee's licence in force that lasts longest, None where there is none. Ids are compared exactly."""
    mine = [grant for grant in grants if grant.licensee == licensee and holds(grant, now)]
    return max(mine, key=lambda grant: (grant.valid_until is None, grant.valid_until or now), default=None)


def _check_terms(offer: Offer) -> None:
    if offer.terms_hash != template(offer.terms_slug).hash:
        raise InvalidRequest(f"the offer quotes other terms than {offer.terms_slug} has", hint="make a new offer")
