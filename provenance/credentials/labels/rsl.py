"""RSL 1.0 (Really Simple Licensing, Recommendation of 6 November 2025): usage terms as XML.

RSL has one word for both kinds of training and none for data mining alone. A word that covers several uses follows the
strictest of them, so that the document never promises more than the policy. A use under conditions is a licence of its
own, whose price is told on the page that the policy names.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from provenance.core.errors import InvalidRequest, UnreadableImage
from provenance.credentials.labels.markup import Element, parse, serialise
from provenance.credentials.labels.policy import Level, Permission, UsagePolicy, Use, check_url
from provenance.credentials.labels.statements import Reading, Statement

MEDIA_TYPE: Final = "application/rsl+xml"
NAMESPACE: Final = "https://rslstandard.org/rsl"
_SOURCE: Final = "RSL"
_TOKENS: Final[Mapping[str, tuple[Use, ...]]] = MappingProxyType(  # section 3.4.1.1
    {
        "ai-train": (Use.AI_TRAINING, Use.GENERATIVE_TRAINING),
        "ai-input": (Use.AI_INFERENCE,),
        "ai-index": (Use.DATA_MINING, Use.SEARCH_INDEXING),  # an index for answers, not only for links
        "search": (Use.SEARCH_INDEXING,),
    }
)
_SETS: Final[Mapping[str, tuple[Use, ...]]] = MappingProxyType(
    {
        "all": tuple(Use),
        "ai-all": (Use.DATA_MINING, Use.AI_INFERENCE, Use.AI_TRAINING, Use.GENERATIVE_TRAINING),
    }
)


def rsl_document(policy: UsagePolicy, *, content_url: str = "/", terms_url: str | None = None) -> bytes:
    """The document about `content_url`, an address or a path of this server. `terms_url` is the page of the terms."""
    children = [_licence(*parts) for parts in _licences(policy)]
    if terms_url is not None:
        children.append(_tag("terms", [terms_url]))
    content = _tag("content", [*children])
    content.attributes[("", "url")] = content_url
    # RSL's readers expect the default namespace, without a prefix.
    root = Element(("", "rsl"), {("", "xmlns"): NAMESPACE}, [content])
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + serialise(root, {}).encode()


def _licences(policy: UsagePolicy) -> Iterator[tuple[list[str], list[str], str | None]]:
    """(tokens permitted, tokens prohibited, page with the conditions). A licence that permits nothing by name would
    permit everything (section 3.5): there is one only where nothing is permitted at all."""
    every = {permission.level for permission in map(policy.permission, Use)}
    if len(every) == 1 and Level.CONSTRAINED not in every:
        yield (["all"], [], None) if Level.ALLOWED in every else ([], ["all"], None)
        return
    permissions = {token: policy.strictest(*uses) for token, uses in _TOKENS.items()}
    prohibited = _with(permissions, Level.NOT_ALLOWED)
    conditions = {permission.constraint for permission in permissions.values() if permission.constraint}
    permitted = _with(permissions, Level.ALLOWED)
    if permitted or not conditions:
        yield permitted, prohibited, None
    for address in sorted(conditions):
        yield [t for t, permission in permissions.items() if permission.constraint == address], prohibited, address


def _with(permissions: Mapping[str, Permission], level: Level) -> list[str]:
    return [token for token, permission in permissions.items() if permission.level is level]


def _licence(permitted: list[str], prohibited: list[str], conditions: str | None) -> Element:
    licence = _tag("license", [])
    for name, tokens in (("permits", permitted), ("prohibits", prohibited)):
        if tokens:
            usage = _tag(name, [" ".join(tokens)])
            usage.attributes[("", "type")] = "usage"
            licence.children.append(usage)
    if conditions is not None:
        payment = _tag("payment", [_tag("custom", [conditions])])
        payment.attributes[("", "type")] = "purchase"
        licence.children.append(payment)
    return licence


def _tag(name: str, children: list[Element | str]) -> Element:
    return Element(("", name), {}, children)


def read_rsl(document: bytes) -> Reading:
    """Raises InvalidRequest when it is no RSL document."""
    try:
        root = parse(document).root
    except UnreadableImage as error:
        raise InvalidRequest("the RSL document is not XML") from error
    if root.name != (NAMESPACE, "rsl"):
        raise InvalidRequest("the document is not RSL")
    contents = list(_named(root.elements(), "content"))
    statements = [found for content in contents for found in _content(content)]
    terms = [term.text.strip() for content in contents for term in _named(content.elements(), "terms")]
    return Reading(_SOURCE, tuple(statements), {"terms page": terms[0]} if terms else {})


def _content(content: Element) -> Iterator[Statement]:
    for licence in _named(content.elements(), "license"):
        level, address = _price(licence)
        for tokens in _usage(licence, "permits"):
            yield from _statement("permits", tokens, level, address)
        for tokens in _usage(licence, "prohibits"):
            yield from _statement("prohibits", tokens, Level.NOT_ALLOWED, None)


def _price(licence: Element) -> tuple[Level, str | None]:
    """A licence without a payment is free (section 3.7)."""
    payment = licence.find((NAMESPACE, "payment"))
    if payment is None or payment.attributes.get(("", "type")) == "free":
        return Level.ALLOWED, None
    page = payment.find((NAMESPACE, "custom"))
    return Level.CONSTRAINED, None if page is None else check_url(page.text.strip(), "the page of an RSL payment")


def _usage(licence: Element, name: str) -> Iterator[str]:
    for usage in _named(licence.elements(), name):
        if usage.attributes.get(("", "type"), "usage") == "usage":
            yield from usage.text.split()


def _statement(verb: str, token: str, level: Level, address: str | None) -> Iterator[Statement]:
    """A set speaks of each of its uses; a token of the strictest of its own. Unknown words say nothing."""
    wording = f"{verb} {token}" + (f" at {address}" if address else "")
    for use in _SETS.get(token, ()):
        yield Statement(_SOURCE, wording, frozenset({use}), frozenset({level}), address)
    if token in _TOKENS:
        yield Statement(_SOURCE, wording, frozenset(_TOKENS[token]), frozenset({level}), address)


def _named(elements: Iterable[Element], name: str) -> Iterator[Element]:
    return (element for element in elements if element.name == (NAMESPACE, name))
