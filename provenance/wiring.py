"""Put the parts together: the only room that knows everyone.

Parts are made on first use, so that a command pays only for what it asks.
"""

import contextlib
import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from provenance import plugins
from provenance.adapters.blobs import FsspecBlobs
from provenance.adapters.http import FetchLimits, GuardedFetcher
from provenance.adapters.images import ImageLimits, PillowImages
from provenance.adapters.keys import KeyFolder
from provenance.adapters.models import OwnedMatcher
from provenance.adapters.store import SqlStore
from provenance.core.errors import Conflict, Misconfigured, ProvenanceError, Unavailable
from provenance.core.ports import Generator, Ledger, Signer, Watermarker
from provenance.core.records import Work
from provenance.credentials import bundle, did_document, did_web, jwks
from provenance.settings import Settings
from provenance.usecases.access import Access
from provenance.usecases.anchor import Anchor, receipts
from provenance.usecases.catch_up import ahead, catch_up
from provenance.usecases.check import CheckPicture
from provenance.usecases.generate import Generate
from provenance.usecases.license import License
from provenance.usecases.once import Once
from provenance.usecases.register import REGISTERED, Register
from provenance.usecases.verify import Verify
from provenance.usecases.withdraw import WITHDRAWN, Withdraw
from provenance.usecases.work import WorkOff

if TYPE_CHECKING:
    from index import Matcher

TICK_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id(prefix: str) -> Callable[[], str]:
    """Makes opaque ids of 120 random bits, such as `chk_…`."""
    return lambda: f"{prefix}_{secrets.token_hex(15)}"


