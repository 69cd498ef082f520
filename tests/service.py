"""A real service for tests: SQLite, blobs, keys, watermark, models and index, in a temporary folder.

Models take a second to load and a registration half a second, so that tests share one service, `api`, and a few works.
Each test that changes something registers a picture of its own: `scene` draws a new one from a number.
"""

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PICTURES = Path(__file__).parent / "data" / "pictures"
PASSPHRASE = "correct horse battery staple"
EVERY_SCOPE = (
    "works:read",
    "works:write",
    "checks:write",
    "licences:write",
    "manifests:read",
    "manifests:write",
    "bindings:write",
)

_fresh = itertools.count(10_000)


def picture(name: str) -> bytes:
    """One of the committed pictures, as its file."""
    return (PICTURES / name).read_bytes()


def scene(number: int, *, width: int = 320, height: int = 256) -> np.ndarray:
    """uint8[height, width, 3]: soft shapes and texture from a number; two numbers give unrelated pictures."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    layers = np.zeros((height, width, 3))
    for _ in range(14):
        cx, cy, radius, power = rng.uniform(0, 1, 2).tolist() + rng.uniform([0.03, 1], [0.3, 3]).tolist()
        blob = 1 / (1 + ((np.hypot(x - cx, y - cy) / radius) ** (2 * power)))
        layers += blob[..., None] * rng.uniform(-1, 1, 3)
    waves = np.sin(2 * np.pi * (x * rng.uniform(2, 12) + y * rng.uniform(2, 12)))
    layers += 0.2 * waves[..., None] + rng.normal(0, 0.08, (height, width, 1))
    return np.clip(128 + 70 * layers, 0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray, format_: str = "PNG", **options: Any) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format_, **options)
    return stream.getvalue()


def decoded(data: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))


def new_picture() -> bytes:
    """A PNG that no test registered before."""
    return encoded(scene(next(_fresh)))


def service_settings(home: Path, **changes: Any) -> Any:
    from provenance.settings import Settings

    options = {"home": home, "key_passphrase": PASSPHRASE, "worker_in_server": False, "_env_file": None}
    return Settings(**(options | changes))


@dataclass
class Api:
    """A started app, a client that keeps its connection, and API keys by owner."""

    service: Any
    http: Any
    keys: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    def key(self, owner: str = "ann", *scopes: str) -> str:
        wanted = (owner, scopes or EVERY_SCOPE)
        if wanted not in self.keys:
            self.keys[wanted] = self.service.access.create(owner, wanted[1])[1]
        return self.keys[wanted]

    def auth(self, owner: str = "ann", *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key(owner, *scopes)}"}

    def register(self, data: bytes | None = None, *, owner: str = "ann", **fields: str) -> dict[str, Any]:
        """Register a picture (default: a new one) that has to be accepted."""
        answer = self.http.post(
            "/v1/works", headers=self.auth(owner), files={"file": ("art", data or new_picture())}, data=fields
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def file(self, work_id: str, owner: str = "ann") -> bytes:
        answer = self.http.get(f"/v1/works/{work_id}/file", headers=self.auth(owner))
        assert answer.status_code == 200, answer.text
        return bytes(answer.content)

    def check(self, data: bytes, **fields: str) -> dict[str, Any]:
        answer = self.http.post("/v1/checks", headers=self.auth(), files={"file": ("q", data)}, data=fields)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The app in this process, without sockets; shared by the whole run."""
    from starlette.testclient import TestClient

    from provenance.faces.api import create_app
    from provenance.wiring import Service

    service = Service(service_settings(tmp_path_factory.mktemp("service")))
    with TestClient(create_app(service), raise_server_exceptions=False) as http:
        yield Api(service, http)


@pytest.fixture(scope="session")
def alps(api: Api) -> dict[str, Any]:
    """A registered photograph of ann's; tests leave it as it is."""
    return api.register(picture("photo-alps.jpg"), title="Alps")


@pytest.fixture
def api_with(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Makes further apps, with other settings; their models load only when a test asks for them."""
    from starlette.testclient import TestClient

    from provenance.faces.api import create_app
    from provenance.wiring import Service

    opened: list[Service] = []

    def make(**changes: Any) -> Api:
        service = Service(service_settings(tmp_path / f"home{len(opened)}", **changes))
        service.store.migrate()
        opened.append(service)
        return Api(service, TestClient(create_app(service), raise_server_exceptions=False))

    yield make
    for service in opened:
        service.close()
