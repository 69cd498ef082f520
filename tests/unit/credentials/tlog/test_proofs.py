"""tlog-proof files: a defect of each kind has its own error, and a proof of one entry proves no other."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import (
    InvalidSignature,
    LogProofInvalid,
    LogRootMismatch,
    MalformedLogProof,
    NotWitnessed,
    StaleCheckpoint,
    UntrustedSigner,
    VerificationError,
)
from provenance.credentials.tlog import (
    EntryKind,
    LogProof,
    Policy,
    log_entry,
    verify_certificate_proof,
    verify_proof,
)
from provenance.credentials.tlog.tree import inclusion_path, leaf_hash
from tests.unit.credentials.tlog.trees import (
    LOG,
    NOON,
    WITNESSES,
    Key,
    by_definition,
    checkpoint_note,
    entries,
    leaves,
    nodes_of,
)

SIZE = 21
HASHES = leaves(SIZE)
ENTRIES = entries(SIZE)
NOTE = checkpoint_note(SIZE, by_definition(HASHES), witnesses=2)
POLICY = Policy.of([LOG.public], [witness.public for witness in WITNESSES], quorum=2)


def proof(index=5, **changes):
    values = {"index": index, "path": inclusion_path(index, SIZE, nodes_of(HASHES)), "note": NOTE}
    return LogProof(**(values | changes))


@pytest.mark.parametrize("index", range(SIZE))
def test_every_entry_is_proved_offline(index):
    proven = verify_proof(proof(index).text, ENTRIES[index], POLICY, smallest=SIZE, not_before=NOON)
    assert (proven.index, proven.checkpoint.size) == (index, SIZE)
    assert proven.witnessed == {witness.public.name: NOON for witness in WITNESSES[:2]}


def test_a_log_of_one_entry_has_an_empty_path():
    note = checkpoint_note(1, HASHES[0])
    text = LogProof(0, (), note).text
    assert text.startswith("c2sp.org/tlog-proof@v1\nindex 0\n\nart.example/log\n1\n")
    assert verify_proof(text, ENTRIES[0], Policy.of([LOG.public])).index == 0


def test_extra_data_travels_along():
    for extra in (b"", b"a comment"):
        text = proof(extra=extra).text
        assert LogProof.parse(text).extra == extra
        verify_proof(text, ENTRIES[5], POLICY)


def refused(text, kind, *, entry=ENTRIES[5], policy=POLICY, **demands):
    with pytest.raises(VerificationError) as caught:
        verify_proof(text, entry, policy, **demands)
    assert type(caught.value) is kind
    return caught.value


class TestDefects:
    def test_another_entry(self):
        refused(proof().text, LogRootMismatch, entry=ENTRIES[6])

    def test_another_root(self):
        refused(proof(note=checkpoint_note(SIZE, HASHES[0], witnesses=2)).text, LogRootMismatch)

    def test_a_truncated_path(self):
        error = refused(proof(path=proof().path[:-1]).text, MalformedLogProof)
        assert "it was cut" in error.reason

    def test_a_truncated_file(self):
        text = proof().text
        for length in range(0, len(text) - 1, 7):
            refused(text[:length], MalformedLogProof) if "\n\n" not in text[:length] else self._cut(text[:length])

    def _cut(self, text):
        with pytest.raises(VerificationError):
            verify_proof(text, ENTRIES[5], POLICY)

    def test_an_unknown_log(self):
        refused(proof().text, UntrustedSigner, policy=Policy.of([Key(7, LOG.public.name, 1).public]))

    def test_a_wrong_signature(self):
        note = checkpoint_note(SIZE + 1, by_definition(HASHES))
        refused(proof(note=type(note)(NOTE.body, note.signatures)).text, InvalidSignature)

    def test_too_few_witnesses(self):
        refused(proof(note=checkpoint_note(SIZE, by_definition(HASHES), witnesses=1)).text, NotWitnessed)

    def test_a_checkpoint_that_is_smaller_than_what_is_known(self):
        refused(proof().text, StaleCheckpoint, smallest=SIZE + 1)

    def test_a_checkpoint_that_was_seen_too_long_ago(self):
        error = refused(proof().text, StaleCheckpoint, not_before=NOON + timedelta(days=1))
        assert "2026-03-01T12:00:00Z" in error.reason

    def test_a_checkpoint_whose_age_nobody_tells(self):
        note = checkpoint_note(SIZE, by_definition(HASHES))
        refused(proof(note=note).text, StaleCheckpoint, policy=Policy.of([LOG.public]), not_before=NOON)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("tlog-proof@v1", "tlog-proof@v2"),
            ("index 5", "index 05"),
            ("index 5", "index -5"),
            ("index 5", "place 5"),
            ("index 5", "extra =\nindex 5"),
            ("index 5", "extra !\nindex 5"),
            ("index 5\n", "index 5\nAAAA\n"),
            ("index 5\n", "index 5\n" + "A" * 43 + "=\n" + ("A" * 43 + "=\n") * 70),
            ("\n\nart", "\nart"),
        ],
    )
    def test_other_forms(self, old, new):
        text = proof().text
        assert old in text
        refused(text.replace(old, new, 1), MalformedLogProof)

    def test_an_index_outside_the_log(self):
        refused(proof().text.replace("index 5", "index 21"), MalformedLogProof)


class TestCertificates:
    """The proof brings its entry; the certificate's hash says whose it has to be."""

    def proof_of(self, entry, extra=None):
        hashes = [*leaves(4), leaf_hash(entry)]
        path = inclusion_path(4, 5, nodes_of(hashes))
        return LogProof(4, path, checkpoint_note(5, by_definition(hashes)), entry if extra is None else extra).text

    def entry(self, kind=EntryKind.WORK_REGISTERED, number=1):
        return log_entry(kind, at=NOON, certificate=f"{number:064x}")

    @pytest.mark.parametrize("kind", [EntryKind.WORK_REGISTERED, EntryKind.LICENCE_GRANTED])
    def test_an_issued_certificate(self, kind):
        proven = verify_certificate_proof(self.proof_of(self.entry(kind)), f"{1:064x}", Policy.of([LOG.public]))
        assert (proven.index, proven.checkpoint.size) == (4, 5)

    def test_what_proves_nothing_about_it(self):
        texts = {
            self.proof_of(self.entry(number=2)): LogRootMismatch,
            self.proof_of(self.entry(EntryKind.CERTIFICATE_REVOKED)): LogRootMismatch,
            self.proof_of(self.entry(number=2), extra=self.entry()): LogRootMismatch,
            self.proof_of(self.entry(), extra=b"{}"): MalformedLogProof,
        }
        for text, kind in texts.items():
            with pytest.raises(VerificationError) as caught:
                verify_certificate_proof(text, f"{1:064x}", Policy.of([LOG.public]))
            assert type(caught.value) is kind

    def test_a_proof_without_its_entry(self):
        with pytest.raises(MalformedLogProof, match="does not bring the entry"):
            verify_certificate_proof(proof().text, f"{1:064x}", POLICY)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_noise_is_refused(data):
    with pytest.raises(LogProofInvalid):
        verify_proof(data, ENTRIES[5], POLICY)


@given(st.integers(0, len(proof().text) - 1), st.characters(), st.integers(0, 3))
def test_a_changed_proof_is_refused_or_says_the_same(place, character, width):
    text = proof().text
    try:
        proven = verify_proof(text[:place] + character + text[place + width :], ENTRIES[5], POLICY)
    except VerificationError:
        return
    assert (proven.index, proven.checkpoint.head) == (5, (SIZE, by_definition(HASHES)))
