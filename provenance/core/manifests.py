"""What a C2PA manifest is asked to say, and what one was found to say: frozen values between use cases and adapters."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class SoftBinding:
    """`alg` is a name of the C2PA soft-binding algorithm list, or one's own; `value` the binding's raw bytes."""

    alg: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Software:
    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """Another file that this one was made from. Its own manifest store, if any, is carried over whole.

    `manifest` is its store where the file does not hold it.
    """

    data: bytes = field(repr=False)
    media_type: str
    title: str
    manifest: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Model:
    """The model that made the work. `kind` is a C2PA model type (`c2pa.types.model`, `c2pa.types.model.pytorch`, …)."""

    name: str
    version: str | None = None
    kind: str = "c2pa.types.model"
    identifier: str | None = None  # a package URL or another URI
    url: str | None = None  # where a person reads about it
    oversight: str | None = None  # human oversight level, such as "prompt_guided"


@dataclass(frozen=True, slots=True)
class Prompt:
    """That there was a prompt; its `text` stands in the manifest, for everybody, only when it is given."""

    text: str | None = None


@dataclass(frozen=True, slots=True)
class ManifestStatement:
    """What the signer says about a new file (C2PA 2.4, a standard manifest).

    Without `parent` the work was created and `digital_source_type` says how; with it the parent was opened, and says
    so itself. `usage` is the `entries` map of `cawg.training-mining`, `metadata` the JSON-LD of `cawg.metadata`.
    `thumbnail_edge` is the longer side in pixels; None writes no thumbnail. `embed` False leaves the file as it is:
    its store lies beside it.
    """

    title: str
    when: datetime  # UTC, timezone-aware
    generator: Software  # the claim generator: this service
    digital_source_type: str | None = None
    made_with: Software | None = None
    watermarked_with: Software | None = None  # its soft binding must be among `soft_bindings`
    soft_bindings: tuple[SoftBinding, ...] = ()
    parent: SourceFile | None = None
    components: tuple[SourceFile, ...] = ()
    model: Model | None = None
    prompt: Prompt | None = None
    usage: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    thumbnail_edge: int | None = None
    embed: bool = True


@dataclass(frozen=True, slots=True)
class ManifestUpdate:
    """What changed around a signed file whose pixels stay (C2PA 2.4, an update manifest).

    `time_stamp` gives the active manifest the time-stamp that it was signed without.
    """

    title: str
    when: datetime
    generator: Software
    published: bool = False
    usage: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    time_stamp: bool = False


@dataclass(frozen=True, slots=True)
class SignedAsset:
    """A signed file. `manifest` is the manifest store (`application/c2pa`), whose active manifest is `manifest_id`.

    Where `embedded` is False, `data` are the bytes that were handed in, and the store lives beside the file.
    """

    data: bytes = field(repr=False)
    media_type: str
    manifest: bytes = field(repr=False)
    manifest_id: str  # urn:c2pa:<uuid>
    embedded: bool
    time_stamped: bool
    stapled: bool  # holds the OCSP response of the signing certificate


class ManifestState(StrEnum):
    """The C2PA validation states, in C2PA's words."""

    INVALID = "Invalid"  # changed after signing, or never a sound manifest
    VALID = "Valid"  # whole and signed, by nobody whom the reader trusts
    TRUSTED = "Trusted"  # whole and signed by somebody whom the reader trusts


@dataclass(frozen=True, slots=True)
class ManifestSignature:
    """The signature of the active manifest: names as the certificate gives them; `time` only from a time-stamp."""

    name: str | None
    organisation: str | None
    issuer: str | None
    alg: str | None
    time: datetime | None


@dataclass(frozen=True, slots=True)
class ManifestAction:
    action: str
    when: str | None = None
    software: str | None = None
    digital_source_type: str | None = None


@dataclass(frozen=True, slots=True)
class ManifestIngredient:
    """`manifest_id` None: it came without Content Credentials. `state` is what the signer recorded at the time."""

    title: str | None
    relationship: str
    media_type: str | None = None
    manifest_id: str | None = None
    state: ManifestState | None = None


@dataclass(frozen=True, slots=True)
class ManifestReport:
    """What a reader found in a file's manifest store. `success`, `failure` and `notes` are C2PA status codes.

    `content_differs` is True where the manifest is whole but its hash is not this file's: an edit, a re-encoding, or a
    store that was found by a soft binding. `crjson` is C2PA's own report format; `store` None where the file's format
    does not let us take the store out.
    """

    manifest_id: str
    state: ManifestState
    success: tuple[str, ...]
    failure: tuple[str, ...]
    notes: tuple[str, ...]
    signature: ManifestSignature
    title: str | None
    claim_generator: str | None
    actions: tuple[ManifestAction, ...]
    soft_bindings: tuple[SoftBinding, ...]
    ingredients: tuple[ManifestIngredient, ...]
    is_embedded: bool
    is_update: bool
    content_differs: bool
    crjson: Mapping[str, Any] = field(repr=False)
    store: bytes | None = field(default=None, repr=False)
