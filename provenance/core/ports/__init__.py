"""What the use cases ask of the world. Structural: `index/` and `generators/` satisfy these without importing them.

Every implementation passes the contract suite `tests/contract/test_<port>.py`.
"""

from provenance.core.ports.bulk import Batches, Decisions, UploadPrints, Watches
from provenance.core.ports.ledger import Ledger, LedgerReceipt, PreparedAnchor
from provenance.core.ports.models import ModelSets
from provenance.core.ports.outside import Blobs, Clock, Fetcher
from provenance.core.ports.pictures import (
    Aligned,
    Artwork,
    Generator,
    Images,
    Match,
    Matcher,
    MatchEvidence,
    Operation,
    Watermarker,
)
from provenance.core.ports.signing import (
    ClaimSigner,
    ContentCode,
    ContentCodes,
    Keyring,
    ManifestReader,
    ManifestSigner,
    RevocationSource,
    Signer,
    Timestamper,
)
from provenance.core.ports.store import (
    Anchors,
    ApiKeys,
    Checks,
    Fingerprints,
    Idempotency,
    Licences,
    Log,
    Manifests,
    Outbox,
    Statuses,
    Store,
    Unit,
    Works,
)

__all__ = [
    "Aligned",
    "Anchors",
    "ApiKeys",
    "Artwork",
    "Batches",
    "Blobs",
    "Checks",
    "ClaimSigner",
    "Clock",
    "ContentCode",
    "ContentCodes",
    "Decisions",
    "Fetcher",
    "Fingerprints",
    "Generator",
    "Idempotency",
    "Images",
    "Keyring",
    "Ledger",
    "LedgerReceipt",
    "Licences",
    "Log",
    "ManifestReader",
    "ManifestSigner",
    "Manifests",
    "Match",
    "MatchEvidence",
    "Matcher",
    "ModelSets",
    "Operation",
    "Outbox",
    "PreparedAnchor",
    "RevocationSource",
    "Signer",
    "Statuses",
    "Store",
    "Timestamper",
    "Unit",
    "UploadPrints",
    "Watches",
    "Watermarker",
    "Works",
]
