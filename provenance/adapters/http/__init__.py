"""The only way to a URL (the `Fetcher` port): a fetcher that a request cannot turn against the network it runs in."""

from provenance.adapters.http.fetcher import FetchLimits, GuardedFetcher

__all__ = ["FetchLimits", "GuardedFetcher"]
