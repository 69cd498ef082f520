"""Modules that produce artworks. They import nothing of `provenance`, `index` or `contracts`."""
