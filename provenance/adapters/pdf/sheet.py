"""What stands on a certificate's sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from provenance.core.types import Pixels

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class LogPlace:
    """An entry of the transparency log about this certificate."""

    kind: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`bundle` is the certificate with its receipts as `verify` takes it; it is attached as it is.

    `as_of` is when `standing` was looked up: the sheet shows a moment, and its bytes depend on nothing else.
    `pixels` uint8[H, W, 3] sRGB, for the thumbnail; None where the picture is not to be shown.
    """

    bundle: Mapping[str, Any]
    certificate_hash: str
    standing: str  # "valid", "suspended" or "revoked"
    reason: str | None
    as_of: datetime
    log: Sequence[LogPlace] = ()
    address: str | None = None  # where the certificate lies, for the QR code
    pixels: "Pixels | None" = None

    @property
    def certificate(self) -> Mapping[str, Any]:
        certificate: Mapping[str, Any] = self.bundle["certificate"]
        return certificate

    @property
    def receipts(self) -> Sequence[Mapping[str, Any]]:
        receipts: Sequence[Mapping[str, Any]] = self.bundle["receipts"]
        return receipts