class Service:
    """Every use case, wired to real parts. Close it (or use `with`), so that the index is sealed and threads end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = utc_now
        self._sealed_at = 0

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- parts

    @cached_property
    def store(self) -> SqlStore:
        home = self.settings.home
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(
                f"{home} can't be made: {error.strerror}", hint="choose another PROVENANCE_HOME"
            ) from error
        return SqlStore(self.settings.effective_database_url)

    @cached_property
    def blobs(self) -> FsspecBlobs:
        return FsspecBlobs(self.settings.effective_blobs_url)

    @cached_property
    def images(self) -> PillowImages:
        settings = self.settings
        return PillowImages(
            ImageLimits(file_bytes=settings.max_upload_bytes, pixels=settings.max_pixels, side=settings.max_side)
        )

    @cached_property
    def fetcher(self) -> GuardedFetcher:
        return GuardedFetcher(FetchLimits(body_bytes=self.settings.max_upload_bytes))

    @cached_property
    def keys(self) -> KeyFolder:
        """Signing and watermark keys. A development service makes them on its first start; a production service is
        initialised on purpose, by `provenance init`. Raises Misconfigured."""
        folder = self._key_folder()
        if not folder.exists and self.settings.environment != "production":
            with contextlib.suppress(Conflict):  # another process was first
                folder.create(now=self.clock(), did=self.own_did)
        if self.own_did not in (None, folder.issuer):
            raise Misconfigured(
                f"the keys are those of {folder.issuer}, but base_url says {self.own_did}",
                hint="run `provenance keys rotate` to sign under the new address, or set base_url back",
            )
        return folder

    @property
    def own_did(self) -> str | None:
        """did:web of the public address; None where there is none, and the issuer is the signing key's own did:key."""
        return did_web(self.settings.base_url) if self.settings.base_url else None

    @property
    def initialised(self) -> bool:
        """Whether there are keys. Asking makes none."""
        return self._key_folder().exists

    @cached_property
    def signer(self) -> Signer:
        return self.keys.signer()

    @cached_property
    def watermarker(self) -> Watermarker:
        make = plugins.load("watermarkers", self.settings.watermarker)
        made: Watermarker = make(self.keys.watermark_keys(), self.keys.current_watermark_key)
        return made

    @cached_property
    def local_matcher(self) -> "Matcher":
        """The index itself, which this process owns where no other does; else its folder is only read. Raises
        Misconfigured when its models are missing or not the right ones."""
        from index import FolderInUse, Matcher, NotSealed, WrongModel

        folder = self.settings.home / "index"
        try:
            embedder = self._embedder()
            return Matcher.open(folder, embedder=embedder)
        except FolderInUse:
            _log.info("another process owns %s; this one reads it and follows the record", folder)
            return Matcher.open(folder, embedder=embedder, read_only=True)
        except NotSealed as error:
            raise Unavailable(str(error.strerror), hint="look at the disk, its space and its permissions") from error
        except WrongModel as error:
            raise Misconfigured(str(error), hint="reinstall the package, or bring the right weights") from error

    @cached_property
    def matcher(self) -> OwnedMatcher:
        return OwnedMatcher(self.local_matcher, places=self.settings.model_queue)

    @cached_property
    def ledger(self) -> Ledger | None:
        """None where no node is configured: everything else works without it."""
        settings = self.settings
        if settings.chain_rpc_url is None:
            return None
        if settings.chain_id is None or settings.chain_contract is None or settings.chain_private_key is None:
            raise Misconfigured(
                "the ledger needs PROVENANCE_CHAIN_ID, PROVENANCE_CHAIN_CONTRACT and PROVENANCE_CHAIN_PRIVATE_KEY"
            )
        from provenance.adapters.chain import EvmOptions

        ledger: Ledger = plugins.load("ledgers", "evm")(
            settings.chain_rpc_url,
            settings.chain_contract,
            private_key=settings.chain_private_key.get_secret_value(),
            chain_id=settings.chain_id,
            options=EvmOptions(confirmations=settings.chain_confirmations),
        )
        return ledger

    def generator(self, name: str) -> Generator:
        made: Generator = plugins.load("generators", name)()
        return made

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
            signer=self.signer,
            issuer=self.keys.issuer,
            clock=self.clock,
            validity=timedelta(days=self.settings.certificate_days),
            new_payload=lambda: secrets.randbits(64),
        )

    @cached_property
    def check(self) -> CheckPicture:
        return CheckPicture(
            store=self.store,
            images=self.images,
            watermarker=self.watermarker,
            matcher=self.matcher,
            clock=self.clock,
            new_id=new_id("chk"),
        )

    @cached_property
    def verify(self) -> Verify:
        return Verify(store=self.store, images=self.images, keyring=self.keys.keyring(), clock=self.clock)

    @cached_property
    def withdraw(self) -> Withdraw:
        return Withdraw(store=self.store, matcher=self.matcher, clock=self.clock)

    @cached_property
    def license(self) -> License:
        return License(
            store=self.store, signer=self.signer, issuer=self.keys.issuer, clock=self.clock, new_id=new_id("lic")
        )

    @cached_property
    def anchor(self) -> Anchor | None:
        return Anchor(store=self.store, ledger=self.ledger, clock=self.clock) if self.ledger else None

    # ---- documents

    @property
    def did_document(self) -> Mapping[str, Any]:
        return did_document(self.keys.issuer, self.keys.signing_keys())

    @property
    def jwks(self) -> Mapping[str, Any]:
        return jwks(self.keys.signing_keys())

    def bundle(self, work: Work) -> dict[str, Any]:
        """The work's certificate with its ledger receipts."""
        with self.store.read() as unit:
            batches = unit.anchors.of_work(work.id)
        return bundle(work.certificate, receipts(batches, work))

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

    # ---- life

    def start(self) -> None:
        """Migrate where that is safe, load keys and models, catch the index up. Raises Misconfigured, Unavailable."""
        if self.settings.effective_database_url.startswith("sqlite"):
            self.store.migrate()  # a server's tables are upgraded on purpose: `provenance db upgrade`
        self.watermarker, self.signer  # noqa: B018  loading is the point
        if ahead(self.store, self.matcher):
            self.rebuild_index()
        catch_up(self.store, self.matcher)

    def readiness(self) -> dict[str, dict[str, Any]]:
        """What `/readyz` and `provenance doctor` say: one entry a part, with `ok` and a detail in words."""
        return {name: _probe(probe) for name, probe in self._probes().items()}

    def keep_house(self, stop: threading.Event) -> None:
        """Work off the outbox, keep the index sealed and the anchors followed up, until `stop` is set."""
        while not stop.wait(TICK_SECONDS):
            try:
                self.tick()
            except ProvenanceError as error:
                _log.error("housekeeping: %s", error.reason)
            except Exception:  # noqa: BLE001  the thread has to outlive a defect, and the log shows it
                _log.exception("housekeeping failed")

    def tick(self) -> None:
        """One round of housekeeping."""
        catch_up(self.store, self.matcher)
        while self.work_off():
            pass
        self._seal_when_due()
        self.once.expire()

    def _seal_when_due(self) -> None:
        """The process that owns the index writes it down now and then. A disk that refuses costs time at the next
        start, nothing else: it is asked again when as many operations have come."""
        checkpoint = self.matcher.checkpoint()
        if checkpoint - self._sealed_at < self.settings.seal_after:
            return
        self._sealed_at = checkpoint
        try:
            self.matcher.seal()
        except OSError as error:
            _log.warning("the index was not sealed, and will be caught up from the record: %s", error)

    @cached_property
    def work_off(self) -> WorkOff:
        return WorkOff(
            store=self.store, clock=self.clock, handlers={REGISTERED: self._on_change, WITHDRAWN: self._on_change}
        )

    def close(self) -> None:
        """Seal the index and let go of everything that was opened. Safe to call twice."""
        if "matcher" in self.__dict__:
            self.matcher.close()
        if "local_matcher" in self.__dict__:
            try:
                self.local_matcher.close()
            except OSError as error:  # it is a cache: what was written down is in the database
                _log.warning("the index was not sealed, and will be caught up from the record: %s", error)
        if "store" in self.__dict__:
            self.store.close()
        for part in ("matcher", "local_matcher", "store"):
            self.__dict__.pop(part, None)

    def _key_folder(self) -> KeyFolder:
        secret = self.settings.key_passphrase
        return KeyFolder(
            self.settings.home / "keys",
            passphrase=secret.get_secret_value().encode() if secret else None,
            allow_unencrypted=self.settings.environment != "production",
        )

    def _on_change(self, _body: Mapping[str, Any]) -> None:
        """A work came or went: what waits for an anchor is anchored by the next batch, where there is a ledger."""
        if self.anchor:
            self.anchor.follow_up()

    def _embedder(self) -> Any:
        settings = self.settings
        factory = plugins.load("fingerprinters", settings.embedder)
        if settings.embedder == "clip":
            if not settings.clip_weights:
                raise Misconfigured("CLIP needs PROVENANCE_CLIP_WEIGHTS: a tag or a path; it never runs untrained")
            return factory(settings.clip_architecture, settings.clip_weights)
        return factory()

    def _probes(self) -> dict[str, Callable[[], str]]:
        return {
            "database": self._probe_database,
            "blobs": self._probe_blobs,
            "keys": lambda: self.signer.key_id,
            "watermark": lambda: self.watermarker.alg,
            "index": self._probe_index,
        }

    def _probe_database(self) -> str:
        self.store.ping()
        problem = self.store.revision().problem
        if problem:
            raise Misconfigured(problem)
        return "answers, and its tables are up to date"

    def _probe_blobs(self) -> str:
        digest = self.blobs.put(b"readiness probe\n")
        self.blobs.get(digest)
        return "written and read back"

    def _probe_index(self) -> str:
        with self.store.read() as unit:
            behind = unit.fingerprints.last() - self.matcher.checkpoint()
        return f"{', '.join(self.matcher.models)}; {max(0, behind)} operations behind"


def _probe(probe: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": probe()}
    except ProvenanceError as error:
        return {"ok": False, "detail": error.reason, "hint": error.hint}
    except OSError as error:
        hint = "look at the disk, its space and its permissions"
        return {"ok": False, "detail": f"{error.filename or ''} {error.strerror or error}".strip(), "hint": hint}
