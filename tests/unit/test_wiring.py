"""The service as wired: real store, keys and blobs around the quick models of `tests.doubles`."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from provenance.adapters.keys import InsecureKeyWarning
from provenance.adapters.models import OwnedMatcher
from provenance.core.errors import Conflict, Misconfigured, Unavailable
from provenance.credentials import verify
from provenance.settings import Settings
from provenance.usecases.register import Submission
from provenance.wiring import Service, new_id, utc_now
from tests.doubles import PixelWatermarker, ScriptedLedger, ThumbnailMatcher
from tests.unit.usecases.conftest import painting, png


class Cache(ThumbnailMatcher):
    """The parts of `index.Matcher` that only the wiring uses."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0
        self.refuses: OSError | None = None

    def seal(self) -> None:
        if self.refuses:
            raise self.refuses
        super().seal()

    def clear(self) -> None:
        if self.refuses:
            raise self.refuses
        self._prints, self._checkpoint = {}, 0

    def close(self) -> None:
        self.closed += 1
        if self.refuses:
            raise self.refuses


def settings(home: Path, **changes: Any) -> Settings:
    values = {
        "key_passphrase": SecretStr("a long passphrase"),
        "database_url": None,
        "base_url": None,
        "blobs_url": None,
    }
    return Settings(home=home, **{**values, **changes})


Open = Callable[..., Service]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Open]:
    """Services around quick models; they are closed in the end."""
    services = []

    def make_service(home: Path = tmp_path / "home", **changes: Any) -> Service:
        service = Service(settings(home, **changes))
        service.local_matcher = service.configured_matcher = Cache()
        service.watermarker = PixelWatermarker()
        services.append(service)
        return service

    yield make_service
    for service in services:
        service.close()


def register(service: Service, seed: int = 1) -> Any:
    return service.register(Submission(data=png(painting(seed)), owner="me"))


def test_a_fresh_folder_becomes_a_service(make: Open, tmp_path: Path) -> None:
    service = make()
    assert not service.initialised
    service.start()
    work = register(service)
    assert service.initialised
    assert {path.name for path in (tmp_path / "home").iterdir()} >= {"provenance.sqlite3", "blobs", "keys"}
    verify(work.certificate, keyring=service.keys.keyring(), now=utc_now(), content=service.blobs.get(work.marked_blob))
    assert isinstance(service.matcher, OwnedMatcher)


def test_what_was_written_is_there_after_a_restart(make: Open) -> None:
    first = make()
    first.start()
    work = register(first)
    first.close()
    second = make()
    second.start()
    assert second.matcher.checkpoint() == 1
    with second.store.read() as unit:
        assert unit.works.get(work.id) == work
    with pytest.raises(Conflict):
        register(second)


def test_closing_twice_is_the_same_as_once(make: Open) -> None:
    service = make()
    service.start()
    cache = service.local_matcher
    service.close()
    service.close()
    assert cache.closed == 1


def test_a_service_that_was_never_used_closes_too(tmp_path: Path) -> None:
    with Service(settings(tmp_path / "home")):
        pass
    assert not (tmp_path / "home").exists()


def test_an_index_that_can_not_be_written_at_the_end_is_only_logged(
    make: Open, caplog: pytest.LogCaptureFixture
) -> None:
    service = make()
    service.start()
    service.local_matcher.refuses = OSError(28, "No space left on device")
    service.close()
    assert "will be caught up from the record" in caplog.text


# ---- keys and identity


def test_production_makes_no_keys_by_itself(make: Open) -> None:
    service = make(environment="production", ca="none")
    with pytest.raises(Misconfigured, match="key"):
        service.start()
    service.create_keys()
    service.start()
    assert service.signer.key_id.startswith("did:key:")


def test_production_refuses_keys_without_a_passphrase(make: Open) -> None:
    with pytest.raises(Misconfigured, match="passphrase"):
        make(environment="production", key_passphrase=None).create_keys()


def test_development_warns_of_them(make: Open) -> None:
    with pytest.warns(InsecureKeyWarning, match="unencrypted"):
        make(key_passphrase=None).create_keys()


def test_an_address_makes_the_issuer(make: Open) -> None:
    service = make(base_url="https://art.example/registry")
    service.start()
    assert service.keys.issuer == "did:web:art.example:registry"
    assert service.did_document["id"] == "did:web:art.example:registry"
    assert len(service.jwks["keys"]) == 1


