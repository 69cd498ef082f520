"""Mutated certificates: whatever comes in, a VerificationError comes out, and no change of a signed value passes."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.core.errors import Misconfigured, VerificationError
from provenance.credentials import TrustedKeys, pinned_did_document, pinned_jwks, pinned_key, verify
from scripts.golden import certificates as golden

KEYS = pinned_did_document(golden.did_json())
DOCUMENTS = [golden.certificate(), golden.licence(), golden.bundled()]
TEXTS = [json.dumps(document).encode() for document in DOCUMENTS]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=4)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


def places(value, path=()):
    """Every place in a document, inner ones too."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in items:
        yield from places(member, (*path, name))


PLACES = [(index, path) for index, document in enumerate(DOCUMENTS) for path in places(document)]


def refused(document) -> None:
    with pytest.raises(VerificationError) as caught:
        verify(document, keyring=KEYS, now=golden.NOW)
    assert 1 <= caught.value.step <= 11
    assert all(step.text(language).isprintable() for step in caught.value.trail for language in ("en", "zh"))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused(data):
    refused(data)


@settings(deadline=None)
@given(st.dictionaries(st.text(), values, max_size=5))
def test_any_json_object_is_refused(document):
    refused(document)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), values)
def test_a_replaced_value_is_refused_or_the_same(place, value):
    index, path = place
    document = copy.deepcopy(DOCUMENTS[index])
    at = document
    for name in path[:-1]:
        at = at[name]
    before, at[path[-1]] = at[path[-1]], value
    if value == before and type(value) is type(before):
        return
    if "receipts" in path and path[-1] in ("chainId", "blockNumber", "leafCount") and isinstance(value, int):
        return  # unsigned: only the chain can deny them
    if path == ("receipts",) and value == []:
        return  # a receipt may be left out
    refused(document)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_flipped_bytes_never_crash_and_never_change_what_is_believed(text, data):
    position = data.draw(st.integers(0, len(text) - 1))
    changed = text[:position] + bytes([data.draw(st.integers(0, 255))]) + text[position + 1 :]
    try:
        result = verify(changed, keyring=KEYS, now=golden.NOW)
    except VerificationError:
        return
    original = json.loads(text)
    assert result.certificate == original.get("certificate", original)


@settings(deadline=None)
@given(st.sampled_from(TEXTS), st.data())
def test_truncation_is_refused(text, data):
    refused(text[: data.draw(st.integers(0, len(text) - 1))])


@settings(deadline=None)
@given(st.one_of(st.text(max_size=120), st.binary(max_size=120), st.dictionaries(st.text(), values, max_size=3)))
def test_pins_of_any_kind_are_keys_or_misconfigured(data):
    readers = (
        [pinned_did_document, pinned_jwks] if isinstance(data, dict) else [pinned_key, pinned_did_document, pinned_jwks]
    )
    for read in readers:
        try:
            assert isinstance(read(data), TrustedKeys)
        except Misconfigured:
            continue
