"""What signing adds to a registration: CPU time of manifest, certificate and log entry, beside that of all of it.

A real service in a temporary folder, with its own certificate authority, OCSP responder and time-stamps. Pictures are
drawn from seeds. The worker's share (checkpoint, tiles) is measured apart: it comes after the answer.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from provenance.credentials.tlog import EntryKind, registration_entry
from provenance.settings import Settings
from provenance.usecases.register import Submission
from provenance.wiring import Service

FORMATS: Final = ("PNG", "JPEG")
_CELLS: Final = 9


class Stopwatch:
    """CPU milliseconds of all threads of this process, one a call."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self._work = work
        self.times: list[float] = []

    def __call__(self, *args: Any, **options: Any) -> Any:
        start = time.process_time_ns()
        try:
            return self._work(*args, **options)
        finally:
            self.times.append((time.process_time_ns() - start) / 1e6)

    @property
    def row(self) -> dict[str, float]:
        """Without the first call, which loads and compiles."""
        times = self.times[1:]
        return {"median": round(statistics.median(times), 1), "p95": round(statistics.quantiles(times, n=20)[-1], 1)}


def drawn(seed: int, side: int, form: str) -> bytes:
    """A smooth scene with grain; no two seeds alike."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (_CELLS, _CELLS, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)).astype(int)
    pixels = np.clip(smooth + rng.integers(-6, 7, (side, side, 3)), 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **({"quality": 92} if form == "JPEG" else {}))
    return stream.getvalue()


def measure(rounds: int, side: int) -> dict[str, dict[str, float]]:
    """Rows by name."""
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), key_passphrase="bench", _env_file=None, worker_in_server=False)
        with Service(settings) as service:
            service.start()
            for number, form in enumerate(FORMATS):
                rows |= _registered(service, form, [drawn(1000 * number + n, side, form) for n in range(rounds + 1)])
            rows["publish a checkpoint after one entry (worker)"] = _published(service, rounds)
    return rows


def _registered(service: Service, form: str, files: list[bytes]) -> dict[str, dict[str, float]]:
    certify = Stopwatch(service.certify)
    register = Stopwatch(replace(service.register, certify=certify))
    works = [register(Submission(data=data, owner="bench")) for data in files]
    log = Stopwatch(lambda work: _logged(service, work))
    for work in works:
        log(work)
    return {
        f"register a {form}, all of it": register.row,
        f"register a {form}: manifest, ISCC, certificate": certify.row,
        f"register a {form}: log entry, in a transaction of its own": log.row,
    }


def _logged(service: Service, work: Any) -> None:
    entry = registration_entry(work.certificate)
    with service.store.unit() as unit:
        unit.log.append(EntryKind.WORK_REGISTERED, entry, at=work.created_at, work_id=work.id)


def _published(service: Service, rounds: int) -> dict[str, float]:
    publish = Stopwatch(service.log.publish)
    with service.store.read() as unit:
        work = unit.works.page(after=None, limit=1)[0][0]
    for _ in range(rounds + 1):
        _logged(service, work)
        publish()
    return publish.row