def test_an_address_that_changed_is_noticed(make: Open) -> None:
    make(base_url="https://art.example").start()
    moved = make(base_url="https://elsewhere.example")
    with pytest.raises(Misconfigured, match=r"art\.example") as caught:
        moved.start()
    assert "rotate" in (caught.value.hint or "")
    moved.rotate_keys(watermark=False)
    moved.start()
    assert moved.keys.issuer == "did:web:elsewhere.example"
    assert len(moved.jwks["keys"]) == 2  # what the old key signed still verifies


def test_rotated_watermark_keys_keep_the_old_marks_readable(make: Open) -> None:
    service = make()
    service.create_keys()
    before = service.keys.current_watermark_key
    after = service.rotate_keys(watermark=True)
    assert after != before
    assert set(make().keys.watermark_keys()) == {before, after}
    assert make().keys.current_watermark_key == after


def test_a_wrong_passphrase_is_a_wrong_setting(make: Open) -> None:
    make().create_keys()
    with pytest.raises(Misconfigured, match="passphrase"):
        make(key_passphrase=SecretStr("another")).start()


# ---- parts that are chosen by settings


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"embedder": "clip"}, "CLIP needs PROVENANCE_CLIP_WEIGHTS"),
        ({"watermarker": "none"}, "no plug-in 'none'"),
        ({"embedder": "none"}, "no plug-in 'none'"),
    ],
)
def test_a_part_that_is_not_there_is_named(tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    from provenance.core.errors import ProvenanceError

    with Service(settings(tmp_path / "home", **changes)) as service, pytest.raises(ProvenanceError, match=reason):
        service.start()


def test_without_a_node_there_is_no_ledger(make: Open) -> None:
    service = make()
    assert service.ledger is None
    assert service.anchor is None


def test_half_a_ledger_is_a_wrong_setting(make: Open) -> None:
    with pytest.raises(Misconfigured, match="PROVENANCE_CHAIN_CONTRACT"):
        _ = make(chain_rpc_url="http://127.0.0.1:8545", chain_id=1).ledger


def test_a_home_that_can_not_be_made_is_unavailable(make: Open, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="can't be made") as caught:
        make(tmp_path / "file" / "home").start()
    assert "PROVENANCE_HOME" in (caught.value.hint or "")


def test_a_record_that_the_index_can_not_use_is_a_wrong_setting(make: Open) -> None:
    class Foreign(Cache):
        def apply(self, operations: Any) -> None:
            raise ValueError("operation 1 (pv-…) was made by another-model")

    first = make()
    first.start()
    register(first)
    second = make()
    second.local_matcher = Foreign()
    with pytest.raises(Misconfigured, match="another-model") as caught:
        second.start()
    assert "PROVENANCE_EMBEDDER" in (caught.value.hint or "")


# ---- readiness


def test_all_parts_are_ready(make: Open) -> None:
    service = make()
    service.start()
    register(service)
    said = service.readiness()
    assert set(said) >= {"database", "blobs", "keys", "watermark", "index"}
    assert all(part["ok"] for part in said.values()), said
    assert "0 operations behind" in said["index"]["detail"]


def test_a_part_that_fails_is_named_and_the_others_still_answer(make: Open, tmp_path: Path) -> None:
    service = make()
    service.start()
    service.store.close()
    (tmp_path / "home" / "provenance.sqlite3").write_bytes(b"no database")
    for extra in ("-wal", "-shm"):
        (tmp_path / "home" / f"provenance.sqlite3{extra}").unlink(missing_ok=True)
    said = service.readiness()
    assert not said["database"]["ok"]
    assert set(said["database"]) == {"ok", "detail", "hint"}
    assert said["keys"]["ok"]


def test_tables_that_are_behind_are_not_ready(make: Open) -> None:
    said = make().readiness()  # never started: no tables
    assert not said["database"]["ok"]


def test_warming_up_marks_and_reads_and_registers_nothing(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    service = make()
    service.start()
    seen: list[str] = []
    for name in ("embed", "detect"):
        real = getattr(service.watermarker, name)
        monkeypatch.setattr(
            service.watermarker, name, lambda *given, _real=real, _name=name: (seen.append(_name), _real(*given))[1]
        )
    service.warm_up()
    assert seen == ["embed", "detect"]
    with service.store.read() as unit:
        assert unit.works.count() == 0


# ---- housekeeping


def test_a_round_works_off_the_outbox_and_seals_when_it_is_due(make: Open) -> None:
    service = make(seal_after=2)
    service.start()
    register(service, 1)
    service.tick()
    assert service.local_matcher.seals == 0
    register(service, 2)
    service.tick()
    service.tick()
    assert service.local_matcher.seals == 1
    with service.store.read() as unit:
        assert unit.outbox.pending() == 0


def test_a_disk_that_refuses_the_index_stops_no_housekeeping(make: Open, caplog: pytest.LogCaptureFixture) -> None:
    service = make(seal_after=1)
    service.start()
    register(service, 1)
    service.local_matcher.refuses = OSError(28, "No space left on device")
    service.tick()
    assert caplog.text.count("was not sealed") == 1
    service.tick()
    assert caplog.text.count("was not sealed") == 1  # it is not asked again each second
    service.local_matcher.refuses = None
    register(service, 2)
    service.tick()
    assert service.local_matcher.seals == 1


@pytest.mark.parametrize("error", [Unavailable("the database is locked"), ZeroDivisionError("a defect")])
def test_housekeeping_outlives_what_goes_wrong(
    make: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr("provenance.wiring.housekeeping.TICK_SECONDS", 0.0)
    service = make()
    rounds = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise error
        stop.set()

    monkeypatch.setattr(service.housekeeping, "tick", tick)
    with caplog.at_level(logging.ERROR):
        service.keep_house(stop)
    assert rounds == 2
    assert str(error) in caplog.text


def test_anchors_are_looked_after_without_new_works_too(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.wiring.housekeeping.ANCHOR_TICKS", 2)
    service = make()
    service.ledger = ScriptedLedger()
    service.start()
    work = register(service, 1)
    assert service.anchor is not None
    service.anchor()
    service.tick()
    service.ledger.mine(3)
    assert service.bundle(work)["receipts"] == []
    service.tick()
    assert [receipt["blockNumber"] for receipt in service.bundle(work)["receipts"]] == [1]


def test_a_new_work_makes_the_worker_look_after_the_anchors(make: Open) -> None:
    service = make()
    service.ledger = ScriptedLedger()
    service.start()
    work = register(service, 1)
    assert service.anchor is not None
    service.anchor()
    service.ledger.mine(3)
    register(service, 2)
    service.tick()
    bundle = service.bundle(work)
    assert [receipt["blockNumber"] for receipt in bundle["receipts"]] == [1]
    verify(bundle, keyring=service.keys.keyring(), now=utc_now())


def test_the_index_is_rebuilt_from_the_record(make: Open) -> None:
    service = make()
    service.start()
    for seed in (1, 2, 3):
        register(service, seed)
    assert service.rebuild_index() == 3
    assert service.matcher.checkpoint() == 3
    assert service.local_matcher.seals == 1


def test_an_index_that_another_process_owns_is_not_rebuilt(make: Open) -> None:
    service = make()
    service.start()
    service.local_matcher.refuses = PermissionError(13, "opened read-only")
    with pytest.raises(Unavailable, match="another process owns"):
        service.rebuild_index()


def test_an_index_that_is_ahead_of_the_record_is_rebuilt(make: Open, caplog: pytest.LogCaptureFixture) -> None:
    """The database was restored from a backup: numbers that the index has seen will be given again."""
    ahead = Cache()
    elsewhere = make()
    elsewhere.local_matcher = ahead
    elsewhere.start()
    for seed in (1, 2, 3):
        register(elsewhere, seed)
    with elsewhere.store.unit() as unit:
        from sqlalchemy import text

        unit.works._session.connection().execute(text("DELETE FROM fingerprint_ops WHERE sequence = 3"))
    again = make()
    again.local_matcher = ahead
    again.start()
    assert again.matcher.checkpoint() == 2
    assert "ahead of the record" in caplog.text


def test_ids_are_opaque_and_never_alike() -> None:
    make_id = new_id("chk")
    made = {make_id() for _ in range(100)}
    assert len(made) == 100
    assert all(one.startswith("chk_") and len(one) == 34 for one in made)


def test_the_worker_publishes_the_log_of_what_happened(make: Open) -> None:
    service = make()
    service.start()
    service.tick()
    assert [key.name for key in service.log.vkeys] == [service.log.origin]
    before = service.log.checkpoint()
    service.tick()
    assert service.log.checkpoint() == before
    with service.store.unit() as unit:
        unit.log.append("work.withdrawn", b"{}", at=utc_now())
    service.tick()
    assert service.log.checkpoint() == before
    service.tick()
    assert service.log.checkpoint().body.splitlines()[1] == "2"
