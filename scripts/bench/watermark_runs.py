"""Long measurements in pieces: processes, a checkpoint of one JSON line per finished piece, resumption, a time limit.

A checkpoint starts with the run's setup, which names the engine by the digest of its sources. A checkpoint of another
setup is never continued and never overwritten.
"""

import hashlib
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any, Final

import cv2

import provenance.watermark

Row = dict[str, Any]
_ENGINE: Final = Path(provenance.watermark.__file__).parent


def engine_digest() -> str:
    """First 12 hex digits of sha256 over the engine's sources: a result is about this code and no other."""
    digest = hashlib.sha256()
    for path in sorted(_ENGINE.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def engine_commit() -> str:
    """The last commit that touched the engine, `+` behind it where the sources differ from it; `-` outside of git."""
    try:
        asked = ["git", "-C", str(_ENGINE), "log", "-1", "--format=%h", "--", "."]
        commit = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        changed = subprocess.run(["git", "-C", str(_ENGINE), "diff", "--quiet", "HEAD", "--", "."], check=False)
    except (OSError, subprocess.CalledProcessError):
        return "-"
    return commit + "+" * (changed.returncode != 0) if commit else "-"


def machine() -> str:
    return f"{os.cpu_count()}-core {platform.machine()}, Python {platform.python_version()}"


def run(
    jobs: Mapping[str, Callable[[], Row]],
    setup: Row,
    *,
    checkpoint: Path | None = None,
    workers: int = 1,
    minutes: float | None = None,
) -> dict[str, Row]:
    """The rows of all jobs by their keys, in the jobs' order; those in the checkpoint are not run again.

    Jobs are picklable. After `minutes` no new job begins and what is finished is returned. Raises SystemExit where the
    checkpoint belongs to another setup.
    """
    done = {key: row for key, row in _resumed(checkpoint, setup).items() if key in jobs}
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    waiting = {key: job for key, job in jobs.items() if key not in done}
    finished = _in_processes(waiting, workers, deadline) if workers > 1 else _here(waiting, deadline)
    for number, (key, row) in enumerate(finished, start=1):
        done[key] = row
        if checkpoint:
            with checkpoint.open("a") as file:
                file.write(json.dumps([key, row]) + "\n")
        print(f"{number} of {len(waiting)}: {key}", file=sys.stderr)
    return {key: done[key] for key in jobs if key in done}


def _resumed(checkpoint: Path | None, setup: Row) -> dict[str, Row]:
    """Finished rows. A last line that a kill cut short is dropped from the file."""
    if checkpoint is None:
        return {}
    head = json.dumps(setup, sort_keys=True)
    if not checkpoint.exists() or checkpoint.stat().st_size == 0:
        checkpoint.write_text(head + "\n")
        return {}
    lines = checkpoint.read_text().splitlines(keepends=True)
    if lines[0] != head + "\n":
        raise SystemExit(f"{checkpoint} belongs to another run (pictures, attacks, seed or engine): name another file")
    whole = [line for line in lines if line.endswith("\n")]
    if whole != lines:
        checkpoint.write_text("".join(whole))
    return dict(json.loads(line) for line in whole[1:])


def _here(jobs: Mapping[str, Callable[[], Row]], deadline: float | None) -> Iterator[tuple[str, Row]]:
    _one_thread()
    for key, job in jobs.items():
        if _is_over(deadline):
            return
        yield key, job()


def _in_processes(
    jobs: Mapping[str, Callable[[], Row]], workers: int, deadline: float | None
) -> Iterator[tuple[str, Row]]:
    """Two jobs a worker are handed out at a time, so that a deadline or an interrupt leaves little behind."""
    context = multiprocessing.get_context("spawn")
    ahead = iter(jobs.items())
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
        running: dict[Future[Row], str] = {}
        while True:
            while len(running) < 2 * workers and not _is_over(deadline) and (item := next(ahead, None)):
                running[pool.submit(item[1])] = item[0]
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()


def _one_thread() -> None:
    """CPU times are of one core, and workers do not compete."""
    cv2.setNumThreads(1)


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline
