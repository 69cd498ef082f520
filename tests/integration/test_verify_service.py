"""`provenance verify` and a real service on the loopback: addresses, keys and lists from it, and lost credentials."""

import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from provenance.core.types import WorkId
from tests.cli import Outcome, cli
from tests.service import decoded, encoded, picture, scene, service_settings

pytestmark = pytest.mark.integration


class Served:
    """The app on a free port with one registered picture, published in its log."""

    def __init__(self, url: str, service: Any) -> None:
        self.url = url
        self.service = service
        self.auth = {"Authorization": f"Bearer {service.access.create('ann', ('works:read', 'works:write'))[1]}"}
        answer = httpx.post(
            f"{url}/v1/works", headers=self.auth, files={"file": ("art", picture("photo-canyon.jpg"))}, timeout=60
        )
        assert answer.status_code == 201, answer.text
        self.work = answer.json()["id"]
        service.tick()

    def get(self, path: str) -> bytes:
        return httpx.get(f"{self.url}{path}", headers=self.auth, timeout=30).raise_for_status().content

    @property
    def file(self) -> bytes:
        return self.get(f"/v1/works/{self.work}/file")

    def verify(self, *arguments: object) -> Outcome:
        return cli("verify", *arguments, "--allow-private", "--json")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    import uvicorn

    from provenance.faces.api import create_app
    from provenance.wiring import Service

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with Service(service_settings(tmp_path_factory.mktemp("verify") / "home", base_url=url)) as service:
        server = uvicorn.Server(uvicorn.Config(create_app(service), port=port, log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.05)
        yield Served(url, service)
        server.should_exit = True
        thread.join()


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def outcomes(done: Outcome) -> dict[str, str]:
    return {step["code"]: step["outcome"] for step in done.answer["steps"]}


def stripped(data: bytes) -> bytes:
    """All metadata gone, a tenth of each side cut off, saved as JPEG of quality 80."""
    pixels = decoded(data)
    height, width = pixels.shape[:2]
    top, left = height // 20, width // 20
    return encoded(pixels[top : height - top, left : width - left], "JPEG", quality=80)


def test_a_stripped_reencoded_cropped_copy_leads_to_our_manifest(served: Served) -> None:
    copy = stripped(served.file)
    answer = httpx.post(
        f"{served.url}/v1/matches/byContent", content=copy, headers={"Content-Type": "image/jpeg"}, timeout=60
    ).raise_for_status()
    with served.service.store.read() as unit:
        wanted = unit.manifests.of_work(WorkId.parse(served.work))[0].id
    assert answer.json()["matches"][0]["manifestId"] == wanted


def test_its_credentials_are_recovered_and_nobody_is_called_a_forger(served: Served, tmp_path: Path) -> None:
    done = served.verify(put(tmp_path, "copy.jpg", stripped(served.file)), "--service", served.url)
    answer = done.answer
    assert (done.code, answer["result"], answer["error"], answer["step"]) == (3, "recovered", "content-mismatch", 7)
    assert answer["recovered"]["manifest_id"] == answer["content_credentials"]["manifest_id"]
    assert answer["recovered"]["score"] > 50
    assert answer["certificate"]["work_id"] == served.work
    taken = outcomes(done)
    assert [code for code, outcome in taken.items() if outcome == "failed"] == ["bytes"]
    assert taken["trust"] == taken["claim"] == taken["names"] == "passed"
    told = cli("verify", tmp_path / "copy.jpg", "--service", served.url, "--allow-private")
    assert "no forgery" in told.out
    assert served.work in told.out
    assert "publishes now" in told.err


def test_where_only_metadata_was_lost_the_pixels_are_the_certified_ones(served: Served, tmp_path: Path) -> None:
    bare = encoded(decoded(served.file))
    done = served.verify(put(tmp_path, "bare.png", bare), "--service", served.url)
    assert (done.code, done.answer["result"]) == (0, "trusted"), done
    assert done.answer["certificate"]["content"] == "marked-pixels"
    assert outcomes(done)["bytes"] == "skipped"


def test_a_picture_that_nobody_registered(served: Served, tmp_path: Path) -> None:
    done = served.verify(put(tmp_path, "other.png", encoded(scene(77))), "--service", served.url)
    assert (done.code, done.answer["error"]) == (5, "not-found")


def test_a_certificate_with_everything_that_the_service_knows(served: Served, tmp_path: Path) -> None:
    path = put(tmp_path, "c.json", served.get(f"/v1/works/{served.work}/certificate"))
    file = put(tmp_path, "art.jpg", served.file)
    done = served.verify(path, file, "--service", served.url)
    assert done.code == 0, done
    taken = outcomes(done)
    assert {code for code, outcome in taken.items() if outcome == "skipped"} <= {
        "receipts",
        "trust",
        "stamp",
        "revocation",
    }
    assert taken["log"] == taken["status"] == taken["manifest"] == taken["names"] == "passed"


def test_addresses_are_verified_like_files(served: Served) -> None:
    bundle = f"{served.url}/v1/works/{served.work}/certificate?receipts=true"
    done = served.verify(bundle, "--service", served.url)
    assert (done.code, outcomes(done)["log"]) == (0, "passed")


def test_pinned_keys_count_alone(served: Served, tmp_path: Path) -> None:
    golden = Path(__file__).parents[1] / "golden" / "credentials"
    path = put(tmp_path, "c.json", served.get(f"/v1/works/{served.work}/certificate"))
    done = served.verify(path, "--service", served.url, "--did-doc", golden / "did.json")
    assert (done.code, done.answer["error"]) == (4, "untrusted-signer")
    art = put(tmp_path, "art.jpg", served.file)
    done = served.verify(art, "--service", served.url, "--trust-anchors", golden / "root.pem")
    assert (done.code, done.answer["result"]) == (4, "valid")


def test_a_withdrawn_manifest_is_not_recovered(served: Served, tmp_path: Path) -> None:
    answer = httpx.post(
        f"{served.url}/v1/works", headers=served.auth, files={"file": ("art", encoded(scene(501)))}, timeout=60
    )
    work = answer.json()["id"]
    bare = put(tmp_path, "bare.png", encoded(decoded(served.get(f"/v1/works/{work}/file"))))
    assert served.verify(bare, "--service", served.url).code == 0
    httpx.delete(f"{served.url}/v1/works/{work}", headers=served.auth, timeout=30).raise_for_status()
    assert served.verify(bare, "--service", served.url).code == 5


def test_a_revoked_certificate_is_told_by_the_list(served: Served, tmp_path: Path) -> None:
    answer = httpx.post(
        f"{served.url}/v1/works", headers=served.auth, files={"file": ("art", encoded(scene(502)))}, timeout=60
    )
    work = answer.json()["id"]
    path = put(tmp_path, "c.json", served.get(f"/v1/works/{work}/certificate"))
    assert served.verify(path, "--service", served.url).code == 0
    httpx.post(
        f"{served.url}/v1/works/{work}/certificate:revoke", headers=served.auth, json={"reason": "owner-request"}
    ).raise_for_status()
    done = served.verify(path, "--service", served.url)
    assert (done.code, done.answer["error"]) == (3, "revoked")


@pytest.mark.parametrize("option", [(), ("--service",)])
def test_without_leave_the_loopback_is_not_asked(served: Served, tmp_path: Path, option: tuple[str, ...]) -> None:
    named = (put(tmp_path, "c.json", json.dumps({}).encode()), *option, served.url) if option else (served.url,)
    assert cli("verify", *named).code == 2
    https = (*named[:-1], served.url.replace("http:", "https:"))
    assert cli("verify", *https).code == 2


def test_png_and_jpeg_are_told_by_their_bytes_not_by_their_names(served: Served, tmp_path: Path) -> None:
    root = put(tmp_path, "root.pem", served.get("/ca/root.pem"))
    file = put(tmp_path, "art.txt", served.file)
    assert served.verify(file, "--trust-anchors", root).answer["result"] == "trusted"
    with Image.open(io.BytesIO(served.file)) as opened:
        assert opened.format == "JPEG"
