"""XMP put into finished files: every pixel and every other byte stays, whatever the file is."""

import contextlib
import itertools
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from provenance.adapters.images import ImageLimits, PillowImages, png
from provenance.adapters.images.container import Container
from provenance.core.errors import Rejected, TooLarge, UnreadableImage, UnsupportedFormat
from provenance.credentials.labels import (
    AigcLabel,
    Origin,
    Packet,
    Rights,
    UsagePolicy,
    consistent,
    read_aigc,
    read_xmp,
    reading_of,
    xmp_properties,
)
from tests.unit.adapters.image_samples import opened, photo, png_chunk, png_with, saved

IMAGES = PillowImages()
FORMATS = ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF"]
POLICY = UsagePolicy(
    origin=Origin(system="Brush", system_version="3.5", prompt="a sunset\n<over> the sea & 海"),
    rights=Rights(
        creators=("Ada", "艺术家"), statement_url="https://art.example/terms", licensor_url="https://art.example/buy"
    ),
    aigc=AigcLabel(producer="001191330000MA0000000X00000", produce_id="pv-3f9k2m8xq0abc"),
)
PROPERTIES = xmp_properties(POLICY)
WRITTEN = {name: value for name, value in PROPERTIES.items() if value}
OWNERS = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:my="https://ada.example/ns/" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" '
    b'my:note="kept" plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"/></rdf:RDF></x:xmpmeta>'
)


def sample(name: str, packet: bytes | None = None, **options: object) -> bytes:
    pixels = Image.fromarray(photo())
    if name == "GIF":
        plain = saved(pixels.quantize(16), name, **options)
        return plain if packet is None else plain[:-1] + gif_extension(packet) + plain[-1:]
    if packet is not None and name == "PNG":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet, zip=True)
        options["pnginfo"] = info
    elif packet is not None:
        options |= {"tiffinfo": {700: packet}} if name == "TIFF" else {"xmp": packet}
    return saved(pixels, name, **options)


def gif_extension(packet: bytes) -> bytes:
    return b"\x21\xff\x0bXMP DataXMP" + packet + b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


def container(data: bytes) -> Container:
    """What our own walk sees; the decoder's part of it is everything that pixels need."""
    return IMAGES._open(data)[0]


def packet_of(data: bytes) -> Packet:
    return Packet(container(data).xmp)


# ---- every format


@pytest.mark.parametrize(
    ("name", "packet"), list(itertools.product(FORMATS, [None, OWNERS, b"<broken", OWNERS + b" " * 3_000]))
)
def test_every_property_is_in_the_file_and_no_pixel_changes(name, packet):
    data = sample(name, packet)
    labelled = IMAGES.label(data, PROPERTIES)
    assert packet_of(labelled).properties() == WRITTEN
    consistent([reading_of(POLICY), read_xmp(packet_of(labelled).properties())])
    np.testing.assert_array_equal(np.asarray(opened(labelled)), np.asarray(opened(data)))
    np.testing.assert_array_equal(IMAGES.read(labelled).pixels, IMAGES.read(data).pixels)
    assert (b'my:note="kept"' in labelled) is (packet is not None and packet.startswith(OWNERS))


@pytest.mark.parametrize(("name", "packet"), list(itertools.product(FORMATS, [None, OWNERS])))
def test_nobody_who_scans_the_file_finds_an_old_packet(name, packet):
    labelled = IMAGES.label(sample(name, packet), PROPERTIES)
    assert labelled.count(b"<?xpacket begin") == 1
    assert labelled.count(b"plus:DataMining>") == 2
    assert b"DMI-ALLOWED" not in labelled


