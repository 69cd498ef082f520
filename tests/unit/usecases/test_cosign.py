"""Witnesses: what they are asked, what they answer, and that none of them holds anything up."""

import logging
from pathlib import Path

import pytest

from provenance.core.errors import Conflict, InvalidRequest, Misconfigured, Unavailable
from provenance.credentials.tlog import Note, Policy, VerifierKey
from provenance.credentials.tlog.tree import consistency_path
from provenance.credentials.tlog.witnessing import AddCheckpoint
from tests.unit.credentials.tlog.trees import LOG, NOON, WITNESSES, Key
from tests.unit.usecases.log_studio import LocalWitness, LogStudio


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LogStudio:
    monkeypatch.setattr("os.fsync", lambda _: None)
    studio = LogStudio(tmp_path / "log")
    studio.log(5)
    studio.publish()
    return studio


def cosigned(studio: LogStudio) -> set[str]:
    policy = Policy.of([LOG.public], [witness.public for witness in WITNESSES])
    return set(policy.check(studio.newest.note).witnessed)


def names(*numbers: int) -> set[str]:
    return {WITNESSES[number].public.name for number in numbers}


class TestAsking:
    def test_everybody_cosigns_and_is_asked_once(self, studio: LogStudio) -> None:
        witnesses = [LocalWitness(key) for key in WITNESSES]
        ask = studio.ask(*witnesses)
        assert ask() == 3
        assert cosigned(studio) == names(0, 1, 2)
        assert ask() == 0
        assert [witness.asked for witness in witnesses] == [1, 1, 1]

    def test_the_next_checkpoint_comes_with_a_proof_from_the_last(self, studio: LogStudio) -> None:
        witness = LocalWitness(WITNESSES[0])
        ask = studio.ask(witness)
        ask()
        studio.log(7, start=5)
        studio.publish()
        assert ask() == 1
        assert witness.asked == 2
        assert witness.memory.known[studio.origin][0] == 12

    def test_a_new_process_learns_where_a_witness_is(self, studio: LogStudio) -> None:
        witness = LocalWitness(WITNESSES[0])
        studio.ask(witness)()
        studio.log(1, start=5)
        studio.publish()
        assert studio.ask(witness)() == 1
        assert witness.asked == 3  # a 409 told the size

    def test_nobody_is_asked_before_there_is_a_checkpoint(self, tmp_path: Path) -> None:
        witness = LocalWitness(WITNESSES[0])
        assert LogStudio(tmp_path / "other").ask(witness)() == 0
        assert LogStudio(tmp_path / "other").ask()() == 0
        assert witness.asked == 0

    def test_one_that_is_away_is_asked_again_after_a_pause(
        self, studio: LogStudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        away, there = LocalWitness(WITNESSES[0]), LocalWitness(WITNESSES[1])
        away.away = True
        ask = studio.ask(away, there)
        assert ask() == 1
        assert cosigned(studio) == names(1)
        assert "no route" in caplog.text
        assert ask() == 0
        assert away.asked == 1
        studio.clock.advance(seconds=2)
        assert ask() == 0
        assert away.asked == 2
        studio.clock.advance(seconds=2)
        assert ask() == 0
        assert away.asked == 2  # the pause doubles
        studio.clock.advance(seconds=300)
        away.away = False
        assert ask() == 1
        assert cosigned(studio) == names(0, 1)

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            ((500, b""), "status 500"),
            ((200, b""), "malformed"),
            ((200, b"\xff"), "malformed"),
            ((200, "\N{EM DASH} somebody.else AAAAAAAA\n".encode()), "no cosignature of its key"),
            ((409, b"not a number\n"), "not a size"),
            ((409, b"3\n"), "changed its mind"),
            ((409, b"6\n"), "had 6 entries, and now claims 5"),
        ],
    )
    def test_other_answers_are_logged(
        self, studio: LogStudio, caplog: pytest.LogCaptureFixture, answer: tuple[int, bytes], reason: str
    ) -> None:
        witness = LocalWitness(WITNESSES[0])
        witness.says = answer
        with caplog.at_level(logging.WARNING):
            assert studio.ask(witness)() == 0
        assert reason in caplog.text
        assert cosigned(studio) == set()

    def test_a_cosignature_of_something_else_is_not_kept(
        self, studio: LogStudio, caplog: pytest.LogCaptureFixture
    ) -> None:
        elsewhere = LogStudio(studio.folder.parent / "elsewhere")
        elsewhere.log(9)
        elsewhere.publish()
        witness = LocalWitness(WITNESSES[0])
        elsewhere.ask(witness)()
        line = Note.parse(elsewhere.newest.note).signatures[1]
        witness.says = (200, line.text.encode())
        assert studio.ask(witness)() == 0
        assert "does not fit" in caplog.text

    def test_cosignatures_of_two_rounds_are_merged(self, studio: LogStudio) -> None:
        first, second = studio.ask(LocalWitness(WITNESSES[0])), studio.ask(LocalWitness(WITNESSES[1]))
        first()
        second()
        assert cosigned(studio) == names(0, 1)

    def test_a_key_that_is_none_is_refused_at_once(self, studio: LogStudio) -> None:
        witness = LocalWitness(WITNESSES[0])
        witness.vkey = "nonsense"
        with pytest.raises(Misconfigured):
            studio.ask(witness)


class TestBeingOne:
    def request(self, studio: LogStudio, old: int = 0) -> bytes:
        size = studio.newest.size
        path = consistency_path(old, size, studio.tree.nodes(size))
        return AddCheckpoint(old, path, Note.parse(studio.newest.note)).body

    def test_it_cosigns_now(self, studio: LogStudio) -> None:
        witness = LocalWitness(WITNESSES[0])
        line = witness._cosign(self.request(studio))
        note = Note.parse(studio.newest.note + line)
        assert note.signers([VerifierKey.parse(witness.vkey)]) == {WITNESSES[0].public: NOON}

    def test_what_is_not_on_disk_is_not_signed(self, studio: LogStudio) -> None:
        witness = LocalWitness(WITNESSES[0])
        witness.memory.broken = True
        with pytest.raises(Unavailable):
            witness._cosign(self.request(studio))

    def test_what_is_no_request(self, studio: LogStudio) -> None:
        for body in (b"", b"old 0\n\nno note\n", self.request(studio).replace(b"old 0", b"old 00")):
            with pytest.raises(InvalidRequest):
                LocalWitness(WITNESSES[0])._cosign(body)

    def test_a_rollback_is_refused_and_forgets_nothing(self, studio: LogStudio) -> None:
        witness = LocalWitness(WITNESSES[0])
        early = self.request(studio)
        studio.log(2, start=5)
        studio.publish()
        witness._cosign(self.request(studio))
        with pytest.raises(Conflict):
            witness._cosign(early)
        assert witness.memory.known[studio.origin][0] == 7

    def test_logs_are_kept_apart(self, studio: LogStudio) -> None:
        other = Key(5, "other.example/log", 1)
        witness = LocalWitness(WITNESSES[0], logs=(LOG, other))
        witness._cosign(self.request(studio))
        assert set(witness.memory.known) == {studio.origin}
