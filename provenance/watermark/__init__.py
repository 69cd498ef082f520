"""The pixel marking engine: a blind, keyed 64-bit watermark without models. Specified in docs/watermark.md."""

from provenance.watermark.keystream import ALG
from provenance.watermark.watermarker import LatticeWatermarker, RotatingWatermarker

__all__ = ["ALG", "LatticeWatermarker", "RotatingWatermarker"]
