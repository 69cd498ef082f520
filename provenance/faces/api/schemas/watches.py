"""Bodies of `/v1/watches` and `/v1/watch-hits`."""

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.bulk import Watch, WatchHit
from provenance.faces.api.schemas.fields import GradeName, Moment, OptionalUpload, Sha256, WorkIdField
from provenance.usecases.watch import MAX_TITLE

WATCH_EXAMPLE = "wch_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"


class WatchForm(BaseModel):
    """Either a `file` or a `url`."""

    model_config = ConfigDict(extra="forbid")

    file: OptionalUpload = Field(None, description="The picture to watch.")
    url: str | None = Field(
        None,
        max_length=2000,
        description="In place of a file: a public http(s) address, fetched once.",
        examples=["https://example.org/picture.jpg"],
    )
    title: str = Field("", max_length=MAX_TITLE, examples=["mug in a web shop"])
    licensee: str | None = Field(
        None,
        max_length=200,
        description="Who uses the picture; the checks say whether a copy is licensed to them.",
        examples=["did:web:buyer.example"],
    )


class WatchOut(BaseModel):
    """An upload that is compared with every new work."""

    id: str = Field(examples=[WATCH_EXAMPLE])
    created_at: Moment
    title: str
    sha256: Sha256
    media_type: str = Field(examples=["image/jpeg"])
    width: int = Field(examples=[640])
    height: int = Field(examples=[480])
    licensee: str | None
    checked_at: Moment | None = Field(
        description="When it was compared with the works that were there before; null until the worker did."
    )

    @classmethod
    def of(cls, watch: Watch) -> "WatchOut":
        return cls.model_validate(watch, from_attributes=True)


class WatchPage(BaseModel):
    """Newest first. `next_cursor` is null on the last page."""

    items: list[WatchOut]
    next_cursor: str | None


class WatchHitOut(BaseModel):
    """A watched upload has content of a work."""

    id: int = Field(examples=[17], description="Grows with time: go on behind the last one that you saw.")
    watch_id: str = Field(examples=[WATCH_EXAMPLE])
    work_id: WorkIdField
    check_id: str = Field(examples=["chk_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"], description="The check that found it.")
    grade: GradeName
    probability: float = Field(ge=0, le=1, examples=[0.9371])
    created_at: Moment

    @classmethod
    def of(cls, hit: WatchHit) -> "WatchHitOut":
        fields = {name: getattr(hit, name) for name in cls.model_fields}
        return cls.model_validate(fields | {"work_id": str(hit.work_id)})


class WatchHitPage(BaseModel):
    """Oldest first. `next_cursor` is null on the last page."""

    items: list[WatchHitOut]
    next_cursor: str | None
