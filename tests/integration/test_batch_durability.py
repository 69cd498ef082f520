"""Batches and watched uploads outlive their servers: kill -9 in the middle, full disks, databases that are away."""

import os
import shutil
import signal
import sqlite3
import struct
import time
import zlib
from pathlib import Path

import pytest

from provenance.client import Batch, BatchItem, Client
from provenance.core.errors import Unavailable
from provenance.usecases.batch import Handed, Upload
from provenance.wiring import Service
from provenance.wiring.bulk import LEASE_SECONDS
from tests.integration.test_failures import fill, opened, small_disk
from tests.integration.test_server import START_SECONDS, Server, new_key, server
from tests.service import decoded, encoded, picture, scene

pytestmark = [pytest.mark.integration, pytest.mark.slow]

__all__ = ["server", "small_disk"]  # fixtures

KILLS = 3


def bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    lines = zlib.compress(bytes(90_001 * 3), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def until(client: Client, batch: Batch, settled: int) -> Batch:
    """As soon as this many pictures are settled."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        now = client.batch(batch.id)
        if now.size - now.states["waiting"] >= settled:
            return now
        time.sleep(0.02)
    raise AssertionError(f"{now.states} after {START_SECONDS} s")


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(home / "provenance.sqlite3")
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def blobs(home: Path) -> int:
    return sum(1 for path in (home / "blobs").rglob("*") if path.is_file())


def test_a_batch_is_finished_by_the_servers_after_the_killed_ones(server: Server) -> None:
    pictures = [encoded(scene(number, width=480, height=400)) for number in range(10)]
    pictures[3] = picture("photo-canyon.jpg")
    cut, copy = pictures[0][:2000], encoded(decoded(pictures[3])[30:, 40:-40], "JPEG", quality=70)
    files = [*pictures[:5], cut, bomb(), b"%PDF-1.7\n", *pictures[5:], copy, pictures[1]]
    server.command("init")
    key = new_key(server)
    server.start()
    with server.client(key) as client:
        work = client.register(pictures[2])
        of_the_work = blobs(server.home)
        batch = client.check_batch(files, idempotency_key="crawl")
    settled: dict[int, BatchItem] = {}
    for kill in range(1, KILLS + 1):
        with server.client(key) as client:
            now = until(client, batch, min(len(files) - 2, len(settled) + kill))
            assert now.state == "running"
            seen = {item.position: item for item in client.batch_items(batch.id) if item.state != "waiting"}
        assert all(seen[position] == item for position, item in settled.items())
        settled = seen
        server.end(signal.SIGKILL)
        server.start()
    with server.client(key) as client:
        assert client.check_batch(files, idempotency_key="crawl").id == batch.id  # asked again after the crash
        done = client.wait_for_batch(batch.id, every=0.5, timeout=START_SECONDS + KILLS * LEASE_SECONDS)
        assert (done.state, done.states) == (
            "finished",
            {"waiting": 0, "checked": 12, "failed": 3, "cancelled": 0},
        )
        items = list(client.batch_items(batch.id))
        assert all(items[position] == item for position, item in settled.items())  # what was said stays
        assert [items[place].error["error"] for place in (5, 6, 7)] == [
            "unreadable-image",
            "too-large",
            "unsupported-format",
        ]
        found = client.report(items[2].check_id)
        assert [match.work_id for match in found.matches if match.grade == "identical"] == [work.id]
        assert {tuple(group["positions"]) for group in done.duplicates} >= {(1, 14), (3, 13)}
        assert rows(server.home, "SELECT count(*) FROM checks") == [(12,)]
        assert {row[0] for row in rows(server.home, "SELECT id FROM checks")} == {
            item.check_id for item in items if item.check_id
        }
        deadline = time.monotonic() + START_SECONDS
        while blobs(server.home) > of_the_work and time.monotonic() < deadline:
            time.sleep(0.2)
        assert blobs(server.home) == of_the_work  # no picture of the batch is left
    assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)


def test_a_watched_upload_is_hit_once_by_works_whose_server_was_killed(server: Server) -> None:
    works = [picture("photo-canyon.jpg"), picture("photo-alps.jpg")]
    uploads = [encoded(decoded(work)[20:, 30:-30], "JPEG", quality=75) for work in works]
    server.command("init")
    key = new_key(server)
    server.start()
    with server.client(key) as client:
        watches = [client.watch(upload) for upload in uploads]
    registered = []
    for number, work in enumerate(works):
        with server.client(key) as client:
            registered.append(client.register(work).id)
        time.sleep(0.3 * number)  # at once, and in the middle of the comparison
        server.end(signal.SIGKILL)
        server.start()
    wanted = list(zip([watch.id for watch in watches], registered, strict=True))
    with server.client(key) as client:
        deadline = time.monotonic() + START_SECONDS + 2 * LEASE_SECONDS
        hits = list(client.watch_hits())
        while len(hits) < len(wanted) and time.monotonic() < deadline:
            time.sleep(0.5)
            hits = list(client.watch_hits())
        assert sorted((hit.watch_id, hit.work_id) for hit in hits) == sorted(wanted)
        assert all(client.report(hit.check_id).matches for hit in hits)
        left = "SELECT count(*) FROM jobs WHERE kind LIKE 'watch.%' AND state = 'ready'"
        while rows(server.home, left) != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.5)  # what the killed ones had in hand is looked at again
        assert rows(server.home, left) == [(0,)]
        assert list(client.watch_hits()) == hits
        assert rows(server.home, "SELECT count(*) FROM checks") == [(len(hits),)]


def hand_in(service: Service, *files: bytes) -> str:
    uploads = [Upload(name="a", size=len(data), read=lambda data=data: data) for data in files]
    return service.bulk.hand_in(Handed(owner="me", uploads=uploads)).id


def work_off(service: Service) -> None:
    while service.bulk.round():
        pass


def states(service: Service, batch_id: str) -> dict[str, int]:
    counted = service.bulk.batches.get(batch_id, owner=None).states
    return {state: count for state, count in counted.items() if count}


def test_a_full_disk_refuses_a_batch_and_leaves_nothing(small_disk: Path) -> None:
    with opened(small_disk / "home") as service:
        before = blobs(small_disk / "home")
        ballast = fill(small_disk, leave=60_000)
        pictures = [encoded(scene(number)) for number in range(3)]
        with pytest.raises(Unavailable):
            hand_in(service, *pictures)
        ballast.unlink()
        assert blobs(small_disk / "home") == before
        assert service.bulk.batches.page(owner=None, after=None, limit=9) == ([], None)
        batch = hand_in(service, *pictures)
        work_off(service)
        assert states(service, batch) == {"checked": 3}


def test_a_disk_that_fills_up_under_a_batch_is_waited_out(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(small_disk / "home") as service:
        batch = hand_in(service, *(encoded(scene(number)) for number in range(2)))
        ballast = fill(small_disk)
        with pytest.raises(Unavailable):  # not even the claim of a job can be written
            work_off(service)
        ballast.unlink()
        work_off(service)
        assert states(service, batch) == {"checked": 2}


def test_a_database_that_is_away_is_waited_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with opened(home) as service:
        batch = hand_in(service, encoded(scene(1)))
        service.store.close()
        for suffix in ("", "-wal", "-shm"):
            away = home / f"provenance.sqlite3{suffix}"
            if away.exists():
                shutil.move(away, tmp_path / away.name)
        os.mkdir(home / "provenance.sqlite3")  # noqa: PTH102
        with pytest.raises(Unavailable):
            work_off(service)
        with pytest.raises(Unavailable):
            hand_in(service, encoded(scene(2)))
        (home / "provenance.sqlite3").rmdir()
        for path in tmp_path.glob("provenance.sqlite3*"):
            shutil.move(path, home / path.name)
        work_off(service)
        assert states(service, batch) == {"checked": 1}
