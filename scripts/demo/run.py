"""The demo's story: register, misuse, check, verify, tamper, report."""

import itertools
import json
import secrets
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from pydantic import SecretStr
from rich.console import Console
from rich.progress import track
from rich.table import Table

from provenance.adapters.reports import LANGUAGES
from provenance.core.errors import VerificationError
from provenance.core.records import Check, Work
from provenance.credentials import TrustedKeys, pinned_jwks, verify
from provenance.settings import Settings
from provenance.usecases.check import Query
from provenance.usecases.register import Submission
from provenance.wiring import Service, utc_now
from provenance.wiring.reports import rendered
from scripts.demo.misuse import NAMES, misuse

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
OWNER: Final = "demo"
GENERATED: Final = 12
MISUSES_PER_WORK: Final = 5
CLIENTS: Final = 2  # checks asked at once: the watermark of one is read while the index works on another


@dataclass(slots=True)
class Upload:
    """A picture that somebody asks about. `truth` is the work that it shows, None for an innocent one."""

    path: Path
    kind: str
    truth: str | None
    check: Check | None = None

    @property
    def report(self) -> dict[str, Any]:
        assert self.check is not None
        return dict(self.check.report)

    @property
    def matches(self) -> list[dict[str, Any]]:
        """The works whose content was found."""
        content = ("identical", "copy", "edited", "partial")
        return [match for match in self.report["matches"] if match["grade"] in content]

    @property
    def right(self) -> bool:
        found = [match["work_id"] for match in self.matches]
        return found == [] if self.truth is None else bool(found) and found[0] == self.truth


@dataclass(slots=True)
class Story:
    """What happened, for the table, the page and `report.json`."""

    works: list[Work] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    verified: int = 0
    refusals: list[tuple[str, str, str]] = field(default_factory=list)  # what, error code, reason
    reports: list[Path] = field(default_factory=list)
    seconds: float = 0.0

    def summary(self) -> dict[str, Any]:
        misuses = [upload for upload in self.uploads if upload.truth]
        innocent = [upload for upload in self.uploads if not upload.truth]
        return {
            "registered": len(self.works),
            "misuses": len(misuses),
            "found": sum(upload.right for upload in misuses),
            "innocent": len(innocent),
            "false_matches": sum(not upload.right for upload in innocent),
            "certificates_verified": self.verified,
            "tampered_refused": len(self.refusals),
            "seconds": round(self.seconds, 1),
        }

    @property
    def succeeded(self) -> bool:
        told = self.summary()
        return (
            told["found"] == told["misuses"]
            and told["false_matches"] == 0
            and told["certificates_verified"] == told["registered"]
            and told["tampered_refused"] == len(TAMPERINGS)
        )


def tell(out: Path, *, seed: int, console: Console, works: int | None = None, innocent: int | None = None) -> Story:
    """Run the whole story into the folder `out`, which is emptied first; or a short one, with the first `works` and the
    first `innocent` pictures only."""
    start = time.monotonic()
    shutil.rmtree(out, ignore_errors=True)
    for name in ("works", "uploads", "reports", "data"):
        (out / name).mkdir(parents=True)
    story = Story()
    rng = np.random.default_rng(seed)
    passphrase = SecretStr(secrets.token_hex(16))  # the demo's keys are thrown away with its folder
    settings = Settings(home=out / "data", key_passphrase=passphrase, database_url=None, base_url=None)
    with Service(settings) as service:
        service.start()
        console.print("[bold]1[/] register artworks: mark, fingerprint, certify")
        artworks = _artworks(service, seed, console, works)
        story.works = [_registered(service, submission, out) for submission in artworks]
        (out / "jwks.json").write_text(json.dumps(dict(service.jwks), indent=2))
        console.print("[bold]2[/] misuse them, and add pictures that were never registered")
        story.uploads = [*_misused(story.works, out, rng), *itertools.islice(_innocent(out), innocent)]
        console.print("[bold]3[/] check every upload")
        with ThreadPoolExecutor(CLIENTS) as clients:
            checks = clients.map(lambda upload: _checked(service, upload), story.uploads)
            for upload, check in zip(track(story.uploads, "checking", console=console), checks, strict=True):
                upload.check = check
        story.reports = _reported(service, story.uploads, out)
    console.print("[bold]4[/] verify every certificate offline, then tamper")
    _verify_all(story, out)
    story.refusals = [_refused(story.works[0], out, name) for name in TAMPERINGS]
    story.seconds = time.monotonic() - start
    return story


def _checked(service: Service, upload: Upload) -> Check:
    return service.check(Query(data=upload.path.read_bytes(), owner=OWNER))


