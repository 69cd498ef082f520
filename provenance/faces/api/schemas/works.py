"""Bodies of `/v1/works`."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.records import Work
from provenance.faces.api.schemas.fields import GradeName, Moment, OptionalUpload, Sha256, WorkIdField
from provenance.usecases.generate import MAX_SEED

MAX_RECIPE: Final = 64 << 10  # characters


class RegisterForm(BaseModel):
    """Either a `file`, or a `recipe` with its `seed`."""

    model_config = ConfigDict(extra="forbid")

    file: OptionalUpload = Field(None, description="The artwork.")
    recipe: str | None = Field(
        None,
        max_length=MAX_RECIPE,
        description="In place of a file: a generator's recipe, as JSON text. The generator says what its source is.",
        examples=['{"generator": "procedural", "kind": "flow_field"}'],
    )
    seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="Completes a recipe; 0 where it is left out.", examples=[7]
    )
    title: str = Field("", max_length=200, examples=["Blue hour"])
    terms: str = Field(
        "personal", max_length=64, description="Licence terms; see `GET /v1/terms`.", examples=["personal"]
    )
    digital_source_type: str | None = Field(
        None,
        max_length=200,
        description="How a file was made: an IPTC digital source type; default trainedAlgorithmicMedia.",
        examples=["http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"],
    )
    ai_system: str | None = Field(
        None, min_length=1, max_length=200, description="What made a file; stands in its labels.", examples=["Atelier"]
    )
    ai_system_version: str | None = Field(None, min_length=1, max_length=200, examples=["3.5"])
    prompt: str | None = Field(
        None,
        min_length=1,
        max_length=20_000,
        description="Published in the file's labels, for everybody. Without it no prompt is kept or written anywhere.",
        examples=["a harbour in the evening"],
    )
    creators: list[str] = Field(
        [], max_length=20, description="Names that the file's labels publish as its creators.", examples=[["Ada"]]
    )


class LookAlike(BaseModel):
    """An earlier work that looked like this one when it was registered."""

    work_id: WorkIdField
    grade: GradeName = Field(examples=["similar"])
    probability: float = Field(ge=0, le=1, examples=[0.12])


class WorkOut(BaseModel):
    """A registered artwork."""

    id: WorkIdField
    status: Literal["active", "withdrawn"] = Field(examples=["active"])
    title: str = Field(examples=["Blue hour"])
    owner: str = Field(examples=["studio"], description="The name that the API key was made for.")
    media_type: str = Field(examples=["image/png"])
    width: int = Field(examples=[1024], description="Pixels.")
    height: int = Field(examples=[768], description="Pixels.")
    source_sha256: Sha256 = Field(description="Of the file as it was handed in.")
    marked_sha256: Sha256 = Field(description="Of the marked file that the service hands out.")
    mark_alg: str = Field(examples=["art.provenance.lattice.3"])
    digital_source_type: str = Field(
        examples=["http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"]
    )
    terms: str = Field(examples=["personal"])
    terms_hash: Sha256
    recipe_hash: Sha256 | None = Field(description="Of the recipe with its seed; the recipe itself is not kept.")
    certificate_hash: Sha256
    created_at: Moment
    withdrawn_at: Moment | None
    notes: list[str] = Field(
        examples=[["its 16 bits are looked at as 8"]], description="What decoding had to change, in plain words."
    )
    look_alikes: list[LookAlike]

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
