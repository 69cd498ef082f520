"""Registered artworks before verifiers that are not ours: `make interop`, described in docs/interop.md."""