@pytest.mark.parametrize("name", FORMATS)
def test_labelling_again_replaces_and_the_same_label_changes_nothing_that_is_read(name):
    once = IMAGES.label(sample(name), PROPERTIES)
    again = IMAGES.label(once, PROPERTIES)
    assert container(again).xmp == container(once).xmp
    other = IMAGES.label(once, xmp_properties(UsagePolicy(origin=Origin(system="Pencil"))))
    properties = packet_of(other).properties()
    assert properties["Iptc4xmpExt:AISystemUsed"] == "Pencil"
    assert "Iptc4xmpExt:AISystemVersionUsed" not in properties
    np.testing.assert_array_equal(np.asarray(opened(other)), np.asarray(opened(once)))


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])  # it reads no packet from a GIF
def test_pillow_reads_the_packet_too(name):
    description = opened(IMAGES.label(sample(name), PROPERTIES)).getxmp()["xmpmeta"]["RDF"]["Description"]
    assert description["AISystemUsed"] == "Brush"
    assert description["DataMining"].endswith("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING")
    assert description["creator"]["Seq"]["li"] == ["Ada", "艺术家"]


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_exif_profile_and_alpha_stay(name):
    block = Image.Exif()
    block[0x013B] = "Ada Lovelace"
    pixels = photo() if name == "JPEG" else np.dstack((photo(), photo()[:, :, 0]))
    data = saved(pixels, name, exif=block.tobytes(), icc_profile=b"not a profile, but kept")
    labelled = opened(IMAGES.label(data, PROPERTIES))
    assert labelled.getexif()[0x013B] == "Ada Lovelace"
    assert labelled.info["icc_profile"] == b"not a profile, but kept"
    np.testing.assert_array_equal(np.asarray(labelled), np.asarray(opened(data)))


@pytest.mark.parametrize("name", ["PNG", "GIF", "WEBP", "TIFF", "AVIF"])
def test_all_frames_of_an_animation_stay(name):
    frames = [Image.fromarray(photo(seed=seed)) for seed in range(4)]
    data = saved(frames[0], name, save_all=True, append_images=frames[1:])
    labelled = IMAGES.label(data, PROPERTIES)
    for before, after in zip(all_frames(data), all_frames(labelled), strict=True):
        np.testing.assert_array_equal(before, after)
    assert len(all_frames(labelled)) == 4


def all_frames(data: bytes) -> list[np.ndarray]:
    with Image.open(BytesIO(data)) as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGBA")))
        return found


@pytest.mark.parametrize("name", FORMATS)
def test_bytes_after_the_end_of_the_image_stay(name):
    data = sample(name) + b"appended by a phone"
    assert b"appended by a phone" in IMAGES.label(data, PROPERTIES)


# ---- each container, byte by byte


def test_png_gains_one_chunk_and_keeps_all_others_in_order():
    info = PngInfo()
    info.add_text("Title", "Sunset")
    data = sample("PNG", pnginfo=info, dpi=(300, 300))
    labelled = IMAGES.label(data, PROPERTIES)
    added = png_chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + (container(labelled).xmp or b""))
    assert labelled == data[:33] + added + data[33:]


def test_png_packets_that_contradict_the_label_are_all_taken_out():
    packets = [
        (b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + OWNERS),
        (b"tEXt", b"XML:com.adobe.xmp\x00" + OWNERS),
    ]
    labelled = IMAGES.label(png_with(saved(photo(), "PNG"), *packets), PROPERTIES)
    assert b"DMI-ALLOWED" not in labelled
    assert labelled.count(b"XML:com.adobe.xmp") == 1


AIGC = b'{"AIGC":{"Label":"1","ContentProducer":"OTHER","ProduceID":"7"}}'


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"AIGC\x00" + AIGC),
        (b"zTXt", b"AIGC\x00\x00" + zlib.compress(AIGC)),
        (b"iTXt", b"AIGC\x00\x00\x00\x00\x00" + AIGC),
    ],
)
def test_an_aigc_label_in_a_pngs_text_moves_into_the_packet(chunk):
    data = png_with(saved(photo(), "PNG"), chunk)
    labelled = IMAGES.label(data, PROPERTIES)
    label = read_aigc(packet_of(labelled).text("TC260:AIGC") or "")
    assert (label.producer, label.propagator) == ("OTHER", "001191330000MA0000000X00000")
    assert png_chunk(*chunk) not in labelled
    assert png_chunk(*chunk) in IMAGES.label(data, xmp_properties(UsagePolicy()))  # no label of ours: theirs stays


def test_jpeg_gains_one_segment_behind_exif_and_keeps_the_rest():
    block = Image.Exif()
    block[0x013B] = "Ada"
    data = sample("JPEG", exif=block.tobytes(), comment=b"for the court", progressive=True)
    labelled = IMAGES.label(data, PROPERTIES)
    at = labelled.index(b"http://ns.adobe.com/xap/1.0/\x00") - 4
    size = int.from_bytes(labelled[at + 2 : at + 4], "big") + 2
    assert labelled[:at] + labelled[at + size :] == data
    assert labelled.index(b"Exif\x00\x00") < at < labelled.index(b"for the court")


def extended_segments(extended: bytes, digest: bytes) -> list[bytes]:
    head = b"http://ns.adobe.com/xmp/extension/\x00" + digest
    bodies = [
        head + struct.pack(">II", len(extended), at) + extended[at : at + 900] for at in range(0, len(extended), 900)
    ]
    return [b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body for body in bodies]


