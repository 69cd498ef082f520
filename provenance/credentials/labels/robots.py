"""robots.txt (RFC 9309) and the headers of a response.

`License:` leads to the RSL document (RSL 1.0, section 4). `Content-Usage` is the IETF's AI preferences
(draft-ietf-aipref-attach-05, -vocab-08), a draft: written only where it is asked for.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from provenance.credentials.labels.policy import Level, UsagePolicy, Use
from provenance.credentials.labels.rsl import MEDIA_TYPE
from provenance.credentials.labels.statements import OPEN, RESERVED, Reading, Statement, stated
from provenance.credentials.labels.tdmrep import PATH, tdmrep_headers

_PREFERENCES: Final[Mapping[str, tuple[Use, ...]]] = MappingProxyType(
    {"train-ai": (Use.AI_TRAINING, Use.GENERATIVE_TRAINING), "search": (Use.SEARCH_INDEXING,)}
)
_PREFERENCE: Final = re.compile(r"([a-z-]+)=([yn])")
_CLOSED: Final = frozenset({Level.NOT_ALLOWED})
_CRAWLED: Final = frozenset({Level.ALLOWED, Level.CONSTRAINED})


def content_usage(policy: UsagePolicy) -> str:
    """The dictionary of preferences. Conditions can't be told: a use under conditions is `n`, ask first."""
    return ", ".join(
        f"{name}={'y' if policy.strictest(*uses).level is Level.ALLOWED else 'n'}"
        for name, uses in _PREFERENCES.items()
    )


def robots_txt(
    policy: UsagePolicy, *, licence_path: str, licence_url: str | None = None, preferences: bool = False
) -> str:
    """The file. `licence_url` is the RSL document's absolute address, where one is known. Where search engines may not
    index, they may still read the terms at `licence_path`."""
    lines = ["User-agent: *"]
    if policy.search_indexing.level is Level.NOT_ALLOWED:
        lines += [f"Allow: {licence_path}", f"Allow: {PATH}", "Disallow: /"]
    else:
        lines.append("Allow: /")
    if preferences:
        lines.append(f"Content-Usage: {content_usage(policy)}")
    if licence_url is not None:
        lines += ["", f"License: {licence_url}"]
    return "\n".join([*lines, ""])


def policy_headers(
    policy: UsagePolicy, *, licence_url: str, terms_url: str | None = None, preferences: bool = False
) -> dict[str, str]:
    """For a response that hands out a work: TDMRep, the way to the RSL document, AI preferences if asked for.
    `licence_url` may be a path of the same server."""
    headers = tdmrep_headers(policy, terms_url=terms_url)
    headers["link"] = f'<{licence_url}>; rel="license"; type="{MEDIA_TYPE}"'
    if preferences:
        headers["content-usage"] = content_usage(policy)
    return headers


def read_robots(text: str) -> Reading:
    """What the rules for all crawlers say: `/` open or closed, and the preferences for it."""
    rules = list(_rules(text))
    statements: list[Statement] = []
    if ("disallow", "/") in rules:
        statements.append(stated("robots.txt", "Disallow: /", [Use.SEARCH_INDEXING], _CLOSED))
    elif ("allow", "/") in rules:
        statements.append(stated("robots.txt", "Allow: /", [Use.SEARCH_INDEXING], _CRAWLED))
    for name, value in rules:
        if name == "content-usage" and not value.startswith("/"):
            statements.extend(_preferences("robots.txt", value))
    return Reading("robots.txt", tuple(statements))


def read_content_usage(value: str) -> Reading:
    """The `Content-Usage` header of a response."""
    return Reading("Content-Usage", tuple(_preferences("Content-Usage", value)))


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """(name in lower case, value) of the lines in the group for every crawler."""
    ours = starting = False
    for line in text.splitlines():
        name, found, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "user-agent":
            ours = value == "*" or (ours and starting)
            starting = True
        elif found:
            starting = False
            if ours:
                yield name, value


def _preferences(source: str, value: str) -> Iterable[Statement]:
    for part in value.split(","):
        found = _PREFERENCE.fullmatch(part.strip())
        if found and found[1] in _PREFERENCES:
            levels = OPEN if found[2] == "y" else RESERVED
            yield stated(source, found[0], _PREFERENCES[found[1]], levels)
