"""Witnesses of the log: the client for other people's (the `Witness` port), and the state of one of our own."""

from provenance.adapters.witness.client import HttpWitness
from provenance.adapters.witness.state import WitnessState

__all__ = ["HttpWitness", "WitnessState"]
