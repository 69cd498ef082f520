"""Full disks, read-only folders, locked databases, damaged indexes: a clear error or a silent repair, nothing lost.

The disks are real ones: a tmpfs of a few megabytes, filled to the brim or mounted read-only. That takes root; without
it the tests skip, unless PROVENANCE_TEST_REQUIRE_ALL is set.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr

from provenance.adapters.store import SqlStore
from provenance.core.errors import Conflict, Misconfigured, NotFound, Unavailable
from provenance.core.records import Work
from provenance.credentials import verify
from provenance.settings import Settings
from provenance.usecases.check import Query
from provenance.usecases.register import Submission
from provenance.wiring import Service, utc_now

pytestmark = pytest.mark.integration

PICTURES = Path(__file__).parents[1] / "data" / "pictures"
NAMES = ("photo-alps.jpg", "painting-wave.jpg", "ai-car.jpg", "painting-pearl.jpg")


def picture(name: str) -> Image.Image:
    with Image.open(PICTURES / name) as image:
        image = image.convert("RGB")
        image.thumbnail((384, 384))
        return image


def encoded(image: Image.Image, format_: str = "PNG", **options: int) -> bytes:
    target = BytesIO()
    image.save(target, format_, **options)
    return target.getvalue()


def register(service: Service, name: str) -> Work:
    return service.register(Submission(data=encoded(picture(name)), owner="me", title=name))


def grade(service: Service, data: bytes, work: Work) -> str:
    """What a check says about this work."""
    report = service.check(Query(data=data, owner="me")).report
    return next((match["grade"] for match in report["matches"] if match["work_id"] == str(work.id)), "none")


def misused(name: str) -> bytes:
    """Seen in the wild without its mark: the look has to answer."""
    image = picture(name)
    return encoded(image.resize((image.width * 5 // 4, image.height * 5 // 4)), "JPEG", quality=60)


def finds(service: Service, name: str, work: Work) -> bool:
    return grade(service, misused(name), work) in ("identical", "copy", "edited")


def settings_of(home: Path, **changes: object) -> Settings:
    return Settings(home=home, key_passphrase=SecretStr("correct horse"), database_url=None, base_url=None, **changes)


@contextmanager
def opened(home: Path, **changes: object) -> Iterator[Service]:
    with Service(settings_of(home, **changes)) as service:
        service.start()
        yield service


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Work]]:
    """A home with two works, closed: its index is sealed. Tests work on copies."""
    home = tmp_path_factory.mktemp("stocked") / "home"
    with opened(home) as service:
        return home, {name: register(service, name) for name in NAMES[:2]}


@pytest.fixture
def home(stocked: tuple[Path, dict[str, Work]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(stocked[0], tmp_path / "home"))


@pytest.fixture
def works(stocked: tuple[Path, dict[str, Work]]) -> dict[str, Work]:
    return stocked[1]


# ---- disks


def _mount(*arguments: str) -> None:
    run = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return
    reason = f"mount is not possible here: {run.stderr.strip()}"
    if os.environ.get("PROVENANCE_TEST_REQUIRE_ALL") and os.geteuid() == 0:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    _mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk))
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, *, leave: int = 0) -> Path:
    """Take every free byte but `leave`."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    os.truncate(ballast, max(0, ballast.stat().st_size - leave))
    return ballast


def assert_whole(service: Service, works: dict[str, Work]) -> None:
    """These works and no others are there, complete and found."""
    with service.store.read() as unit:
        page, _ = unit.works.page(after=None, limit=100)
        assert unit.fingerprints.last() == len(page)
    assert {work.id for work in page} == {work.id for work in works.values()}
    for name, work in works.items():
        verify(
            work.certificate,
            keyring=service.keys.keyring(),
            now=utc_now(),
            content=service.blobs.get(work.marked_blob),
        )
        assert finds(service, name, work)


