import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import MalformedManifest
from provenance.credentials.c2pa import boxes
from provenance.credentials.c2pa.store import CLAIM, ManifestStore
from tests.unit.credentials.c2pa.stores import assertion, box, manifest, store, superbox


def test_labels_types_and_places():
    data = store(manifest("urn:c2pa:1", ("c2pa.actions.v2", {"actions": []})))

    root = boxes.parse(data)

    (active,) = root.children
    assert (root.label, root.type, active.label, active.type) == ("c2pa", b"c2pa", "urn:c2pa:1", b"c2ma")
    assert [child.label for child in active.children] == ["c2pa.assertions", CLAIM, "c2pa.signature"]
    content = active.child(CLAIM).only(b"cbor")
    assert data[content.start - 4 : content.start] == b"cbor"


def test_a_superboxes_payload_is_what_is_hashed():
    data = store(manifest("urn:c2pa:1", ("a", 1)))

    found = ManifestStore.parse(data).assertion("a")

    assert data[found.start : found.end] == assertion("a", 1)[8:]


def test_large_sizes_and_sizes_to_the_end():
    inner = box(b"cbor", b"\x01")
    body = box(b"jumd", b"cbor" + bytes(12) + b"\x03a\x00") + inner
    long = struct.pack(">I4sQ", 1, b"jumb", len(body) + 16) + body
    open_end = struct.pack(">I4s", 0, b"jumb") + body

    for data in (long, open_end):
        assert data[slice(*_place(boxes.parse(data)))] == b"\x01"


def _place(root):
    content = root.only(b"cbor")
    return content.start, content.end


def test_padding_behind_the_store_is_left_alone():
    assert ManifestStore.parse(store() + bytes(7)).active_id == "urn:c2pa:1"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ends in the middle"),
        (b"\x00\x00\x00\x09jumb", "does not fit"),
        (b"\x00\x00\x00\x04jumb", "does not fit"),
        (struct.pack(">I4s", 1, b"jumb"), "ends in the middle"),
        (box(b"free", b""), "something else"),
        (box(b"jumb", b""), "begin with its description"),
        (box(b"jumb", box(b"cbor", b"")), "begin with its description"),
        (box(b"jumb", box(b"jumd", b"short")), "cut off"),
        (box(b"jumb", box(b"jumd", bytes(16) + b"\x03label")), "does not end"),
    ],
)
def test_damage_is_named(data, reason):
    with pytest.raises(MalformedManifest, match=reason):
        boxes.parse(data)


def test_depth_and_number_are_bounded():
    deep = box(b"cbor", b"")
    for _ in range(boxes.MAX_DEPTH + 2):
        deep = superbox(b"c2as", "a", deep)
    wide = superbox(b"c2as", "a", box(b"free", b"") * boxes.MAX_BOXES)

    with pytest.raises(MalformedManifest, match="levels deep"):
        boxes.parse(deep)
    with pytest.raises(MalformedManifest, match="more than"):
        boxes.parse(wide)


def test_the_last_manifest_speaks():
    data = store(manifest("urn:c2pa:1"), manifest("urn:c2pa:2", kind=b"c2um"))

    found = ManifestStore.parse(data)

    assert (found.active_id, found.is_update) == ("urn:c2pa:2", True)


def test_what_is_missing_or_double_is_named():
    without = store(superbox(b"c2ma", "urn:c2pa:1"))
    double = store(superbox(b"c2ma", "urn:c2pa:1", assertion(CLAIM, 1), assertion(CLAIM, 2)))

    with pytest.raises(MalformedManifest, match="0 boxes"):
        _ = ManifestStore.parse(without).claim
    with pytest.raises(MalformedManifest, match="2 boxes"):
        _ = ManifestStore.parse(double).claim
    with pytest.raises(MalformedManifest, match="no single cbor"):
        _ = ManifestStore.parse(store(superbox(b"c2ma", "u", superbox(b"c2cl", CLAIM)))).claim


@pytest.mark.parametrize("data", [superbox(b"c2pa", "c2pa"), superbox(b"c2as", "c2pa", manifest())])
def test_a_box_that_is_no_manifest_store(data):
    with pytest.raises(MalformedManifest, match="no C2PA manifest"):
        ManifestStore.parse(data)


def test_a_store_over_the_limit(monkeypatch):
    monkeypatch.setattr("provenance.credentials.c2pa.store.MAX_STORE_BYTES", 100)

    with pytest.raises(MalformedManifest, match="larger"):
        ManifestStore.parse(store())


@given(st.binary(max_size=300))
def test_junk_never_crashes_the_parser(junk):
    for data in (junk, superbox(b"c2pa", "c2pa", junk), box(b"jumb", junk)):
        try:
            boxes.parse(data)
        except MalformedManifest:
            continue
