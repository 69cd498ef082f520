"""Adobe's TrustMark behind the Watermarker port: a learned watermark with weights (docs/trustmark.md). Needs the extra
`trustmark`, which is loaded on first use."""

from provenance.adapters.trustmark.watermarker import TrustmarkWatermarker

__all__ = ["TrustmarkWatermarker"]
