"""When a witness may cosign: the refusals of tlog-witness, in its order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import (
    Conflict,
    InvalidRequest,
    InvalidSignature,
    LogInconsistent,
    MalformedLogProof,
    NotFound,
    UntrustedSigner,
)
from provenance.credentials.tlog.notes import Note
from provenance.credentials.tlog.tree import EMPTY_ROOT, consistency_path
from provenance.credentials.tlog.witnessing import AddCheckpoint, advance
from tests.unit.credentials.tlog.trees import LOG, ORIGIN, Key, by_definition, checkpoint_note, leaves, nodes_of

HASHES = leaves(40)
KEYS = [LOG.public]


def head(size):
    return size, by_definition(HASHES[:size])


def request(old, new, **changes):
    values = {"old": old, "path": consistency_path(old, new, nodes_of(HASHES)), "note": checkpoint_note(*head(new))}
    return AddCheckpoint(**(values | changes))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 7), (7, 7), (7, 8), (8, 40), (39, 40)])
def test_what_only_grew_is_cosigned(old, new):
    asked = AddCheckpoint.parse(request(old, new).body)
    assert asked == request(old, new)
    assert advance(asked, head(old) if old else None, KEYS).head == head(new)


def test_an_unknown_log():
    with pytest.raises(NotFound):
        advance(request(0, 7), None, [Key(5, "other.example/log", 1).public])


def test_a_checkpoint_that_the_log_did_not_sign():
    with pytest.raises(UntrustedSigner):
        advance(request(0, 7, note=checkpoint_note(*head(7), key=Key(5, ORIGIN, 1))), None, KEYS)
    other = checkpoint_note(*head(8))
    with pytest.raises(InvalidSignature):
        advance(request(0, 7, note=Note(checkpoint_note(*head(7)).body, other.signatures)), None, KEYS)


def test_a_rollback():
    with pytest.raises(InvalidRequest, match="larger"):
        advance(AddCheckpoint(8, (), checkpoint_note(*head(7))), head(8), KEYS)
    with pytest.raises(Conflict) as caught:
        advance(request(7, 7), head(8), KEYS)
    assert caught.value.existing == "8"


def test_an_old_size_that_the_witness_does_not_have():
    for known, size in ((None, "0"), (head(9), "9")):
        with pytest.raises(Conflict) as caught:
            advance(request(8, 40), known, KEYS)
        assert caught.value.existing == size


def test_a_fork():
    with pytest.raises(LogInconsistent):
        advance(request(8, 40), (8, HASHES[0]), KEYS)
    with pytest.raises(LogInconsistent):
        advance(request(8, 8), (8, HASHES[0]), KEYS)


def test_a_path_that_is_none():
    with pytest.raises(MalformedLogProof):
        advance(request(8, 40, path=()), head(8), KEYS)
    with pytest.raises(MalformedLogProof):
        advance(request(0, 7, path=(HASHES[0],)), None, KEYS)


def test_an_empty_tree_with_another_root():
    with pytest.raises(LogInconsistent):
        advance(request(0, 0, note=checkpoint_note(0, HASHES[0])), None, KEYS)
    assert advance(request(0, 0, note=checkpoint_note(0, EMPTY_ROOT)), None, KEYS).size == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [("old 8", "new 8"), ("old 8", "old 08"), ("old 8", "old"), ("old 8\n", "old 8\nAAAA\n"), ("\n\n", "\n")],
)
def test_malformed_requests(old, new):
    body = request(8, 40).body.decode()
    with pytest.raises(MalformedLogProof):
        AddCheckpoint.parse(body.replace(old, new, 1).encode() if old != "\n\n" else body.replace(old, new).encode())


def test_a_path_that_is_too_long():
    with pytest.raises(MalformedLogProof):
        AddCheckpoint.parse(request(8, 40, path=(HASHES[0],) * 64).body)


@given(st.binary(max_size=300))
def test_noise_is_refused(data):
    with pytest.raises(MalformedLogProof):
        AddCheckpoint.parse(data)