@pytest.mark.parametrize("leave", [0, 40_000, 400_000], ids=["no room", "room for half a blob", "room for the blob"])
def test_a_full_disk_is_a_clear_error_and_loses_nothing(
    small_disk: Path, stocked: tuple[Path, dict[str, Work]], leave: int
) -> None:
    source, works = stocked
    home = Path(shutil.copytree(source, small_disk / "home"))
    with opened(home) as service:
        ballast = fill(small_disk, leave=leave)
        reasons = []
        registered = dict(works)
        for name in NAMES[2:]:
            try:
                registered[name] = register(service, name)
            except Unavailable as error:
                reasons.append(error.reason)
        assert reasons or leave == 400_000
        assert all("disk" in reason or "space" in reason for reason in reasons), reasons
        ballast.unlink()
        assert_whole(service, registered)
        for name in set(NAMES) - set(registered):
            registered[name] = register(service, name)  # and goes on where there is room again
    with opened(home) as service:
        assert_whole(service, registered)


def test_an_index_that_can_not_be_sealed_does_not_undo_what_was_answered(
    small_disk: Path, stocked: tuple[Path, dict[str, Work]], caplog: pytest.LogCaptureFixture
) -> None:
    home = Path(shutil.copytree(stocked[0], small_disk / "home"))
    with opened(home, seal_after=1) as service:
        work = register(service, NAMES[2])
        ballast = fill(small_disk)
        service.housekeeping.seal_when_due()
    assert "was not sealed" in caplog.text  # neither now nor when it was closed
    ballast.unlink()
    with opened(home) as service:
        assert_whole(service, {**stocked[1], NAMES[2]: work})


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_home_that_became_read_only_refuses_clearly(home: Path, works: dict[str, Work]) -> None:
    with read_only(home), pytest.raises(Unavailable) as caught, opened(home) as service:
        register(service, NAMES[2])
    assert caught.value.reason
    assert caught.value.hint
    with opened(home) as service:
        assert_whole(service, works)


