"""The service: every use case, wired to real parts."""

import contextlib
import secrets
import threading
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from provenance.adapters.keys import reseal
from provenance.adapters.pdf import CertificatePdf, Language, LogPlace, Sheet
from provenance.adapters.reports import ReportDrawing
from provenance.core.errors import CannotHoldMark, Conflict, InvalidRequest, Misconfigured, Unavailable
from provenance.core.records import Work, WorkStatus
from provenance.core.report import Calibrated, FalseAlarms
from provenance.core.types import Picture, WorkId
from provenance.credentials import bundle, did_document, issue_jwt, jwks
from provenance.usecases.access import Access
from provenance.usecases.anchor import Anchor, receipts
from provenance.usecases.catch_up import ahead, catch_up
from provenance.usecases.certify import Certify
from provenance.usecases.check import CheckPicture
from provenance.usecases.explain import Explain
from provenance.usecases.frames import Seen, find_mark
from provenance.usecases.generate import Generate
from provenance.usecases.kept import KeptChecks
from provenance.usecases.label import Label
from provenance.usecases.license import License
from provenance.usecases.log_receipts import LogReceipts
from provenance.usecases.manifests import ManifestRepository
from provenance.usecases.mark import MarkPicture
from provenance.usecases.once import Once
from provenance.usecases.register import Register
from provenance.usecases.reindex import prune
from provenance.usecases.report import MakeReport
from provenance.usecases.resolve import Resolve
from provenance.usecases.review import ReportCalibration, Review
from provenance.usecases.revoke import TakeBack, standing_word
from provenance.usecases.status_lists import StatusLists
from provenance.usecases.verify import Verify
from provenance.usecases.withdraw import Withdraw
from provenance.wiring.bulk import Bulk, new_id, outlived
from provenance.wiring.health import readiness
from provenance.wiring.housekeeping import Housekeeping
from provenance.wiring.parts import Parts, utc_now
from provenance.wiring.transparency import Transparency

__all__ = ["Service", "new_id", "utc_now"]

FOLLOW_SECONDS: Final = 2.0


class Service(Parts):
    """Close it (or use `with`), so that the index is sealed and threads end."""

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- use cases

    @cached_property
    def access(self) -> Access:
        return Access(store=self.store, clock=self.clock)

    @cached_property
    def once(self) -> Once:
        return Once(store=self.store, clock=self.clock)

    @cached_property
    def generate(self) -> Generate:
        return Generate(generator=self.generator, images=self.images, max_pixels=self.settings.max_generated_pixels)

    @cached_property
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
            new_payload=lambda: secrets.randbits(64),
            coming=lambda: (self.coming_matcher,) if self.coming_matcher else (),
        )

    @cached_property
    def mark(self) -> MarkPicture:
        return MarkPicture(images=self.images, watermarker=self.watermarker)

    def find_mark(self, picture: Picture) -> Seen:
        """The mark in a picture, or in one of the frames of an animation that are looked at."""
        return find_mark(self.images, self.watermarker, picture)

    @cached_property
    def certify(self) -> Certify:
        return Certify(
            store=self.store,
            watermarker=self.watermarker,
            matcher=self.matcher,
            signer=self.signer,
            issuer=self.keys.issuer,
            validity=timedelta(days=self.settings.certificate_days),
            base_url=self.settings.base_url,
            credentials=self.content_credentials,
        )

    @cached_property
    def check(self) -> CheckPicture:
        return CheckPicture(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            watermarker=self.watermarker,
            matcher=self.matcher,
            clock=self.clock,
            new_id=new_id("chk"),
            calibrations=self._calibrations,
        )

    @cached_property
    def bulk(self) -> Bulk:
        return Bulk(self, check=self.check)

    @cached_property
    def review(self) -> Review:
        return Review(store=self.store, clock=self.clock)

    @cached_property
    def calibration_report(self) -> ReportCalibration:
        return ReportCalibration(store=self.store, calibrations=self._calibrations)

    @cached_property
    def report(self) -> MakeReport:
        return MakeReport(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            matcher=self.matcher,
            drawing=ReportDrawing(),
            base_url=self.settings.base_url,
        )

    @cached_property
    def kept(self) -> KeptChecks:
        return KeptChecks(store=self.store, blobs=self.blobs)

    @cached_property
    def explain(self) -> Explain:
        return Explain(store=self.store)

    def _calibrations(self) -> dict[str, Calibrated]:
        """The one in use."""
        used = self.local_matcher.calibration
        rows = tuple(
            FalseAlarms(threshold=row.threshold, rate=row.rate, upper=row.upper, queries=row.queries)
            for row in used.false_alarms
        )
        return {used.name: Calibrated(strict=used.strict, review=used.review, false_alarms=rows)}

    @cached_property
    def verify(self) -> Verify:
        return Verify(store=self.store, images=self.images, keyring=self.keys.keyring(), clock=self.clock)

    @cached_property
    def withdraw(self) -> Withdraw:
        return Withdraw(store=self.store, matcher=self.matcher, clock=self.clock)

    @cached_property
    def label(self) -> Label:
        """Raises Misconfigured when a setting can't stand in a label."""
        settings = self.settings
        label = Label(
            images=self.images,
            base_url=settings.base_url,
            default_terms=settings.label_terms,
            producer=settings.label_producer,
            credit=settings.label_credit,
            licensor_url=settings.label_licensor_url,
            preferences=settings.label_ai_preferences,
            visible=None if settings.label_visible == "none" else settings.label_visible,
        )
        try:
            label.policy(label.default_terms, work_id=WorkId(0))
        except InvalidRequest as error:
            raise Misconfigured(f"a PROVENANCE_LABEL_ setting is wrong: {error.reason}", hint=error.hint) from error
        return label

    @cached_property
    def license(self) -> License:
        return License(
            store=self.store,
            signer=self.signer,
            issuer=self.keys.issuer,
            clock=self.clock,
            new_id=new_id("lic"),
            base_url=self.settings.base_url,
        )

    @cached_property
    def take_back(self) -> TakeBack:
        return TakeBack(store=self.store, clock=self.clock)

    @cached_property
    def status_list(self) -> StatusLists:
        return StatusLists(
            store=self.store,
            signer=self.signer,
            issuer=self.keys.issuer,
            base_url=self.settings.base_url,
            clock=self.clock,
        )

    @cached_property
    def anchor(self) -> Anchor | None:
        return Anchor(store=self.store, ledger=self.ledger, clock=self.clock) if self.ledger else None

    @cached_property
    def log(self) -> Transparency:
        return Transparency(self)

    @cached_property
    def resolve(self) -> Resolve:
        return Resolve(
            store=self.store,
            images=self.images,
            watermarker=self.watermarker,
            matcher=self.matcher,
            fetcher=self.fetcher,
            max_bytes=self.settings.max_upload_bytes,
        )

    @cached_property
    def manifests(self) -> ManifestRepository:
        log = self.log
        return ManifestRepository(
            store=self.store,
            blobs=self.blobs,
            reader=self.manifest_reader,
            proofs=LogReceipts(store=self.store, tree=log.tree, publish=log.publish, keys=lambda: log.vkeys),
            clock=self.clock,
            mark_alg=self.watermarker.alg,
        )

    # ---- documents

    @property
    def did_document(self) -> Mapping[str, Any]:
        return did_document(self.keys.issuer, self.keys.signing_keys())

    @property
    def jwks(self) -> Mapping[str, Any]:
        return jwks(self.keys.signing_keys())

    def bundle(self, work: Work) -> dict[str, Any]:
        """The work's certificate with its ledger receipts and, once a checkpoint covers it, the proof of the log."""
        with self.store.read() as unit:
            batches = unit.anchors.of_work(work.id)
        return bundle(work.certificate, receipts(batches, work), log_proof=self.log.bundled(work.id))

    def certificate_jwt(self, work: Work) -> str:
        """The claims of the work's certificate as a `vc+jwt`, signed now. Raises Conflict where the certificate was
        issued under another identity than the service has today."""
        signer = self.signer
        try:
            return issue_jwt(work.certificate, signer=signer, issued_at=self.clock())
        except Misconfigured as error:
            raise Conflict(error.reason, existing=str(work.id), hint=error.hint) from error

    def certificate_pdf(self, work: Work, language: Language) -> bytes:
        """The work's certificate for people, with its thumbnail as long as the work is active."""
        base_url = self.settings.base_url
        with self.store.read() as unit:
            entries = [LogPlace(entry.kind, entry.index) for entry in unit.log.of_work(work.id)]
        status = self.take_back.standing(work.id)
        active = work.status is WorkStatus.ACTIVE
        sheet = Sheet(
            bundle=self.bundle(work),
            certificate_hash=work.certificate_hash,
            standing=standing_word(status),
            reason=status.reason if status else None,
            as_of=self.clock().replace(microsecond=0),
            log=entries,
            address=f"{base_url}/v1/works/{work.id}/certificate" if base_url else None,
            pixels=self.images.read(self.blobs.get(work.marked_blob)).pixels if active else None,
        )
        return CertificatePdf()(sheet, language)

    # ---- administration

    def create_keys(self) -> None:
        """Make the first keys. Raises Conflict when there are some, Misconfigured."""
        self._key_folder().create(now=self.clock(), did=self.own_did)

    def rotate_keys(self, *, watermark: bool) -> str:
        """A new current signing or watermark key; answers its id."""
        folder = self._key_folder()
        if watermark:
            return folder.rotate_watermark(now=self.clock())
        return folder.rotate_signing(now=self.clock(), did=self.own_did).key_id

    def revoke_key(self, key_id: str) -> None:
        """Nothing that this retired signing key signed counts any more. Raises NotFound, Conflict on the current."""
        self._key_folder().revoke_signing(key_id, now=self.clock())

    def change_passphrase(self, new: bytes) -> None:
        """Encrypt every private key under another passphrase: the key folder at once, then the certificate
        authority's files one by one; after an interruption the same command goes on. Raises Misconfigured."""
        secret = self.settings.key_passphrase
        old = secret.get_secret_value().encode() if secret else None
        self._key_folder().change_passphrase(new)
        for path in sorted(self.ca_folder.path.glob("*.key.pem")):
            reseal(path, old=old, new=new)

    def rebuild_index(self) -> int:
        """Throw the index's generations away and build it from the record. Raises Unavailable while another process
        owns it. Returns the number of operations."""
        try:
            self.local_matcher.clear()
        except PermissionError as error:  # it was opened read-only
            raise Unavailable("another process owns the index", hint="stop the service and its worker first") from error
        count = catch_up(self.store, self.matcher)
        self.matcher.seal()
        return count

    def prune_index(self) -> int:
        """Delete the fingerprints of all models but the ones that searches go to and those of the settings."""
        return prune(self.store, keep=self.reindex.key)

    # ---- life

    def start(self) -> None:
        """Migrate where that is safe, load keys and models, catch the index up. Raises Misconfigured, Unavailable."""
        self.migrate_where_safe()
        self.watermarker, self.signer, self.label  # noqa: B018  loading is the point
        if self.ca_folder.exists or self.settings.environment == "production":
            self.claim_signer  # noqa: B018  what ends soon is renewed; a development service makes its CA when asked
        if ahead(self.store, self.matcher):
            self.rebuild_index()
        catch_up(self.store, self.matcher)
        self.reindex.begin()
        self.coming_matcher  # noqa: B018  made before threads ask for it

    def migrate_where_safe(self) -> None:
        """A server's tables are upgraded on purpose: `provenance db upgrade`."""
        if self.settings.effective_database_url.startswith("sqlite"):
            self.store.migrate()

    def warm_up(self) -> None:
        """Mark and read one small picture, so that the watermark's kernels are compiled before anybody waits for them:
        some seconds after an installation, a fraction of one later."""
        import numpy as np

        noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
        picture = np.ascontiguousarray(noise.repeat(16, axis=0).repeat(16, axis=1))
        with contextlib.suppress(CannotHoldMark):  # another watermarker may want larger pictures
            self.watermarker.detect(self.watermarker.embed(picture, 0))

    def readiness(self) -> dict[str, dict[str, Any]]:
        """What `/readyz` and `provenance doctor` say: one entry a part, with `ok` and a detail in words."""
        return readiness(self)

    @cached_property
    def housekeeping(self) -> Housekeeping:
        return Housekeeping(self, once=self.once, anchor=self.anchor, log=self.log)

    def keep_house(self, stop: threading.Event) -> None:
        """Housekeeping until `stop` is set, and beside it what takes long."""
        bulk = threading.Thread(target=self.bulk.keep, args=(stop,), name="bulk", daemon=True)
        bulk.start()
        self.housekeeping.keep(stop)
        bulk.join()

    def follow_models(self, stop: threading.Event) -> None:
        """For a process without a worker: wait until the models that were coming serve, then search by them too."""
        while self.coming_matcher is not None and not stop.wait(FOLLOW_SECONDS):
            outlived("following the models", self.succeed)

    def tick(self) -> None:
        """One round of housekeeping, and all that waits for the other thread."""
        while self.bulk.round():
            pass
        self.housekeeping.tick()
