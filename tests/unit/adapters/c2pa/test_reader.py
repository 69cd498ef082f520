"""What is read from files of strangers: trust, absence, damage."""

import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.adapters.c2pa import C2paReader
from provenance.adapters.c2pa.anchors import Anchors
from provenance.core.errors import MalformedManifest, Misconfigured, ProvenanceError, TooLarge, UnsupportedFormat
from provenance.core.manifests import ManifestState
from provenance.credentials.c2pa import carriers
from tests.unit.adapters.c2pa.authority import issue
from tests.unit.adapters.c2pa.conftest import picture

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF")
HOSTILE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_without_a_manifest_has_none(reader, form):
    assert reader.read(picture(form), f"image/{form.lower()}") is None


def test_other_kinds_of_files_are_not_looked_into(reader):
    """To say that an SVG or a video holds no manifest, somebody would have to look."""
    for kind in ("image/svg+xml", "video/mp4", "text/plain"):
        with pytest.raises(UnsupportedFormat):
            reader.read(b"<svg/>", kind)


def test_a_manifest_elsewhere_is_not_fetched(reader):
    """XMP may name a manifest by its address; a reader that follows it can be sent anywhere."""
    assert reader.read(_with_provenance("http://127.0.0.1:9/store.c2pa"), "image/png") is None


def _with_provenance(url: str) -> bytes:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    body = b"iTXt" + b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + packet.encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    source = picture("PNG")
    return source[:33] + chunk + source[33:]


def test_a_file_over_the_limit_is_not_read(authority, signed_png):
    with pytest.raises(TooLarge):
        C2paReader([authority.root.pem], max_asset_bytes=1_000).read(signed_png.data, "image/png")


def test_roots_of_time_stamps_vouch_for_no_claim(authority, signed_png):
    """c2pa-rs has one list; a leaf that hangs on the other one stays untrusted."""
    swapped = C2paReader([authority.stamp_root.pem], [authority.root.pem])

    report = swapped.read(signed_png.data, "image/png")

    assert report.state is ManifestState.VALID
    assert "signingCredential.untrusted" in report.failure
    assert "signingCredential.trusted" not in report.success


def test_both_kinds_of_roots_make_it_trusted_and_stamped(reader, signed_png):
    report = reader.read(signed_png.data, "image/png")

    assert (report.state, "timeStamp.trusted" in report.success) == (ManifestState.TRUSTED, True)


def test_without_the_authoritys_root_the_time_is_not_trusted(authority, signed_png):
    report = C2paReader([authority.root.pem]).read(signed_png.data, "image/png")

    assert report.state is ManifestState.TRUSTED
    assert "timeStamp.trusted" not in report.success


def test_a_root_that_is_no_certificate_is_a_wrong_setting():
    with pytest.raises(Misconfigured):
        C2paReader(["no certificate"])
    with pytest.raises(Misconfigured):
        C2paReader([], ["no certificate"])


def test_an_empty_bundle_trusts_nobody(signed_png):
    assert C2paReader([""], ["\n"]).read(signed_png.data, "image/png").state is ManifestState.VALID


def test_anchors_follow_the_chain(authority):
    leaf, issuing = authority.leaf.der, authority.issuing.der
    anchors = Anchors([authority.root.pem])

    assert anchors.vouch_for([leaf, issuing])
    assert not anchors.vouch_for([leaf])
    assert not anchors.vouch_for([])
    assert Anchors([authority.issuing.pem]).vouch_for([leaf])
    assert not Anchors([issue("Root", path=1).pem]).vouch_for([leaf, issuing])
    with pytest.raises(MalformedManifest):
        anchors.vouch_for([b"not DER"])


def test_a_borrowed_intermediate_does_not_help(authority):
    """The chain is followed from the leaf; a trusted certificate that only stands in the list proves nothing."""
    stray = authority.claim_leaf(issuer=issue("Other root", path=1))

    assert not Anchors([authority.root.pem]).vouch_for([stray.der, authority.issuing.der])


def test_lengths_that_lie_cost_nothing(reader, signed_png):
    """c2pa-rs reserves what a CBOR array announces; four bytes would cost gigabytes."""
    at = signed_png.manifest.index(b"fblocks") + len(b"fblocks")
    store = signed_png.manifest[:at] + b"\x9a\x7f\xff\xff\xff" + signed_png.manifest[at + 5 :]

    with pytest.raises(MalformedManifest, match="well-formed CBOR"):
        reader.read(picture("PNG"), "image/png", manifest=store)


def test_a_store_that_is_none_is_named(reader):
    for store in (b"", b"no store", b"\x00\x00\x00\x08jumb"):
        with pytest.raises(MalformedManifest):
            reader.read(picture("PNG"), "image/png", manifest=store)


def test_a_flipped_byte_never_changes_what_a_trusted_manifest_says(reader, signed_png):
    """Every byte that means something is hashed or signed. Some bytes of the boxes around it mean nothing."""
    whole = _said(reader.read(signed_png.data, "image/png"))
    for at in range(60, 2_000, 97):
        store = bytearray(signed_png.manifest)
        store[at] ^= 0x10
        try:
            report = reader.read(carriers.replace(signed_png.data, "image/png", bytes(store)), "image/png")
        except MalformedManifest:
            continue
        assert report.state is not ManifestState.TRUSTED or _said(report) == whole


def _said(report):
    return report.title, report.claim_generator, report.actions, report.soft_bindings, report.ingredients


@HOSTILE
@given(data=st.data())
def test_mutated_stores_are_read_or_refused(reader, signed_png, data):
    store = bytearray(signed_png.manifest)
    for _ in range(data.draw(st.integers(1, 6))):
        store[data.draw(st.integers(0, 4_000))] = data.draw(st.integers(0, 255))
    _read(reader, picture("PNG"), "image/png", bytes(store))


@HOSTILE
@given(cut=st.integers(0, 15_000), form=st.sampled_from(FORMATS), data=st.data())
def test_mutated_files_are_read_or_refused(reader, signed_files, cut, form, data):
    body = bytearray(signed_files[form])
    for _ in range(data.draw(st.integers(0, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    _read(reader, bytes(body[: len(body) - cut]), f"image/{form.lower()}")


@HOSTILE
@given(junk=st.binary(max_size=400), form=st.sampled_from(FORMATS))
def test_junk_is_read_or_refused(reader, junk, form):
    head = picture(form)[:16]
    _read(reader, junk, f"image/{form.lower()}")
    _read(reader, head + junk, f"image/{form.lower()}")


@pytest.fixture(scope="module")
def signed_files(signer, statement):
    return {form: signer.sign(picture(form), f"image/{form.lower()}", statement).data for form in FORMATS}


def _read(reader, *args):
    """An answer, or an error of our tree; anything else fails the test."""
    manifest = args[2] if len(args) == 3 else None
    try:
        report = reader.read(args[0], args[1], manifest=manifest)
    except ProvenanceError:
        return
    assert report is None or isinstance(report.state, ManifestState)
