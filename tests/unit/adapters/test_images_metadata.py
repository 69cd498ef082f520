"""What the owner wrote into a file is in the marked file too."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, IptcImagePlugin
from PIL.PngImagePlugin import PngInfo

from provenance.adapters.images import PillowImages, exif, xmp
from provenance.core.errors import UnreadableImage
from tests.unit.adapters.image_samples import exif_block, opened, photo, png_chunks, png_with, saved

IMAGES = PillowImages()
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:creator="Ada">'
    b"<xmp:Thumbnails><rdf:Alt>old pixels</rdf:Alt></xmp:Thumbnails></rdf:Description></x:xmpmeta>"
)
UPRIGHT_PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="1" dc:creator="Ada">'
    b"</rdf:Description></x:xmpmeta>"
)


def rewritten(data: bytes) -> bytes:
    picture = IMAGES.read(data)
    return IMAGES.write(picture, 255 - picture.pixels)[0]


def xmp_of(image: Image.Image) -> bytes:
    packet = image.info.get("xmp") or image.tag_v2[700]
    return packet.encode() if isinstance(packet, str) else packet


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_exif_survives_upright(name):
    block = Image.Exif()
    block[0x0112] = 6
    block[0x013B] = "Ada Lovelace"
    block[0x8298] = "(c) Ada"
    details = block.get_ifd(0x8769)
    details[0x9003] = "1843:09:01 12:00:00"
    details[0xA002], details[0xA003] = 96, 64
    details[0xA001] = 0xFFFF
    block.get_ifd(0x8825)[0x001D] = "1843:09:01"
    written = opened(rewritten(saved(photo(), name, exif=block.tobytes())))
    found = written.getexif()
    assert (found[0x013B], found[0x8298], found.get(0x0112, 1)) == ("Ada Lovelace", "(c) Ada", 1)
    inner = found.get_ifd(0x8769)
    assert inner[0x9003] == "1843:09:01 12:00:00"
    assert found.get_ifd(0x8825)[0x001D] == "1843:09:01"
    assert (written.size, inner[0xA002], inner[0xA003]) == ((64, 96), 64, 96)
    assert inner[0xA001] == 0xFFFF


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "AVIF", "TIFF"])
def test_xmp_survives_upright(name):
    options = {"tiffinfo": {700: PACKET}} if name == "TIFF" else {"xmp": PACKET}
    assert xmp_of(opened(rewritten(saved(photo(), name, **options)))).rstrip(b"\x00") == UPRIGHT_PACKET


@pytest.mark.parametrize("packed", [False, True])
def test_a_pngs_texts_and_xmp_survive(packed):
    info = PngInfo()
    info.add_text("Title", "Sunset", zip=packed)
    info.add_itxt("Author", "埃达", lang="zh", zip=packed)
    info.add_itxt("XML:com.adobe.xmp", PACKET, zip=packed)
    written = opened(rewritten(saved(photo(), "PNG", pnginfo=info, dpi=(300, 300))))
    assert (written.text["Title"], written.text["Author"]) == ("Sunset", "埃达")
    assert written.info["xmp"] == UPRIGHT_PACKET
    assert round(written.info["dpi"][0]) == 300


def test_imagemagicks_exif_text_becomes_a_real_exif_chunk():
    body = b"Exif\x00\x00" + exif_block(3)
    text = b"\nexif\n" + str(len(body)).encode() + b"\n" + body.hex().encode() + b"\n"
    chunk = (b"zTXt", b"Raw profile type exif\x00\x00" + zlib.compress(text))
    picture = IMAGES.read(png_with(saved(photo(), "PNG"), chunk))
    np.testing.assert_array_equal(picture.pixels, photo()[::-1, ::-1])
    written = opened(IMAGES.write(picture, picture.pixels)[0])
    assert written.getexif()[0x013B] == "Ada L."
    assert written.text == {}


def photoshop_segment() -> bytes:
    iptc = b"\x1c\x02\x50\x00\x03Ada" + b"\x1c\x02\x74\x00\x07(c) Ada"
    blocks = b""
    for number, body in ((1036, b"old thumbnail"), (1028, iptc), (1039, b"old profile!")):
        blocks += b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)
    body = b"Photoshop 3.0\x00" + blocks
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def test_a_jpegs_iptc_comment_and_density_survive_but_not_photoshops_thumbnail():
    plain = saved(photo(), "JPEG", comment=b"for the court", dpi=(240, 240))
    written = rewritten(plain[:2] + photoshop_segment() + plain[2:])
    image = opened(written)
    iptc = IptcImagePlugin.getiptcinfo(image)
    assert iptc is not None
    assert (iptc[2, 80], iptc[2, 116]) == (b"Ada", b"(c) Ada")
    assert image.info["comment"] == b"for the court"
    assert image.info["dpi"] == (240, 240)
    assert b"old thumbnail" not in written
    assert b"old profile!" not in written


def test_extended_xmp_survives():
    extension = b"http://ns.adobe.com/xmp/extension/\x00" + b"A" * 32 + struct.pack(">II", 4, 0) + b"more"
    plain = saved(photo(), "JPEG")
    data = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(extension) + 2) + extension + plain[2:]
    assert extension in rewritten(data)


def test_a_tiffs_owner_tags_survive_and_iptc_too():
    iptc = b"\x1c\x02\x50\x00\x03Ada\x00"
    info = {270: "Sunset", 305: "Brush 3", 33432: "(c) Ada", 33723: iptc, 282: 150.0, 283: 150.0, 296: 2}
    written = opened(rewritten(saved(photo(), "TIFF", tiffinfo=info)))
    assert [written.tag_v2[code] for code in (270, 305, 33432)] == ["Sunset", "Brush 3", "(c) Ada"]
    assert bytes(written.tag_v2[33723]) == iptc
    assert written.info["dpi"] == (150, 150)


def test_a_big_endian_tiffs_numbers_are_turned_around():
    text = b"Ada\x00\x00\x00\x00\x00"
    values = text + struct.pack(">II", 300, 1) + bytes(12)
    entries = [(256, 3, 2), (257, 3, 2), (258, 3, 8), (259, 3, 1), (262, 3, 2), (273, 4, 24), (277, 3, 3), (279, 4, 12)]
    fields = [
        struct.pack(">HHI", code, kind, 1) + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for code, kind, value in entries
    ]
    fields.append(struct.pack(">HHII", 282, 5, 1, 16))
    fields.append(struct.pack(">HHII", 315, 2, 8, 8))
    data = b"MM\x00*" + struct.pack(">I", 36) + values + struct.pack(">H", len(fields)) + b"".join(fields) + bytes(4)
    written = opened(rewritten(data))
    assert written.tag_v2[282] == 300
    assert written.tag_v2[315].rstrip("\x00") == "Ada"


def test_the_old_thumbnail_is_gone_from_the_bytes():
    block = exif_block(6, thumbnail=b"\xff\xd8old pixels\xff\xd9")
    written = rewritten(saved(photo(), "JPEG", exif=b"Exif\x00\x00" + block))
    assert b"old pixels" not in written
    assert opened(written).getexif()[0x013B] == "Ada L."


@pytest.mark.parametrize("tail", [b"", b"maker note"])
def test_a_thumbnail_is_cut_at_the_end_and_blanked_elsewhere(tail):
    block = exif_block(8, thumbnail=b"thumb") + tail
    patched = exif.upright(block, 10, 20, srgb=True)
    assert b"thumb" not in patched
    assert len(patched) == len(block) - (5 if not tail else 0)
    assert patched.endswith(tail or b"Ada L.\x00")
    assert exif.orientation(patched) == 1


def test_a_damaged_exif_block_costs_the_block_not_the_picture():
    for block in (b"nonsense", exif_block(6)[:20], b"II*\x00\xff\xff\xff\xff"):
        picture = IMAGES.read(png_with(saved(photo(), "PNG"), (b"eXIf", block)))
        assert picture.notes == ("its EXIF block is damaged and was left out",)
        written = IMAGES.write(picture, picture.pixels)[0]
        assert b"eXIf" not in png_chunks(written)


def test_orientation_of_a_damaged_block_is_an_error():
    with pytest.raises(UnreadableImage):
        exif.orientation(b"II*\x00\x08\x00\x00\x00\x05\x00")


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (b"<tiff:Orientation>8</tiff:Orientation>", b"<tiff:Orientation>1</tiff:Orientation>"),
        (b"tiff:Orientation = '3'", b"tiff:Orientation = '1'"),
        (b"tiff:Orientation='1'", b"tiff:Orientation='1'"),
        (b"exif:Orientation='3'", b"exif:Orientation='3'"),
        (b"a<xap:Thumbnails>b</xap:Thumbnails>c<xap:Thumbnails/>", b"ac<xap:Thumbnails/>"),
        (b"<xmp:Thumbnails>" * 200_000, b"<xmp:Thumbnails>" * 200_000),
    ],
)
def test_xmp_is_made_upright(packet, expected):
    assert xmp.upright(packet) == expected


def test_a_gifs_xmp_and_foreign_comment_survive_in_png():
    data = saved(Image.fromarray(photo()).quantize(8), "GIF")
    magic = b"\x01" + bytes(range(255, -1, -1))
    extension = b"\x21\xff\x0bXMP DataXMP" + PACKET + magic + b"\x00"
    comment = b"\x21\xfe\x06Andr\xe9s\x00"
    at = data.index(b"\x2c", 13 + 3 * 8)
    written = opened(rewritten(data[:at] + extension + comment + data[at:]))
    assert written.info["xmp"] == UPRIGHT_PACKET
    assert written.text["Comment"] == "Andrés"
