"""`provenance serve` as a process of its own: a whole life, a race, a clean end, a kill."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from provenance.client import Client, Retries
from provenance.core import errors
from provenance.credentials import Content, pinned_jwks, verify
from tests.service import PASSPHRASE, decoded, encoded, picture, scene

pytestmark = pytest.mark.integration

START_SECONDS = 120  # for a loaded machine; an idle one takes three


class Server:
    """One home folder, and a server process on it that can be started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home.parent / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PROVENANCE_")}
        return kept | {
            "PROVENANCE_HOME": str(self.home),
            "PROVENANCE_KEY_PASSPHRASE": PASSPHRASE,
            "PROVENANCE_MAX_IN_FLIGHT": "8",
            "OMP_NUM_THREADS": "1",
        }

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "provenance.faces.cli", *arguments],
            env=self.environment(),
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=START_SECONDS,
        )

    def start(self) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "provenance.faces.cli", "serve", "--port", str(port)],
                env=self.environment(),
                cwd=self.home.parent,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if httpx.get(f"{self.url}/readyz", timeout=30).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"not ready after {START_SECONDS} s: {self.log.read_text()}")

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(timeout=START_SECONDS)

    @contextmanager
    def client(self, key: str | None) -> Iterator[Client]:
        with Client(self.url, key, timeout=START_SECONDS) as client:
            yield client


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "home")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def new_key(server: Server) -> str:
    scopes = ("works:read", "works:write", "checks:write", "licences:write")
    arguments = [argument for scope in scopes for argument in ("--scope", scope)]
    return str(json.loads(server.command("apikey", "create", "ann", *arguments, "--json").stdout)["key"])


def race(server: Server, key: str, data: bytes, clients: int) -> tuple[list[str], list[str | None]]:
    """Register the same file from many threads at once: the ids of works, and those that conflicts named."""
    barrier = threading.Barrier(clients)
    works: list[str] = []
    conflicts: list[str | None] = []

    def register() -> None:
        with Client(server.url, key, timeout=START_SECONDS, retries=Retries(attempts=30, longest=2)) as client:
            barrier.wait()
            try:
                works.append(client.register(data).id)
            except errors.Conflict as conflict:
                conflicts.append(conflict.existing)

    threads = [threading.Thread(target=register) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return works, conflicts


def test_a_whole_life(server: Server):
    """Register, find a misuse, verify offline, race, withdraw, end cleanly, start again, be killed, start again."""
    server.command("init")
    key = new_key(server)
    server.start()
    with server.client(key) as client:
        work = client.register(picture("painting-wave.jpg"), title="secret-title")
        marked = client.file(work.id)
        misuse = encoded(decoded(marked)[30:460, 60:700], "JPEG", quality=75)
        report = client.check(misuse)
        assert report.grade in ("copy", "edited", "partial")
        assert report.matches[0].work_id == work.id

        keys = pinned_jwks(httpx.get(f"{server.url}/.well-known/jwks.json").content)
        document = json.dumps(client.certificate(work.id)).encode()
        offline = verify(document, keyring=keys, now=datetime.now(UTC), content=Content(marked))
        assert str(offline.work_id) == work.id

        works, conflicts = race(server, key, encoded(scene(31)), clients=8)
        assert len(works) == 1
        assert Counter(conflicts) == {works[0]: 7}

        client.withdraw(works[0])
        assert client.check(encoded(scene(31))).grade in ("none", "similar")
        with pytest.raises(errors.InvalidRequest):
            client.check_url(f"{server.url}/healthz?token=query-secret")

    assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)
    assert list((server.home / "index").glob("generation-*")), "the index was not sealed"
    _assert_clean_log(server, key)

    server.start()
    with server.client(key) as client:
        assert client.check(misuse).matches[0].work_id == work.id
        later = client.register(encoded(scene(32)))
        assert server.end(signal.SIGKILL) == -signal.SIGKILL

    server.start()
    with server.client(key) as client:
        assert client.work(later.id) == later
        found = client.check(encoded(decoded(client.file(later.id)), "JPEG", quality=80))
        assert (found.matches[0].work_id, found.mark is None or found.mark["work_id"] == later.id) == (later.id, True)
        assert client.check(misuse).matches[0].work_id == work.id
    assert server.end(signal.SIGTERM) in (0, -signal.SIGTERM)


def _assert_clean_log(server: Server, key: str) -> None:
    """Every line of the server's output is an object of the log, and none has anything private in it."""
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    requests = [line for line in lines if line["event"] == "request"]
    assert Counter(line["route"] for line in requests)["/v1/works"] >= 9
    assert all({"time", "level", "logger", "request_id", "ms", "status"} <= set(line) for line in requests)
    for private in (key, "pvk_", PASSPHRASE, "query-secret", "secret-title"):
        assert private not in text
    assert not [line for line in lines if line["level"] in ("error", "critical")]


def test_a_server_that_can_not_start_says_why_and_never_its_secrets(server: Server):
    server.command("init")
    environment = server.environment() | {"PROVENANCE_KEY_PASSPHRASE": "quite another passphrase"}
    done = subprocess.run(
        [sys.executable, "-m", "provenance.faces.cli", "serve", "--port", str(_free_port())],
        env=environment,
        cwd=server.home.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )
    assert done.returncode != 0
    output = done.stdout + done.stderr
    assert "passphrase" in output
    assert PASSPHRASE not in output
    assert "quite another" not in output
