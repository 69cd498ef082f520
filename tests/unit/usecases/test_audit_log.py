"""A monitor's audit: an honest log passes, and every way to cheat it has its error."""

from pathlib import Path

import pytest

from provenance.core.errors import (
    InvalidRequest,
    LogInconsistent,
    LogProofInvalid,
    LogRootMismatch,
    MalformedLogProof,
    Misconfigured,
    NotWitnessed,
    StaleCheckpoint,
    UntrustedSigner,
)
from provenance.credentials.tlog import Policy
from provenance.credentials.tlog.tiles import Tile, bundle
from provenance.usecases.audit_log import Audited, AuditLog, AuditState
from tests.unit.credentials.tlog.trees import LOG, WITNESSES, Key, checkpoint_note, entries
from tests.unit.usecases.log_studio import LocalWitness, LogStudio, ServedLog

SIZE = 530


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> LogStudio:
    """A log of three tiles; tests leave it as it is."""
    studio = LogStudio(tmp_path_factory.mktemp("log"))
    with studio.store.unit() as unit:
        for entry in entries(SIZE):
            unit.log.append("test", entry, at=studio.clock())
    studio.publish()
    studio.ask(LocalWitness(WITNESSES[0]))()
    return studio


@pytest.fixture
def served(grown: LogStudio) -> ServedLog:
    return ServedLog(grown)


def audit(
    served: ServedLog, known: AuditState | None = None, *, policy: Policy | None = None, full: bool = False
) -> tuple[Audited, list[bytes]]:
    seen: list[bytes] = []
    auditor = AuditLog(fetcher=served, prefix=served.PREFIX, policy=policy or Policy.of([LOG.public]))
    return auditor(known, full=full, on_entry=lambda _index, data: seen.append(data)), seen


def state_at(size: int) -> AuditState:
    """What an honest audit of the same log would have remembered at an earlier size."""
    from provenance.credentials.tlog.tree import Frontier, leaf_hash

    frontier = Frontier()
    for entry in entries(size):
        frontier.append(leaf_hash(entry))
    return AuditState("art.example/log", size, frontier.nodes, "")


def test_the_whole_log(served: ServedLog) -> None:
    done, seen = audit(served)
    assert seen == entries(SIZE)
    assert (done.first, done.tiles, done.state.size) == (0, 4, SIZE)
    assert done.state == AuditState("art.example/log", SIZE, state_at(SIZE).nodes, done.checked.note.text)


@pytest.mark.parametrize("before", [0, 1, 255, 256, 257, 300, 512, 529, 530])
def test_only_what_is_new(served: ServedLog, before: int) -> None:
    known = AuditState.load(state_at(before).dump())
    done, seen = audit(served, known)
    assert seen == entries(SIZE)[before:]
    assert done.state.nodes == state_at(SIZE).nodes
    assert all(not path.startswith("tile/entries/000") for path in served.asked) or before < 256


def test_everything_again(served: ServedLog) -> None:
    done, seen = audit(served, state_at(300), full=True)
    assert seen == entries(SIZE)
    assert done.first == 0


def test_an_empty_log(tmp_path: Path) -> None:
    studio = LogStudio(tmp_path)
    studio.publish()
    done, seen = audit(ServedLog(studio))
    assert (seen, done.tiles, done.state.size) == ([], 0, 0)


def test_a_partial_tile_that_was_replaced_by_its_full_one(served: ServedLog, grown: LogStudio) -> None:
    """The log grew between two requests, and does not keep what it no longer needs."""
    longer = [*entries(SIZE), *[f"later {number}".encode() for number in range(256)]]
    hashes = grown.tree.tile(Tile(0, 2, 18)) + bytes(32 * 238)
    served.changed = {
        "tile/entries/002.p/18": None,
        "tile/entries/002": bundle(longer[512:768]),
        "tile/0/002.p/18": None,
        "tile/0/002": hashes,
    }
    assert audit(served)[1] == entries(SIZE)


