"""Every setting, from the environment (`PROVENANCE_…`) or a `.env` file; docs/settings.md describes each."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Raises pydantic's ValidationError, which the faces show as Misconfigured without the values of secrets."""

    model_config = SettingsConfigDict(
        env_prefix="PROVENANCE_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    environment: Literal["development", "production"] = Field(
        default="development",
        description="`production` refuses null parts, unencrypted keys and plain-HTTP identities.",
    )
    home: Path = Field(default=Path("provenance-data"), description="The folder for database, blobs, keys and index.")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; default: SQLite in the home folder.")
    blobs_url: str | None = Field(
        default=None, description="fsspec URL for marked files; default: `blobs/` in the home folder."
    )
    base_url: str | None = Field(
        default=None,
        description="Public https address of this service; makes the issuer did:web. Without it the issuer is did:key.",
    )
    key_passphrase: SecretStr | None = Field(default=None, description="Encrypts signing and watermark keys at rest.")
    ca: Literal["own", "none"] = Field(
        default="own", description="`none`: no certificate authority; content credentials are not signed."
    )
    ca_url: str | None = Field(
        default=None,
        description="Plain-HTTP address that certificates name for OCSP; default: the host of `base_url` over http.",
    )
    claim_key: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9+.-]*:.+$",
        description="URI of a claim-signing key in a module or service (`pkcs11:…`); default: in the home folder.",
    )
    claim_key_pin: SecretStr | None = Field(default=None, description="Opens the key that `claim_key` names.")
    tsa_url: str | None = Field(
        default=None, description="An RFC 3161 time-stamping authority; default: the service's own."
    )
    tsa_anchors: Path | None = Field(
        default=None, description="PEM file: roots that the tokens of `tsa_url` must lead to, and that verifiers get."
    )
    watermarker: str = Field(
        default="lattice", description="Plug-in that marks (entry point group `provenance.watermarkers`)."
    )
    trustmark_variant: Literal["Q", "P", "B", "C"] = Field(
        default="Q", description="Adobe's model, when `watermarker` is `trustmark`."
    )
    trustmark_weights: Path | None = Field(
        default=None,
        description="Folder with the model's three files; default: the package's own, which Adobe's server fills.",
    )
    embedder: str = Field(
        default="lite0",
        description="Plug-ins for global descriptors (group `provenance.fingerprinters`), the primary one first: "
        "`lite0,clip`.",
    )
    clip_architecture: str = Field(
        default="ViT-B-32", description="open_clip architecture, when `embedder` has `clip`."
    )
    clip_weights: str | None = Field(
        default=None, description="open_clip weights tag or a path; no default, never untrained."
    )
    sscd_weights: Path | None = Field(
        default=None, description="SSCD's TorchScript or ONNX file, when `embedder` has `sscd`; no default."
    )
    certificate_days: int = Field(default=3650, ge=1, le=36500, description="How long a certificate is valid, in days.")
    max_upload_bytes: int = Field(default=32 << 20, ge=1 << 10, description="Largest file accepted, in bytes.")
    max_pixels: int = Field(default=50_000_000, ge=1 << 10, description="Largest picture accepted, in pixels.")
    max_side: int = Field(default=30_000, ge=64, description="Longest side accepted, in pixels.")
    max_frames: int = Field(
        default=300, ge=1, description="Most frames of an animation that is marked, and of a longer one looked at."
    )
    max_animation_pixels: int = Field(
        default=250_000_000, ge=1 << 10, description="The same in pixels: width x height x frames."
    )
    max_generated_pixels: int = Field(
        default=2048 * 2048, ge=1 << 16, description="Largest picture that a recipe may ask for, in pixels."
    )
    max_in_flight: int = Field(
        default=8, ge=1, description="Requests with a picture that are worked on at once; more get 429."
    )
    model_queue: int = Field(default=32, ge=1, description="Places in the queue of the thread that owns the models.")
    max_batch_items: int = Field(default=500, ge=1, le=1000, description="Pictures in one `POST /v1/checks:batch`.")
    max_batch_bytes: int = Field(
        default=256 << 20, ge=1 << 10, description="Largest request of `POST /v1/checks:batch`, in bytes."
    )
    max_open_batches: int = Field(default=4, ge=1, description="Batches of one owner that may be unfinished at once.")
    max_watches: int = Field(default=1000, ge=1, description="Uploads that one owner may watch.")
    fetch_urls: bool = Field(
        default=True,
        description="Whether `POST /v1/checks`, `/v1/checks:batch` and `/v1/matches/byReference` fetch URLs, through "
        "the SSRF guard.",
    )
    worker_in_server: bool = Field(default=True, description="Whether `provenance serve` also does the worker's jobs.")
    seal_after: int = Field(
        default=1000, ge=1, description="Index operations after which the worker seals a generation."
    )
    reindex_rate: float = Field(
        default=0.0,
        ge=0,
        description="Works a second that the worker describes again after the models changed; 0: none, "
        "`provenance reindex` does it.",
    )
    log_origin: str | None = Field(
        default=None,
        description="The transparency log's name for ever; default: the address of `/log`, else made of the first key.",
    )
    log_witnesses: tuple[str, ...] = Field(
        default=(), description='Witnesses of the log, a JSON list of "URL VKEY" (c2sp.org/tlog-witness).'
    )
    log_quorum: int = Field(
        default=0, ge=0, description="How many of them the published policy asks for; publishing waits for none."
    )
    chain_rpc_url: str | None = Field(default=None, description="JSON-RPC address of an EVM node; none: no ledger.")
    chain_id: int | None = Field(default=None, description="The chain the node must be on.")
    chain_contract: str | None = Field(default=None, description="Address of the ProvenanceRegistry.")
    chain_private_key: SecretStr | None = Field(default=None, description="Key of the account that pays for anchors.")
    chain_confirmations: int = Field(
        default=12, ge=1, description="Depth that counts as final where a node has no `finalized` tag."
    )
    label_terms: str = Field(
        default="personal",
        description="Licence template that robots.txt, tdmrep.json and license.xml speak for.",
    )
    label_producer: str | None = Field(
        default=None, description="Producer code for China's AIGC label; none: files get no such label."
    )
    label_credit: str | None = Field(default=None, description="Credit line written into every file.")
    label_licensor_url: str | None = Field(
        default=None, description="Page where licences are sold; written into every file."
    )
    label_visible: Literal["none", "en", "zh"] = Field(
        default="none", description="A label drawn into new works: `en` writes AI, `zh` AI生成."
    )
    label_ai_preferences: bool = Field(
        default=False, description="Whether to publish the IETF draft's `Content-Usage` preferences too."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Level of the JSON log."
    )

    @field_validator("embedder")
    @classmethod
    def _names(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        if not all(names) or len(set(names)) < len(names):
            raise ValueError("must be names of plug-ins with commas between them, each once")
        return ",".join(names)

    @field_validator("ca_url")
    @classmethod
    def _plain_http(cls, value: str | None) -> str | None:
        """OCSP over https would ask OCSP about its own certificate; C2PA's profiles want http (RFC 5280 warns too)."""
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme != "http" or not parts.netloc or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must be an address such as http://art.example")
        return value.rstrip("/")

    @field_validator("base_url")
    @classmethod
    def _plain_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if (
            parts.scheme not in ("https", "http")
            or not parts.netloc
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise ValueError("must be an origin such as https://art.example")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _secure_identity(self) -> "Settings":
        """did:web keys that came over plain HTTP prove nothing to anybody."""
        if self.environment == "production" and (self.base_url or "https:").startswith("http:"):
            raise ValueError("in production base_url must be https, for it is the issuer's identity")
        return self

    @property
    def embedders(self) -> tuple[str, ...]:
        """The primary one first."""
        return tuple(self.embedder.split(","))

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'provenance.sqlite3'}"

    @property
    def effective_ca_url(self) -> str | None:
        """Of OCSP and CA certificates: plain HTTP, on the standard port where `base_url` is https."""
        if self.ca_url or not self.base_url:
            return self.ca_url
        parts = urlsplit(self.base_url)
        if parts.scheme == "http":
            return self.base_url
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"http://{host}{parts.path}"

    @property
    def effective_blobs_url(self) -> str:
        return self.blobs_url or str(self.home / "blobs")
