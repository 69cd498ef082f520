"""Bodies of offers and grants. Money is integer minor units of an ISO 4217 currency."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.records import Grant, Offer
from provenance.faces.api.schemas.fields import Moment, Sha256, WorkIdField

_OFFER_ID = "lic_1b8e4d83915baea64d6aab9813b39f"
_CURRENCY = Field(examples=["EUR"], min_length=3, max_length=3, description="ISO 4217.")


class OfferIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"terms": "commercial", "price_minor": 1500, "currency": "EUR"}]},
    )

    terms: str = Field(examples=["commercial"], max_length=64)
    price_minor: int = Field(examples=[1500], ge=0, le=10**15, description="Integer minor units of the currency.")
    currency: str = _CURRENCY
    valid_until: Moment | None = None


class OfferOut(BaseModel):
    id: str = Field(examples=[_OFFER_ID])
    work_id: WorkIdField
    terms: str = Field(examples=["commercial"])
    terms_hash: Sha256
    price_minor: int = Field(examples=[1500])
    currency: str = _CURRENCY
    created_at: Moment
    valid_until: Moment | None

    @classmethod
    def of(cls, offer: Offer) -> "OfferOut":
        return cls(
            id=offer.id,
            work_id=str(offer.work_id),
            terms=offer.terms_slug,
            terms_hash=offer.terms_hash,
            price_minor=offer.price_minor,
            currency=offer.currency,
            created_at=offer.created_at,
            valid_until=offer.valid_until,
        )


class OfferList(BaseModel):
    items: list[OfferOut]


class GrantIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"offer_id": _OFFER_ID, "licensee": "did:web:buyer.example"}]},
    )

    offer_id: str = Field(examples=[_OFFER_ID], pattern="^lic_[0-9a-f]{30}$")
    licensee: str = Field(
        examples=["did:web:buyer.example"], max_length=200, description="A DID or an opaque account id."
    )
    valid_until: Moment | None = None


class GrantOut(BaseModel):
    id: str = Field(examples=["lic_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"])
    offer_id: str = Field(examples=[_OFFER_ID])
    work_id: WorkIdField
    licensee: str = Field(examples=["did:web:buyer.example"])
    terms: str = Field(examples=["commercial"])
    terms_hash: Sha256
    price_minor: int = Field(examples=[1500])
    currency: str = _CURRENCY
    created_at: Moment
    valid_until: Moment | None
    certificate: dict[str, Any] = Field(description="The signed licence credential; `provenance verify` accepts it.")

    @classmethod
    def of(cls, grant: Grant) -> "GrantOut":
        return cls(
            id=grant.id,
            offer_id=grant.offer_id,
            work_id=str(grant.work_id),
            licensee=grant.licensee,
            terms=grant.terms_slug,
            terms_hash=grant.terms_hash,
            price_minor=grant.price_minor,
            currency=grant.currency,
            created_at=grant.created_at,
            valid_until=grant.valid_until,
            certificate=dict(grant.certificate),
        )


class TermsOut(BaseModel):
    """A terms document in full: its RFC 8785 bytes give the hash that certificates quote."""

    model_config = ConfigDict(extra="allow")

    slug: str = Field(examples=["commercial"])
    termsVersion: str = Field(examples=["1.0"])  # noqa: N815  the document's own name
    revision: int = Field(examples=[1])