def test_the_policy_decides(served: ServedLog) -> None:
    witnessed = Policy.of([LOG.public], [WITNESSES[0].public], quorum=1)
    assert set(audit(served, policy=witnessed)[0].checked.witnessed) == {WITNESSES[0].public.name}
    with pytest.raises(NotWitnessed):
        audit(served, policy=Policy.of([LOG.public], [WITNESSES[1].public], quorum=1))
    with pytest.raises(UntrustedSigner):
        audit(served, policy=Policy.of([Key(9, LOG.public.name, 1).public]))


class TestCheating:
    def test_an_entry_was_changed(self, served: ServedLog) -> None:
        forged = entries(SIZE)[:256]
        forged[7] = b"something else"
        served.changed["tile/entries/000"] = bundle(forged)
        with pytest.raises(LogRootMismatch, match="tile/0/000 is not the tile"):
            audit(served)

    @pytest.mark.parametrize("path", ["tile/0/001", "tile/0/002.p/18", "tile/1/000.p/2"])
    def test_a_tile_was_changed(self, served: ServedLog, path: str) -> None:
        served.changed[path] = bytes(len(served.fetch(f"{served.PREFIX}/{path}")))
        with pytest.raises(LogRootMismatch, match=path.replace(".", "\\.")):
            audit(served)

    def test_the_root_is_another(self, served: ServedLog) -> None:
        served.changed["checkpoint"] = checkpoint_note(SIZE, bytes(32)).text.encode()
        with pytest.raises(LogRootMismatch, match="do not have the root"):
            audit(served)
        with pytest.raises(LogInconsistent, match="do not have the root"):
            audit(served, state_at(300))

    def test_the_past_was_rewritten(self, served: ServedLog) -> None:
        other = AuditState("art.example/log", 300, state_at(44).nodes[:1] + state_at(299).nodes[1:4], "")
        with pytest.raises(LogInconsistent, match="first 300 entries"):
            audit(served, other, full=True)
        with pytest.raises(LogInconsistent, match="do not have the root"):
            audit(served, other)

    def test_at_the_same_size_the_root_is_the_same(self, served: ServedLog) -> None:
        nodes = state_at(SIZE).nodes
        with pytest.raises(LogInconsistent):
            audit(served, AuditState("art.example/log", SIZE, (bytes(32), *nodes[1:]), ""))

    def test_the_log_shrank(self, served: ServedLog) -> None:
        with pytest.raises(StaleCheckpoint, match="known to have had 600"):
            audit(served, state_at(600))

    @pytest.mark.parametrize("path", ["tile/entries/001", "tile/0/000", "tile/entries/002.p/18", "tile/1/000.p/2"])
    def test_something_is_withheld(self, served: ServedLog, path: str) -> None:
        served.changed[path] = None
        with pytest.raises(LogProofInvalid, match="does not serve"):
            audit(served)

    @pytest.mark.parametrize("data", [b"", b"\0", bytes(31), bytes(9000)])
    @pytest.mark.parametrize("path", ["tile/entries/000", "tile/0/000", "checkpoint"])
    def test_something_is_not_in_its_form(self, served: ServedLog, path: str, data: bytes) -> None:
        served.changed[path] = data
        with pytest.raises(MalformedLogProof):
            audit(served)

    def test_another_log_answers(self, served: ServedLog) -> None:
        known = AuditState("other.example/log", 0, (), "")
        with pytest.raises(InvalidRequest, match=r"another log, other\.example"):
            audit(served, known)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        state_at(3).dump().replace(b'"size": 3', b'"size": 4'),
        state_at(3).dump().replace(b'"size": 3', b'"size": "3"'),
        state_at(3).dump().replace(b'"version": 1', b'"version": 2'),
        state_at(3).dump().replace(b'"nodes": [', b'"nodes": ["xx",'),
        b"\xff",
    ],
)
def test_a_state_that_is_none(data: bytes) -> None:
    with pytest.raises(Misconfigured, match="no state"):
        AuditState.load(data)
