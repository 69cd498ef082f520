"""The models change under a real service: the job is killed again and again, and every search is answered.

From the bundled embedder to a small network of SSCD's shape (made here) as the primary one, with the bundled one beside
it.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from index import Matcher
from provenance.core.errors import Unavailable
from provenance.core.models import ModelSetState
from provenance.core.records import Work
from provenance.usecases.check import Query
from provenance.usecases.register import Submission
from provenance.wiring import Service
from tests.cli import PROGRAM, environment
from tests.copy_networks import write_onnx
from tests.service import PASSPHRASE, encoded, service_settings
from tests.unit.index.scenes import scene

pytestmark = [pytest.mark.integration, pytest.mark.slow]

WORKS = 26
PAGE = 8
CONTENT = ("identical", "copy", "edited", "partial")


def drawn(number: int) -> np.ndarray:
    return scene(number, 300, 400)


def submission(number: int) -> Submission:
    return Submission(data=encoded(drawn(number)), owner="ann")


def look(number: int) -> bytes:
    """A copy that neither its file, its pixels nor its mark tells."""
    cut = drawn(number)[12:290, 16:390]
    return encoded(np.asarray(cv2.resize(cut, (320, 238), interpolation=cv2.INTER_AREA)), "JPEG", quality=70)


def asked(service: Service, number: int) -> tuple[list[str], list[str]]:
    """The works whose content was found, and the models that found it."""
    report = service.check(Query(data=look(number), owner="ann")).report
    return [match["work_id"] for match in report["matches"] if match["grade"] in CONTENT], report["models"]


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Work]]:
    home = tmp_path_factory.mktemp("stocked") / "home"
    with Service(service_settings(home)) as service:
        service.start()
        return home, [service.register(submission(number)) for number in range(WORKS)]


@pytest.fixture
def works(stocked: tuple[Path, list[Work]]) -> list[Work]:
    return stocked[1]


@pytest.fixture
def new_settings(stocked: tuple[Path, list[Work]], tmp_path: Path) -> dict[str, Any]:
    """A copy of the home, and the settings that name the new models."""
    import shutil

    from index.embedders.sscd import enrol

    shutil.copytree(stocked[0], tmp_path / "home")
    weights = write_onnx(tmp_path / "tiny.onnx")
    enrol(weights)
    return {"home": tmp_path / "home", "embedder": "sscd,lite0", "sscd_weights": weights}


def opened(settings: dict[str, Any], **changes: Any) -> Service:
    given = settings | changes
    return Service(service_settings(given.pop("home"), **given))


@pytest.fixture
def service(new_settings: dict[str, Any]) -> Iterator[Service]:
    with opened(new_settings) as service:
        service.start()
        yield service


def job(settings: dict[str, Any], *arguments: str) -> subprocess.Popen[bytes]:
    names = {f"PROVENANCE_{name.upper()}": str(value) for name, value in settings.items()}
    surroundings = environment({**names, "PROVENANCE_KEY_PASSPHRASE": PASSPHRASE, "OMP_NUM_THREADS": "1"})
    return subprocess.Popen(
        [*PROGRAM, "reindex", *arguments], env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def described(service: Service) -> int:
    return service.reindex.progress().described


def kill_behind(process: subprocess.Popen[bytes], service: Service, count: int) -> int:
    """SIGKILL as soon as so many works are described; answers how many are then."""
    until = time.monotonic() + 120
    while described(service) < count:
        assert process.poll() is None, "the job ended by itself"
        assert time.monotonic() < until
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    return described(service)


def test_killed_again_and_again_it_finishes_and_every_search_is_answered(
    service: Service, new_settings: dict[str, Any], works: list[Work]
) -> None:
    old = service.matcher.models
    assert old[0].startswith("efficientnet")
    assert asked(service, 3) == ([str(works[3].id)], list(old))

    first = kill_behind(job(new_settings, "--rate", "3"), service, 1)
    assert 0 < first < WORKS
    assert asked(service, 4) == ([str(works[4].id)], list(old))

    late = service.register(submission(700))  # described by both
    service.withdraw(works[5].id)
    service.tick()
    second = kill_behind(job(new_settings, "--rate", "3"), service, first + PAGE)
    assert first < second < WORKS
    assert service.reindex.progress().state is ModelSetState.COMING
    assert asked(service, 700) == ([str(late.id)], list(old))

    process = job(new_settings, "--json")
    while process.poll() is None:
        assert asked(service, 6) == ([str(works[6].id)], list(old))
    assert process.returncode == 0
    process.communicate()
    progress = service.reindex.progress()
    assert (progress.state, progress.works, progress.described, progress.failed) == (
        ModelSetState.SERVING,
        WORKS,  # one more, one less
        WORKS,
        0,
    )
    with service.store.read() as unit:
        operations = unit.fingerprints.since(0, 1000, models=service.reindex.key)
    ids = [operation.id for operation in operations if operation.fingerprint]
    assert len(ids) == len(set(ids)), "a work was described twice"
    _switched(service, new_settings, works, late)


def _switched(service: Service, settings: dict[str, Any], works: list[Work], late: Work) -> None:
    """The running service follows; so does the next one, from the generation that this one wrote."""
    service.tick()
    new = service.matcher.models
    assert new[0].startswith("sscd-onnx/")
    assert asked(service, 7) == ([str(works[7].id)], list(new))
    assert asked(service, 700)[0] == [str(late.id)]
    assert asked(service, 5)[0] == []
    after = service.register(submission(701))
    service.tick()
    service.close()
    with Matcher.open(settings["home"] / "index", read_only=True, embedder=None) as stranger:
        assert len(stranger) == 0  # the old models' generations are not taken for the new ones'
    with opened(settings) as again:
        assert again.local_matcher.checkpoint() > 0
        again.start()
        assert again.matcher.models == new
        assert again.coming_matcher is None
        assert asked(again, 701)[0] == [str(after.id)]


def test_the_worker_does_it_alone_where_the_settings_give_it_a_rate(
    new_settings: dict[str, Any], works: list[Work]
) -> None:
    with opened(new_settings, reindex_rate=1000.0) as service:
        service.start()
        rounds = 0
        while not service.matcher.models[0].startswith("sscd-onnx/"):
            assert asked(service, 2)[0] == [str(works[2].id)]
            service.tick()
            rounds += 1
            assert rounds < 100
        assert asked(service, 2)[0] == [str(works[2].id)]
        detail = service.readiness()["index"]
        assert detail["ok"]
        assert "coming" not in detail["detail"]


def test_a_process_with_the_old_settings_searches_on_and_registers_nothing(
    new_settings: dict[str, Any], works: list[Work]
) -> None:
    with opened(new_settings, embedder="lite0") as before:
        before.start()
        process = job(new_settings)
        process.communicate()
        assert process.returncode == 0
        assert asked(before, 8)[0] == [str(works[8].id)]
        with pytest.raises(Unavailable, match="other models"):
            before.register(submission(702))
        said = before.readiness()["index"]
        assert not said["ok"]
        assert "PROVENANCE_EMBEDDER" in said["hint"]


def test_a_server_without_a_worker_follows_too(
    new_settings: dict[str, Any], works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.testclient import TestClient

    from provenance.faces.api import create_app

    monkeypatch.setattr("provenance.wiring.service.FOLLOW_SECONDS", 0.1)
    service = opened(new_settings, worker_in_server=False)
    with TestClient(create_app(service)) as http:
        said = http.get("/readyz").json()["checks"]["index"]["detail"]
        assert f"0 of {WORKS} works described" in said
        process = job(new_settings)
        process.communicate()
        assert process.returncode == 0
        until = time.monotonic() + 60
        while not service.matcher.models[0].startswith("sscd-onnx/"):
            assert asked(service, 9)[0] == [str(works[9].id)]
            assert time.monotonic() < until
        assert asked(service, 9)[0] == [str(works[9].id)]
        assert "0 operations behind" in http.get("/readyz").json()["checks"]["index"]["detail"]
