"""The manifest repository: what it takes in, whom it obeys, what it proves."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from provenance.core.errors import (
    Forbidden,
    InvalidRequest,
    InvalidSignature,
    LogRootMismatch,
    MalformedLogProof,
    MalformedManifest,
    NotFound,
    ReceiptMismatch,
    TooLarge,
    UntrustedSigner,
)
from provenance.core.records import Binding, ManifestRecord, Work
from provenance.credentials.c2pa.store import ManifestStore
from provenance.credentials.tlog import EntryKind, registration_entry
from provenance.usecases.bindings import ANY_ALG
from provenance.usecases.manifests import MAX_BINDINGS, MAX_STORE_BYTES, PROOF_ALG, ManifestRepository
from tests.doubles import PixelWatermarker
from tests.repository import RealProofs, ToyReader, a_store, an_iscc, manifest_id, mark_binding
from tests.unit.usecases.conftest import Studio

ONE, TWO = manifest_id(1), manifest_id(2)
TRUSTMARK = "com.adobe.trustmark.P"
MARK_ALG = PixelWatermarker.alg


@pytest.fixture
def kept(studio: Studio) -> ManifestRepository:
    return ManifestRepository(
        store=studio.store,
        blobs=studio.blobs,
        reader=ToyReader(),
        proofs=RealProofs(studio.store, studio.signer),
        clock=studio.clock,
        mark_alg=studio.watermarker.alg,
    )


def bound(studio: Studio, value: str = "AQID", alg: str = TRUSTMARK) -> list[str]:
    with studio.store.read() as unit:
        return [record.id for record in unit.manifests.by_binding(alg, value, 10)]


def log_size(studio: Studio) -> int:
    with studio.store.read() as unit:
        return unit.log.size()


def with_manifest(studio: Studio, work: Work, number: int = 9) -> ManifestRecord:
    """What a registration writes beside the work."""
    record = ManifestRecord(
        manifest_id(number), studio.blobs.put(a_store(number)), work.owner, work.created_at, work.id
    )
    with studio.store.unit() as unit:
        unit.manifests.add(record, [mark_binding(MARK_ALG, work.id, record.id)])
    return record


# ---- storing


def test_a_store_comes_back_byte_for_byte_with_its_bindings_and_its_leaf(
    studio: Studio, kept: ManifestRepository
) -> None:
    data = a_store(1, (TRUSTMARK, b"\x01\x02\x03"), ("io.iscc.v0", an_iscc(5)))
    record = kept.add(data, owner="ann")
    assert (record.id, record.owner, record.work_id) == (ONE, "ann", None)
    assert kept.fetch(ONE) == data
    assert bound(studio) == [ONE]
    with studio.store.read() as unit:
        (entry,) = unit.log.entries(0, 9)
        assert {binding.alg for binding in unit.manifests.bindings(ONE)} == {TRUSTMARK, "io.iscc.v0"}
    assert (entry.kind, entry.index, record.log_index) == (EntryKind.MANIFEST_STORED, 0, 0)
    assert record.blob.encode() in entry.data
    assert b"ann" not in entry.data


def test_the_same_store_again_is_the_same_manifest_whoever_brings_it(studio: Studio, kept: ManifestRepository) -> None:
    first = kept.add(a_store(1), owner="ann")
    studio.clock.advance(hours=1)
    assert kept.add(a_store(1), owner="ann") == first
    assert kept.add(a_store(1), owner="bob") == first
    assert log_size(studio) == 1


def test_many_who_store_the_same_at_once_store_it_once(studio: Studio, kept: ManifestRepository) -> None:
    data = a_store(1, (TRUSTMARK, b"\x01\x02\x03"))
    with ThreadPoolExecutor(6) as pool:
        records = list(pool.map(lambda number: kept.add(data, owner=f"owner {number}"), range(12)))
    assert len(set(records)) == 1
    assert log_size(studio) == 1
    assert bound(studio) == [ONE]


def test_one_that_is_written_between_the_look_and_the_write_is_found_again(
    studio: Studio, kept: ManifestRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kept.add(a_store(1), owner="ann")
    monkeypatch.setattr("provenance.usecases.manifests._known", lambda unit, id_: None)  # as if it were not there yet
    assert kept.add(a_store(1), owner="bob") == first
    with pytest.raises(InvalidRequest, match="another manifest store"):
        kept.add(a_store(1, (TRUSTMARK, b"x")), owner="bob")
    assert log_size(studio) == 1  # nothing of the failed transaction stayed


def test_an_id_belongs_to_one_store(studio: Studio, kept: ManifestRepository) -> None:
    kept.add(a_store(1), owner="ann")
    with pytest.raises(InvalidRequest, match="another manifest store"):
        kept.add(a_store(1, (TRUSTMARK, b"\x01\x02\x03")), owner="ann")
    assert bound(studio) == []


def test_our_own_watermark_is_never_bound_by_a_manifest_that_claims_it(
    studio: Studio, kept: ManifestRepository
) -> None:
    kept.add(a_store(1, (MARK_ALG, bytes(8)), (TRUSTMARK, b"\x01\x02\x03")), owner="thief")
    assert bound(studio) == [ONE]
    with studio.store.read() as unit:
        assert [binding.alg for binding in unit.manifests.bindings(ONE)] == [TRUSTMARK]


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (b"", InvalidRequest, "empty"),
        (b"softbinding-conformance-fixture", MalformedManifest, "JUMBF|box"),
        (a_store(1, state="Invalid"), InvalidRequest, "claimSignature.mismatch"),
        (a_store(1, *[(TRUSTMARK, bytes([n]))for n in range(MAX_BINDINGS + 1)]), InvalidRequest, "at most 100"),
        (a_store(1, ("no name", b"x")), InvalidRequest, "algorithm"),
        (a_store(1, (TRUSTMARK, bytes(64 << 10))), InvalidRequest, "characters of base64"),
        (a_store(1).replace(ONE.encode(), b"urn:c2pa:../../etc/passwd".ljust(len(ONE), b"x")), InvalidRequest, "URN"),
        (bytes(MAX_STORE_BYTES + 1), TooLarge, "16 MiB"),
    ],
    ids=["empty", "garbage", "unsigned", "too many", "bad name", "long value", "bad id", "too large"],
)  # fmt: skip
def test_what_is_no_whole_manifest_is_refused_and_leaves_nothing(
    studio: Studio, kept: ManifestRepository, data: bytes, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        kept.add(data, owner="ann")
    assert log_size(studio) == 0
    with pytest.raises(NotFound):
        kept.fetch(ONE)


# ---- fetching and deleting


def test_the_active_manifest_alone_is_a_store_without_the_others(kept: ManifestRepository) -> None:
    kept.add(a_store(1, (TRUSTMARK, b"x"), before=[7, 8]), owner="ann")
    whole, alone = kept.fetch(ONE), kept.fetch(ONE, active_only=True)
    assert ManifestStore.parse(alone).active_id == ONE
    assert manifest_id(7).encode() in whole
    assert manifest_id(7).encode() not in alone
    assert alone == a_store(1, (TRUSTMARK, b"x"))


def test_a_deleted_manifest_leads_nowhere_and_does_not_come_back(studio: Studio, kept: ManifestRepository) -> None:
    data = a_store(1, (TRUSTMARK, b"\x01\x02\x03"))
    kept.add(data, owner="ann")
    kept.delete(ONE, owner="ann")
    kept.delete(ONE, owner="ann")
    assert bound(studio) == []
    for question in (kept.fetch, kept.receipt):
        with pytest.raises(NotFound):
            question(ONE)
    with pytest.raises(InvalidRequest, match="was deleted"):
        kept.add(data, owner="ann")


def test_what_belongs_to_others_is_not_there(studio: Studio, kept: ManifestRepository) -> None:
    kept.add(a_store(1), owner="ann")
    for attempt in (
        lambda: kept.delete(ONE, owner="bob"),
        lambda: kept.bind(ONE, "AQID", alg=TRUSTMARK, owner="bob"),
        lambda: kept.rebind(ONE, "AQID", alg=TRUSTMARK, owner="bob"),
        lambda: kept.delete(TWO, owner="bob"),
    ):
        with pytest.raises(NotFound, match="there is no manifest urn:c2pa:"):
            attempt()
    assert kept.fetch(ONE)
    kept.delete(ONE, owner=None)  # an administrator


def test_the_manifest_of_a_work_goes_with_the_work(studio: Studio, kept: ManifestRepository) -> None:
    work = studio.registered(1)
    record = with_manifest(studio, work)
    assert kept.fetch(record.id) == a_store(9)
    with pytest.raises(Forbidden, match="registered work"):
        kept.delete(record.id, owner=work.owner)
    studio.withdraw(work.id, owner=work.owner)
    for attempt in (lambda: kept.fetch(record.id), lambda: kept.bind(record.id, "AQID", alg=None, owner=work.owner)):
        with pytest.raises(NotFound):
            attempt()


# ---- binding


def test_a_binding_is_added_and_then_moved(studio: Studio, kept: ManifestRepository) -> None:
    for number in (1, 2):
        kept.add(a_store(number), owner="ann")
    kept.bind(ONE, "AQID", alg=TRUSTMARK, owner="ann")
    kept.bind(ONE, "AQID", alg=TRUSTMARK, owner="ann")
    assert bound(studio) == [ONE]
    kept.rebind(TWO, "AQID", alg=TRUSTMARK, owner="ann")
    assert bound(studio) == [TWO]
    kept.rebind(TWO, "AQID", alg=TRUSTMARK, owner="ann")
    assert bound(studio) == [TWO]


def test_every_way_to_write_a_value_is_the_same_value(studio: Studio, kept: ManifestRepository) -> None:
    kept.add(a_store(1), owner="ann")
    for written in ("-_8=", "-_8", "+/8=", "+/8", " /8="):
        kept.bind(ONE, written, alg=TRUSTMARK, owner="ann")
    with studio.store.read() as unit:
        assert unit.manifests.bindings(ONE) == [Binding(TRUSTMARK, "+/8=", ONE)]


def test_without_an_algorithm_a_value_counts_for_any_and_moves_whatever_it_was_bound_under(
    studio: Studio, kept: ManifestRepository
) -> None:
    kept.add(a_store(1, (TRUSTMARK, b"\x01\x02\x03")), owner="ann")
    kept.add(a_store(2), owner="ann")
    kept.bind(ONE, "AQID", alg=None, owner="ann")
    assert bound(studio, alg=ANY_ALG) == [ONE]
    kept.rebind(TWO, "AQID", alg=None, owner="ann")
    assert (bound(studio, alg=ANY_ALG), bound(studio)) == ([TWO], [TWO])


def test_moving_a_value_leaves_what_others_bound_to_it(studio: Studio, kept: ManifestRepository) -> None:
    kept.add(a_store(1, (TRUSTMARK, b"\x01\x02\x03")), owner="ann")
    kept.add(a_store(2), owner="bob")
    with pytest.raises(NotFound, match="no manifest of yours"):
        kept.rebind(TWO, "AQID", alg=TRUSTMARK, owner="bob")
    kept.bind(TWO, "AQID", alg=TRUSTMARK, owner="bob")
    assert sorted(bound(studio)) == [ONE, TWO]


def test_a_works_watermark_is_not_moved_even_by_its_owner(studio: Studio, kept: ManifestRepository) -> None:
    work = studio.registered(1)
    record = with_manifest(studio, work)
    kept.add(a_store(1), owner=work.owner)
    value = mark_binding(MARK_ALG, work.id, ONE).value
    for change in (kept.bind, kept.rebind):
        with pytest.raises(InvalidRequest, match="registration alone"):
            change(ONE, value, alg=MARK_ALG, owner=work.owner)
    with pytest.raises(NotFound):
        kept.rebind(ONE, value, alg=None, owner=work.owner)
    assert bound(studio, value, MARK_ALG) == [record.id]


@pytest.mark.parametrize("value", ["", "====", "a", "not base64!", "AQ=ID", "AQID\n", "é"])
def test_a_value_that_is_no_base64_is_refused(kept: ManifestRepository, value: str) -> None:
    kept.add(a_store(1), owner="ann")
    with pytest.raises(InvalidRequest, match="value of a soft binding"):
        kept.bind(ONE, value, alg=TRUSTMARK, owner="ann")


# ---- receipts


def written(proof: str) -> str:
    return base64.b64encode(proof.encode()).decode()


def test_a_receipt_proves_its_manifest_and_no_other(kept: ManifestRepository) -> None:
    for number in range(1, 6):
        kept.add(a_store(number), owner="ann")
    receipt = kept.receipt(manifest_id(3), publish=True)
    assert (receipt.manifest_id, receipt.index) == (manifest_id(3), 2)
    kept.verify_receipt(manifest_id(3), PROOF_ALG, written(receipt.proof))
    with pytest.raises(LogRootMismatch):
        kept.verify_receipt(manifest_id(4), PROOF_ALG, written(receipt.proof))


def test_an_older_proof_stays_good_while_the_log_grows(kept: ManifestRepository) -> None:
    kept.add(a_store(1), owner="ann")
    old = kept.receipt(ONE, publish=True)
    kept.add(a_store(2), owner="ann")
    with pytest.raises(NotFound, match="not published"):
        kept.receipt(TWO)
    assert kept.receipt(ONE) == old
    assert kept.receipt(ONE, publish=True).proof != old.proof
    kept.verify_receipt(ONE, PROOF_ALG, written(old.proof))


def flip_signature(proof: str) -> str:
    head, dash, signature = proof.rpartition("— ")
    name, _, body = signature.partition(" ")
    raw = bytearray(base64.b64decode(body))
    raw[-1] ^= 1
    return f"{head}{dash}{name} {base64.b64encode(bytes(raw)).decode()}\n"


@pytest.mark.parametrize(
    ("alter", "error"),
    [
        (flip_signature, InvalidSignature),
        (lambda proof: proof.replace("log.example/toy", "log.example/other"), UntrustedSigner),
        (lambda proof: proof.replace("index 0", "index 1"), LogRootMismatch),
        (lambda proof: proof[:40], MalformedLogProof),
        (lambda proof: "", MalformedLogProof),
    ],
    ids=["signature", "log", "index", "cut off", "empty"],
)
def test_an_altered_proof_does_not_hold(
    kept: ManifestRepository, alter: Callable[[str], str], error: type[Exception]
) -> None:
    for number in (1, 2):
        kept.add(a_store(number), owner="ann")
    with pytest.raises(error):
        kept.verify_receipt(ONE, PROOF_ALG, written(alter(kept.receipt(ONE, publish=True).proof)))


@pytest.mark.parametrize(("alg", "value"), [("HMAC-SHA256", "AAAA"), (PROOF_ALG, "no base64"), (PROOF_ALG, "//8=")])
def test_what_is_no_proof_of_ours_is_said_to_be_none(kept: ManifestRepository, alg: str, value: str) -> None:
    kept.add(a_store(1), owner="ann")
    with pytest.raises(MalformedLogProof):
        kept.verify_receipt(ONE, alg, value)


def test_the_same_entry_at_another_place_is_another_receipt(studio: Studio, kept: ManifestRepository) -> None:
    kept.add(a_store(1), owner="ann")
    with studio.store.unit() as unit:
        (entry,) = unit.log.entries(0, 1)
        copied = unit.log.append(EntryKind.MANIFEST_STORED, entry.data, at=studio.clock() + timedelta(seconds=1))
    kept.proofs.publish()
    proof = kept.proofs.prove(copied)
    with pytest.raises(ReceiptMismatch):
        kept.verify_receipt(ONE, PROOF_ALG, written(proof))


def test_what_the_log_never_held_has_no_receipt(studio: Studio, kept: ManifestRepository) -> None:
    with studio.store.unit() as unit:
        unit.manifests.add(ManifestRecord(ONE, studio.blobs.put(a_store(1)), "ann", studio.clock()), [])
    with pytest.raises(NotFound, match="no receipt"):
        kept.receipt(ONE)


def test_the_receipt_of_a_works_manifest_proves_its_certificate(studio: Studio, kept: ManifestRepository) -> None:
    work = studio.registered(1)
    record = with_manifest(studio, work)
    with studio.store.unit() as unit:
        if not unit.log.of_work(work.id):
            entry = registration_entry(work.certificate)
            unit.log.append(EntryKind.WORK_REGISTERED, entry, at=work.created_at, work_id=work.id)
    receipt = kept.receipt(record.id, publish=True)
    assert work.certificate_hash.encode() in receipt.entry
    kept.verify_receipt(record.id, PROOF_ALG, written(receipt.proof))
