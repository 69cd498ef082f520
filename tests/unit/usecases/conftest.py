"""A whole service in memory: the real store, blobs, images, keys and rules around quick models."""

import itertools
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from generators.procedural import ProceduralGenerator
from provenance.adapters.blobs import FsspecBlobs
from provenance.adapters.images import PillowImages
from provenance.adapters.keys import EphemeralSigner, InsecureKeyWarning
from provenance.adapters.reports import ReportDrawing
from provenance.adapters.store import SqlStore
from provenance.core.records import Check, Work
from provenance.core.report import Calibrated, FalseAlarms
from provenance.credentials import TrustedKeys, VerificationKey
from provenance.usecases.access import Access
from provenance.usecases.anchor import Anchor
from provenance.usecases.batch import BATCH_ITEM, Batches, BatchLimits, HandIn
from provenance.usecases.batch_item import CheckItem
from provenance.usecases.certify import Certify, ContentCredentials
from provenance.usecases.check import CheckPicture, Query
from provenance.usecases.generate import Generate
from provenance.usecases.kept import FORGET, Forget
from provenance.usecases.label import Label
from provenance.usecases.license import License
from provenance.usecases.look_alikes import GroupIndexes
from provenance.usecases.once import Once
from provenance.usecases.register import Register, Submission
from provenance.usecases.report import MakeReport
from provenance.usecases.revoke import TakeBack
from provenance.usecases.verify import Verify
from provenance.usecases.watch import NEW_WATCH, NEW_WORK, Look, StartWatching, Watches
from provenance.usecases.withdraw import Withdraw
from provenance.usecases.work import WorkOff
from tests.doubles import PixelWatermarker, ScriptedLedger, SteppingClock, ThumbnailMatcher

Pixels = NDArray[np.uint8]


