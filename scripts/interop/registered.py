"""A real service in a temporary home, artworks registered with it over HTTP, and what it publishes about them."""

import io
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx
from PIL import Image

from generators.procedural import ProceduralGenerator
from provenance.credentials.c2pa import carriers

FORMATS: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "TIFF": "image/tiff"}
_SCOPES: Final = ("works:read", "works:write", "manifests:read", "manifests:write", "bindings:write", "checks:write")
_START_SECONDS: Final = 120
_SIZE: Final = (640, 512)


@dataclass(frozen=True, slots=True)
class Artwork:
    """A registered file as its owner gets it, and the manifest store inside it."""

    name: str
    media_type: str
    work_id: str
    file: bytes = field(repr=False)

    @property
    def store(self) -> bytes:
        found = carriers.extract(self.file, self.media_type)
        assert found is not None
        return found

    @property
    def suffix(self) -> str:
        return self.media_type.rpartition("/")[2]


@dataclass(frozen=True)
class Registered:
    """`folder` holds scratch files of verifiers; `before` is the log's first checkpoint."""

    url: str
    folder: Path
    api_key: str
    artworks: Sequence[Artwork]
    before: str

    def get(self, path: str) -> bytes:
        answer = httpx.get(f"{self.url}{path}", headers=self.auth, timeout=60)
        answer.raise_for_status()
        return answer.content

    def of(self, artwork: Artwork, what: str) -> bytes:
        """What the service publishes about a work: "certificate", "certificate.jwt", "log-proof", "receipt.cose"."""
        return self.get(f"/v1/works/{artwork.work_id}/{what}")

    def put(self, name: str, data: bytes) -> Path:
        """A file for a verifier that reads files."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    @cached_property
    def root(self) -> str:
        """PEM."""
        return self.get("/ca/root.pem").decode()

    @cached_property
    def certificate(self) -> dict[str, Any]:
        """Of the first artwork."""
        return dict(json.loads(self.of(self.artworks[0], "certificate")))


@contextmanager
def registered(folder: Path) -> Iterator[Registered]:
    """Start the service, register one artwork a format, wait until the log has published them; stop it at the end."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = _environment(folder / "home", url)
    _provenance(environment, "init")
    created = _provenance(environment, "apikey", "create", "interop", *_scopes(), "--json")
    key = json.loads(created)["key"]
    with (folder / "service.log").open("ab") as log:
        command = [sys.executable, "-m", "provenance.faces.cli", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait(lambda: httpx.get(f"{url}/readyz", timeout=30).status_code == 200, process, folder)
        works = [_register(url, key, seed, name, kind) for seed, (name, kind) in enumerate(FORMATS.items())]
        first, *others = works
        before = _published(url, [first], process, folder)
        _published(url, others, process, folder)
        yield Registered(url, folder, key, works, before)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def drawn(seed: int, name: str) -> bytes:
    """A generated picture as a file of this format."""
    recipe = {"generator": "procedural", "kind": "flow-field", "width": _SIZE[0], "height": _SIZE[1]}
    pixels = ProceduralGenerator().make(recipe, seed=seed).pixels
    stream = io.BytesIO()
    options: dict[str, Any] = {"quality": 92} if name in ("JPEG", "WEBP") else {}
    Image.fromarray(pixels).save(stream, name, **options)
    return stream.getvalue()


def _register(url: str, key: str, seed: int, name: str, media_type: str) -> Artwork:
    headers = {"Authorization": f"Bearer {key}"}
    form = {"title": f"Interop {name}", "ai_system": "Procedural", "ai_system_version": "1", "creators": "Ada"}
    form["prompt"] = "a harbour in the evening"
    answer = httpx.post(
        f"{url}/v1/works", headers=headers, files={"file": ("art", drawn(seed, name))}, data=form, timeout=120
    )
    if answer.status_code != 201:
        raise RuntimeError(f"{name} was not registered: {answer.text}")
    work_id = answer.json()["id"]
    file = httpx.get(f"{url}/v1/works/{work_id}/file", headers=headers, timeout=60)
    return Artwork(name, media_type, work_id, file.raise_for_status().content)


def _published(url: str, works: Sequence[Artwork], process: subprocess.Popen[bytes], folder: Path) -> str:
    """The checkpoint that covers these works."""
    for work in works:
        address = f"{url}/v1/works/{work.work_id}/log-proof"
        _wait(lambda address=address: httpx.get(address, timeout=30).status_code == 200, process, folder)
    return httpx.get(f"{url}/log/checkpoint", timeout=30).raise_for_status().text


def _wait(ready: Any, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if ready():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"the service did not answer: {(folder / 'service.log').read_text()[-2000:]}")


def _environment(home: Path, url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROVENANCE_")}
    return kept | {
        "PROVENANCE_HOME": str(home),
        "PROVENANCE_KEY_PASSPHRASE": secrets.token_hex(16),
        "PROVENANCE_BASE_URL": url,
        "PROVENANCE_LABEL_PRODUCER": "001191330000MA0000000X00000",
        "OMP_NUM_THREADS": "1",
    }


def _provenance(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "provenance.faces.cli", *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def _scopes() -> list[str]:
    return [part for scope in _SCOPES for part in ("--scope", scope)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
