"""Where a store lies in a file. That c2pa-rs puts it there is shown with signed files, in tests/unit/adapters/c2pa."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest, MalformedManifest, ProvenanceError, UnsupportedFormat
from provenance.credentials.c2pa import carriers
from tests.unit.credentials.c2pa.stores import box, store

STORE = store()
OTHER = STORE.replace(b"urn:c2pa:1", b"urn:c2pa:2")
UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*chunks):
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + b"".join(chunks) + chunk(b"IEND", b"")


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def app11(body, *, instance=1, first=1, step=300):
    """`body` in pieces of `step`, each behind a copy of its box header (ISO/IEC 19566-5, D.2)."""
    header, rest = body[:8], body[8:]
    pieces = [rest[at : at + step] for at in range(0, len(rest), step)]
    return b"".join(
        segment(0xEB, b"JP" + struct.pack(">HI", instance, number) + header + piece)
        for number, piece in enumerate(pieces, first)
    )


def jpeg(*segments):
    return (
        b"\xff\xd8" + segment(0xE0, b"JFIF\x00" + bytes(9)) + b"".join(segments) + segment(0xDA, b"") + b"scan\xff\xd9"
    )


def tiff(*entries, order="<", tail=STORE):
    directory = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "H", len(entries)) + directory + bytes(4) + tail


def tiff_with(body, order="<"):
    return tiff((256, 3, 1, 0), (0xCD41, 7, len(body), 8 + 2 + 24 + 4), order=order, tail=body)


def gif(*blocks):
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + b"".join(blocks) + b"\x3b"


def gif_store(body):
    parts = [body[at : at + 255] for at in range(0, len(body), 255)]
    return b"\x21\xff\x0bC2PA_GIF\x01\x00\x00" + b"".join(bytes([len(part)]) + part for part in parts) + b"\x00"


def bmff(*boxes):
    return box(b"ftyp", b"avif" + bytes(4)) + b"".join(boxes) + box(b"mdat", b"pixels")


def bmff_store(body, purpose=b"manifest"):
    return box(b"uuid", UUID + bytes(4) + purpose + b"\x00" + bytes(8) + body)


IMAGE = b"\x2c" + bytes(9) + b"\x02\x02\x44\x01\x00"
HOLDING = {
    "image/png": lambda body: png(chunk(b"caBX", body), chunk(b"IDAT", b"pixels")),
    "image/webp": lambda body: riff(riff_chunk(b"VP8 ", b"odd"), riff_chunk(b"C2PA", body)),
    "image/jpeg": lambda body: jpeg(app11(body)),
    "image/tiff": tiff_with,
    "image/gif": lambda body: gif(b"\x21\xf9\x04\x00\x00\x00\x00\x00", gif_store(body), IMAGE),
    "image/avif": lambda body: bmff(bmff_store(body)),
}
EMPTY = {
    "image/png": png(chunk(b"IDAT", b"pixels")),
    "image/webp": riff(riff_chunk(b"VP8 ", b"odd")),
    "image/jpeg": jpeg(),
    "image/tiff": tiff((256, 3, 1, 0)),
    "image/gif": gif(IMAGE),
    "image/avif": bmff(),
}
KINDS = sorted(carriers.CARRIERS)


def test_every_carrier_is_tried():
    assert set(HOLDING) == set(EMPTY) == carriers.CARRIERS


@pytest.mark.parametrize("kind", KINDS)
def test_taken_out_and_replaced(kind):
    asset = HOLDING[kind](STORE)

    assert carriers.extract(asset, kind) == STORE
    assert carriers.replace(asset, kind, OTHER) == HOLDING[kind](OTHER)
    assert carriers.extract(EMPTY[kind], kind) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_of_another_length_is_refused(kind):
    with pytest.raises(InvalidRequest, match="same length"):
        carriers.replace(HOLDING[kind](STORE), kind, STORE + b"\x00")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_off_anywhere_is_answered(kind):
    asset = HOLDING[kind](STORE)
    for end in range(0, len(asset), 7):
        try:
            found = carriers.extract(asset[:end], kind)
        except MalformedManifest:
            continue
        assert found in (None, STORE)


@pytest.mark.parametrize(
    ("kind", "asset"),
    [
        ("image/png", png(chunk(b"caBX", STORE), chunk(b"caBX", OTHER))),
        ("image/webp", riff(riff_chunk(b"C2PA", STORE), riff_chunk(b"C2PA", OTHER))),
        ("image/jpeg", jpeg(app11(STORE), app11(OTHER, instance=2))),
        ("image/gif", gif(gif_store(STORE), gif_store(OTHER), IMAGE)),
        ("image/avif", bmff(bmff_store(STORE), bmff_store(OTHER))),
    ],
)
def test_two_stores_speak_for_nobody(kind, asset):
    with pytest.raises(MalformedManifest, match="more than one"):
        carriers.extract(asset, kind)


def test_tiff_of_either_byte_order():
    assert carriers.extract(tiff_with(STORE, order=">"), "image/tiff") == STORE


def test_tiff_tags_that_hold_no_store():
    for entry in ((0xCD41, 3, 200, 40), (0xCD41, 7, 4, 0)):
        with pytest.raises(MalformedManifest, match="does not hold bytes"):
            carriers.extract(tiff(entry), "image/tiff")
    with pytest.raises(MalformedManifest, match="in the middle"):
        carriers.extract(tiff((0xCD41, 7, 1 << 30, 40)), "image/tiff")
    with pytest.raises(MalformedManifest, match="classic"):
        carriers.extract(b"II\x2b\x00" + bytes(20), "image/tiff")


def test_tiff_directories_that_form_a_loop():
    with pytest.raises(MalformedManifest, match="loop"):
        carriers.extract(b"II\x2a\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00", "image/tiff")


def test_a_jpegs_other_jumbf_boxes_are_left_alone():
    other = box(b"jumb", box(b"jumd", b"json" + bytes(12) + b"\x03x\x00") + bytes(500))
    asset = jpeg(app11(other, instance=9), app11(STORE), segment(0xEB, b"HDR_RI ver=11"))

    assert carriers.extract(asset, "image/jpeg") == STORE


@pytest.mark.parametrize("order", [(1,), (1, 3), (1, 3, 2), (1, 2, 2)])
def test_a_jpegs_pieces_are_all_there_and_in_order(order):
    cuts = {number: STORE[8:][300 * (number - 1) : 300 * number] for number in (1, 2, 3)}
    pieces = {number: app11(STORE[:8] + cut, first=number) for number, cut in cuts.items()}

    assert carriers.extract(jpeg(*pieces.values()), "image/jpeg") == STORE
    with pytest.raises(MalformedManifest, match="out of order"):
        carriers.extract(jpeg(*(pieces[number] for number in order)), "image/jpeg")


def test_a_jpegs_first_piece_begins_the_store():
    """A later piece alone belongs to no store that could be found."""
    assert carriers.extract(jpeg(app11(STORE[:8] + STORE[308:], first=2)), "image/jpeg") is None


def test_a_bmff_store_in_two_parts_is_not_taken_out():
    asset = bmff(bmff_store(STORE, b"original"), bmff_store(OTHER, b"update"))

    with pytest.raises(UnsupportedFormat, match="two parts"):
        carriers.extract(asset, "image/avif")


def test_bmff_boxes_of_other_purposes_and_sizes():
    merkle = bmff_store(STORE, b"merkle")
    long = struct.pack(">I4sQ", 1, b"free", 16)
    to_the_end = struct.pack(">I4s", 0, b"mdat") + b"pixels"

    assert carriers.extract(bmff(merkle), "image/avif") is None
    assert carriers.extract(box(b"ftyp", b"avif") + long + bmff_store(STORE) + to_the_end, "image/avif") == STORE
    with pytest.raises(MalformedManifest, match="cut off"):
        carriers.extract(bmff(box(b"uuid", UUID + bytes(4) + b"manifest\x00")), "image/avif")


def test_other_formats_are_not_known():
    with pytest.raises(UnsupportedFormat, match="text/plain"):
        carriers.extract(b"", "text/plain")


@given(st.sampled_from(KINDS), st.data())
def test_mutated_files_are_answered_or_refused(kind, data):
    asset = bytearray(HOLDING[kind](STORE))
    for _ in range(data.draw(st.integers(1, 6))):
        asset[data.draw(st.integers(0, len(asset) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = carriers.extract(bytes(asset), kind)
        if found is not None:
            assert carriers.extract(carriers.replace(bytes(asset), kind, found), kind) == found
    except ProvenanceError:
        return
