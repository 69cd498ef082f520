"""Throughput of the service by size of its register: registrations and checks a second, latency, peak memory.

`python -m scripts.bench.spine --works 1000 10000 --corpus FOLDER --out bench-out/spine.json`

The register is filled to each size with distinct pictures: their fingerprints and rows are real, but marking and
look-alike search are skipped while filling, which would only take time. What is measured then goes the whole way:
`register` (mark, read back, describe, look-alikes, sign, blob, commit) and `check` of JPEG copies, crops and
strangers, asked by `--clients` threads at once. Without `--corpus` the pictures are procedural. Deterministic for a
seed, up to the machine's speed; filling resumes where a killed run stopped (`--home`).
"""

import argparse
import hashlib
import io
import json
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from pydantic import SecretStr

from generators.procedural import ProceduralGenerator
from provenance.core.models import models_key
from provenance.core.records import Work, WorkStatus
from provenance.core.types import WorkId
from provenance.settings import Settings
from provenance.usecases.catch_up import catch_up
from provenance.usecases.check import Query
from provenance.usecases.register import Submission
from provenance.wiring import Service

SIDE: Final = 512
OWNER: Final = "bench"
_FILL: Final = 64  # pictures described and written at once
_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class Pictures:
    """Picture number n, the same for ever: a tile of a corpus picture, or a procedural one."""

    files: tuple[Path, ...]
    seed: int

    def __getitem__(self, number: int) -> Image.Image:
        rng = np.random.default_rng([self.seed, number])
        return self._tile(number, rng) if self.files else self._procedural(number)

    def _tile(self, number: int, rng: np.random.Generator) -> Image.Image:
        """The whole picture first; once all were used, windows of 55 to 80 % of the side."""
        lap, index = divmod(number, len(self.files))
        with Image.open(self.files[index]) as opened:
            picture = opened.convert("RGB")
        if lap:
            share = rng.uniform(0.55, 0.8)
            width, height = int(picture.width * share), int(picture.height * share)
            left, top = (int(rng.integers(0, room + 1)) for room in (picture.width - width, picture.height - height))
            picture = picture.crop((left, top, left + width, top + height))
        factor = SIDE / max(picture.size)
        return picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))))

    def _procedural(self, number: int) -> Image.Image:
        generator = ProceduralGenerator()
        kind = generator.kinds[number % len(generator.kinds)]
        recipe = {"generator": "procedural", "kind": kind, "width": SIDE, "height": SIDE}
        return Image.fromarray(generator.make(recipe, seed=self.seed * 1_000_000 + number).pixels)


def fill(service: Service, pictures: Pictures, target: int) -> None:
    """Bring the register to `target` works. Resumable: pictures are numbered by how many works there are."""
    with service.store.read() as unit:
        have = unit.works.count()
    for start in range(have, target, _FILL):
        numbers = range(start, min(start + _FILL, target))
        arrays = [np.asarray(pictures[number]) for number in numbers]
        fingerprints, models = service.matcher.describe(arrays), models_key(service.matcher.models)
        with service.store.unit() as unit:
            for number, fingerprint in zip(numbers, fingerprints, strict=True):
                work = _bare_work(number)
                unit.works.add(work, [])
                unit.fingerprints.append(work.id, fingerprint, models=models)
        print(f"\rfilled {numbers[-1] + 1} of {target}", end="", file=sys.stderr)
    catch_up(service.store, service.matcher)
    service.matcher.seal()
    print(file=sys.stderr)


def _bare_work(number: int) -> Work:
    digest = hashlib.sha256(f"filled {number}".encode()).hexdigest()
    return Work(
        id=WorkId(int(digest[:16], 16)),
        owner=OWNER,
        status=WorkStatus.ACTIVE,
        title=f"filled {number}",
        media_type="image/png",
        width=SIDE,
        height=SIDE,
        source_sha256=digest,
        marked_sha256=digest,
        marked_blob=digest,
        mark_alg="none",
        mark_key_id="none",
        digital_source_type="none",
        terms_slug="personal",
        terms_hash=digest,
        certificate={},
        certificate_hash=digest,
        created_at=datetime.now(UTC),
    )


