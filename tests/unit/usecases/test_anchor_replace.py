"""Anchors that got stuck, and anchors that the database has forgotten, against a chain in this process."""

from datetime import UTC, datetime

import pytest

from provenance.adapters.chain import NullLedger
from provenance.adapters.store import SqlStore
from provenance.core.errors import Unavailable
from provenance.core.records import AnchorState
from provenance.usecases.anchor import Anchor, receipts
from tests.evm import TestChain
from tests.records import a_work, keys_of

pytestmark = pytest.mark.chain

SIGNED, SENT, MINED, FINAL, FAILED = AnchorState


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def node():
    return TestChain.start()


@pytest.fixture
def chain(node):
    snapshot = node.node.chain.take_snapshot()
    yield node
    node.node.answers.clear()
    node.release_transactions()
    node.node.chain.revert_to_snapshot(snapshot)


def a_store(*numbers: int) -> SqlStore:
    store = SqlStore.memory()
    for number in numbers:
        with store.unit() as unit:
            work = a_work(number)
            unit.works.add(work, keys_of(work))
    return store


@pytest.fixture
def store():
    store = a_store(1, 2)
    yield store
    store.close()


@pytest.fixture
def anchor(store, chain):
    return Anchor(store=store, ledger=chain.ledger(confirmations=1), clock=now)


def states(batches) -> list[AnchorState]:
    return [batch.state for batch in batches]


class TestReplace:
    def test_a_stuck_transaction_is_signed_again_and_the_second_is_mined(self, anchor, chain):
        chain.hold_transactions()
        (stuck,) = anchor()
        assert stuck.state is SENT
        (dearer,) = anchor.replace()
        assert (dearer.root, dearer.nonce, dearer.leaves) == (stuck.root, stuck.nonce, stuck.leaves)
        assert dearer.tx_hash != stuck.tx_hash
        chain.release_transactions()
        (done,) = anchor.follow_up()
        assert (done.state, done.tx_hash) in [(FINAL, dearer.tx_hash), (FINAL, stuck.tx_hash)]
        assert anchor.follow_up() == []

    def test_what_was_mined_meanwhile_is_left_alone(self, anchor, chain):
        chain.hold_transactions()
        (stuck,) = anchor()
        chain.release_transactions()
        assert anchor.replace() == []
        with anchor.store.read() as unit:
            (batch,) = unit.anchors.of_work(a_work(1).id)
        assert (batch.state, batch.tx_hash) == (FINAL, stuck.tx_hash)

    def test_what_the_node_refuses_for_its_fees_can_be_replaced(self, anchor, chain):
        """Its stored bytes can't be sent again, so that looking comes first and sending last."""
        chain.node.answers["eth_sendRawTransaction"] = {"code": -32000, "message": "transaction underpriced"}
        try:
            with pytest.raises(Unavailable, match="underpriced"):
                anchor()
        finally:
            chain.node.answers.clear()
        (done,) = anchor.replace()
        assert done.state is FINAL

    def test_the_dearer_one_is_stored_before_it_is_sent(self, anchor, chain):
        chain.hold_transactions()
        (stuck,) = anchor()
        chain.node.answers["eth_sendRawTransaction"] = ConnectionError()
        try:
            with pytest.raises(Unavailable):
                anchor.replace()
        finally:
            chain.node.answers.clear()
        with anchor.store.read() as unit:
            (batch,) = unit.anchors.unfinished()
        assert batch.state is SIGNED
        assert batch.tx_hash != stuck.tx_hash

    def test_with_nothing_stuck_nothing_happens(self, anchor, chain):
        assert anchor.replace() == []
        anchor()
        assert anchor.replace() == []
        assert "eth_sendRawTransaction" in chain.node.asked


class TestForgotten:
    """A database that was restored from a backup does not know what it anchored since."""

    def test_the_anchor_of_the_same_works_is_found_again(self, anchor, chain):
        (first,) = anchor()
        restored = a_store(1, 2)
        (again,) = Anchor(store=restored, ledger=anchor.ledger, clock=now)()
        assert (again.state, again.root, again.tx_hash, again.raw_tx) == (
            FINAL,
            first.root,
            first.tx_hash,
            first.raw_tx,
        )
        assert (again.block_number, again.block_hash, again.nonce) == (
            first.block_number,
            first.block_hash,
            first.nonce,
        )
        assert receipts([again], a_work(1)) == receipts([first], a_work(1))
        restored.close()

    def test_no_second_fee_is_paid(self, anchor, chain):
        anchor()
        chain.node.asked.clear()
        restored = a_store(1, 2)
        Anchor(store=restored, ledger=anchor.ledger, clock=now)()
        assert "eth_sendRawTransaction" not in chain.node.asked
        restored.close()

    def test_until_it_is_final_a_reorganisation_is_answered_with_the_same_bytes(self, chain):
        chain.node.answers["eth_getBlockByNumber finalized"] = {"code": -39001, "message": "unknown block"}
        ledger = chain.ledger(confirmations=3)
        lost, restored = a_store(1), a_store(1)
        before = chain.node.chain.take_snapshot()
        (first,) = Anchor(store=lost, ledger=ledger, clock=now)()
        again = Anchor(store=restored, ledger=ledger, clock=now)
        assert states(again()) == [MINED]
        chain.node.chain.revert_to_snapshot(before)
        (sent,) = again.follow_up()
        assert sent.tx_hash == first.tx_hash
        assert ledger.locate(bytes.fromhex(first.root)).tx_hash == first.tx_hash
        lost.close()
        restored.close()

    def test_other_works_get_an_anchor_of_their_own_under_a_free_nonce(self, anchor, chain):
        (first,) = anchor()
        restored = a_store(1, 2, 3)
        (other,) = Anchor(store=restored, ledger=anchor.ledger, clock=now)()
        assert (other.state, other.nonce) == (FINAL, first.nonce + 1)
        assert other.root != first.root
        restored.close()

    def test_the_same_holds_for_the_null_ledger(self):
        ledger = NullLedger(production=False, clock=now)
        stores = [a_store(1), a_store(1)]
        first, again = (Anchor(store=store, ledger=ledger, clock=now)()[0] for store in stores)
        assert (again.state, again.tx_hash) == (FINAL, first.tx_hash)
        for store in stores:
            store.close()

    def test_a_ledger_that_changes_its_mind_is_asked_again_later(self, anchor, chain, monkeypatch):
        anchor()
        restored = a_store(1, 2)
        monkeypatch.setattr(type(anchor.ledger), "recover", lambda _self, _root: None)
        with pytest.raises(Unavailable, match="changed its mind"):
            Anchor(store=restored, ledger=anchor.ledger, clock=now)()
        with restored.read() as unit:
            assert unit.anchors.unfinished() == []
        restored.close()
