"""Fields that several bodies share."""

from typing import Annotated, Final, Literal

from fastapi import UploadFile
from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

WORK_ID_EXAMPLE: Final = "pv-3f9k2m8xq0abc"
IMAGE_TYPES: Final = "image/png, image/jpeg, image/webp, image/tiff, image/gif, image/avif"

WorkIdField = Annotated[
    str, Field(examples=[WORK_ID_EXAMPLE], description="The registration id; the same number is in the watermark.")
]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015" * 2])]
GradeName = Literal["identical", "copy", "edited", "partial", "shared-element", "sibling", "similar", "none"]
Moment = Annotated[
    AwareDatetime, Field(examples=["2027-01-31T12:00:00Z"], description="RFC 3339, with its offset from UTC.")
]
Point = tuple[float, float]
Polygon = Annotated[
    list[Point],
    Field(
        examples=[[[0, 0], [1, 0], [1, 1], [0, 1]]],
        description="Corners (x, y), each 0 to 1 of the picture, clockwise from the top left.",
    ),
]


def _not_text(value: object) -> object:
    """A part without a file name arrives as text. Said in words that whoever sent it understands."""
    if isinstance(value, str):
        raise ValueError("must be a file part, with a file name")
    return value


_BINARY: Final = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
Upload = Annotated[UploadFile, BeforeValidator(_not_text), WithJsonSchema(_BINARY)]
"""A file part of a form. `format` is what OpenAPI 3.0 tools look for, `contentMediaType` what 3.1 asks for."""
OptionalUpload = Annotated[UploadFile | None, BeforeValidator(_not_text), WithJsonSchema(_BINARY)]