def _png(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "PNG", compress_level=1)
    return target.getvalue()


def _queries(pictures: Pictures, works: int, count: int, seed: int) -> Iterator[bytes]:
    """A third each: JPEG 70 copies of filled works, crops to 60 % of the side, and strangers."""
    rng = np.random.default_rng([seed, works])
    for index in range(count):
        stranger = index % 3 == 2
        picture = pictures[20_000_000 + works + index if stranger else int(rng.integers(0, works))]
        if index % 3 == 1:
            width, height = (int(side * 0.6) for side in picture.size)
            picture = picture.crop((width // 4, height // 4, width // 4 + width, height // 4 + height))
        target = io.BytesIO()
        picture.save(target, "JPEG", quality=70)
        yield target.getvalue()


def timed(jobs: list[Callable[[], Any]], clients: int) -> dict[str, float]:
    """Run the jobs from `clients` threads: rate, and latency percentiles in milliseconds."""

    def run(job: Callable[[], Any]) -> float:
        start = time.perf_counter()
        job()
        return (time.perf_counter() - start) * 1000

    start, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(clients) as pool:
        milliseconds = list(pool.map(run, jobs))
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    return {
        "per_second": round(len(jobs) / wall, 2),
        "p50_ms": round(float(np.percentile(milliseconds, 50)), 1),
        "p99_ms": round(float(np.percentile(milliseconds, 99)), 1),
        "cpu_ms_each": round(used / len(jobs) * 1000, 1),
    }


def measure(service: Service, pictures: Pictures, works: int, arguments: argparse.Namespace) -> dict[str, Any]:
    fresh = [_png(pictures[10_000_000 + works + index]) for index in range(arguments.registrations)]
    queries = list(_queries(pictures, works, arguments.checks, arguments.seed))
    service.register(Submission(data=_png(pictures[9_000_000 + works]), owner=OWNER))  # warm up
    checked = timed([lambda q=query: service.check(Query(data=q, owner=OWNER)) for query in queries], arguments.clients)
    registered = timed(
        [lambda d=data: service.register(Submission(data=d, owner=OWNER)) for data in fresh], arguments.clients
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"works": works, "register": registered, "check": checked, "peak_rss_mb": round(peak)}


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| works | | per second | p50 ms | p99 ms | CPU ms each | peak memory MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for what in ("register", "check"):
            seen = row[what]
            lines.append(
                f"| {row['works']:,} | {what} | {seen['per_second']} | {seen['p50_ms']} | {seen['p99_ms']} "
                f"| {seen['cpu_ms_each']} | {row['peak_rss_mb']} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, nargs="+", default=[1000])
    parser.add_argument("--checks", type=int, default=90)
    parser.add_argument("--registrations", type=int, default=60)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="a folder of pictures; without it they are procedural")
    parser.add_argument("--home", type=Path, help="keep the register here, and resume from it")
    parser.add_argument("--out", type=Path, default=Path("bench-out/spine.json"))
    arguments = parser.parse_args()
    files = sorted(p for p in arguments.corpus.rglob("*") if p.suffix.lower() in _SUFFIXES) if arguments.corpus else []
    pictures = Pictures(tuple(files), arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.home or Path(folder)
        rows = []
        with Service(Settings(home=home, key_passphrase=SecretStr("bench"), database_url=None)) as service:
            service.start()
            for works in sorted(arguments.works):
                fill(service, pictures, works)
                rows.append(measure(service, pictures, works, arguments))
                _write(arguments, rows)
    print(table(rows))


def _write(arguments: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    settings = {"seed": arguments.seed, "clients": arguments.clients, "side": SIDE, "corpus": bool(arguments.corpus)}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"machine": machine, "settings": settings, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
