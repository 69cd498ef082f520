"""Bodies of `/v1/verify`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from provenance.faces.api.schemas.fields import OptionalUpload, Upload


class VerifyForm(BaseModel):
    """A certificate, and the file that it is about, where there is one."""

    model_config = ConfigDict(extra="forbid")

    certificate: Upload = Field(description="A certificate, licence or bundle: JSON, or a vc+jwt.")
    file: OptionalUpload = Field(None, description="The file that it is about.")


class StepOut(BaseModel):
    number: int = Field(ge=1, examples=[5])
    code: str = Field(examples=["signature"])
    outcome: Literal["passed", "skipped", "failed"]
    text: str = Field(examples=["The signature is valid."])


class RefusalOut(BaseModel):
    code: str = Field(examples=["invalid-signature"], description="As in docs/api.md.")
    step: int = Field(ge=0, examples=[5], description="Number of the step that failed.")
    reason: str
    hint: str | None


class VerificationOut(BaseModel):
    """`verified`; or `refused`, with the error of the step that stopped it. A refusal is an answer, hence also 200."""

    result: Literal["verified", "refused"]
    steps: list[StepOut]
    error: RefusalOut | None = None
    register_status: Literal["active", "withdrawn", "unknown"] | None = Field(
        None, description="What this register says of the work today; null with a refusal."
    )
    credential_status: Literal["valid", "unlisted"] | None = Field(
        None,
        description="`valid`: it has a place in the status lists, unmarked; `unlisted`: it has none. One that was "
        "revoked or is suspended is refused.",
    )
