"""Ledgers: the EVM registry of `contracts/`, and a null one. web3 is imported when a ledger is opened, not before."""

from provenance.adapters.chain.evm import EvmLedger, deploy
from provenance.adapters.chain.null import NullLedger
from provenance.adapters.chain.registry import ReadOnlyLedger
from provenance.adapters.chain.transactions import EvmOptions, Fees, MinedAnchor, SignedAnchor, SigningKey

__all__ = [
    "EvmLedger",
    "EvmOptions",
    "Fees",
    "MinedAnchor",
    "NullLedger",
    "ReadOnlyLedger",
    "SignedAnchor",
    "SigningKey",
    "deploy",
]
