"""One policy object: what may be done with a work, how it came to be, and whose it is.

Every label, header and document of this room is computed from a `UsagePolicy`, so that no two of them can disagree.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from provenance.core.errors import InvalidRequest
from provenance.credentials.labels.aigc import AigcLabel
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA, check_digital_source_type

MAX_TEXT: Final = 2_000
MAX_PROMPT: Final = 20_000
MAX_URL: Final = 2_000
_URL: Final = re.compile(
    r"[!#-;=?-\[\]_a-z~]+", re.IGNORECASE
)  # RFC 3986's characters: safe in XML, in a header and in robots.txt
_NOT_TEXT: Final = re.compile("[^\t\n\x20-\x7e\x80-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, without CR


class Use(StrEnum):
    """What an automated reader may want to do with a work; the first four are those of CAWG training-mining 1.1."""

    DATA_MINING = "data mining"
    AI_INFERENCE = "AI inference"
    AI_TRAINING = "AI training"  # of models that generate nothing
    GENERATIVE_TRAINING = "generative AI training"
    SEARCH_INDEXING = "search indexing"


CAWG_KEYS: Final[Mapping[str, Use]] = {
    "cawg.data_mining": Use.DATA_MINING,
    "cawg.ai_inference": Use.AI_INFERENCE,
    "cawg.ai_training": Use.AI_TRAINING,
    "cawg.ai_generative_training": Use.GENERATIVE_TRAINING,
}


class Level(StrEnum):
    """From open to closed; the values are those of CAWG."""

    ALLOWED = "allowed"
    CONSTRAINED = "constrained"
    NOT_ALLOWED = "notAllowed"

    @property
    def rank(self) -> int:
        """0 for the most open."""
        return list(Level).index(self)


def check_url(text: str, what: str) -> str:
    """An absolute http or https URL of printable ASCII. Raises InvalidRequest."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or len(text) > MAX_URL or not _URL.fullmatch(text):
        raise InvalidRequest(f"{what} is not a web address", hint="write it as https://art.example/terms")
    return text


def check_text(text: str, what: str, limit: int = MAX_TEXT) -> str:
    """Text that XML can carry, not blank, no space around it. Raises InvalidRequest."""
    if not text.strip() or text != text.strip() or len(text) > limit or _NOT_TEXT.search(text):
        raise InvalidRequest(f"{what} has to be 1 to {limit:,} characters without control characters or outer spaces")
    return text


@dataclass(frozen=True, slots=True)
class Permission:
    """Raises InvalidRequest: a constrained use names the page with its conditions, and no other use does."""

    level: Level
    constraint: str | None = None

    def __post_init__(self) -> None:
        if self.level is Level.CONSTRAINED and self.constraint is not None:
            check_url(self.constraint, "the address of a constraint")
        elif self.level is Level.CONSTRAINED or self.constraint is not None:
            raise InvalidRequest("a constrained use, and only that, needs the address of its conditions")


