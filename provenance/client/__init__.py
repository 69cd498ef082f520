"""A client of the HTTP API (docs/api.md), in the base install.

Every refusal is raised as the error of `core.errors` that the service raised, found by its code. What may be repeated
is: reads, withdrawals and deletions by their nature, checks because they change nothing, registrations, batches and
grants because each goes out under one Idempotency-Key. `Client` may be shared by threads.
"""

from provenance.client.answers import (
    Batch,
    BatchItem,
    Decision,
    Grant,
    Match,
    Offer,
    Origin,
    Report,
    Verification,
    Watch,
    WatchHit,
    Work,
)
from provenance.client.client import Client, File, Retries

__all__ = [
    "Batch",
    "BatchItem",
    "Client",
    "Decision",
    "File",
    "Grant",
    "Match",
    "Offer",
    "Origin",
    "Report",
    "Retries",
    "Verification",
    "Watch",
    "WatchHit",
    "Work",
]
