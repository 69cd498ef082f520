"""Anchoring against a chain that misbehaves on cue: nothing is sent that is not stored, nothing is anchored twice."""

from dataclasses import replace

import pytest

from provenance.core.errors import Unavailable
from provenance.core.records import AnchorBatch, AnchorState, Work
from provenance.core.types import WorkId
from provenance.credentials import MerkleReceipt
from provenance.credentials.vc.merkle import MerkleBatch
from provenance.usecases import anchor as module
from provenance.usecases.anchor import receipts
from tests.doubles import SignedTx
from tests.unit.usecases.conftest import Studio

SIGNED, SENT, MINED, FINAL, FAILED = AnchorState


def batches_of(studio: Studio, work: Work) -> list[AnchorBatch]:
    with studio.store.read() as unit:
        return unit.anchors.of_work(work.id)


def the_batch(studio: Studio, work: Work) -> AnchorBatch:
    (batch,) = batches_of(studio, work)
    return batch


def waiting(studio: Studio) -> int:
    with studio.store.read() as unit:
        return len(unit.works.without_anchor(100))


# ---- the straight way


def test_works_that_wait_become_one_batch(studio: Studio) -> None:
    works = [studio.registered(seed) for seed in (1, 2, 3)]
    seen: list[AnchorBatch] = []
    (batch,) = studio.anchor(progress=seen.append)
    leaves = [(work.id, bytes.fromhex(work.certificate_hash)) for work in works]
    assert bytes.fromhex(batch.root) == MerkleBatch(leaves).root
    assert batch.leaves == tuple((str(work.id), work.certificate_hash) for work in works)
    assert (batch.state, batch.created_at) == (SENT, studio.clock())
    assert seen == [batch] == batches_of(studio, works[0])
    assert studio.ledger.pool[0].root.hex() == batch.root


def test_nothing_waits_nothing_happens(studio: Studio) -> None:
    assert studio.anchor() == []
    assert studio.ledger.calls == []


def test_from_signed_to_final(studio: Studio) -> None:
    work = studio.registered(1)
    studio.anchor()
    studio.ledger.mine()
    (mined,) = studio.anchor.follow_up()
    assert (mined.state, mined.block_number) == (MINED, 1)
    studio.ledger.mine(2)
    (final,) = studio.anchor.follow_up()
    assert final.state is FINAL
    assert studio.anchor.follow_up() == []
    assert the_batch(studio, work) == final


