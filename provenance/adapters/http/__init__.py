"""The only ways to a URL: a fetcher that a request cannot turn against the network it runs in (the `Fetcher` port), and
a poster to the addresses that the operator configured."""

from provenance.adapters.http.fetcher import FetchLimits, GuardedFetcher
from provenance.adapters.http.posts import Answer, Poster

__all__ = ["Answer", "FetchLimits", "GuardedFetcher", "Poster"]
