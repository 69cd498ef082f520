"""Bodies of the API. Field names are snake_case; certificates keep the names of their standards."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.records import Grant, Offer, Work

WORK_ID = Field(examples=["pv-3f9k2m8xq0abc"], description="The registration id; the same number is in the watermark.")


class LookAlike(BaseModel):
    work_id: str = WORK_ID
    grade: str = Field(examples=["similar"])
    probability: float = Field(ge=0, le=1)


class WorkOut(BaseModel):
    """A registered artwork."""

    id: str = WORK_ID
    status: Literal["active", "withdrawn"]
    title: str
    owner: str
    media_type: str = Field(examples=["image/png"])
    width: int
    height: int
    source_sha256: str = Field(description="Of the file as it was handed in.")
    marked_sha256: str = Field(description="Of the marked file that the service hands out.")
    mark_alg: str
    digital_source_type: str
    terms: str = Field(examples=["personal"])
    terms_hash: str
    recipe_hash: str | None
    certificate_hash: str
    created_at: datetime
    withdrawn_at: datetime | None
    notes: list[str] = Field(description="What decoding had to change, in plain words.")
    look_alikes: list[LookAlike] = Field(description="Earlier works that looked like it at registration.")

    @classmethod
    def of(cls, work: Work) -> "WorkOut":
        return cls(
            id=str(work.id),
            status=work.status.value,
            title=work.title,
            owner=work.owner,
            media_type=work.media_type,
            width=work.width,
            height=work.height,
            source_sha256=work.source_sha256,
            marked_sha256=work.marked_sha256,
            mark_alg=work.mark_alg,
            digital_source_type=work.digital_source_type,
            terms=work.terms_slug,
            terms_hash=work.terms_hash,
            recipe_hash=work.recipe_hash,
            certificate_hash=work.certificate_hash,
            created_at=work.created_at,
            withdrawn_at=work.withdrawn_at,
            notes=list(work.notes),
            look_alikes=[LookAlike.model_validate(dict(look_alike)) for look_alike in work.look_alikes],
        )


class WorkPage(BaseModel):
    """Newest first. `next_cursor` is null on the last page."""

    items: list[WorkOut]
    next_cursor: str | None


class CheckOut(BaseModel):
    """What a check found. `matches` are best first; see docs/checks.md for every field."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(examples=["chk_0f3c…"])
    created_at: datetime
    grade: str = Field(examples=["copy"], description="identical, copy, edited, partial, similar or none.")
    matches: list[dict[str, Any]]


class VerificationOut(BaseModel):
    """`result` is `verified`, or `refused` with the error of the step that stopped it."""

    result: Literal["verified", "refused"]
    steps: list[dict[str, Any]]
    error: dict[str, Any] | None = None
    register_status: str | None = Field(
        None, description="What this register says of the work: active, withdrawn, unknown."
    )


class OfferIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    terms: str = Field(examples=["commercial"], max_length=64)
    price_minor: int = Field(examples=[1500], ge=0, le=10**15, description="Integer minor units of the currency.")
    currency: str = Field(examples=["EUR"], min_length=3, max_length=3, description="ISO 4217.")
    valid_until: datetime | None = None


class OfferOut(BaseModel):
    id: str
    work_id: str = WORK_ID
    terms: str
    terms_hash: str
    price_minor: int
    currency: str
    created_at: datetime
    valid_until: datetime | None

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


class GrantIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    offer_id: str = Field(max_length=64)
    licensee: str = Field(
        examples=["did:web:buyer.example"], max_length=200, description="A DID or an opaque account id."
    )
    valid_until: datetime | None = None


class GrantOut(BaseModel):
    id: str
    offer_id: str
    work_id: str = WORK_ID
    licensee: str
    terms: str
    terms_hash: str
    price_minor: int
    currency: str
    created_at: datetime
    valid_until: datetime | None
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
