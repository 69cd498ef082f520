"""Bodies of `/v1/checks:batch` and `/v1/batches`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.bulk import Batch, BatchItem
from provenance.faces.api.schemas.fields import GradeName, Moment, Sha256, Upload
from provenance.usecases.batch import Progress

BATCH_EXAMPLE = "bat_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"


class BatchForm(BaseModel):
    """Pictures as `files`, as `urls`, or both."""

    model_config = ConfigDict(extra="forbid")

    files: list[Upload] = Field([], description="Pictures; one that can't be read fails alone.")
    urls: list[str] = Field(
        [],
        description="Public http(s) addresses, which the worker fetches.",
        examples=[["https://example.org/picture.jpg"]],
    )
    licensee: str | None = Field(
        None,
        max_length=200,
        description="Who uses the pictures; a copy licensed to them says so.",
        examples=["did:web:buyer.example"],
    )
    keep: bool = Field(False, description="Keep each picture with its check, until the check or the batch is deleted.")


class ErrorOut(BaseModel):
    """Why one picture could not be checked."""

    error: str = Field(examples=["unreadable-image"], description="A stable code, as in problems.")
    reason: str = Field(examples=["the picture is truncated or corrupt"])
    hint: str | None = Field(None, examples=["send a smaller file"])


class BatchItemOut(BaseModel):
    """One picture of a batch."""

    position: int = Field(ge=0, examples=[0], description="In the order in which they came, files first.")
    name: str = Field(examples=["harbour.jpg"], description="The file's name, or the address.")
    state: Literal["waiting", "checked", "failed", "cancelled"]
    check_id: str | None = Field(
        examples=["chk_0f3c5a9d1e7b2f4c6a8e0d2b4f6a8c"], description="Of its report, when it was checked."
    )
    grade: GradeName | None = Field(description="The best match's.")
    sha256: Sha256 | None
    error: ErrorOut | None

    @classmethod
    def of(cls, item: BatchItem) -> "BatchItemOut":
        return cls(
            position=item.position,
            name=item.name,
            state=item.state.value,
            check_id=item.check_id if item.state == "checked" else None,
            grade=item.grade,  # type: ignore[arg-type]  # pydantic checks it
            sha256=item.sha256,
            error=ErrorOut.model_validate(dict(item.error)) if item.error else None,
        )


class BatchItemPage(BaseModel):
    """In the order of positions. `next_cursor` is null on the last page."""

    items: list[BatchItemOut]
    next_cursor: str | None


class DuplicatesOut(BaseModel):
    """Pictures of the batch that show the same."""

    kind: Literal["same-file", "same-pixels", "near"] = Field(
        description="near: copies, edits or parts of each other, as the index finds them."
    )
    positions: list[int] = Field(examples=[[0, 3]])


class BatchSummary(BaseModel):
    """A batch in the list."""

    id: str = Field(examples=[BATCH_EXAMPLE])
    created_at: Moment
    finished_at: Moment | None
    size: int = Field(examples=[40], description="Pictures.")
    licensee: str | None
    keep: bool

    @classmethod
    def of(cls, batch: Batch) -> "BatchSummary":
        return cls.model_validate(batch, from_attributes=True)


class BatchPage(BaseModel):
    """Newest first. `next_cursor` is null on the last page."""

    items: list[BatchSummary]
    next_cursor: str | None


class BatchOut(BatchSummary):
    """A batch as it is now."""

    state: Literal["running", "finished", "cancelled"]
    states: dict[str, int] = Field(examples=[{"waiting": 12, "checked": 27, "failed": 1, "cancelled": 0}])
    grades: dict[str, int] = Field(examples=[{"copy": 3, "none": 24}], description="Of the checked ones.")
    duplicates: list[DuplicatesOut] = Field(description="Among those that were checked so far.")

    @classmethod
    def now(cls, progress: Progress) -> "BatchOut":
        return cls(
            **BatchSummary.of(progress.batch).model_dump(),
            state=progress.state,  # type: ignore[arg-type]  # pydantic checks it
            states=progress.states,
            grades=progress.grades,
            duplicates=[
                DuplicatesOut(kind=group.kind, positions=[int(member) for member in group.members])  # type: ignore[arg-type]
                for group in progress.duplicates
            ],
        )
