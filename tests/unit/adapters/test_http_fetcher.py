"""Which URLs are refused before anything is looked up or connected to."""

import pytest

from provenance.adapters.http import FetchLimits, GuardedFetcher
from provenance.core.errors import InvalidRequest, Unavailable


def untouched(host: str, port: int) -> list[str]:
    raise AssertionError(f"looked up {host}")


@pytest.fixture
def fetcher() -> GuardedFetcher:
    return GuardedFetcher(resolve=untouched)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "only http and https"),
        ("picture.png", "only http and https"),
        ("//host/a.png", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("ftp://host/a.png", "only http and https"),
        ("gopher://host/_x", "only http and https"),
        ("data:image/png;base64,AAAA", "only http and https"),
        ("http:///a.png", "names no host"),
        ("https://user@host/a.png", "user name or password"),
        ("https://user:secret@host/a.png", "user name or password"),
        ("http://host:22/", "port 22"),
        ("https://host:8443/", "port 8443"),
        ("http://host:99999/", "port 99999"),
        ("http://[::1/", "malformed"),
        ("http://ho st/", "malformed"),
        ("http://ho%2fst/", "malformed"),
        ("http://[fe80::1%25eth0]/", "malformed"),
        ("http://host/\r\nX: y", "malformed"),
        ("https://host/" + "a" * 5000, "longer than"),
    ],
)
def test_senseless_and_forbidden_urls_are_refused_unseen(fetcher, url, reason):
    with pytest.raises(InvalidRequest, match=reason) as caught:
        fetcher.fetch(url)
    assert "secret" not in caught.value.reason


def test_http_is_refused_where_only_https_is_wanted():
    fetcher = GuardedFetcher(FetchLimits(https_only=True), resolve=untouched)
    with pytest.raises(InvalidRequest, match="only https URLs"):
        fetcher.fetch("http://host/a.png")


@pytest.mark.integration
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
        "169.254.169.254",
    ],
)
def test_numeric_hosts_in_any_spelling_lead_nowhere_private(host):
    """The system resolver itself reads these; it needs no network for numbers."""
    with pytest.raises((InvalidRequest, Unavailable), match=r"public internet|has no address|malformed"):
        GuardedFetcher().fetch(f"http://{host}/")