def test_batches_are_bounded(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH", 2)
    for seed in range(5):
        studio.registered(seed)
        studio.clock.advance(seconds=1)
    sizes = [len(studio.anchor()[-1].leaves) for _ in range(3)]
    assert sizes == [2, 2, 1]
    studio.ledger.mine(3)
    assert {batch.state for batch in studio.anchor.follow_up()} == {FINAL}
    assert waiting(studio) == 0
    assert len(studio.ledger.blocks[0]) == 3  # one nonce each, all mined


def test_withdrawn_works_are_not_anchored(studio: Studio) -> None:
    studio.withdraw(studio.registered(1).id)
    assert studio.anchor() == []


def test_the_transaction_is_stored_before_it_is_sent(studio: Studio) -> None:
    work = studio.registered(1)
    stored: list[AnchorBatch] = []
    studio.ledger.on_send = lambda _raw: stored.append(the_batch(studio, work))
    studio.anchor()
    assert [(batch.state, batch.raw_tx) for batch in stored] == [(SIGNED, studio.ledger.pool[0].raw_tx)]


# ---- receipts


def test_receipts_lead_from_each_certificate_to_the_root(studio: Studio) -> None:
    works = [studio.registered(seed) for seed in range(5)]
    studio.anchor()
    studio.ledger.mine(3)
    studio.anchor.follow_up()
    for work in works:
        (document,) = receipts(batches_of(studio, work), work)
        MerkleReceipt.read(document).check((work.id, bytes.fromhex(work.certificate_hash)), index=1)
        assert (document["leafCount"], document["blockNumber"]) == (5, 1)


def test_only_final_anchors_give_receipts(studio: Studio) -> None:
    work = studio.registered(1)
    studio.anchor()
    assert receipts(batches_of(studio, work), work) == []
    studio.ledger.mine()
    studio.anchor.follow_up()
    assert receipts(batches_of(studio, work), work) == []  # this block can still vanish


# ---- the node goes away


@pytest.mark.parametrize("calls", range(6))
def test_a_node_that_dies_at_any_call_leaves_nothing_half_done(studio: Studio, calls: int) -> None:
    """prepare, receipt, send, receipt: wherever it stops, the next run ends with one transaction for the root."""
    work = studio.registered(1)
    studio.ledger.down_in = calls
    if calls < 4:
        with pytest.raises(Unavailable):
            studio.anchor()
    else:
        studio.anchor()
    studio.ledger.down_in = None
    studio.anchor()
    studio.ledger.mine(3)
    studio.anchor()
    assert the_batch(studio, work).state is FINAL
    assert [len(block) for block in studio.ledger.blocks] == [1, 0, 0]


def test_what_was_signed_is_sent_as_it_was_stored(studio: Studio) -> None:
    work = studio.registered(1)
    studio.ledger.down_in = 2  # after prepare and the first look
    with pytest.raises(Unavailable):
        studio.anchor()
    stored = the_batch(studio, work)
    assert (stored.state, studio.ledger.pool) == (SIGNED, {})
    studio.ledger.down_in = None
    studio.anchor.follow_up()
    assert studio.ledger.pool[0].raw_tx == stored.raw_tx


def test_a_node_that_forgot_the_transaction_gets_it_again(studio: Studio) -> None:
    work = studio.registered(1)
    studio.anchor()
    studio.ledger.forget_pool()
    studio.anchor.follow_up()
    assert studio.ledger.pool[0].raw_tx == the_batch(studio, work).raw_tx


def test_two_batches_that_were_never_sent_have_their_own_nonces(studio: Studio) -> None:
    """The node knows nothing of the first one: the record counts."""
    first = studio.registered(1)
    studio.anchor()
    studio.ledger.forget_pool()
    second = studio.registered(2)
    studio.ledger.on_send = lambda _raw: (_ for _ in ()).throw(Unavailable("no"))
    with pytest.raises(Unavailable):
        studio.anchor.follow_up()
    prepared = studio.anchor._prepare()
    assert prepared is not None
    assert (the_batch(studio, first).nonce, the_batch(studio, second).nonce) == (0, 1)


# ---- reorganisations


def test_a_reorganisation_takes_the_block_and_the_transaction_is_sent_again(studio: Studio) -> None:
    work = studio.registered(1)
    studio.anchor()
    studio.ledger.mine()
    (mined,) = studio.anchor.follow_up()
    studio.ledger.reorganise(1)
    (again,) = studio.anchor.follow_up()
    assert (again.state, again.block_number, again.block_hash, again.raw_tx) == (SENT, None, None, mined.raw_tx)
    studio.ledger.mine(3)
    studio.anchor.follow_up()
    final = the_batch(studio, work)
    assert (final.state, final.tx_hash) == (FINAL, mined.tx_hash)


def test_a_transaction_that_moved_to_another_block_has_the_new_one(studio: Studio) -> None:
    studio.registered(1)
    studio.anchor()
    studio.ledger.mine()
    (before,) = studio.anchor.follow_up()
    studio.ledger.reorganise(1, keep_pool=True)
    studio.ledger.mine()
    (after,) = studio.anchor.follow_up()
    assert (after.state, after.block_number) == (MINED, before.block_number)
    assert after.block_hash != before.block_hash


# ---- nonces and reverts


def test_a_nonce_that_somebody_used_is_replaced_by_the_next_one(studio: Studio) -> None:
    work = studio.registered(1)
    studio.ledger.down_in = 2
    with pytest.raises(Unavailable):
        studio.anchor()
    studio.ledger.down_in = None
    studio.ledger.use_nonce()
    studio.anchor.follow_up()
    assert (the_batch(studio, work).state, the_batch(studio, work).nonce) == (SENT, 1)
    studio.ledger.mine(3)
    studio.anchor.follow_up()
    assert the_batch(studio, work).state is FINAL


def test_a_used_nonce_does_not_push_a_batch_onto_the_nonce_of_another(studio: Studio) -> None:
    """Two batches wait unsent with nonces 0 and 1; somebody uses up 0. The first must not take 1, which is stored."""
    first = studio.registered(1)
    studio.ledger.down_in = 2
    with pytest.raises(Unavailable):
        studio.anchor()
    studio.ledger.down_in = None
    second = studio.registered(2)
    studio.anchor._prepare()
    studio.ledger.use_nonce()
    studio.anchor()
    studio.ledger.mine(3)
    studio.anchor()
    assert [the_batch(studio, work).state for work in (first, second)] == [FINAL, FINAL]
    assert sorted(the_batch(studio, work).nonce for work in (first, second)) == [1, 2]


def test_our_own_replacement_that_was_mined_is_adopted_when_it_is_final(studio: Studio) -> None:
    """A person raised the fees of a stuck transaction by hand; the stored one lost its nonce to it."""
    work = studio.registered(1)
    studio.anchor()
    dearer = studio.ledger.replace(the_batch(studio, work).raw_tx)
    studio.ledger.send(dearer.raw_tx)
    studio.ledger.mine()
    (batch,) = studio.anchor.follow_up()
    assert batch.state is not FINAL  # that block can still vanish, and then the stored bytes are the ones to send
    studio.ledger.mine(2)
    (batch,) = studio.anchor.follow_up()
    assert (batch.state, batch.tx_hash) == (FINAL, dearer.tx_hash)
    assert the_batch(studio, work) == batch


def test_a_root_that_somebody_anchored_first_is_adopted(studio: Studio) -> None:
    """Ours reverts, because the root is on the chain already: that transaction's receipt serves as well."""
    work = studio.registered(1)
    studio.anchor()
    ours = the_batch(studio, work)
    first = SignedTx(0, bytes.fromhex(ours.root), tip=5)
    studio.ledger.pool = {0: first, 1: SignedTx(1, bytes.fromhex(ours.root))}
    with studio.store.unit() as unit:
        second = studio.ledger.pool[1]
        unit.anchors.update(replace(ours, nonce=1, tx_hash=second.tx_hash, raw_tx=second.raw_tx))
    studio.ledger.mine(3)
    studio.anchor.follow_up()
    batch = the_batch(studio, work)
    assert (batch.state, batch.tx_hash) == (FINAL, first.tx_hash)


def test_a_reverted_transaction_fails_the_batch_and_its_works_wait_again(studio: Studio) -> None:
    work = studio.registered(1)
    studio.anchor()
    studio.ledger.refuse(the_batch(studio, work).tx_hash)
    studio.ledger.mine()
    (failed,) = studio.anchor.follow_up()
    assert failed.state is FAILED
    assert waiting(studio) == 1
    studio.anchor()
    studio.ledger.mine(3)
    studio.anchor()
    assert [batch.state for batch in batches_of(studio, work)] == [FAILED, FINAL]
    assert len(receipts(batches_of(studio, work), work)) == 1


def test_a_stuck_transaction_is_signed_again_with_higher_fees(studio: Studio) -> None:
    work = studio.registered(1)
    studio.anchor()
    cheap = the_batch(studio, work)
    (dearer,) = studio.anchor.replace()
    assert (dearer.state, dearer.nonce, dearer.root) == (SENT, cheap.nonce, cheap.root)
    assert dearer.tx_hash != cheap.tx_hash
    assert studio.ledger.pool[0].raw_tx == dearer.raw_tx == the_batch(studio, work).raw_tx
    studio.ledger.mine(3)
    assert studio.anchor.replace() == []  # nothing is stuck any more
    assert the_batch(studio, work).state is FINAL


def test_the_replaced_transaction_may_win_after_all(studio: Studio) -> None:
    work = studio.registered(1)
    studio.anchor()
    cheap = the_batch(studio, work)
    studio.ledger.on_send = lambda _raw: (studio.ledger.mine(3), setattr(studio.ledger, "on_send", lambda _r: None))
    studio.anchor.replace()  # it is mined while its replacement is on the way
    batch = the_batch(studio, work)
    assert (batch.state, batch.tx_hash) == (FINAL, cheap.tx_hash)


def test_a_root_that_is_on_the_chain_already_is_recovered_not_anchored_twice(studio: Studio) -> None:
    """The database was restored from a backup that is older than the anchor."""
    work = studio.registered(1)
    root = MerkleBatch([(work.id, bytes.fromhex(work.certificate_hash))]).root
    studio.ledger.send(studio.ledger.prepare(root, 1).raw_tx)
    studio.ledger.mine(3)
    studio.anchor()
    batch = the_batch(studio, work)
    assert (batch.state, batch.block_number) == (FINAL, 1)
    assert sum(map(len, studio.ledger.blocks)) == 1
    assert len(receipts([batch], work)) == 1


def test_a_root_that_vanishes_between_two_questions_is_tried_again_later(studio: Studio) -> None:
    work = studio.registered(1)
    root = MerkleBatch([(work.id, bytes.fromhex(work.certificate_hash))]).root
    studio.ledger.send(studio.ledger.prepare(root, 1).raw_tx)
    studio.ledger.mine()
    prepare = studio.ledger.prepare

    def prepared_before_the_reorganisation(*arguments: object, **named: object) -> SignedTx:
        try:
            return prepare(*arguments, **named)
        finally:
            studio.ledger.reorganise(1)

    studio.ledger.prepare = prepared_before_the_reorganisation
    with pytest.raises(Unavailable, match="changed its mind"):
        studio.anchor()
    assert batches_of(studio, work) == []


def test_a_work_id_stands_in_its_leaf(studio: Studio) -> None:
    work = studio.registered(1)
    (batch,) = studio.anchor()
    assert WorkId.parse(batch.leaves[0][0]) == work.id