def with_large_packet(letters: int) -> bytes:
    """A JPEG whose owner's packet needs extended segments; Pillow can't write one."""
    data = sample("JPEG")
    large = OWNERS.replace(b'my:note="kept"', b'my:note="kept" my:history="%s"' % (b"h" * letters))
    main, extended = Packet(large).split(2_000)
    digest = next(part for part in main.split(b'"') if len(part) == 32 and part.isalnum())
    body = b"http://ns.adobe.com/xap/1.0/\x00" + main
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return data[:2] + segment + b"".join(reversed(extended_segments(extended or b"", digest))) + data[2:]


@pytest.mark.parametrize("letters", [5_000, 150_000])
def test_a_jpegs_extended_packet_is_merged_and_split_anew_where_it_must(letters):
    labelled = IMAGES.label(with_large_packet(letters), PROPERTIES)
    assert packet_of(labelled).properties() == WRITTEN
    assert (b"http://ns.adobe.com/xmp/extension/\x00" in labelled) is (letters > 65_000)
    assert labelled.count(b"DMI-") == 1
    assert labelled.replace(b"h" * 900, b"").count(b"hhhhhhhh") < labelled.count(b"hhhhhhhh")
    again = IMAGES.label(labelled, {"dc:rights": "(c) Ada"})
    assert sum(segment.count(b"h") for segment in again.split(b"my:history")) >= letters
    np.testing.assert_array_equal(np.asarray(opened(labelled)), np.asarray(opened(sample("JPEG"))))


def test_extended_segments_that_nobody_names_are_dropped():
    data = sample("JPEG", OWNERS)
    short = b"\xff\xe1\x00\x2a" + b"http://ns.adobe.com/xmp/extension/\x00short"
    stray = b"".join([*extended_segments(b"<a/>", b"F" * 32), short])
    labelled = IMAGES.label(data[:2] + stray + data[2:], PROPERTIES)
    assert b"xmp/extension" not in labelled
    assert packet_of(labelled).properties() == WRITTEN


def test_a_prompt_that_is_over_a_segment_is_in_the_extended_packet():
    policy = UsagePolicy(
        origin=Origin(system="Brush", prompt="海" * 20_000),
        rights=Rights(usage_terms="艺" * 2_000, notice="术" * 2_000),
    )
    labelled = IMAGES.label(sample("JPEG"), xmp_properties(policy))
    assert packet_of(labelled).properties()["Iptc4xmpExt:AISystemUsed"] == "Brush"
    assert "海".encode() * 1_000 in labelled


@pytest.mark.parametrize(
    ("options", "alpha"), [({"quality": 80}, False), ({"lossless": True}, False), ({"lossless": True}, True)]
)
def test_a_simple_webp_becomes_extended_with_the_right_flags(options, alpha):
    pixels = np.dstack((photo(), photo()[:, :, 0])) if alpha else photo()
    data = saved(pixels, "WEBP", **options)
    assert data[12:16] != b"VP8X"
    labelled = IMAGES.label(data, PROPERTIES)
    assert labelled[12:16] == b"VP8X"
    assert labelled[20] == 0x04 | (0x10 if alpha else 0)
    assert struct.unpack("<HBHB", labelled[24:30]) == (95, 0, 63, 0)
    assert labelled[30 : 30 + len(data) - 12] == data[12:]
    assert int.from_bytes(labelled[4:8], "little") == len(labelled) - 8


def test_an_extended_webp_keeps_its_chunks_and_gets_one():
    block = Image.Exif()
    block[0x013B] = "Ada!!"  # an odd length: padded
    unknown = b"TEST" + struct.pack("<I", 3) + b"abc\x00"
    data = sample("WEBP", exif=block.tobytes()) + unknown
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    labelled = IMAGES.label(data, PROPERTIES)
    at = labelled.index(b"XMP ")
    size = int.from_bytes(labelled[at + 4 : at + 8], "little")
    rest = labelled[:at] + labelled[at + 8 + size + size % 2 :]
    assert labelled.endswith(unknown)
    assert rest[8:20] + rest[21:] == data[8:20] + data[21:]
    assert rest[20] == data[20] | 0x04