def _reported(service: Service, uploads: list[Upload], out: Path) -> list[Path]:
    """What could be put in front of the other side about one upload: a collage, where one was found."""
    found = sorted((upload for upload in uploads if upload.matches), key=lambda upload: upload.kind != "collage")
    if not found or found[0].check is None:
        return []
    query = service.images.read(found[0].path.read_bytes())
    report = service.report(found[0].check, query=query, viewer=None)
    paths = []
    for form, language in itertools.product(("html", "pdf"), LANGUAGES):
        paths.append(out / "reports" / f"{found[0].path.stem}.{language}.{form}")
        paths[-1].write_bytes(rendered(report, form, language))
    return paths


def _artworks(service: Service, seed: int, console: Console, works: int | None) -> Iterator[Submission]:
    generator = service.generator("procedural")
    kinds = generator.kinds
    files = sorted(path for path in (EXAMPLES / "artworks").iterdir() if path.suffix.lower() != ".md")
    places = range(len(files) + GENERATED)[:works]
    for index in track(places, "registering", console=console):
        if index < len(files):
            yield Submission(data=files[index].read_bytes(), owner=OWNER, title=files[index].stem)
        else:
            seed += 1
            kind = kinds[index % len(kinds)]
            recipe = {"generator": "procedural", "kind": kind, "width": 1024, "height": 1024}
            yield service.generate(recipe, seed=seed, owner=OWNER, title=f"{kind} {seed}", terms="commercial")


def _registered(service: Service, submission: Submission, out: Path) -> Work:
    work = service.register(submission)
    (out / "works" / file_name(work)).write_bytes(service.blobs.get(work.marked_blob))
    (out / "works" / f"{work.id}.cert.json").write_text(json.dumps(dict(work.certificate), indent=2))
    return work


def file_name(work: Work) -> str:
    return f"{work.id}.{work.media_type.rpartition('/')[2]}"


def _misused(works: list[Work], out: Path, rng: np.random.Generator) -> Iterator[Upload]:
    """Laps over all works; a step of 5 kinds a lap gives each work MISUSES_PER_WORK different ones."""
    for lap, (place, work) in itertools.product(range(MISUSES_PER_WORK), enumerate(works)):
        with Image.open(out / "works" / file_name(work)) as artwork:
            made = misuse(NAMES[(place + 5 * lap) % len(NAMES)], artwork, rng=rng)
        path = out / "uploads" / f"{lap * len(works) + place:03d}-{made.name}.{made.suffix}"
        path.write_bytes(made.data)
        yield Upload(path, made.name, str(work.id))


def _innocent(out: Path) -> Iterator[Upload]:
    for source in sorted(path for path in (EXAMPLES / "innocent").iterdir() if path.suffix.lower() != ".md"):
        path = out / "uploads" / f"innocent-{source.name}"
        shutil.copyfile(source, path)
        yield Upload(path, "innocent", None)


def _keyring(out: Path) -> TrustedKeys:
    """What a buyer holds: the published keys in a file, nothing else of the service."""
    return pinned_jwks((out / "jwks.json").read_bytes())


def _verify_all(story: Story, out: Path) -> None:
    keyring = _keyring(out)
    for work in story.works:
        certificate = (out / "works" / f"{work.id}.cert.json").read_bytes()
        verify(certificate, keyring=keyring, now=utc_now(), content=(out / "works" / file_name(work)).read_bytes())
        story.verified += 1


def _altered_certificate(certificate: bytes, content: bytes) -> tuple[bytes, bytes]:
    return certificate.replace(b'"slug": "', b'"slug": "ai-', 1), content


def _altered_file(certificate: bytes, content: bytes) -> tuple[bytes, bytes]:
    return certificate, content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]


TAMPERINGS: Final = {"certificate": _altered_certificate, "file": _altered_file}


def _refused(work: Work, out: Path, name: str) -> tuple[str, str, str]:
    """Tamper and expect the refusal. Raises AssertionError if the tampered thing verifies."""
    certificate = (out / "works" / f"{work.id}.cert.json").read_bytes()
    content = (out / "works" / file_name(work)).read_bytes()
    certificate, content = TAMPERINGS[name](certificate, content)
    try:
        verify(certificate, keyring=_keyring(out), now=utc_now(), content=content)
    except VerificationError as error:
        return f"tampered {name}", f"step {error.step}: {error.code}", error.reason
    raise AssertionError(f"the tampered {name} was accepted")


def table(story: Story) -> Table:
    """One row an upload: file, grade, matched work, probability, which evidence spoke, ms."""
    titles = {str(work.id): work.title for work in story.works}
    result = Table("", "file", "grade", "matched work", "probability", "evidence that spoke", "ms", pad_edge=False)
    for upload in story.uploads:
        report = upload.report
        best = report["matches"][0] if report["matches"] else None
        spoke = [witness["kind"] for witness in best["evidence"] if witness["speaks"]] if best else []
        result.add_row(
            "[green]✓[/]" if upload.right else "[red]✗[/]",
            upload.path.name,
            report["grade"],
            titles.get(best["work_id"], "") if best else "",
            f"{best['probability']:.4f}" if best else "",
            " ".join(spoke),
            f"{sum(report['milliseconds'].values()):.0f}",
        )
    return result
