"""Provenance: marks, certifies, finds again and licenses AI-generated art."""

__version__ = "0.1.0"
