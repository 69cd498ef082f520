"""Bodies about certificates that are taken back."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.records import CredentialStatus
from provenance.faces.api.schemas.fields import Moment
from provenance.usecases.revoke import REASONS, Standing, standing_word

Reason = Literal[REASONS]  # type: ignore[valid-type]  # one home for the list
Language = Literal["en", "zh"]


class TakeBackIn(BaseModel):
    """Why. The list is closed, because the reason is public."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(examples=["rights-dispute"])


class StandingOut(BaseModel):
    """Whether the issuer stands by a credential today."""

    status: Standing
    reason: str | None = Field(default=None, examples=["rights-dispute"])
    suspended_at: Moment | None = None
    revoked_at: Moment | None = None
    index: int | None = Field(default=None, description="Its place over all status lists; null where it has none.")

    @classmethod
    def of(cls, status: CredentialStatus | None) -> "StandingOut":
        if status is None:
            return cls(status="valid")
        return cls(
            status=standing_word(status),
            reason=status.reason,
            suspended_at=status.suspended_at,
            revoked_at=status.revoked_at,
            index=status.index,
        )
