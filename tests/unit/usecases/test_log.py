"""Publishing and proving: one root a size for ever, whatever happens to tiles, processes and backups."""

from datetime import timedelta
from pathlib import Path

import pytest
import scitt_cose
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provenance.core.errors import LogInconsistent, LogRootMismatch, NotFound, Unavailable, UntrustedSigner
from provenance.core.records import LogCheckpoint
from provenance.core.types import WorkId
from provenance.credentials import (
    LogFinding,
    Supplied,
    VerificationKey,
    bundle,
    certificate_hash,
    pinned_did_document,
    verify,
)
from provenance.credentials.tlog import (
    Checkpoint,
    EntryKind,
    Note,
    Policy,
    read_entry,
    registration_entry,
    verify_certificate_proof,
)
from provenance.credentials.tlog.tiles import Tile, tiles_of
from provenance.credentials.tlog.tree import leaf_hash
from provenance.usecases import log_tree
from provenance.usecases.log import check_log
from scripts.golden import certificates as golden
from tests.records import a_work, digest, keys_of
from tests.unit.credentials.tlog.trees import LOG, NOON, ORIGIN, WITNESSES, Key, by_definition, tiled
from tests.unit.usecases.log_studio import KEY_ID, LocalWitness, LogSigner, LogStudio


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogStudio:
    monkeypatch.setattr("os.fsync", lambda _: None)  # a disk's time; the durability tests pay it
    return LogStudio(tmp_path / "log")


def hashes(studio: LogStudio) -> list[bytes]:
    with studio.store.read() as unit:
        return [leaf_hash(entry.data) for entry in unit.log.entries(0, unit.log.size())]


def opened(studio: LogStudio) -> Checkpoint:
    return studio.policy.check(studio.newest.note).checkpoint


