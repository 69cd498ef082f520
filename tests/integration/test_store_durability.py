"""What was acknowledged survives kill -9 at any moment, and many processes at once."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.adapters.store import SqlStore
from provenance.core.types import WorkId

pytestmark = pytest.mark.integration

KILLS = 25


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = SqlStore(f"sqlite:///{tmp_path / 'provenance.db'}")
    store.migrate()
    store.close()
    return tmp_path / "provenance.db"


@pytest.fixture
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.integration.store_writer", f"sqlite:///{path}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


def acknowledged(writer: subprocess.Popen[str], works: int, seconds: float) -> list[WorkId]:
    """Start a writer, kill it so many seconds after it acknowledged so many works, and return all that it did."""
    writer.stdin.write("go\n")
    writer.stdin.flush()
    child = int(writer.stdout.readline().removeprefix("pid "))
    seen = [WorkId.parse(writer.stdout.readline().strip()) for _ in range(works)]
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    while (line := writer.stdout.readline().strip()) != "end":
        seen.append(WorkId.parse(line))
    return seen


def test_nothing_acknowledged_is_lost_by_kill_9(path: Path, writer: subprocess.Popen[str]) -> None:
    store = SqlStore(f"sqlite:///{path}")
    ids: list[WorkId] = []
    for _ in range(KILLS):
        ids += acknowledged(writer, random.randrange(6), random.uniform(0.0, 0.01))
        with store.read() as unit:  # the file is usable at once; nothing waits for a lock of the dead
            found = unit.works.find(ids)
        assert set(found) == set(ids)
    store.close()
    assert len(ids) >= KILLS
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counts = [
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("works", "fingerprint_ops", "jobs", "content_keys")
        ]
    database.close()
    works = counts[0]
    assert counts == [works, works, works, 2 * works]  # nothing is half registered
    assert len(ids) <= works <= len(ids) + KILLS  # at most one commit a kill was not answered any more


def test_processes_register_the_same_content_once(path: Path) -> None:
    """Three processes open a database together, before anybody made its tables, and register the same file."""
    fresh = path.with_name("fresh.db")
    command = [sys.executable, "-c", REGISTER, f"sqlite:///{fresh}"]
    processes = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(3)]
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    (winner,) = [answer for answer in answers if answer.startswith("added")]
    assert sorted(answers) == [winner, *[winner.replace("added", "conflict")] * 2]


REGISTER = """
import sys
from provenance.adapters.store import SqlStore
from provenance.core.errors import Conflict
from tests.records import a_work, keys_of

store = SqlStore(sys.argv[1])
store.migrate()
work = a_work(int(sys.argv[2]), source_sha256="the same")
try:
    with store.unit() as unit:
        unit.works.add(work, keys_of(work))
    print("added", work.id)
except Conflict as conflict:
    print("conflict", conflict.existing)
"""
