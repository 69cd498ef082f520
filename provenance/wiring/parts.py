"""Real adapters and engines for a set of settings, each made on first use: a command pays only for what it asks."""

import contextlib
import logging
import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from provenance import __version__, plugins
from provenance.adapters.blobs import FsspecBlobs
from provenance.adapters.ca import CaFolder, Stapler
from provenance.adapters.http import FetchLimits, GuardedFetcher
from provenance.adapters.images import ImageLimits, PillowImages
from provenance.adapters.keys import KeyFolder
from provenance.adapters.models import OwnedMatcher
from provenance.adapters.store import SqlStore
from provenance.adapters.timestamps import HttpTimestamper
from provenance.core.errors import Conflict, Misconfigured, Unavailable
from provenance.core.manifests import Software
from provenance.core.models import models_key
from provenance.core.ports import (
    ClaimSigner,
    Generator,
    Ledger,
    ManifestReader,
    RevocationSource,
    Signer,
    Timestamper,
    Watermarker,
)
from provenance.credentials import did_web
from provenance.credentials.pki import chains
from provenance.credentials.pki.profiles import Role
from provenance.settings import Settings
from provenance.usecases.catch_up import catch_up
from provenance.usecases.certify import ContentCredentials
from provenance.usecases.reindex import Progress, Reindex
from provenance.wiring.authority import bought_anchors, ca_folder, opened_ca
from provenance.wiring.embedders import configured, load
from provenance.wiring.succession import embedders_of, in_memory, open_index, settle

if TYPE_CHECKING:
    from index import Matcher