def painting(seed: int, side: int = 64) -> Pixels:
    """uint8[side, side, 3]: 4 x 4 fields of random colour; two seeds never look alike."""
    fields = np.random.default_rng(seed).integers(20, 236, (4, 4, 3), np.uint8)
    return np.kron(fields, np.ones((side // 4, side // 4, 1), np.uint8))


def png(pixels: Pixels) -> bytes:
    return encoded(pixels, "PNG")


def encoded(pixels: Pixels, format_: str, **options: Any) -> bytes:
    target = BytesIO()
    Image.fromarray(pixels).save(target, format_, **options)
    return target.getvalue()


def decoded(data: bytes) -> Pixels:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@dataclass
class FakeWeb:
    """Satisfies `core.ports.Fetcher`: what lies at an address, or the error that fetching it raises."""

    answers: dict[str, bytes | Exception] = field(default_factory=dict)

    def fetch(self, url: str) -> bytes:
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Studio:
    """The parts, and use cases made of whatever parts are there when they are asked for."""

    store: SqlStore
    signer: EphemeralSigner
    clock: SteppingClock = field(default_factory=SteppingClock)
    images: Any = field(default_factory=PillowImages)
    blobs: Any = field(default_factory=lambda: FsspecBlobs(f"memory://{uuid.uuid4().hex}"))
    watermarker: Any = field(default_factory=PixelWatermarker)
    matcher: Any = field(default_factory=ThumbnailMatcher)
    ledger: ScriptedLedger = field(default_factory=ScriptedLedger)
    base_url: str | None = None
    credentials: ContentCredentials | None = None
    false_alarms: tuple[FalseAlarms, ...] = ()
    groups: GroupIndexes = field(
        default_factory=lambda: GroupIndexes(ThumbnailMatcher, lambda: ThumbnailMatcher.models)
    )
    pages: "FakeWeb" = field(default_factory=lambda: FakeWeb())
    limits: BatchLimits = field(default_factory=lambda: BatchLimits(items=8, file_bytes=100_000, open=2))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def issuer(self) -> str:
        return self.signer.key_id.partition("#")[0]

    @property
    def keyring(self) -> TrustedKeys:
        return TrustedKeys([VerificationKey(self.signer.public_key, self.signer.key_id)])

    @property
    def register(self) -> Register:
        return Register(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            watermarker=self.watermarker,
            matcher=self.matcher,
            label=self.label,
            certify=self.certify,
            clock=self.clock,
            new_payload=lambda: next(self._numbers) << 32,
        )

    @property
    def label(self) -> Label:
        return Label(images=self.images, base_url=self.base_url)

    @property
    def certify(self) -> Certify:
        return Certify(
            store=self.store,
            watermarker=self.watermarker,
            matcher=self.matcher,
            signer=self.signer,
            issuer=self.issuer,
            validity=timedelta(days=365),
            base_url=self.base_url,
            credentials=self.credentials,
        )

    @property
    def check(self) -> CheckPicture:
        return CheckPicture(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            watermarker=self.watermarker,
            matcher=self.matcher,
            clock=self.clock,
            new_id=lambda: f"chk_{next(self._numbers)}",
            calibrations=lambda: {
                "thumbnail-steps-1": Calibrated(strict=0.85, review=0.25, false_alarms=self.false_alarms)
            },
        )

    @property
    def report(self) -> MakeReport:
        return MakeReport(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            matcher=self.matcher,
            drawing=ReportDrawing(),
            base_url=self.base_url,
        )

    @property
    def withdraw(self) -> Withdraw:
        return Withdraw(store=self.store, matcher=self.matcher, clock=self.clock)

    @property
    def license(self) -> License:
        return License(
            store=self.store,
            signer=self.signer,
            issuer=self.issuer,
            clock=self.clock,
            new_id=lambda: f"lic_{next(self._numbers)}",
            base_url=self.base_url,
        )

    @property
    def take_back(self) -> TakeBack:
        return TakeBack(store=self.store, clock=self.clock)

    @property
    def verify(self) -> Verify:
        return Verify(store=self.store, images=self.images, keyring=self.keyring, clock=self.clock)

    @property
    def generate(self) -> Generate:
        return Generate(generator=lambda _name: ProceduralGenerator(), images=self.images, max_pixels=1 << 22)

    @property
    def anchor(self) -> Anchor:
        return Anchor(store=self.store, ledger=self.ledger, clock=self.clock)

    @property
    def access(self) -> Access:
        return Access(store=self.store, clock=self.clock)

    @property
    def once(self) -> Once:
        return Once(store=self.store, clock=self.clock)

    @property
    def hand_in(self) -> HandIn:
        return HandIn(
            store=self.store,
            blobs=self.blobs,
            clock=self.clock,
            new_id=lambda: f"bat_{next(self._numbers)}",
            new_check_id=lambda: f"chk_{next(self._numbers)}",
            limits=self.limits,
        )

    @property
    def batches(self) -> Batches:
        return Batches(store=self.store, clock=self.clock)

    @property
    def check_item(self) -> CheckItem:
        return CheckItem(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            check=self.check,
            fetcher=self.pages,
            groups=self.groups,
            clock=self.clock,
        )

    @property
    def start_watching(self) -> StartWatching:
        return StartWatching(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            matcher=self.matcher,
            clock=self.clock,
            new_id=lambda: f"wch_{next(self._numbers)}",
            most=3,
        )

    @property
    def watches(self) -> Watches:
        return Watches(store=self.store, clock=self.clock)

    @property
    def look(self) -> Look:
        return Look(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            check=self.check,
            groups=self.groups,
            clock=self.clock,
        )

    @property
    def bulk(self) -> WorkOff:
        """One job at a time, as the service's worker; then the quick ones that follow."""
        look = self.look
        handlers = {
            BATCH_ITEM: self.check_item,
            NEW_WORK: look.at_work,
            NEW_WATCH: look.at_watch,
            FORGET: Forget(blobs=self.blobs),
        }
        gave_up = {BATCH_ITEM: self.check_item.gave_up}
        return WorkOff(
            store=self.store, clock=self.clock, handlers=handlers, gave_up=gave_up, only=tuple(handlers), limit=1
        )

    # -- shorter to write

    def work_off(self) -> int:
        """All bulk jobs that are due. Returns how many."""
        return sum(iter(self.bulk, 0))

    def registered(self, seed: int, **fields: Any) -> Work:
        return self.register(Submission(**{"data": png(painting(seed)), "owner": "studio", **fields}))

    def file(self, work: Work) -> bytes:
        """The marked file, as its owner got it."""
        data: bytes = self.blobs.get(work.marked_blob)
        return data

    def ask(self, data: bytes, licensee: str | None = None, *, keep: bool = False) -> Check:
        return self.check(Query(data=data, owner="studio", licensee=licensee, keep=keep))

    def counts(self) -> dict[str, int]:
        """Rows that a registration writes."""
        with self.store.read() as unit:
            return {
                "works": unit.works.count(),
                "operations": unit.fingerprints.last(),
                "jobs": unit.outbox.pending(),
                "leaves": unit.log.size(),
            }


NOTHING = {"works": 0, "operations": 0, "jobs": 0, "leaves": 0}


@pytest.fixture(scope="session")
def signer() -> EphemeralSigner:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureKeyWarning)
        return EphemeralSigner(seed=bytes(range(32)))


@pytest.fixture
def studio(signer: EphemeralSigner) -> Iterator[Studio]:
    store = SqlStore.memory()
    yield Studio(store, signer)
    store.close()
