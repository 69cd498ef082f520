"""The command line as real processes: imports, pipes, signals, terminals, disks and permissions."""

import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli import PROGRAM, cli, environment, heed_ctrl_c, obey_permissions, process, without
from tests.service import encoded, scene

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).parents[1] / "golden" / "certificates"
HEAVY = (
    "torch",
    "faiss",
    "web3",
    "fastapi",
    "numpy",
    "PIL",
    "cv2",
    "scipy",
    "sqlmodel",
    "sqlalchemy",
    "uvicorn",
    "onnxruntime",
)
ENGINE = (
    "numpy",
    "PIL",
    "cv2",
    "scipy",
    "sqlmodel",
    "sqlalchemy",
    "alembic",
    "faiss",
    "torch",
    "web3",
    "fastapi",
    "structlog",
)
LISTS_MODULES = """
import sys
from provenance.faces.cli import main
try:
    main(sys.argv[1:])
finally:
    print("\\n".join(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def imported(*arguments: object) -> set[str]:
    """Top-level modules that a command leaves in sys.modules."""
    command = [sys.executable, "-c", LISTS_MODULES, *map(str, arguments)]
    done = subprocess.run(command, env=environment({}), capture_output=True, text=True, check=False, timeout=60)
    return set(done.stderr.splitlines())


class TestImports:
    def test_verifying_a_certificate_imports_nothing_heavy(self):
        names = imported("verify", GOLDEN / "valid.json", "--did-doc", GOLDEN / "did.json")
        assert "provenance" in names
        assert not names & {*HEAVY, "c2pa", "cbor2", "httpx"}

    def test_verifying_the_certified_file_itself_decodes_nothing(self, stock, keys_file):
        names = imported("verify", stock.certificates["harbour"], stock.marked["harbour"], "--jwks", keys_file)
        assert "provenance" in names
        assert not names & set(HEAVY)

    @pytest.mark.parametrize("arguments", [("--help",), ("register", "--help"), ("keys", "--help"), ("--version",)])
    def test_help_imports_nothing_heavy(self, arguments):
        names = imported(*arguments)
        assert "provenance" in names
        assert not names & set(HEAVY)


class TestBaseInstall:
    """What the base package can do, where nothing of the extras is installed."""

    def test_a_certificate_and_its_file_verify(self, stock, keys_file, tmp_path):
        env = without(tmp_path / "base", *ENGINE)
        arguments = ("verify", stock.certificates["harbour"], stock.marked["harbour"], "--jwks", keys_file, "--json")
        done = process(*arguments, env=env)
        assert done.returncode == 0, done
        assert json.loads(done.stdout)["content"] == "marked-file"

    def test_another_file_is_refused_and_pixels_are_said_to_be_uncompared(self, stock, keys_file, tmp_path):
        env = without(tmp_path / "base", *ENGINE)
        done = process("verify", stock.certificates["harbour"], stock.marked["meadow"], "--jwks", keys_file, env=env)
        assert done.returncode == 3
        assert b"its pixels were not compared" in done.stdout
        assert b"provenance-art[generators]" in done.stderr

    def test_without_the_library_for_manifests_the_certificate_still_speaks(self, stock, keys_file, tmp_path):
        env = without(tmp_path / "base", *ENGINE, "c2pa", "cbor2")
        file = stock.marked["harbour"]
        done = process("verify", stock.certificates["harbour"], file, "--jwks", keys_file, env=env)
        assert done.returncode == 0, done
        assert b"provenance-art[c2pa]" in done.stderr
        done = process("verify", file, env=env)
        assert (done.returncode, b"provenance-art[c2pa]" in done.stderr) == (2, True)

    @pytest.mark.parametrize(
        "arguments",
        [("register", "x.png"), ("doctor",), ("serve",), ("work",)],
    )
    def test_other_commands_say_what_to_install(self, stock, tmp_path, arguments):
        (stock.home.parent / "x.png").write_bytes(encoded(scene(1)))
        done = process(*arguments, env=without(tmp_path / "base", *ENGINE, "uvicorn"))
        assert done.returncode == 2, done
        assert b"pip install 'provenance-art[server]'" in done.stderr
        assert b"Traceback" not in done.stderr

    def test_the_ledger_names_its_own_extra(self, stock, monkeypatch, tmp_path):
        for name, value in {"RPC_URL": "http://127.0.0.1:1", "ID": "1", "PRIVATE_KEY": "0x" + "1" * 64}.items():
            monkeypatch.setenv(f"PROVENANCE_CHAIN_{name}", value)
        done = process("anchor", "--deploy", env=without(tmp_path / "base", "web3", "eth_account"))
        assert done.returncode == 2, done
        assert b"provenance-art[chain]" in done.stderr


class TestStreams:
    def test_a_reader_that_left_ends_it_quietly(self, stock):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [*PROGRAM, "show"], env=environment({}), stdout=write, stderr=subprocess.PIPE, check=False, timeout=60
        )
        os.close(write)
        assert (done.returncode, done.stderr) == (141, b"")

    def test_a_file_name_that_is_no_text(self, stock):
        name = os.fsencode(stock.home.parent) + b"/\xff.png"
        Path(os.fsdecode(name)).write_bytes(b"text")
        done = process("detect", os.fsdecode(name), "--json")
        assert done.returncode == 1
        assert os.fsencode(json.loads(done.stdout)["file"]) == name

    def test_a_terminal_that_knows_no_chinese(self):
        env = {"PYTHONIOENCODING": "latin-1"}
        done = process(
            "verify", GOLDEN / "altered-field.json", "--did-doc", GOLDEN / "did.json", "--lang", "zh", env=env
        )
        assert done.returncode == 3
        assert b"\\u" in done.stdout


def on_a_terminal(*arguments: object, stdout: int | None = None) -> tuple[int, str]:
    """Exit code and what the terminal showed; `stdout` goes elsewhere where it is given."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        env=environment({"TERM": "xterm", "COLUMNS": "100"}),
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return child.wait(timeout=60), shown.decode()


