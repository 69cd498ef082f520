"""The log as processes: killed in the middle, audited over HTTP, watched by a witness of its own process."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from provenance.adapters.store import SqlStore
from provenance.adapters.witness import HttpWitness
from provenance.credentials.tlog import EntryKind, Note, Policy, VerifierKey, log_entry
from provenance.credentials.tlog.tree import Frontier, consistency_path, leaf_hash
from provenance.credentials.tlog.witnessing import AddCheckpoint
from provenance.faces.api import create_app
from provenance.wiring import Service
from tests.cli import PROGRAM, environment, process
from tests.service import service_settings
from tests.unit.credentials.tlog.trees import LOG, ORIGIN, Key, checkpoint_note
from tests.unit.usecases.log_studio import LogStudio

pytestmark = pytest.mark.integration

ROUNDS = 6
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def killed(home: Path, *, after: float) -> list[str]:
    """What a publisher printed, in whole lines, until it was killed `after` seconds at work."""
    command = [sys.executable, "-m", "tests.integration.log_publisher", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment({})) as publisher:
        assert publisher.stdout is not None
        first = publisher.stdout.readline()
        time.sleep(after)
        publisher.send_signal(signal.SIGKILL)
        return [line for line in [first, *publisher.stdout] if line.endswith("\n")]


@pytest.mark.slow
def test_killed_at_any_moment_the_log_never_has_two_roots_for_a_size(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'log.db'}")
    store.migrate()
    seen: dict[int, str] = {}
    for number in range(ROUNDS):
        for line in killed(tmp_path, after=random.Random(number).uniform(0, 0.4)):
            size, root = line.split()
            assert seen.setdefault(int(size), root) == root
    studio = LogStudio(tmp_path / "log", store=store)
    studio.publish()
    with store.read() as unit:
        entries, newest = unit.log.entries(0, unit.log.size()), unit.log.checkpoint()
    assert newest is not None
    seen[newest.size] = newest.root
    assert newest.size == len(entries) >= max(seen)
    assert len(seen) >= ROUNDS
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry.data))
        assert seen.get(frontier.size, frontier.root.hex()) == frontier.root.hex()
    store.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Service, str]]:
    """A service with a published log, on the loopback; and the log's address."""
    service = Service(service_settings(tmp_path / "home"))
    service.store.migrate()
    grow(service, 300)
    app = create_app(service)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield service, f"http://127.0.0.1:{port}/log"
    server.should_exit = True
    thread.join()
    service.close()


def grow(service: Service, count: int) -> None:
    with service.store.unit() as unit:
        for number in range(count):
            data = log_entry(EntryKind.WORK_WITHDRAWN, at=NOON, certificate=f"{number:064x}")
            unit.log.append(EntryKind.WORK_WITHDRAWN, data, at=NOON)
    service.log.keep()


def audit(url: str, *arguments: object) -> Any:
    return process("log", "audit", url, "--allow-private", "--json", *arguments)


def test_a_monitor_follows_the_log_over_http(served: tuple[Service, str], tmp_path: Path) -> None:
    service, url = served
    key = ("--vkey", service.log.vkeys[0].text)
    state = ("--state", tmp_path / "audit.state")
    first = audit(url, *key, *state)
    assert first.returncode == 0, first
    report = json.loads(first.stdout)
    assert (report["result"], report["size"], report["first"]) == ("consistent", 301, 0)
    assert report["kinds"] == {"key.added": 1, "work.withdrawn": 300}
    grow(service, 5)
    second = json.loads(audit(url, *key, *state).stdout)
    assert (second["size"], second["first"], second["kinds"]) == (306, 301, {"work.withdrawn": 5})
    stranger = audit(url, "--vkey", Key(9, service.log.origin, 1).public.text)
    assert stranger.returncode == 4
    refused = process("log", "audit", url, *key)
    assert (refused.returncode, b"public internet" in refused.stderr) == (2, True)
    words = process("log", "audit", url, "--allow-private", *key, "--full", *state)
    assert b"306 entries, 306 of them read now" in words.stdout


