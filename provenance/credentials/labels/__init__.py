"""Legal labels and rights documents, all computed from one `UsagePolicy`. Described in docs/labels.md.

Pure: values and bytes in and out. The XMP packet is put into a file by `adapters/images`.
"""

from provenance.credentials.labels.aigc import AigcKind, AigcLabel, read_aigc
from provenance.credentials.labels.cawg import (
    metadata_assertion,
    read_metadata,
    read_training_mining,
    training_mining_entries,
)
from provenance.credentials.labels.packet import Packet, labelled
from provenance.credentials.labels.policy import (
    ALLOWED,
    NOT_ALLOWED,
    Level,
    Origin,
    Permission,
    Rights,
    UsagePolicy,
    Use,
    policy_of_terms,
)
from provenance.credentials.labels.properties import read_xmp, xmp_properties
from provenance.credentials.labels.robots import policy_headers, read_content_usage, read_robots, robots_txt
from provenance.credentials.labels.rsl import read_rsl, rsl_document
from provenance.credentials.labels.statements import Reading, Statement, consistent, reading_of
from provenance.credentials.labels.tdmrep import read_tdmrep, read_tdmrep_headers, tdmrep_document, tdmrep_headers

__all__ = [
    "ALLOWED",
    "NOT_ALLOWED",
    "AigcKind",
    "AigcLabel",
    "Level",
    "Origin",
    "Packet",
    "Permission",
    "Reading",
    "Rights",
    "Statement",
    "UsagePolicy",
    "Use",
    "consistent",
    "labelled",
    "metadata_assertion",
    "policy_headers",
    "policy_of_terms",
    "read_aigc",
    "read_content_usage",
    "read_metadata",
    "read_robots",
    "read_rsl",
    "read_tdmrep",
    "read_tdmrep_headers",
    "read_training_mining",
    "read_xmp",
    "reading_of",
    "robots_txt",
    "rsl_document",
    "tdmrep_document",
    "tdmrep_headers",
    "training_mining_entries",
    "xmp_properties",
]