class TestTerminal:
    def test_a_bar_shows_the_way_and_results_stand_above_it(self, stock):
        code, shown = on_a_terminal("detect", *stock.marked.values())
        assert code == 0
        assert "detecting" in shown
        assert all(work in shown for work in stock.ids.values())

    def test_results_for_a_file_do_not_end_up_on_the_terminal(self, stock, tmp_path):
        with (tmp_path / "found.txt").open("wb") as file:
            code, shown = on_a_terminal("detect", *stock.marked.values(), stdout=file.fileno())
        assert code == 0
        assert "detecting" in shown
        written = (tmp_path / "found.txt").read_text()
        assert all(work in written for work in stock.ids.values())
        assert not any(work in shown for work in stock.ids.values())

    def test_programs_get_no_bar(self, stock):
        assert "detecting" not in on_a_terminal("detect", *stock.marked.values(), "--json")[1]


def wait_for_owner(lock: Path, child: subprocess.Popen[bytes]) -> None:
    """Until the process holds the lock. The kernel is asked: trying the lock would take it away from the process."""
    held = f" {child.pid} "
    deadline = time.monotonic() + 60
    while not any(
        held in line and line.split()[5].endswith(f":{lock.stat().st_ino}")
        for line in Path("/proc/locks").read_text().splitlines()
    ):
        assert child.poll() is None, child.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestSignals:
    def test_ctrl_c_ends_with_130_and_without_a_traceback(self, surroundings):
        os.mkfifo(surroundings / "never.json")
        command = [*PROGRAM, "verify", "never.json"]
        with subprocess.Popen(command, env=environment({}), stderr=subprocess.PIPE, preexec_fn=heed_ctrl_c) as child:
            writer = os.open(surroundings / "never.json", os.O_WRONLY)  # returns when the command has opened it
            try:
                child.send_signal(signal.SIGINT)
                _, err = child.communicate(timeout=60)
            finally:
                child.kill()
                os.close(writer)
        assert (child.returncode, err) == (130, b"")

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_the_worker_finishes_and_gives_the_index_back(self, stock, how):
        with subprocess.Popen([*PROGRAM, "work"], env=environment({}), stderr=subprocess.PIPE) as child:
            try:
                wait_for_owner(stock.home / "index" / "LOCK", child)
                assert cli("index", "rebuild").code == 6
                child.send_signal(how)
                _, err = child.communicate(timeout=60)
            finally:
                child.kill()
        assert child.returncode == 0, err
        assert b"Traceback" not in err
        assert cli("index", "rebuild").code == 0

    def test_a_wrong_setting_stops_the_worker_by_its_name(self, stock):
        done = process("work", env={"PROVENANCE_SEAL_AFTER": "never"})
        assert done.returncode == 2
        assert b"PROVENANCE_SEAL_AFTER" in done.stderr
        assert b"never" not in done.stderr


class TestDisk:
    def test_a_file_that_does_not_fit_is_not_there(self, stock, tmp_path):
        """A limit on file size stands for a full disk: the write fails half-way."""
        size = stock.marked["harbour"].stat().st_size
        (tmp_path / "there").mkdir()

        def small_disk():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

        done = process("show", stock.ids["harbour"], "--file", tmp_path / "there" / "x.png", preexec_fn=small_disk)
        assert done.returncode == 6, done
        assert b"can't be written" in done.stderr
        assert list((tmp_path / "there").iterdir()) == []

    def test_a_folder_that_may_not_be_written(self, stock, tmp_path):
        (tmp_path / "there").mkdir(mode=0o555)
        (tmp_path / "new.png").write_bytes(encoded(scene(500)))
        done = process("register", tmp_path / "new.png", "--out", tmp_path / "there", preexec_fn=obey_permissions)
        assert done.returncode == 6, done
        assert b"Permission denied" in done.stderr
        assert len(cli("show", "--json").lines) == 2, "nothing was registered"

    def test_a_file_that_may_not_be_read_does_not_stop_the_others(self, stock, tmp_path):
        (tmp_path / "secret.png").write_bytes(b"")
        (tmp_path / "secret.png").chmod(0)
        arguments = ("detect", tmp_path / "secret.png", stock.marked["harbour"], "--json")
        done = process(*arguments, preexec_fn=obey_permissions)
        secret, found = map(json.loads, done.stdout.splitlines())
        assert (done.returncode, secret["error"]) == (6, "unavailable")
        assert found["mark"]["work_id"] == stock.ids["harbour"]

    def test_a_home_that_may_not_be_written_is_found_by_the_doctor(self, stock):
        for path in (stock.home, *stock.home.rglob("*")):
            path.chmod(0o555 if path.is_dir() else path.stat().st_mode & 0o555)
        try:
            done = process("doctor", "--json", preexec_fn=obey_permissions)
        finally:
            for path in (stock.home, *stock.home.rglob("*")):
                path.chmod(0o755)
        assert done.returncode == 6, done
        checks = json.loads(done.stdout)["checks"]
        assert {name for name, part in checks.items() if not part["ok"]} >= {"blobs"}
        assert b"Traceback" not in done.stderr


class TestWarnings:
    def test_without_a_passphrase_one_line_warns(self, surroundings, monkeypatch):
        monkeypatch.delenv("PROVENANCE_KEY_PASSPHRASE")
        done = process("init")
        assert done.returncode == 0
        (line,) = done.stderr.decode().splitlines()
        assert line.startswith("warning: keys are kept unencrypted")
