"""A transaction that is put together again from what a node shows: nothing but the very same bytes is believed."""

from collections.abc import Iterator

import pytest
from web3 import Web3

from provenance.adapters.chain import EvmLedger
from provenance.core.errors import Unavailable
from tests.evm import TestChain

pytestmark = pytest.mark.chain

ROOT = bytes(range(32))


@pytest.fixture(scope="module")
def anchored() -> Iterator[tuple[TestChain, EvmLedger]]:
    chain = TestChain.start()
    ledger = chain.ledger()
    ledger.send(ledger.prepare(ROOT, 3).raw_tx)
    return chain, ledger


def shows(chain, ledger, monkeypatch, **changes):
    """Let the node show the transaction of ROOT with other fields."""
    shown = dict(Web3(chain.node).eth.get_transaction(ledger.locate(ROOT).tx_hash)) | changes
    eth = type(ledger._node.web3.eth)
    monkeypatch.setattr(eth, "get_transaction", lambda _self, _hash: shown)


def test_fees_and_signature_are_those_that_were_signed(anchored, monkeypatch):
    chain, ledger = anchored
    shows(chain, ledger, monkeypatch)
    raw = ledger.recover(ROOT).raw_tx
    assert "0x" + bytes(Web3.keccak(raw)).hex() == ledger.locate(ROOT).tx_hash


@pytest.mark.parametrize(
    "changes", [{"nonce": 77}, {"value": 1}, {"to": None}, {"maxFeePerGas": 1}, {"s": bytes(31) + b"\1"}]
)
def test_another_transaction_is_not_believed(anchored, monkeypatch, changes):
    chain, ledger = anchored
    shows(chain, ledger, monkeypatch, **changes)
    with pytest.raises(Unavailable, match="can't be read back"):
        ledger.recover(ROOT)


@pytest.mark.parametrize("changes", [{"accessList": None}, {"r": "0x12"}, {"nonce": -1}])
def test_what_is_no_such_transaction_is_named(anchored, monkeypatch, changes):
    chain, ledger = anchored
    shows(chain, ledger, monkeypatch, **changes)
    with pytest.raises(Unavailable, match="none of ours"):
        ledger.recover(ROOT)
