"""A log to test with: real store and tiles, keys from numbers; witnesses and fetchers that stand in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provenance.adapters.store import SqlStore
from provenance.adapters.tiles import TileFolder
from provenance.core import errors
from provenance.core.errors import SourceRefused, Unavailable
from provenance.core.types import WorkId
from provenance.credentials import VerificationKey
from provenance.credentials.tlog import EntryKind, Policy, log_entry
from provenance.credentials.tlog.tiles import ENTRIES, Tile, bundle
from provenance.usecases.cosign import AskWitnesses
from provenance.usecases.log import Prove, PublishCheckpoint
from provenance.usecases.log_tree import LogTree
from provenance.usecases.witness import Cosign
from tests.doubles import SteppingClock
from tests.records import a_work, digest, keys_of
from tests.unit.credentials.tlog.trees import LOG, NOON, ORIGIN, Key

KEY_ID = "did:web:art.example#z6MkLog"


class LogSigner:
    """The `Signer` port over a key of the tests."""

    def __init__(self, key: Key = LOG) -> None:
        self.key_id, self.public_key, self.sign = KEY_ID, key.public.public_key, key.sign


@dataclass
class LogStudio:
    """The log's parts and use cases. `keys` is the history that the service's key folder would answer."""

    folder: Path
    store: SqlStore = field(default_factory=SqlStore.memory)
    clock: SteppingClock = field(default_factory=SteppingClock)
    keys: list[VerificationKey] = field(default_factory=list)
    signer: LogSigner = field(default_factory=LogSigner)
    origin: str = ORIGIN
    policy: Policy = field(default_factory=lambda: Policy.of([LOG.public]))

    @property
    def tree(self) -> LogTree:
        return LogTree(store=self.store, cache=TileFolder(self.folder))

    @property
    def publish(self) -> PublishCheckpoint:
        return PublishCheckpoint(
            store=self.store,
            tree=self.tree,
            signer=self.signer,
            keys=lambda: self.keys,
            origin=self.origin,
            clock=self.clock,
        )

    @property
    def prove(self) -> Prove:
        return Prove(store=self.store, tree=self.tree, signer=self.signer, issuer="did:web:art.example")

    def ask(self, *witnesses: Any) -> AskWitnesses:
        return AskWitnesses(store=self.store, tree=self.tree, witnesses=witnesses, clock=self.clock)

    def log(self, count: int, *, start: int = 0) -> None:
        """Withdrawals of works that nobody registered: entries with a number each."""
        with self.store.unit() as unit:
            for number in range(start, start + count):
                data = log_entry(EntryKind.WORK_WITHDRAWN, at=NOON, certificate=digest(number))
                unit.log.append(EntryKind.WORK_WITHDRAWN, data, at=NOON, work_id=WorkId(number))

    def register(self, number: int) -> WorkId:
        """A work with its entry, in one transaction."""
        work = a_work(number)
        data = log_entry(EntryKind.WORK_REGISTERED, at=NOON, certificate=work.certificate_hash)
        with self.store.unit() as unit:
            unit.works.add(work, keys_of(work))
            unit.log.append(EntryKind.WORK_REGISTERED, data, at=NOON, work_id=work.id)
        return work.id

    @property
    def newest(self) -> Any:
        with self.store.read() as unit:
            return unit.log.checkpoint()


class Memory:
    """A witness's memory that a test can break."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, bytes]] = {}
        self.broken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        yield

    def latest(self, origin: str) -> tuple[int, bytes] | None:
        return self.known.get(origin)

    def remember(self, origin: str, size: int, root: bytes) -> None:
        if self.broken:
            raise Unavailable("the disk is full")
        self.known[origin] = (size, root)


class LocalWitness:
    """Our own witness behind the `Witness` port. `away` makes it unreachable, `says` replaces its answer."""

    def __init__(self, key: Key, *, logs: tuple[Key, ...] = (LOG,)) -> None:
        self.vkey = key.public.text
        self.memory = Memory()
        self.away = False
        self.says: tuple[int, bytes] | None = None
        self.asked = 0
        self._cosign = Cosign(
            key=key.public,
            sign=key.sign,
            logs=[log.public for log in logs],
            memory=self.memory,
            clock=lambda: NOON,
        )

    def add_checkpoint(self, body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        if self.away:
            raise Unavailable("no route to it")
        if self.says:
            return self.says
        try:
            return 200, self._cosign(body).encode()
        except errors.Conflict as conflict:
            return 409, f"{conflict.existing}\n".encode()
        except errors.ProvenanceError:
            return 422, b""


class ServedLog:
    """A fetcher of a log that a studio published. `changed` replaces resources; None withholds one."""

    PREFIX = "https://art.example/log"

    def __init__(self, studio: LogStudio) -> None:
        self._studio = studio
        self.changed: dict[str, bytes | None] = {}
        self.asked: list[str] = []

    def fetch(self, url: str) -> bytes:
        path = url.removeprefix(self.PREFIX + "/")
        self.asked.append(path)
        data = self.changed.get(path) if path in self.changed else self._read(path)
        if data is None:
            raise SourceRefused("the URL answers with status 404")
        return data

    def _read(self, path: str) -> bytes | None:
        newest = self._studio.newest
        if path == "checkpoint":
            return newest.note.encode()
        tile = Tile.parse(path)
        if not tile.exists(newest.size):
            return None
        if tile.level != ENTRIES:
            return self._studio.tree.tile(tile)
        with self._studio.store.read() as unit:
            return bundle([e.data for e in unit.log.entries(tile.start, tile.start + tile.width)])
