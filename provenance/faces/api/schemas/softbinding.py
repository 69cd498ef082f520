"""Bodies of the C2PA Soft Binding Resolution API 2.4, with the names that C2PA gives their fields.

Fields that the published document does not know are let through here, as it does: later versions add some.
"""

import base64
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from provenance.core.errors import InvalidRequest
from provenance.credentials.c2pa import iscc
from provenance.usecases.bindings import MAX_ALG, MAX_VALUE
from provenance.usecases.manifests import PROOF_ALG, StoreReceipt
from provenance.usecases.resolve import Found, Rectangle, Reference

SPECIFICATION: Final = "2.4.0"
MANIFEST_ID_EXAMPLE: Final = "urn:c2pa:12345678-1234-1234-1234-123456789abc"
_VALUE_EXAMPLE: Final = "AAAAAAAAAAE="
_CONTEXT: Final = {"c2pa": "https://c2pa.org/ns/", "receipt": "https://c2pa.org/ns/manifest-receipt#"}
_FARTHEST: Final = 1e6  # pixels or percent; a limit, so that products stay finite

AlgField = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_ALG,
        examples=[iscc.ALG],
        description="A name of the C2PA soft binding algorithm list.",
    ),
]
ValueField = Annotated[
    str, Field(min_length=1, examples=[_VALUE_EXAMPLE], description="Base64, in the algorithm's own format.")
]
ManifestIdField = Annotated[
    str,
    Field(min_length=1, max_length=200, examples=[MANIFEST_ID_EXAMPLE], description="The active manifest's URN."),
]
Coordinate = Annotated[float, Field(ge=0, le=_FARTHEST, allow_inf_nan=False, examples=[10])]
Extent = Annotated[float, Field(gt=0, le=_FARTHEST, allow_inf_nan=False, examples=[50])]


class BindingQuery(BaseModel):
    """A soft binding to resolve."""

    alg: AlgField
    value: ValueField


class MatchResult(BaseModel):
    """A manifest. Without an `endpoint` it is here, at `/v1/manifests/{manifestId}`."""

    model_config = ConfigDict(serialize_by_alias=True)

    manifest_id: ManifestIdField = Field(alias="manifestId")
    similarity_score: int | None = Field(
        None,
        alias="similarityScore",
        ge=0,
        le=100,
        examples=[100],
        description="100: certain. Absent where nothing says how strong the match is.",
    )


class QueryResult(BaseModel):
    """The manifests that were found, best first."""

    matches: list[MatchResult]

    @classmethod
    def of(cls, found: list[Found]) -> "QueryResult":
        return cls(matches=[MatchResult(manifestId=one.manifest_id, similarityScore=one.score) for one in found])


class Origin(BaseModel):
    """The top left corner."""

    x: Coordinate
    y: Coordinate


class Shape(BaseModel):
    """Of a spatial range. A rectangle has its `origin`, `width` and `height`."""

    kind: Literal["rectangle", "circle", "polygon"]
    unit: Literal["pixel", "percent"]
    origin: Origin | None = None
    width: Extent | None = Field(None, description="Of a rectangle.")
    height: Extent | None = Field(None, description="Of a rectangle.")


class RegionOfInterest(BaseModel):
    """A region as C2PA describes it. This service looks at one rectangle of a picture."""

    type: Literal["spatial", "temporal", "frame", "textual", "identified"]
    shape: Shape | None = None

    def rectangle(self) -> Rectangle:
        """Raises InvalidRequest."""
        shape = self.shape
        if self.type != "spatial" or shape is None or shape.kind != "rectangle":
            raise InvalidRequest("pictures are searched in rectangles only", hint="send a spatial range of a rectangle")
        if shape.origin is None or shape.width is None or shape.height is None:
            raise InvalidRequest("a rectangle has an origin, a width and a height")
        return Rectangle(shape.origin.x, shape.origin.y, shape.width, shape.height, percent=shape.unit == "percent")


class ReferenceQuery(BaseModel):
    """A picture to fetch."""

    reference_url: str = Field(
        alias="referenceUrl",
        max_length=4096,
        pattern="^[Hh][Tt][Tt][Pp][Ss]://",
        examples=["https://example.org/picture.jpg"],
        description="A public https address.",
    )
    asset_length: int = Field(
        alias="assetLength", ge=1, le=1 << 53, examples=[204800], description="Bytes; a longer answer is refused."
    )
    asset_type: str | None = Field(
        None, alias="assetType", max_length=100, examples=["image/jpeg"], description="Another type is refused."
    )
    region: list[RegionOfInterest] | None = Field(
        None, max_length=100, description="Where to look. One spatial rectangle; everywhere when it is left out."
    )

    def reference(self) -> Reference:
        return Reference(url=self.reference_url, length=self.asset_length, media_type=self.asset_type)

    def rectangle(self) -> Rectangle | None:
        """Raises InvalidRequest on regions that a picture can't have, or on more than one."""
        if not self.region:
            return None
        if len(self.region) > 1:
            raise InvalidRequest("one region at a time is looked at", hint="ask once for each")
        return self.region[0].rectangle()


class BindingIn(BaseModel):
    """A soft binding and the manifest that it shall lead to. Without an `alg` it counts for every algorithm."""

    binding_value: str = Field(
        alias="bindingValue",
        min_length=1,
        max_length=MAX_VALUE,
        examples=[_VALUE_EXAMPLE],
        description="Base64, in the algorithm's own format.",
    )
    manifest_id: ManifestIdField = Field(alias="manifestId")
    alg: AlgField | None = None


