"""Proofs of single leaves: real tiles, real checkpoints, and what happens to them."""

from pathlib import Path

import pytest

from provenance.core.errors import LogRootMismatch, NotFound, Unavailable, UntrustedSigner
from provenance.credentials.tlog import verify_proof
from provenance.usecases.log_receipts import LogReceipts
from tests.unit.credentials.tlog.trees import LOG
from tests.unit.usecases.log_studio import LogStudio


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogStudio:
    monkeypatch.setattr("os.fsync", lambda _: None)  # a disk's time; the durability tests pay it
    return LogStudio(tmp_path / "log")


@pytest.fixture
def receipts(studio: LogStudio) -> LogReceipts:
    return LogReceipts(store=studio.store, tree=studio.tree, publish=studio.publish, keys=lambda: [LOG.public])


def entry(studio: LogStudio, index: int) -> bytes:
    with studio.store.read() as unit:
        return bytes(unit.log.entries(index, index + 1)[0].data)


def test_every_published_leaf_has_a_proof_that_others_verify(studio: LogStudio, receipts: LogReceipts) -> None:
    studio.log(300)
    receipts.publish()
    for index in (0, 1, 255, 256, 299):
        proof = receipts.prove(index)
        assert verify_proof(proof, entry(studio, index), studio.policy).index == index
        assert receipts.check(proof, entry(studio, index)) == index
        with pytest.raises(LogRootMismatch):
            receipts.check(proof, entry(studio, (index + 1) % 300))


def test_a_leaf_without_a_checkpoint_over_it_waits_for_one(studio: LogStudio, receipts: LogReceipts) -> None:
    studio.log(2)
    with pytest.raises(NotFound, match="not published yet"):
        receipts.prove(0)
    receipts.publish()
    studio.log(1, start=2)
    assert receipts.prove(1)
    with pytest.raises(NotFound, match="not published yet"):
        receipts.prove(2)


def test_only_our_own_keys_make_a_proof_ours(studio: LogStudio, receipts: LogReceipts) -> None:
    studio.log(2)
    receipts.publish()
    nobodys = LogReceipts(store=studio.store, tree=studio.tree, publish=studio.publish, keys=list)
    with pytest.raises(UntrustedSigner):
        nobodys.check(receipts.prove(0), entry(studio, 0))


def test_damaged_tiles_are_noticed_and_made_again(studio: LogStudio, receipts: LogReceipts) -> None:
    studio.log(300)
    receipts.publish()
    path = studio.folder / "tile/0/000"
    path.write_bytes(bytes(len(path.read_bytes())))
    with pytest.raises(Unavailable, match="made again"):
        receipts.prove(5)
    assert receipts.check(receipts.prove(5), entry(studio, 5)) == 5