def test_tiff_is_appended_to_and_its_old_bytes_stay_in_place():
    data = sample("TIFF", tiffinfo={270: "Sunset", 315: "Ada"})
    labelled = IMAGES.label(data, PROPERTIES)
    assert labelled[8 : len(data)] == data[8:]
    found = opened(labelled).tag_v2
    assert (found[270], found[315]) == ("Sunset", "Ada")
    assert list(found) == sorted(found)


def test_a_packet_that_overlaps_a_tiffs_pixels_is_not_blanked():
    data = bytearray(sample("TIFF", OWNERS))
    entry = data.rindex(struct.pack("<HHI", 700, 1, len(OWNERS)))
    data[8:9] = b"<"  # the first sample of the first pixel
    struct.pack_into("<I", data, entry + 8, 8)
    labelled = IMAGES.label(bytes(data), PROPERTIES)
    np.testing.assert_array_equal(np.asarray(opened(labelled)), np.asarray(opened(bytes(data))))


def test_a_big_endian_tiff_stays_big_endian():
    entries = [(256, 3, 2), (257, 3, 2), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (279, 4, 4)]
    fields = [
        struct.pack(">HHI", code, kind, 1) + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for code, kind, value in entries
    ]
    data = b"MM\x00*" + struct.pack(">I", 12) + b"\x10\x20\x30\x40" + struct.pack(">H", 8) + b"".join(fields) + bytes(4)
    labelled = IMAGES.label(data, PROPERTIES)
    assert packet_of(labelled).properties() == WRITTEN
    assert np.asarray(opened(labelled)).tolist() == [[16, 32], [48, 64]]


def test_a_gif_87a_becomes_89a_and_keeps_its_blocks():
    data = sample("GIF")
    data = b"GIF87a" + data[6:]
    labelled = IMAGES.label(data, PROPERTIES)
    extension = gif_extension(container(labelled).xmp or b"")
    assert labelled.replace(extension, b"") == b"GIF89a" + data[6:]
    assert labelled.index(extension) < labelled.index(b"\x2c")


def test_an_avifs_items_lead_where_they_led():
    block = Image.Exif()
    block[0x013B] = "Ada"
    data = sample("AVIF", exif=block.tobytes())
    labelled = IMAGES.label(data, PROPERTIES)
    assert opened(labelled).getexif()[0x013B] == "Ada"
    media = data[data.index(b"mdat") + 4 :]
    assert media in labelled


# ---- hostile files


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_ends_early_is_refused_and_nothing_else_escapes(name):
    data = sample(name, OWNERS)
    for end in {*range(0, len(data), max(1, len(data) // 150)), len(data) - 1}:
        with contextlib.suppress(Rejected):
            IMAGES.label(data[:end], PROPERTIES)
            assert name in ("TIFF", "AVIF")  # what is missing there is pixels, which no label touches


@pytest.mark.parametrize("name", FORMATS)
@given(spots=st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_files_are_labelled_or_refused(name, spots):
    data = bytearray(SAMPLES[name])
    for at, value in spots:
        data[at % len(data)] = value
    try:
        labelled = IMAGES.label(bytes(data), PROPERTIES)
    except Rejected:
        return
    assert len(labelled) < len(data) + 20_000


SAMPLES = {name: sample(name, OWNERS) for name in FORMATS}


@pytest.mark.parametrize("data", [b"", b"hello", b"<svg/>", b"%PDF-1.7"])
def test_what_is_no_picture_gets_no_label(data):
    with pytest.raises((UnsupportedFormat, UnreadableImage)):
        IMAGES.label(data, PROPERTIES)


def test_a_file_over_the_limit_is_refused_before_it_is_walked():
    with pytest.raises(TooLarge):
        PillowImages(ImageLimits(file_bytes=100)).label(sample("PNG"), PROPERTIES)


def test_a_compressed_packet_is_not_unpacked_past_its_bound():
    bomb = b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + zlib.compress(b"<a>" + b" " * (40 << 20) + b"</a>", 9)
    with pytest.raises(TooLarge):
        IMAGES.label(png_with(saved(photo(), "PNG"), (b"iTXt", bomb)), PROPERTIES)


@pytest.mark.parametrize("data", [png.SIGNATURE, png.SIGNATURE + png_chunk(b"IEND", b""), b"RIFF\x04\x00\x00\x00WEBP",
                                  b"\xff\xd8\xff\xd9", b"RIFF\x0c\x00\x00\x00WEBPEXIF\x00\x00\x00\x00",
                                  b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00"])  # fmt: skip
def test_containers_without_a_picture_are_refused(data):
    with pytest.raises(UnreadableImage):
        IMAGES.label(data, PROPERTIES)