class RepositoryRef(BaseModel):
    """Where the manifest was stored."""

    model_config = ConfigDict(extra="allow", serialize_by_alias=True)

    uri: str = Field(max_length=2000, examples=["https://art.example/v1"])
    manifest_id: ManifestIdField = Field(alias="manifestId")


class AnchorProof(BaseModel):
    """That a leaf is in a transparency log."""

    model_config = ConfigDict(extra="allow")

    alg: str = Field(max_length=MAX_ALG, examples=[PROOF_ALG])
    value: str = Field(max_length=MAX_VALUE, description="Base64 of a C2SP tlog-proof.")


class Anchor(BaseModel):
    """The transparency log that holds the leaf of the manifest."""

    model_config = ConfigDict(extra="allow")

    uri: str = Field(max_length=2000, examples=["https://art.example/log"])
    proof: AnchorProof
    parameters: dict[str, Any] | None = Field(None, description="`index` of the leaf, and `entry`: its bytes, base64.")


class Receipt(BaseModel):
    """That a manifest store was taken in: a C2PA manifest receipt."""

    model_config = ConfigDict(extra="allow", serialize_by_alias=True)

    context: dict[str, Any] = Field(alias="@context", examples=[_CONTEXT])
    type: Literal["org.c2pa.manifest-receipt"] = Field(alias="@type")
    repository: RepositoryRef
    anchor: Anchor

    @classmethod
    def of(cls, receipt: StoreReceipt, endpoint: str) -> "Receipt":
        """`endpoint` is this API's base address."""
        return cls.model_validate(
            {
                "@context": _CONTEXT,
                "@type": "org.c2pa.manifest-receipt",
                "repository": {"uri": endpoint, "manifestId": receipt.manifest_id},
                "anchor": {
                    "uri": f"{endpoint}/manifests/{quote(receipt.manifest_id, safe=':')}/receipts",
                    "proof": {"alg": PROOF_ALG, "value": _base64(receipt.proof.encode())},
                    "parameters": {"index": receipt.index, "entry": _base64(receipt.entry)},
                },
            }
        )

    def checked(self, error: str | None) -> "VerifiedReceipt":
        """The same receipt with the outcome; `error` None where it holds."""
        body = self.model_dump(by_alias=True, exclude={"verified", "error"})
        return VerifiedReceipt.model_validate(body | {"verified": error is None, "error": error})


class VerifiedReceipt(Receipt):
    """A receipt, and what checking it gave."""

    verified: bool
    error: str | None = Field(None, description="Why it does not hold.")


class StoreResult(BaseModel):
    """What a manifest store is known as from now on."""

    model_config = ConfigDict(serialize_by_alias=True)

    manifest_id: ManifestIdField = Field(alias="manifestId")
    receipt: Receipt | None = Field(None, description="With `returnReceipt=true`.")


class Algorithm(BaseModel):
    alg: AlgField


class AlgorithmList(BaseModel):
    """What `/matches/byContent` reads from pictures. By value, every algorithm is answered."""

    watermarks: list[Algorithm]
    fingerprints: list[Algorithm]

    @classmethod
    def of(cls, *, watermark: str, fingerprint: str) -> "AlgorithmList":
        return cls(watermarks=[Algorithm(alg=watermark)], fingerprints=[Algorithm(alg=fingerprint)])


SemVer = Annotated[str, Field(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$", examples=[SPECIFICATION])]


class Capabilities(BaseModel):
    """The optional parts of the API that are here."""

    model_config = ConfigDict(serialize_by_alias=True)

    specification: SemVer = Field(alias="c2paSpecificationVersion")
    supported: list[str] = Field(alias="supportedCapabilities", examples=[["queryByContent", "storeManifests"]])

    @classmethod
    def ours(cls, *, by_reference: bool) -> "Capabilities":
        optional = ["queryByReference"] if by_reference else []
        supported = ["queryByContent", *optional, "storeManifests", "storeBindings"]
        return cls(c2paSpecificationVersion=SPECIFICATION, supportedCapabilities=supported)


class ServiceStatus(BaseModel):
    """`degraded`: a part other than the database does not answer."""

    status: Literal["ok", "degraded", "down"]
    timestamp: datetime

    @classmethod
    def of(cls, broken: Collection[str]) -> "ServiceStatus":
        """`broken` names the parts that do not answer."""
        if not broken:
            return cls(status="ok", timestamp=datetime.now(UTC))
        return cls(status="down" if "database" in broken else "degraded", timestamp=datetime.now(UTC))


class Discovery(BaseModel):
    """RFC 8615: where the API is."""

    model_config = ConfigDict(serialize_by_alias=True)

    api: str = Field(alias="apiEndpoint", examples=["https://art.example/v1"])
    specification: SemVer = Field(alias="c2paSpecificationVersion")
    capabilities: str = Field(alias="capabilitiesEndpoint", examples=["https://art.example/v1/services/capabilities"])
    status: str = Field(alias="statusEndpoint", examples=["https://art.example/v1/services/status"])

    @classmethod
    def at(cls, endpoint: str) -> "Discovery":
        return cls(
            apiEndpoint=endpoint,
            c2paSpecificationVersion=SPECIFICATION,
            capabilitiesEndpoint=f"{endpoint}/services/capabilities",
            statusEndpoint=f"{endpoint}/services/status",
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