class TestPublishing:
    def test_a_checkpoint_is_the_root_of_all_entries(self, studio: LogStudio, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(log_tree, "_BATCH", 100)
        for count in (1, 2, 100, 170):
            studio.log(count, start=len(hashes(studio)))
            studio.publish()
            assert opened(studio).head == (len(hashes(studio)), by_definition(hashes(studio)))

    def test_an_empty_log_has_one_too(self, studio: LogStudio) -> None:
        assert studio.publish() is not None
        assert opened(studio).size == 0

    def test_nothing_new_gives_none(self, studio: LogStudio) -> None:
        studio.log(3)
        assert studio.publish() is not None
        assert studio.publish() is None

    def test_tiles_are_those_of_the_definition(self, studio: LogStudio) -> None:
        for count in (255, 1, 1, 20):
            studio.log(count, start=len(hashes(studio)))
            studio.publish()
        size = len(hashes(studio))
        assert {tile: studio.tree.tile(tile) for tile in tiles_of(size)} == tiled(hashes(studio))

    def test_what_is_published_already_is_never_shown_shorter(self, studio: LogStudio) -> None:
        studio.log(300)
        studio.publish()
        before = studio.tree.tile(Tile(0, 1, 44))
        studio.log(10, start=300)
        studio.publish()
        assert studio.tree.tile(Tile(0, 1, 54)).startswith(before)
        assert studio.tree.tile(Tile(0, 1, 44)) == before

    def test_another_process_that_was_faster_wins(self, studio: LogStudio) -> None:
        studio.log(3)
        slow = studio.publish
        studio.log(2, start=3)
        studio.publish()
        assert slow._sign(3) is None
        assert opened(studio).size == 5

    def test_a_repeated_checkpoint_keeps_its_cosignatures(self, studio: LogStudio) -> None:
        studio.log(3)
        publish = studio.publish
        publish()
        studio.ask(LocalWitness(WITNESSES[0]))()
        assert publish._sign(3) is not None
        assert len(Note.parse(studio.newest.note).signatures) == 2

    def test_keys_are_logged_before_anything_is_signed_with_them(self, studio: LogStudio) -> None:
        studio.keys = [VerificationKey(LOG.public.public_key, KEY_ID, NOON)]
        studio.publish()
        assert opened(studio).size == 1
        studio.publish()
        assert opened(studio).size == 1
        later = NOON + timedelta(days=1)
        successor = Key(2, ORIGIN, 1)
        studio.keys = [
            VerificationKey(LOG.public.public_key, KEY_ID, NOON, later, later + timedelta(days=1)),
            VerificationKey(successor.public.public_key, "did:web:art.example#z6MkNext", later),
        ]
        studio.signer = LogSigner(successor)
        studio.policy = Policy.of([LOG.public, successor.public])
        studio.publish()
        with studio.store.read() as unit:
            facts = [read_entry(entry.data) for entry in unit.log.entries(0, 9)]
        assert [fact.kind for fact in facts] == [
            EntryKind.KEY_ADDED,
            EntryKind.KEY_RETIRED,
            EntryKind.KEY_ADDED,
            EntryKind.KEY_REVOKED,
        ]
        assert opened(studio).size == 4

    def test_a_key_without_a_name_or_a_time_is_not_logged(self, studio: LogStudio) -> None:
        studio.keys = [VerificationKey(LOG.public.public_key, None, NOON), VerificationKey(bytes(32), KEY_ID)]
        studio.publish()
        assert opened(studio).size == 0

    def test_a_new_origin_is_a_new_log(self, studio: LogStudio) -> None:
        studio.log(3)
        studio.publish()
        studio.origin = "new.example/log"
        studio.publish()
        assert Checkpoint.parse(Note.parse(studio.newest.note).body).origin == "new.example/log"
        assert len(Note.parse(studio.newest.note).signatures) == 1


class TestForks:
    def test_a_database_from_an_older_backup_is_not_published(self, studio: LogStudio) -> None:
        studio.log(5)
        studio.publish()
        restored = LogStudio(studio.folder)
        restored.log(3)
        with pytest.raises(LogInconsistent, match="had 5 entries, and now claims 3") as caught:
            restored.publish()
        assert "PROVENANCE_LOG_ORIGIN" in (caught.value.hint or "")

    def test_nor_when_it_went_on_differently(self, studio: LogStudio) -> None:
        studio.log(5)
        studio.publish()
        restored = LogStudio(studio.folder)
        restored.log(3)
        restored.log(9, start=100)
        with pytest.raises(LogInconsistent, match="not of one append-only log"):
            restored.publish()
        assert restored.newest is None

    def test_under_a_new_name_it_may_go_on(self, studio: LogStudio) -> None:
        studio.log(5)
        studio.publish()
        restored = LogStudio(studio.folder, origin="second.example/log")
        restored.log(9, start=100)
        restored.publish()
        assert restored.newest.root == by_definition(hashes(restored)).hex()

    def test_nor_when_it_is_as_long_again_before_it_is_published(self, studio: LogStudio) -> None:
        studio.log(5)
        studio.publish()
        restored = LogStudio(studio.folder, origin="second.example/log")
        restored.log(3)
        restored.publish()
        restored.log(2, start=100)
        restored.publish()
        assert restored.newest.root == by_definition(hashes(restored)).hex()
        restored.origin = studio.origin
        restored.log(1, start=200)
        with pytest.raises(LogInconsistent):
            restored.publish()

    def test_a_head_that_the_entries_do_not_have_stops_the_log(self, studio: LogStudio) -> None:
        studio.log(5)
        note = studio.publish().note
        studio.log(2, start=5)
        with studio.store.unit() as unit:
            unit.log.put_checkpoint(LogCheckpoint(6, digest("another root"), note, NOON))
        with pytest.raises(LogInconsistent):
            studio.publish()


class TestTiles:
    def test_lost_tiles_are_made_again(self, studio: LogStudio) -> None:
        studio.log(270)
        studio.publish()
        for path in studio.folder.rglob("0*"):
            if path.is_file():
                path.unlink()
        assert studio.tree.tile(Tile(1, 0, 1)) == tiled(hashes(studio))[Tile(1, 0, 1)]
        studio.log(1, start=270)
        studio.publish()
        assert opened(studio).head == (271, by_definition(hashes(studio)))

    def test_a_lost_right_edge_is_made_again(self, studio: LogStudio) -> None:
        studio.log(270)
        studio.publish()
        (studio.folder / "tile/0/001").write_bytes(b"cut")
        studio.log(1, start=270)
        studio.publish()
        assert opened(studio).head == (271, by_definition(hashes(studio)))

    def test_changed_tiles_are_noticed_before_signing(self, studio: LogStudio) -> None:
        studio.log(300)
        studio.publish()
        path = studio.folder / "tile/0/001"
        path.write_bytes(bytes(len(path.read_bytes())))
        studio.log(1, start=300)
        studio.publish()
        assert opened(studio).head == (301, by_definition(hashes(studio)))

    def test_a_size_that_is_no_number_counts_as_nothing(self, studio: LogStudio) -> None:
        studio.log(3)
        studio.publish()
        (studio.folder / "size").write_bytes(b"\xff")
        studio.log(1, start=3)
        studio.publish()
        assert opened(studio).head == (4, by_definition(hashes(studio)))

    def test_a_reader_on_another_machine_makes_its_own(self, studio: LogStudio) -> None:
        studio.log(270)
        studio.publish()
        elsewhere = LogStudio(studio.folder.parent / "elsewhere", store=studio.store)
        assert elsewhere.tree.tile(Tile(0, 1, 14)) == tiled(hashes(studio))[Tile(0, 1, 14)]

    def test_entries_that_are_not_there_are_no_tile(self, studio: LogStudio) -> None:
        studio.log(3)
        with pytest.raises(Unavailable, match="no log entries"):
            studio.tree.extend(4)


class TestProving:
    def test_a_work_is_proved_to_somebody_who_has_its_certificate(self, studio: LogStudio) -> None:
        studio.log(260, start=1000)
        work_id = studio.register(1)
        studio.log(3, start=2000)
        studio.publish()
        text = studio.prove(work_id).text
        proven = verify_certificate_proof(text, a_work(1).certificate_hash, studio.policy)
        assert (proven.index, proven.checkpoint.size) == (260, 264)

    def test_the_proof_is_a_step_of_the_certificates_verification(self, studio: LogStudio) -> None:
        certificate, now = golden.certificate(), golden.NOW
        work = a_work(1, certificate=certificate, certificate_hash=certificate_hash(certificate))
        with studio.store.unit() as unit:
            unit.works.add(work, keys_of(work))
            unit.log.append(EntryKind.WORK_REGISTERED, registration_entry(certificate), at=now, work_id=work.id)
        studio.publish()
        document = bundle(certificate, [], log_proof=studio.prove(work.id).text)
        keyring = pinned_did_document(golden.did_json())
        verified = verify(document, keyring=keyring, now=now, supplied=Supplied(check_log=check_log(studio.policy)))
        assert verified.log == LogFinding(ORIGIN, 0, 1)
        strangers = Supplied(check_log=check_log(Policy.of([Key(9, ORIGIN, 1).public])))
        with pytest.raises(UntrustedSigner):
            verify(document, keyring=keyring, now=now, supplied=strangers)
        other = Supplied(check_log=check_log(studio.policy))
        with pytest.raises(LogRootMismatch, match="another certificate"):
            verify(
                bundle(golden.certificate_1_0(), [], log_proof=document["logProof"]),
                keyring=keyring,
                now=now,
                supplied=other,
            )

    def test_the_same_as_a_cose_receipt(self, studio: LogStudio) -> None:
        work_id = studio.register(1)
        studio.log(8, start=1000)
        studio.publish()
        pem = Ed25519PublicKey.from_public_bytes(studio.signer.public_key).public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        entry = studio.prove(work_id).extra or b""
        result = scitt_cose.verify_receipt(
            studio.prove.receipt(work_id), leaf_entry_hex=entry.hex(), log_public_key_pem=pem.decode()
        )
        assert result.ok, result.errors
        assert (result.tree_size, result.root) == (9, opened(studio).root.hex())
        assert (result.issuer, result.subject) == ("did:web:art.example", f"sha256:{a_work(1).certificate_hash}")

    def test_other_certificates_of_the_work(self, studio: LogStudio) -> None:
        work_id = studio.register(1)
        studio.publish()
        with pytest.raises(NotFound, match="no entry"):
            studio.prove(work_id, certificate=digest("a licence"))

    def test_what_can_not_be_proved(self, studio: LogStudio) -> None:
        with pytest.raises(NotFound):
            studio.prove(WorkId(404))
        work_id = studio.register(1)
        with pytest.raises(NotFound, match="not published yet"):
            studio.prove(work_id)
        studio.publish()
        later = studio.register(2)
        with pytest.raises(NotFound, match="not published yet"):
            studio.prove(later)
        assert studio.prove(work_id).index == 0

    def test_a_changed_tile_never_leaves_in_a_proof(self, studio: LogStudio) -> None:
        work_id = studio.register(1)
        studio.log(8, start=1000)
        studio.publish()
        path = studio.folder / "tile/0/000"
        path.write_bytes(bytes(len(path.read_bytes())))
        proof = studio.prove(work_id)
        verify_certificate_proof(proof.text, a_work(1).certificate_hash, studio.policy)

    def test_a_log_that_can_not_be_proved_says_so(self, studio: LogStudio) -> None:
        work_id = studio.register(1)
        note = studio.publish().note
        with studio.store.unit() as unit:
            unit.log.append("x", b"x", at=NOON)
            unit.log.put_checkpoint(LogCheckpoint(2, digest("another root"), note, NOON))
        with pytest.raises(Unavailable, match="can't prove"):
            studio.prove(work_id)
