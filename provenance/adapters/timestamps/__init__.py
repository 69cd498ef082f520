"""Time-stamps from somebody else's authority (RFC 3161 over HTTP). docs/pki.md."""

from provenance.adapters.timestamps.http import HttpTimestamper

__all__ = ["HttpTimestamper"]