COUNTED_SECONDS: Final = 30.0
_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Parts:
    """What the use cases stand on. `close` lets go of whatever was opened."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = utc_now
        self._succeeded: list[OwnedMatcher] = []
        self._counted: tuple[float, Progress] | None = None

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
            ImageLimits(
                file_bytes=settings.max_upload_bytes,
                pixels=settings.max_pixels,
                side=settings.max_side,
                animation_frames=settings.max_frames,
                animation_pixels=settings.max_animation_pixels,
            )
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

    @property
    def ca_folder(self) -> CaFolder:
        """The certificate authority's folder, whether or not it was made."""
        return ca_folder(self.settings, self.clock)

    @cached_property
    def ca(self) -> CaFolder | None:
        """The service's certificate authority; None with `PROVENANCE_CA=none`. A development service makes it on first
        use; a production service is given one on purpose, by `provenance ca init`. Raises Misconfigured."""
        return opened_ca(self.settings, self.clock)

    @cached_property
    def claim_signer(self) -> ClaimSigner | None:
        """The current claim-signing key and chain; None without a certificate authority."""
        return self.ca.claim_signer() if self.ca else None

    @cached_property
    def revocation(self) -> RevocationSource | None:
        """OCSP responses for the chain of `claim_signer`."""
        if self.ca is None or self.claim_signer is None:
            return None
        return Stapler(self.ca, self.claim_signer.chain, fetch=self.fetcher.fetch, clock=self.clock)

    @cached_property
    def timestamper(self) -> Timestamper | None:
        """The authority of `PROVENANCE_TSA_URL`, else our own; None where there is neither."""
        if self.settings.tsa_url is None:
            return self.ca
        return HttpTimestamper(self.settings.tsa_url, anchors=bought_anchors(self.settings))

    @property
    def trust_anchors(self) -> bytes:
        """PEM: the root of our content credentials; empty without a certificate authority."""
        return chains.pem(self.ca.chain(Role.ROOT)) if self.ca else b""

    @property
    def tsa_anchors(self) -> bytes:
        """PEM: our root, and the roots of the time-stamping authority that the settings name."""
        return self.trust_anchors + chains.pem(bought_anchors(self.settings))

    @cached_property
    def manifest_reader(self) -> ManifestReader:
        """Trusts our own root, and no other."""
        from provenance.adapters.c2pa import C2paReader

        return C2paReader([self.trust_anchors.decode()], [self.tsa_anchors.decode()])

    @cached_property
    def content_credentials(self) -> ContentCredentials | None:
        """What signs C2PA manifests; None without a certificate authority."""
        if self.claim_signer is None:
            return None
        from provenance.adapters.c2pa import C2paSigner
        from provenance.credentials.c2pa import iscc

        signer = C2paSigner(
            self.claim_signer,
            timestamper=self.timestamper,
            revocation=self.revocation,
            anchors=[self.trust_anchors.decode()],
        )
        return ContentCredentials(
            signer=signer,
            reader=self.manifest_reader,
            content_code=iscc.units,
            generator=Software("Provenance", __version__),
        )

    @cached_property
    def watermarker(self) -> Watermarker:
        settings = self.settings
        make = plugins.load("watermarkers", settings.watermarker)
        options = {}
        if settings.watermarker == "trustmark":
            options = {"variant": settings.trustmark_variant, "weights": settings.trustmark_weights}
        made: Watermarker = make(self.keys.watermark_keys(), self.keys.current_watermark_key, **options)
        return made

    @cached_property
    def _embedders(self) -> list[Any]:
        """Those that the settings name. Raises Misconfigured when models are missing or not the right ones."""
        from index import WrongModel

        try:
            return load(configured(self.settings))
        except WrongModel as error:
            raise Misconfigured(str(error), hint="reinstall the package, or bring the right weights") from error

    @cached_property
    def configured_matcher(self) -> "Matcher":
        """By the models that the settings name, in memory: it describes, and may become the index."""
        return in_memory(self._embedders)

    @cached_property
    def local_matcher(self) -> "Matcher":
        """The index itself, by the models that searches go to. Raises Misconfigured, Unavailable."""
        with self.store.read() as unit:
            serving = unit.model_sets.serving()
        if serving is None or serving.key == models_key(self.configured_matcher.models):
            return open_index(self._index_folder, self._embedders)
        return open_index(self._index_folder, embedders_of(serving))

    @cached_property
    def matcher(self) -> OwnedMatcher:
        return OwnedMatcher(self.local_matcher, places=self.settings.model_queue)

    @cached_property
    def coming_matcher(self) -> OwnedMatcher | None:
        """By models that searches don't go to yet: it describes new works too. None where there are none."""
        if tuple(self.configured_matcher.models) == tuple(self.matcher.models):
            return None
        return OwnedMatcher(self.configured_matcher, places=self.settings.model_queue)

    def succeed(self) -> bool:
        """Search by the models that were coming, if they have seen every work by now. Searches go on meanwhile, for the
        index of the new models is built beside the old one."""
        coming = self.coming_matcher
        if coming is None:
            return False
        with self.store.read() as unit:
            serving = unit.model_sets.serving()
        if serving is None or serving.key != models_key(coming.models):
            return False
        catch_up(self.store, coming)
        before = self.local_matcher
        self.matcher.succeed(self.configured_matcher)
        self.local_matcher, self.coming_matcher = self.configured_matcher, None
        self._succeeded.append(coming)  # a registration may be under way that still describes by it
        self._close_index(before)
        settle(self.local_matcher, self._index_folder)
        _log.info("searches go to %s", ", ".join(self.matcher.models))
        return True

    def coming_progress(self) -> Progress:
        """How far the configured models are, counted once in COUNTED_SECONDS: a probe comes often, and counting a
        million works takes seconds. Raises NotFound before the first `Reindex.begin`."""
        now = time.monotonic()
        if self._counted is None or now - self._counted[0] > COUNTED_SECONDS:
            self._counted = now, self.reindex.progress()
        return self._counted[1]

    @cached_property
    def reindex(self) -> Reindex:
        return Reindex(
            store=self.store,
            blobs=self.blobs,
            images=self.images,
            describer=self.configured_matcher,
            sources=configured(self.settings),
            clock=self.clock,
        )

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

    def close(self) -> None:
        """Seal the index and let go of everything that was opened; what is used again is opened again."""
        for owned in (self.__dict__.get("matcher"), self.__dict__.get("coming_matcher"), *self._succeeded):
            if owned is not None:
                owned.close()
        self._succeeded.clear()
        if "local_matcher" in self.__dict__:
            self._close_index(self.local_matcher)
        if "store" in self.__dict__:
            self.store.close()
        for name in [name for name in self.__dict__ if isinstance(getattr(type(self), name, None), cached_property)]:
            del self.__dict__[name]

    @property
    def _index_folder(self) -> Path:
        return self.settings.home / "index"

    def _close_index(self, index: "Matcher") -> None:
        try:
            index.close()
        except OSError as error:  # it is a cache: what was written down is in the database
            _log.warning("the index was not sealed, and will be caught up from the record: %s", error)

    def _key_folder(self) -> KeyFolder:
        secret = self.settings.key_passphrase
        return KeyFolder(
            self.settings.home / "keys",
            passphrase=secret.get_secret_value().encode() if secret else None,
            allow_unencrypted=self.settings.environment != "production",
        )