class WitnessProcess:
    """`provenance log witness` on a free port."""

    def __init__(self, folder: Path, log: VerifierKey) -> None:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        arguments = ("--log", log.text, "--state", str(folder / "state.json"), "--name", "w.example/w1")
        self._process = subprocess.Popen(
            [*PROGRAM, "log", "witness", *arguments, "--listen", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment({"PROVENANCE_KEY_PASSPHRASE": "of the witness"}),
        )
        assert self._process.stdout is not None
        self.vkey = self._process.stdout.readline().strip()
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(self.url, timeout=5)
                break
            except httpx.TransportError:
                assert self._process.poll() is None, self._process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Any]:
    running: list[WitnessProcess] = []

    def start(log: VerifierKey = LOG.public) -> WitnessProcess:
        running.append(WitnessProcess(tmp_path, log))
        return running[-1]

    yield start
    for process_ in running:
        process_.kill()


def test_a_service_is_cosigned_by_a_witness_process(tmp_path: Path, witness: Any) -> None:
    service = Service(service_settings(tmp_path / "home", log_origin=ORIGIN))
    service.store.migrate()
    running = witness(service.log.vkeys[0])
    settings = service.settings.model_copy(
        update={"log_witnesses": (f"{running.url} {running.vkey}",), "log_quorum": 1}
    )
    service.close()
    with Service(settings) as watched:
        for count in (3, 300):
            grow(watched, count)
            checked = watched.log.policy.check(watched.log.checkpoint().text)
            assert set(checked.witnessed) == {"w.example/w1"}
        assert checked.checkpoint.size == 304


class TestWitness:
    def ask(self, running: WitnessProcess, old: int, note: Note, path: tuple[bytes, ...] = ()) -> tuple[int, bytes]:
        return HttpWitness(running.url, running.vkey).add_checkpoint(AddCheckpoint(old, path, note).body)

    def test_it_remembers_over_a_kill_and_refuses_rollbacks_and_forks(self, tmp_path: Path, witness: Any) -> None:
        studio = LogStudio(tmp_path / "log")
        studio.log(5)
        early = Note.parse(studio.publish().note)
        studio.log(4, start=5)
        late = Note.parse(studio.publish().note)
        path = consistency_path(5, 9, studio.tree.nodes(9))
        running = witness()
        status, body = self.ask(running, 0, early)
        assert status == 200
        policy = Policy.of([LOG.public], [VerifierKey.parse(running.vkey)], quorum=1)
        policy.check(early.text.encode() + body)
        running.kill()
        again = witness()
        assert again.vkey == running.vkey
        assert self.ask(again, 0, late) == (409, b"5\n")
        assert self.ask(again, 5, late, path)[0] == 200
        assert self.ask(again, 5, early) == (409, b"9\n")
        assert self.ask(again, 9, checkpoint_note(9, bytes(32)))[0] == 422
        assert self.ask(again, 9, checkpoint_note(8, bytes(32)))[0] == 400
        assert self.ask(again, 9, checkpoint_note(9, bytes(32), key=Key(7, ORIGIN, 1)))[0] == 403
        assert self.ask(again, 0, checkpoint_note(9, bytes(32), origin="other.example"))[0] == 404

    def test_other_requests(self, witness: Any) -> None:
        running = witness()
        assert httpx.get(f"{running.url}/add-checkpoint").status_code == 405
        assert httpx.post(f"{running.url}/elsewhere").status_code == 404
        assert httpx.post(f"{running.url}/add-checkpoint", content=b"noise").status_code == 400
        assert httpx.post(f"{running.url}/add-checkpoint", content=bytes(300_000)).status_code == 413
        answer = httpx.post(f"{running.url}/add-checkpoint", content=b"")
        assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
