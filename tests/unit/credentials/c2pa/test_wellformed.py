"""RFC 8949: what is well-formed (examples of appendix A) and what is not (appendix F.1), against cbor2."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import MalformedManifest, UnsupportedFormat
from provenance.credentials.c2pa import wellformed
from provenance.credentials.c2pa.store import ManifestStore
from tests.unit.credentials.c2pa.stores import assertion, manifest, store

GOOD = (
    "00", "1818", "1bffffffffffffffff", "20", "3bffffffffffffffff", "f90000", "fb3ff199999999999a", "f4", "f7",
    "f8ff", "c074323031332d30332d32315432303a30343a30305a", "d818456449455446", "40", "4401020304", "60",
    "6449455446", "80", "8301820203820405", "a0", "a201020304", "a26161016162820203", "826161a161626163",
    "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "bf61610161629f0203ffff",
    "bf6346756ef563416d7421ff",
)  # fmt: skip
BAD = (
    "18", "19", "1a", "1b", "1901", "1a0102", "1b01020304050607", "38", "58", "78", "98", "9a01ff00", "b8", "d8",
    "f8", "f900", "fa0000", "fb000000", "41", "61", "5affffffff00", "5bffffffffffffffff010203", "7affffffff00",
    "81", "818181818181818181", "8200", "a1", "a20102", "a100", "a2000000", "5f4100", "7f6100", "9f", "9f0102",
    "bf", "bf01020102", "819f", "9f8000", "9f9f9f9f9fffffffff", "c0", "1c", "1d", "1e", "3c", "5c", "7d", "9e",
    "bd", "dc", "fc", "fd", "fe", "1f", "3f", "df", "ff", "81ff", "8200ff", "a1ff", "a1ff00", "a100ff",
    "9a7fffffff", "bb8000000000000000",
)  # fmt: skip


def check(data, **more):
    wellformed.check(data, 0, len(data), wellformed.Budget(**more))


@pytest.mark.parametrize("text", GOOD)
def test_well_formed(text):
    check(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["", *BAD])
def test_not_well_formed(text):
    with pytest.raises(MalformedManifest):
        check(bytes.fromhex(text))


def test_depth_and_number_are_bounded():
    check(b"\x81" * 60 + b"\x00")
    with pytest.raises(MalformedManifest):
        check(b"\x81" * 80 + b"\x00")
    check(b"\x83\x00\x00\x00", items=4)
    with pytest.raises(MalformedManifest, match="CBOR items"):
        check(b"\x83\x00\x00\x00", items=3)


def test_a_store_is_checked_in_all_its_manifests():
    lying = assertion("c2pa.x", [1, 2]).replace(b"\x82\x01\x02", b"\x9f\x01\x02")
    first = manifest("urn:c2pa:0", ("c2pa.x", [1, 2])).replace(assertion("c2pa.x", [1, 2]), lying)

    ManifestStore.parse(store(manifest("urn:c2pa:0", ("c2pa.x", [1, 2])), manifest()))
    with pytest.raises(MalformedManifest, match="well-formed CBOR"):
        ManifestStore.parse(store(first, manifest()))


def test_compressed_manifests_are_not_read():
    with pytest.raises(UnsupportedFormat, match="compressed"):
        ManifestStore.parse(store(manifest(kind=b"c2cm")))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.binary(max_size=40)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_cbor2_writes_is_well_formed(value):
    check(cbor2.dumps(value))


@given(st.binary(max_size=40))
def test_what_cbor2_reads_is_well_formed(data):
    """The other direction fails for what is well-formed and not valid, such as text that is no UTF-8."""
    try:
        cbor2.loads(data)
    except (cbor2.CBORError, ValueError, OverflowError, TypeError):
        return
    check(data)
