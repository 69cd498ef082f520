"""Keys, signatures, time-stamps and manifests."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from provenance.core.manifests import ManifestReport, ManifestStatement, ManifestUpdate, SignedAsset, SoftBinding

if TYPE_CHECKING:
    from provenance.core.types import Pixels


class Signer(Protocol):
    """An Ed25519 key. `key_id` is the verification method's full DID URL; `public_key` the 32 raw bytes."""

    @property
    def key_id(self) -> str: ...
    @property
    def public_key(self) -> bytes: ...
    def sign(self, body: bytes) -> bytes: ...


class Keyring(Protocol):
    """The public keys that a verifier trusts. Raises UntrustedSigner for an unknown key_id, else InvalidSignature."""

    def verify(self, key_id: str, body: bytes, signature: bytes) -> None: ...


class ClaimSigner(Protocol):
    """The key and certificate that sign C2PA claims.

    `alg` is a C2PA algorithm name ("ES256", "ES384", "ES512", "Ed25519"); `chain` DER certificates, the leaf first,
    without the root. `sign` answers COSE's form: r || s for ECDSA. Raises Unavailable.
    """

    @property
    def alg(self) -> str: ...
    @property
    def chain(self) -> Sequence[bytes]: ...
    def sign(self, body: bytes) -> bytes: ...


class Timestamper(Protocol):
    """An RFC 3161 time-stamping authority."""

    def timestamp(self, imprint: bytes) -> bytes:
        """The DER TimeStampToken over a SHA-256 `imprint` (32 bytes), certificates included. Raises Unavailable."""


class RevocationSource(Protocol):
    """Where the OCSP response of the claim-signing certificate comes from."""

    def staple(self) -> bytes | None:
        """A fresh DER OCSPResponse; None where the certificate names no responder. Raises Unavailable."""


class ManifestSigner(Protocol):
    """Writes and signs C2PA manifests."""

    def sign(self, asset: bytes, media_type: str, statement: ManifestStatement) -> SignedAsset:
        """A standard manifest, embedded where the format holds one. Raises InvalidRequest, UnsupportedFormat."""

    def update(
        self, asset: bytes, media_type: str, change: ManifestUpdate, *, manifest: bytes | None = None
    ) -> SignedAsset:
        """An update manifest on a signed file; `manifest` is its store where it lies beside it.

        Raises InvalidRequest, NotFound when there is no manifest to update, MalformedManifest, and Unavailable when
        the time-stamp that was asked for is not to be had.
        """


class ManifestReader(Protocol):
    """Reads what others signed. It never fetches anything."""

    def read(self, asset: bytes, media_type: str, *, manifest: bytes | None = None) -> ManifestReport | None:
        """What the manifest store says and whether it holds; `manifest` is a store that lies beside the file.

        None: there is no manifest at all. Raises MalformedManifest, TooLarge, UnsupportedFormat.
        """


class ContentCodes(Protocol):
    """`image` is the ISCC Image-Code in text; `binding` the soft binding that holds all codes of a file."""

    @property
    def image(self) -> str: ...
    @property
    def binding(self) -> SoftBinding: ...


class ContentCode(Protocol):
    def __call__(self, pixels: "Pixels", asset: bytes, alpha: "Pixels | None" = None) -> ContentCodes:
        """The codes of a picture, uint8[H, W, 3], and of its file's bytes before there is a manifest in them."""