ALLOWED: Final = Permission(Level.ALLOWED)
NOT_ALLOWED: Final = Permission(Level.NOT_ALLOWED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How the work was made (IPTC Photo Metadata 2025.1). `prompt` and `prompt_writer` are published only where their
    writer asked for it. Raises InvalidRequest."""

    digital_source_type: str = TRAINED_ALGORITHMIC_MEDIA
    system: str | None = None
    system_version: str | None = None
    prompt: str | None = field(default=None, repr=False)
    prompt_writer: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_digital_source_type(self.digital_source_type)
        if self.system is None and self.system_version is not None:
            raise InvalidRequest("a version of the AI system needs the name of the system")
        for what, text, limit in (
            ("the AI system's name", self.system, MAX_TEXT),
            ("the AI system's version", self.system_version, MAX_TEXT),
            ("the prompt", self.prompt, MAX_PROMPT),
            ("the prompt writer's name", self.prompt_writer, MAX_TEXT),
        ):
            if text is not None:
                check_text(text, what, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Whose the work is and where a licence is to be had. `statement_url` is the page that states the rights and
    `licensor_url` the one that sells a licence. Raises InvalidRequest."""

    creators: tuple[str, ...] = ()
    notice: str | None = None
    credit: str | None = None
    usage_terms: str | None = None
    statement_url: str | None = None
    licensor_name: str | None = None
    licensor_url: str | None = None

    def __post_init__(self) -> None:
        for creator in self.creators:
            check_text(creator, "a creator's name")
        for what, text in (
            ("the rights notice", self.notice),
            ("the credit line", self.credit),
            ("the usage terms", self.usage_terms),
            ("the licensor's name", self.licensor_name),
        ):
            if text is not None:
                check_text(text, what)
        for what, url in (("the rights statement", self.statement_url), ("the licensor's page", self.licensor_url)):
            if url is not None:
                check_url(url, what)
        if self.licensor_name is not None and self.licensor_url is None:
            raise InvalidRequest("a licensor needs the address of a page")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePolicy:
    """Where nothing is said, a work may be found by search engines and not be mined, trained on or given to models:
    what every licence template with a word on the matter says, and a default that can be loosened later, unlike the
    opposite."""

    data_mining: Permission = NOT_ALLOWED
    ai_inference: Permission = NOT_ALLOWED
    ai_training: Permission = NOT_ALLOWED
    generative_training: Permission = NOT_ALLOWED
    search_indexing: Permission = ALLOWED
    origin: Origin | None = None
    rights: Rights = field(default_factory=Rights)
    aigc: AigcLabel | None = None

    def permission(self, use: Use) -> Permission:
        return _FIELDS[use](self)

    def strictest(self, *uses: Use) -> Permission:
        """The permission of the most closed of `uses`, for words that cover them all; the first of equals."""
        return max((self.permission(use) for use in uses), key=lambda permission: permission.level.rank)

    def constraints(self) -> Iterator[tuple[Use, str]]:
        """The constrained uses and the addresses of their conditions."""
        for use in Use:
            address = self.permission(use).constraint
            if address is not None:
                yield use, address


_FIELDS: Final[Mapping[Use, Callable[[UsagePolicy], Permission]]] = {
    Use.DATA_MINING: lambda policy: policy.data_mining,
    Use.AI_INFERENCE: lambda policy: policy.ai_inference,
    Use.AI_TRAINING: lambda policy: policy.ai_training,
    Use.GENERATIVE_TRAINING: lambda policy: policy.generative_training,
    Use.SEARCH_INDEXING: lambda policy: policy.search_indexing,
}


def policy_of_terms(
    entries: Mapping[str, Mapping[str, str]],
    *,
    search_indexing: Permission = ALLOWED,
    origin: Origin | None = None,
    rights: Rights | None = None,
    aigc: AigcLabel | None = None,
) -> UsagePolicy:
    """The policy of licence terms, from their `cawg.training-mining` entries. A use that they don't name is not
    allowed. Raises InvalidRequest on an unknown key or value."""
    permissions = read_entries(entries)
    return UsagePolicy(
        data_mining=permissions.get(Use.DATA_MINING, NOT_ALLOWED),
        ai_inference=permissions.get(Use.AI_INFERENCE, NOT_ALLOWED),
        ai_training=permissions.get(Use.AI_TRAINING, NOT_ALLOWED),
        generative_training=permissions.get(Use.GENERATIVE_TRAINING, NOT_ALLOWED),
        search_indexing=search_indexing,
        origin=origin,
        rights=rights or Rights(),
        aigc=aigc,
    )


def read_entries(entries: Mapping[str, Mapping[str, str]]) -> dict[Use, Permission]:
    """`entries` of a `cawg.training-mining` assertion. Raises InvalidRequest."""
    permissions = {}
    for key, entry in entries.items():
        if key not in CAWG_KEYS or not set(entry) <= {"use", "constraint_info"} or entry.get("use") not in set(Level):
            raise InvalidRequest(f"{key[:60]!r} is not an entry of cawg.training-mining 1.1")
        permissions[CAWG_KEYS[key]] = Permission(Level(entry["use"]), entry.get("constraint_info"))
    return permissions
