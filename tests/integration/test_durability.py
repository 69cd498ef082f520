"""kill -9 at random moments of registering with the whole real service: what was answered stays, nothing is half there.

Two homes in parallel; each is served by one process after another, all of which die by SIGKILL. Failing runs are
repeated with PROVENANCE_TEST_SEED=<the printed seed>; moments of kills stay a matter of the machine.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from provenance.core.records import WorkStatus
from provenance.credentials import verify
from provenance.usecases.check import Query
from provenance.wiring import Service, utc_now
from tests.integration import registrar

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KILLS = 26  # a home
HOMES = 2
SAMPLES = 3  # kills after which a fresh service looks, besides the last


@dataclass
class Answered:
    """What the services said before they died."""

    works: dict[str, tuple[int, str]] = field(default_factory=dict)  # id: tile, sha256
    withdrawn: set[str] = field(default_factory=set)
    doing: int | None = None
    kills_at_work: int = 0

    def hear(self, line: str) -> None:
        kind, *words = line.split()
        if kind == "doing":
            self.doing = int(words[0])
        elif kind in ("work", "refused"):
            self.doing = None
        if kind == "work":
            self.works[words[1]] = (int(words[0]), words[2])
        elif kind == "withdrawn":
            self.withdrawn.add(words[0])


class Registrar:
    """The forking process of one home."""

    def __init__(self, home: Path) -> None:
        self.answered = Answered()
        self._pace: float | None = None
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.registrar", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def kill_one(self, first: int, count: int, dice: random.Random) -> int:
        """Let a service register, kill it, and return the next free tile."""
        self._say(f"{first} {count}")
        child = int(self._hear().removeprefix("pid "))
        if self._pace is None:
            self._pace = self._measured()
        elif dice.random() < 0.8:  # mostly at work; now and then while it still starts
            self._until_ready()
            self._until_answered(dice.randrange(2))
            time.sleep(dice.uniform(0.0, 1.2) * self._pace)
        else:
            time.sleep(dice.uniform(0.0, 1.0))
        os.kill(child, signal.SIGKILL)
        while (line := self._hear()) != "end":
            self.answered.hear(line)
        return self._next_tile(first)

    def _measured(self) -> float:
        """Seconds that a registration takes on this machine today: the moments of the kills are spread over one."""
        self._until_ready()
        start = time.monotonic()
        self._until_answered(3)
        return (time.monotonic() - start) / 3

    def _until_answered(self, more: int) -> None:
        wanted = len(self.answered.works) + more
        while len(self.answered.works) < wanted:
            line = self._hear()
            assert line not in ("idle", "end"), "the service stopped by itself"
            self.answered.hear(line)

    def _until_ready(self) -> None:
        while (line := self._hear()) != "ready":
            assert line != "end", "the service could not start"

    def _next_tile(self, first: int) -> int:
        following = max([first - 1, *(tile for tile, _ in self.answered.works.values())]) + 1
        if self.answered.doing is not None:  # written or not: nobody was told
            self.answered.kills_at_work += 1
            following = self.answered.doing + 1
            self.answered.doing = None
        return following

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _say(self, line: str) -> None:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        line = self._process.stdout.readline()
        assert line, "the registrar itself died"
        return line.strip()


def misused(picture: Image.Image) -> bytes:
    """Enlarged by a quarter, JPEG quality 50."""
    target = BytesIO()
    side = round(registrar.SIDE * 1.25)
    picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS).save(target, "JPEG", quality=50)
    return target.getvalue()


def ask(service: Service, data: bytes) -> dict[str, Any]:
    report = service.check(Query(data=data, owner="auditor")).report
    return {match["work_id"]: match for match in report["matches"]}


def look_for(service: Service, work_id: str, tile: int, digest: str) -> None:
    """By file, by mark and by look."""
    marked = service.blobs.get(digest)
    assert ask(service, marked)[work_id]["grade"] == "identical"
    by_mark = ask(service, misused(Image.open(BytesIO(marked))))[work_id]
    assert "mark" in [witness["kind"] for witness in by_mark["evidence"] if witness["speaks"]], (tile, by_mark)
    assert by_mark["grade"] not in ("similar", "none")
    by_look = ask(service, misused(registrar.tiles()[tile]))[work_id]
    assert by_look["grade"] not in ("similar", "none"), (tile, by_look)


def check_record(service: Service, answered: Answered) -> None:
    """Every row is a whole work: blob, certificate, fingerprint, digests; and all that were answered are there."""
    with service.store.read() as unit:
        works, _ = unit.works.page(after=None, limit=10_000)
        operations = unit.fingerprints.since(0, 10_000)
    found = {str(work.id): work for work in works}
    assert set(answered.works) <= set(found)
    added = {operation.id for operation in operations if operation.fingerprint is not None}
    removed = {operation.id for operation in operations if operation.fingerprint is None}
    assert added == set(found)
    keyring = service.keys.keyring()
    for work in works:
        content = service.blobs.get(work.marked_blob)
        verify(work.certificate, keyring=keyring, now=utc_now(), content=content)
        with service.store.read() as unit:
            key = unit.works.by_digest(work.marked_sha256)
        assert (key is not None) == (work.status is WorkStatus.ACTIVE)
        assert (str(work.id) in removed) == (work.status is WorkStatus.WITHDRAWN)
    for work_id in answered.withdrawn:
        assert found[work_id].status is WorkStatus.WITHDRAWN
    assert service.matcher.checkpoint() == len(operations)


def check_database(home: Path) -> None:
    database = sqlite3.connect(home / "provenance.sqlite3")
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        database.close()


def sampled(home: Path, answered: Answered, dice: random.Random) -> None:
    """What a service that starts after a kill sees, asked for a few of the works."""
    with Service(registrar.settings(home)) as service:
        service.start()
        check_record(service, answered)
        alive = sorted(set(answered.works) - answered.withdrawn)
        for work_id in dice.sample(alive, min(2, len(alive))):
            look_for(service, work_id, *answered.works[work_id])


def torment(home: Path, seed: int) -> Answered:
    dice = random.Random(seed)
    samples = set(dice.sample(range(5, KILLS), SAMPLES))
    process = Registrar(home)
    tile = dice.randrange(10)
    try:
        for kill in range(KILLS):
            tile = process.kill_one(tile, 20, dice)
            if kill in samples:
                sampled(home, process.answered, dice)
    finally:
        process.close()
    return process.answered


def check_generations(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    from index import Matcher

    caplog.clear()
    matcher = Matcher.open(home / "index", read_only=True)
    assert matcher.checkpoint() > 0  # something was sealed between the kills, and it loads
    matcher.close()
    assert caplog.records == []  # no generation had to be passed over


def check_answers(service: Service, answered: Answered) -> None:
    for work_id, (tile, digest) in answered.works.items():
        if work_id in answered.withdrawn:
            assert work_id not in ask(service, service.blobs.get(digest))
        else:
            look_for(service, work_id, tile, digest)


def test_nothing_that_was_answered_is_lost(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    seed = int(os.environ.get("PROVENANCE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"PROVENANCE_TEST_SEED={seed}")
    homes = [tmp_path / f"home-{number}" for number in range(HOMES)]
    for home in homes:
        with Service(registrar.settings(home)) as service:
            service.start()
    with ThreadPoolExecutor(HOMES) as pool:
        stories = list(pool.map(torment, homes, range(seed, seed + HOMES)))
    for home, answered in zip(homes, stories, strict=True):
        check_database(home)
        check_generations(home, caplog)
        with Service(registrar.settings(home)) as service:
            service.start()
            check_record(service, answered)
            check_answers(service, answered)
    answered, at_work = sum(len(story.works) for story in stories), sum(story.kills_at_work for story in stories)
    print(f"{KILLS * HOMES} kills, {at_work} of them while a registration was under way; {answered} were answered")
    assert KILLS * HOMES >= 50
    assert answered >= 10 * HOMES  # they did get to work,
    assert at_work >= 5  # and were killed at it
    assert len({work_id for story in stories for work_id in story.works}) == answered
