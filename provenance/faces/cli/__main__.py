"""`python -m provenance.faces.cli` is the same as `provenance`."""

from provenance.faces.cli import main

main()