def test_a_new_home_on_a_read_only_disk_refuses_clearly(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    with (
        read_only(tmp_path / "disk"),
        pytest.raises(Unavailable, match="can't be made"),
        opened(tmp_path / "disk" / "deep" / "home"),
    ):
        pass


def test_a_file_where_the_home_should_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(Unavailable, match="can't be made"), opened(tmp_path / "home"):
        pass


# ---- the database


def test_a_locked_database_is_a_clear_error_in_time(home: Path, works: dict[str, Work]) -> None:
    """Another process holds the write lock. Registering and checking wait for it, and then say so."""
    with opened(home) as service:
        service.store.close()
        service.store = SqlStore(service.settings.effective_database_url, lock_timeout=0.2)
        service.__dict__.pop("register", None)
        holder = sqlite3.connect(home / "provenance.sqlite3", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Unavailable, match="locked") as caught:
            register(service, NAMES[2])
        assert caught.value.hint
        holder.execute("ROLLBACK")
        holder.close()
        registered = {**works, NAMES[2]: register(service, NAMES[2])}
        assert_whole(service, registered)


def test_a_damaged_database_is_named_and_never_served(home: Path) -> None:
    database = home / "provenance.sqlite3"
    for extra in ("-wal", "-shm"):
        Path(f"{database}{extra}").unlink(missing_ok=True)
    database.write_bytes(b"not a database " * 1000)
    with pytest.raises(Unavailable, match="damaged"), opened(home):
        pass


def test_other_models_than_the_records_are_a_setting_that_is_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record was made by one embedder; a service with another can't compare, and must not pretend to."""
    from index.embedders.lite0 import Lite0Embedder

    monkeypatch.setattr(Lite0Embedder, "model", "another-model-1")
    with pytest.raises(Misconfigured, match="can't be loaded") as caught, opened(home):
        pass
    assert caught.value.hint


# ---- the index is a cache


def _flip_bits(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for position in range(0, len(data), max(1, len(data) // 7)):
        data[position] ^= 0x55
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "bits flipped": _flip_bits,
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "deleted": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_index_is_rebuilt_without_a_word_to_the_client(
    home: Path, works: dict[str, Work], damage: str
) -> None:
    """Every file of the index in turn, CURRENT among them."""
    files = [path for path in sorted((home / "index").rglob("*")) if path.is_file() and path.stat().st_size]
    assert len(files) >= 3
    for path in files:
        DAMAGE[damage](path)
    with opened(home) as service:
        assert_whole(service, works)
    with opened(home) as service:  # and what was rebuilt was sealed
        assert_whole(service, works)


def test_each_file_of_the_index_may_go_missing_alone(home: Path, works: dict[str, Work], tmp_path: Path) -> None:
    names = [path.relative_to(home) for path in sorted((home / "index").rglob("*")) if path.is_file()]
    for number, name in enumerate(names):
        copy = Path(shutil.copytree(home, tmp_path / f"copy-{number}"))
        (copy / name).unlink()
        with opened(copy) as service:
            assert service.matcher.checkpoint() == len(works)
            assert finds(service, NAMES[0], works[NAMES[0]]), name


def test_the_whole_index_may_go_missing(home: Path, works: dict[str, Work]) -> None:
    shutil.rmtree(home / "index")
    with opened(home) as service:
        assert_whole(service, works)


def test_an_index_of_the_future_falls_back_to_the_record(home: Path, works: dict[str, Work]) -> None:
    """The database was restored from a backup that is older than the index: what the index knows too much is not
    served."""
    backup = home.parent / "backup.sqlite3"
    with sqlite3.connect(home / "provenance.sqlite3") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    shutil.copyfile(home / "provenance.sqlite3", backup)
    with opened(home) as service:
        later = register(service, NAMES[2])
    for extra in ("-wal", "-shm"):
        Path(f"{home / 'provenance.sqlite3'}{extra}").unlink(missing_ok=True)
    shutil.copyfile(backup, home / "provenance.sqlite3")
    with opened(home) as service:
        assert grade(service, misused(NAMES[2]), later) == "none"
        again = register(service, NAMES[2])
        assert finds(service, NAMES[2], again)


# ---- blobs


def blob_file(home: Path, work: Work) -> Path:
    (path,) = (home / "blobs").rglob(work.marked_blob)
    return path


def test_a_lost_blob_is_not_found_and_checks_still_work(home: Path, works: dict[str, Work]) -> None:
    work = works[NAMES[0]]
    blob_file(home, work).unlink()
    with opened(home) as service:
        with pytest.raises(NotFound):
            service.blobs.get(work.marked_blob)
        assert finds(service, NAMES[0], work)
        assert finds(service, NAMES[1], works[NAMES[1]])


def test_a_damaged_blob_is_never_handed_out(home: Path, works: dict[str, Work]) -> None:
    work = works[NAMES[0]]
    _flip_bits(blob_file(home, work))
    with opened(home) as service:
        with pytest.raises(Unavailable, match="damaged"):
            service.blobs.get(work.marked_blob)
        assert finds(service, NAMES[0], work)


# ---- several at once


def test_two_services_on_one_home_see_what_the_other_does(home: Path, works: dict[str, Work]) -> None:
    with opened(home, seal_after=1) as owner, opened(home, seal_after=1) as reader:
        by_owner, by_reader = register(owner, NAMES[2]), register(reader, NAMES[3])
        for service in (owner, reader):
            assert_whole(service, {**works, NAMES[2]: by_owner, NAMES[3]: by_reader})
            service.tick()  # the one that only reads has nothing to seal, and no trouble with it
        owner.withdraw(by_reader.id)
        assert not finds(reader, NAMES[3], by_reader)


def test_two_processes_may_start_in_a_new_home_together(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.integration.test_failures import opened\n"
        "with opened(Path(sys.argv[1])) as service:\n"
        "    print(service.signer.key_id, service.watermarker.key_id)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "home")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert answers[0] == answers[1] != ""


def test_eight_at_once_with_the_same_file_are_one_work_and_seven_conflicts(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as service:

        def attempt(_: int) -> str:
            try:
                return f"new {register(service, NAMES[0]).id}"
            except Conflict as conflict:
                return f"old {conflict.existing}"

        with ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(attempt, range(8)))
        (new,) = [answer for answer in answers if answer.startswith("new")]
        assert answers.count(new.replace("new", "old")) == 7
        with service.store.read() as unit:
            assert unit.works.count() == 1


def test_different_files_at_once_are_all_there(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as service:
        with ThreadPoolExecutor(4) as pool:
            works = dict(zip(NAMES, pool.map(lambda name: register(service, name), NAMES), strict=True))
        assert_whole(service, works)
