"""The transparency log of this service: its identity, and the use cases around it."""

from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from provenance.adapters.tiles import TileFolder
from provenance.adapters.witness import HttpWitness
from provenance.core.errors import Misconfigured, NotFound
from provenance.core.types import WorkId
from provenance.credentials.tlog import Checkpoint, Note, Policy, VerifierKey
from provenance.credentials.tlog.notes import ED25519, is_key_name
from provenance.credentials.tlog.tiles import ENTRIES, Tile, bundle
from provenance.usecases.cosign import AskWitnesses
from provenance.usecases.log import Prove, PublishCheckpoint
from provenance.usecases.log_tree import LogTree
from provenance.wiring.parts import Parts


class Transparency:
    """Made on first use, from parts that are. Raises Misconfigured on a setting that names no origin or witness."""

    def __init__(self, parts: Parts) -> None:
        self._parts: Final = parts

    @cached_property
    def origin(self) -> str:
        """The log's name for ever: the setting, else that of the checkpoints that are there, else made of the public
        address or of the first signing key."""
        settings = self._parts.settings
        name = settings.log_origin or self._published_origin() or self._own_origin()
        if not is_key_name(name):
            raise Misconfigured(f"{name[:80]!r} is no origin of a log", hint="no spaces and no plus in it")
        return name

    @cached_property
    def tree(self) -> LogTree:
        return LogTree(store=self._parts.store, cache=TileFolder(self._parts.settings.home / "log"))

    @cached_property
    def publish(self) -> PublishCheckpoint:
        return PublishCheckpoint(
            store=self._parts.store,
            tree=self.tree,
            signer=self._parts.signer,
            keys=self._parts.keys.signing_keys,
            origin=self.origin,
            clock=self._parts.clock,
        )

    @cached_property
    def witnesses(self) -> tuple[HttpWitness, ...]:
        return tuple(HttpWitness.parse(line) for line in self._parts.settings.log_witnesses)

    @cached_property
    def ask_witnesses(self) -> AskWitnesses:
        return AskWitnesses(store=self._parts.store, tree=self.tree, witnesses=self.witnesses, clock=self._parts.clock)

    @cached_property
    def prove(self) -> Prove:
        return Prove(store=self._parts.store, tree=self.tree, signer=self._parts.signer, issuer=self._parts.keys.issuer)

    def keep(self) -> None:
        """Publish what is new and ask witnesses for it."""
        self.publish()
        self.ask_witnesses()

    # ---- what anybody may read

    @property
    def vkeys(self) -> list[VerifierKey]:
        """The keys that sign, or signed, checkpoints; the current one first, revoked ones never."""
        keys = [key for key in self._parts.keys.signing_keys() if key.revoked is None]
        return [VerifierKey(self.origin, ED25519, key.public_key) for key in reversed(keys)]

    @property
    def policy(self) -> Policy:
        """What we suggest to verifiers: our keys, our witnesses, and how many of them are enough."""
        keys = [VerifierKey.parse(witness.vkey) for witness in self.witnesses]
        policy = Policy.of(self.vkeys, keys, quorum=self._parts.settings.log_quorum)
        urls = {key.name: witness.url for key, witness in zip(keys, self.witnesses, strict=True)}
        return Policy(policy.logs, policy.witnesses, policy.groups, policy.quorum, urls)

    def checkpoint(self) -> Note:
        """The newest one, with the cosignatures so far. Raises NotFound before the first."""
        with self._parts.store.read() as unit:
            newest = unit.log.checkpoint()
        if newest is None:
            raise NotFound("the log has no checkpoint yet", hint="the worker publishes one in a few seconds")
        return Note.parse(newest.note)

    def tile(self, tile: Tile) -> bytes:
        """A tile or an entry bundle of the published log. Raises NotFound."""
        with self._parts.store.read() as unit:
            newest = unit.log.checkpoint()
            if newest is None or not tile.exists(newest.size):
                raise NotFound(f"the log has no {tile.path}")
            if tile.level == ENTRIES:
                return bundle([e.data for e in unit.log.entries(tile.start, tile.start + tile.width)])
        return self.tree.tile(tile)

    def bundled(self, work_id: WorkId) -> str | None:
        """The proof that a bundle of this work's certificate carries; None while there is none."""
        try:
            return self.prove(work_id).text
        except NotFound:
            return None

    def _published_origin(self) -> str | None:
        with self._parts.store.read() as unit:
            newest = unit.log.checkpoint()
        return Checkpoint.parse(Note.parse(newest.note).body).origin if newest else None

    def _own_origin(self) -> str:
        """C2SP asks for the log's address without its scheme; a service without one takes its first key's name."""
        base_url = self._parts.settings.base_url
        if base_url:
            parts = urlsplit(base_url)
            return f"{parts.netloc}{parts.path}/log"
        return f"{(self._parts.keys.signing_keys()[0].key_id or '').partition('#')[0]}/log"
