"""Hostile files: each is refused with its own reason, before a decoder pays for it, and with no other exception."""

import struct
import zlib
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from provenance.adapters.images import ImageLimits, PillowImages
from provenance.core.errors import Misconfigured, Rejected, TooLarge, UnreadableImage, UnsupportedFormat
from tests.unit.adapters.image_samples import PNG_SIGNATURE, photo, png_chunk, png_with, saved

IMAGES = PillowImages()
FORMATS = ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF"]
FILES = {name: saved(photo(), name) for name in FORMATS}


def refused(data: bytes, kind: type[Rejected], images: PillowImages = IMAGES) -> str:
    with pytest.raises(kind) as caught:
        images.read(data)
    assert type(caught.value) is kind
    assert caught.value.hint
    return caught.value.reason


def archive() -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        file.writestr("payload.js", "alert(1)")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- c --><svg/>", "SVG"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"%PDF-1.7\n", "PDF"),
        (archive(), "ZIP"),
        (b"BM" + bytes(60), "BMP"),
        (b"8BPS\x00\x01", "Photoshop"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(12), "'heic'"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II+\x00\x08\x00", "BigTIFF"),
        (b"MZ\x90\x00", "program"),
        (b"hello", "not an image"),
        (b"\x00", "not an image"),
        (b"RIFF\x04\x00\x00\x00WAVE", "not an image"),
    ],
)
def test_what_is_no_image_is_named(data, reason):
    assert reason in refused(data, UnsupportedFormat)


def test_an_empty_file_is_unreadable():
    assert refused(b"", UnreadableImage) == "the file is empty"


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_is_unreadable_at_every_length(name):
    data = FILES[name]
    for end in [*range(8, 200, 7), len(data) // 2, len(data) * 9 // 10, len(data) - 1]:
        with pytest.raises((UnreadableImage, UnsupportedFormat)):
            IMAGES.read(data[:end])


@pytest.mark.parametrize("name", FORMATS)
def test_the_limits_hold_for_every_format(name):
    assert "side" in refused(FILES[name], TooLarge, PillowImages(ImageLimits(side=95)))
    assert "pixels" in refused(FILES[name], TooLarge, PillowImages(ImageLimits(pixels=96 * 64 - 1)))
    assert "bytes" in refused(FILES[name], TooLarge, PillowImages(ImageLimits(file_bytes=len(FILES[name]) - 1)))
    exact = ImageLimits(side=96, pixels=96 * 64, file_bytes=len(FILES[name]))
    assert PillowImages(exact).read(FILES[name]).width == 96


@pytest.mark.parametrize("name", FORMATS)
def test_the_limits_are_checked_before_anything_is_decoded(name, monkeypatch):
    def decode(*_: object, **__: object) -> None:
        raise AssertionError("a decoder ran")

    monkeypatch.setattr(Image.Image, "load", decode)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    refused(FILES[name], TooLarge, PillowImages(ImageLimits(side=95)))


def test_a_pixel_limit_over_pillows_own_is_refused_at_the_start():
    with pytest.raises(Misconfigured, match="over Pillow's own limit"):
        PillowImages(ImageLimits(pixels=(Image.MAX_IMAGE_PIXELS or 0) + 1))


def sized(name: str, width: int, height: int) -> bytes:
    """The sample with another size in its header."""
    data = bytearray(FILES[name])
    if name == "PNG":
        return PNG_SIGNATURE + png_chunk(b"IHDR", struct.pack(">II", width, height) + data[24:29]) + bytes(data[33:])
    if name == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        struct.pack_into(">HH", data, at, height, width)
    elif name == "GIF":
        struct.pack_into("<HH", data, 6, width, height)
    elif name == "AVIF":
        struct.pack_into(">II", data, data.index(b"ispe") + 8, width, height)
    return bytes(data)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "AVIF"])
def test_a_small_file_with_a_giant_size_is_too_large(name):
    assert "pixels" in refused(sized(name, 29_000, 29_000), TooLarge)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "AVIF"])
@pytest.mark.parametrize("size", [(0, 64), (96, 0)])
def test_a_picture_without_pixels_is_unreadable(name, size):
    assert "no pixels" in refused(sized(name, *size), UnreadableImage)


@pytest.mark.parametrize("name", ["PNG", "TIFF", "WEBP", "AVIF"])
def test_the_frame_limit_holds(name):
    rest = [Image.fromarray(photo(seed=number)) for number in range(1, 4)]
    data = saved(Image.fromarray(photo()), name, save_all=True, append_images=rest)
    assert "more than 3 frames" in refused(data, TooLarge, PillowImages(ImageLimits(frames=3)))
    assert PillowImages(ImageLimits(frames=4)).read(data).width == 96


def test_a_gifs_frames_are_limited():
    rest = [Image.fromarray(photo(seed=number)).quantize(8) for number in range(1, 4)]
    data = saved(Image.fromarray(photo()).quantize(8), "GIF", save_all=True, append_images=rest)
    refused(data, TooLarge, PillowImages(ImageLimits(frames=3)))


BOMB = zlib.compress(bytes(50 << 20))


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"Comment\x00\x00" + BOMB),
        (b"iTXt", b"Comment\x00\x01\x00\x00\x00" + BOMB),
        (b"iCCP", b"profile\x00\x00" + BOMB),
        (b"tEXt", b"Comment\x00" + bytes(9 << 20)),
        (b"eXIf", bytes(9 << 20)),
    ],
)
def test_metadata_bombs_are_too_large(chunk):
    assert "metadata" in refused(png_with(FILES["PNG"], chunk), TooLarge)


def test_the_metadata_limit_counts_all_pieces_together():
    chunks = [(b"zTXt", b"k\x00\x00" + zlib.compress(bytes(600)))] * 2
    assert PillowImages(ImageLimits(metadata_bytes=1200)).read(png_with(FILES["PNG"], *chunks))
    refused(png_with(FILES["PNG"], *chunks), TooLarge, PillowImages(ImageLimits(metadata_bytes=1199)))


@pytest.mark.parametrize("name", ["JPEG", "WEBP", "TIFF", "AVIF"])
def test_the_metadata_limit_holds_in_every_format(name):
    block = Image.Exif()
    block[0x013B] = "A" * 3000
    data = saved(photo(), name, exif=block.tobytes())
    assert "metadata" in refused(data, TooLarge, PillowImages(ImageLimits(metadata_bytes=2999)))


def test_a_text_that_ends_early_is_damaged():
    cut = zlib.compress(b"a title " * 50)[:-9]
    assert "metadata" in refused(png_with(FILES["PNG"], (b"zTXt", b"k\x00\x00" + cut)), UnreadableImage)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (archive(), "ZIP"),
        (b"\n<script>alert(1)</script>", "web page or script"),
        (b"<?php system($_GET[0]); ?>", "web page or script"),
        (bytes(100) + b"%PDF-1.4", "PDF"),
        (b"MZ" + bytes(100), "program"),
        (b"Rar!\x1a\x07\x00", "RAR"),
    ],
)
def test_a_polyglot_is_refused(name, rest, reason):
    assert reason in refused(FILES[name] + rest, UnsupportedFormat)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF", "AVIF"])
def test_harmless_bytes_after_the_end_are_left_out_and_said(name):
    picture = IMAGES.read(FILES[name] + b"\x00padding" * 3)
    assert picture.notes[-1] == "24 bytes after the end of the image were left out"
    written, _ = IMAGES.write(picture, picture.pixels)
    assert b"padding" not in written


@pytest.mark.parametrize("name", FORMATS)
def test_an_archive_at_the_end_is_found_wherever_the_container_stops(name):
    assert "ZIP" in refused(FILES[name] + archive(), UnsupportedFormat)


def test_an_archive_inside_a_text_is_found():
    end = png_chunk(b"IEND", b"")
    body = bytearray(archive())
    struct.pack_into("<H", body, len(body) - 2, 4 + len(end))
    data = FILES["PNG"][: -len(end)] + png_chunk(b"tEXt", b"k\x00" + bytes(body)) + end
    assert "ZIP" in refused(data, UnsupportedFormat)


def test_a_pdf_near_the_start_is_found():
    assert "PDF" in refused(png_with(FILES["PNG"], (b"tEXt", b"k\x00%PDF-1.4 1 0 obj")), UnsupportedFormat)


def test_a_wrong_checksum_is_damage():
    data = bytearray(FILES["PNG"])
    data[-20] ^= 1
    assert "checksum" in refused(bytes(data), UnreadableImage)


def test_two_headers_are_damage():
    assert "two headers" in refused(png_with(FILES["PNG"], (b"IHDR", FILES["PNG"][16:29])), UnreadableImage)


def test_a_jpeg_of_endless_scans_is_refused():
    data = FILES["JPEG"]
    start = data.index(b"\xff\xda")
    assert "scans" in refused(data[:start] + data[start:-2] * 101 + data[-2:], UnreadableImage)


def test_long_runs_of_fill_bytes_are_passed_over():
    data = FILES["JPEG"]
    fill = b"\xff" * 2_000_000
    padded = data[:2] + fill + data[2:-2] + fill + b"\x00" + fill + data[-2:]
    assert IMAGES.read(padded).width == 96


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (FILES["JPEG"][:2] + b"\xff\xfe\x00\x02" * 20_001 + FILES["JPEG"][2:], "too many segments"),
        (FILES["JPEG"][:20] + b"\x00" + FILES["JPEG"][20:], "marker is missing"),
        (png_with(FILES["PNG"], *[(b"zzZz", b"")] * 100_000), "too many chunks"),
        (FILES["AVIF"] + b"\x00\x00\x00\x08free" * 10_000, "too many boxes"),
        (FILES["AVIF"] + b"\x00\x00\x00\x04free", "shorter than its header"),
        (b"RIFF" + struct.pack("<I", 4 + 8 * 20_001) + b"WEBP" + b"NONE\x00\x00\x00\x00" * 20_001, "too many chunks"),
        (FILES["GIF"][:-1] + b"\x21\xfe" + b"\x01x" * 1_000_001 + b"\x00;", "too many blocks"),
        (FILES["GIF"][:-1] + b"\x00;", "unknown kind"),
        (FILES["GIF"][:13] + bytes(3 << (FILES["GIF"][10] & 7) + 1) + b";", "no image data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_containers_of_endless_or_senseless_pieces_are_damage(data, reason):
    assert reason in refused(data, UnreadableImage)


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xCB])
def test_unusual_jpegs_are_unsupported(marker):
    data = FILES["JPEG"].replace(b"\xff\xc0", bytes([0xFF, marker]))
    assert "not read" in refused(data, UnsupportedFormat)


def test_twelve_bit_jpeg_is_unsupported():
    data = bytearray(FILES["JPEG"])
    data[data.index(b"\xff\xc0") + 4] = 12
    assert "12 bits" in refused(bytes(data), UnsupportedFormat)


def test_a_tiff_whose_pages_form_a_loop_is_damage():
    data = bytearray(FILES["TIFF"])
    first = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    assert "loop" in refused(bytes(data), UnreadableImage)


def test_a_tiff_with_a_giant_tile_is_too_large():
    tiled = [(256, 3, 8), (257, 3, 8), (258, 3, 8), (259, 3, 1), (262, 3, 1), (322, 4, 1 << 30), (323, 4, 1 << 30)]
    body = b"".join(struct.pack("<HHII", code, kind, 1, value) for code, kind, value in [*tiled, (324, 4, 8)])
    data = b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", len(tiled) + 1) + body + bytes(4)
    refused(data, TooLarge)


def test_tags_that_share_a_large_value_cannot_multiply_it():
    """4 KB of directory entries over one 1 MB value: copied once per tag it would be 300 MB."""
    shared = bytes(1 << 20)
    owner = [270, 271, 272, 305, 306, 315, 316, 33432, 40091, 40092, 40093, 40094, 40095]
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 1)]
    entries += [(code, 2, len(shared), 8) for code in owner]
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    data = b"II*\x00" + struct.pack("<I", 8 + len(shared)) + shared + struct.pack("<H", len(entries)) + body + bytes(4)
    assert "metadata" in refused(data, TooLarge)


def test_a_webp_whose_sizes_differ_is_damage():
    data = bytearray(saved(np.dstack((photo(), photo()[..., 0])), "WEBP"))
    at = data.index(b"VP8X") + 12
    data[at] += 1
    assert "size fields differ" in refused(bytes(data), UnreadableImage)


def test_missing_image_data_is_damage():
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    assert "no image data" in refused(PNG_SIGNATURE + header + png_chunk(b"IEND", b""), UnreadableImage)


@pytest.mark.parametrize("error", [MemoryError(), Image.DecompressionBombError("bomb")])
def test_running_out_of_memory_is_too_large(error, monkeypatch):
    def explode(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("provenance.adapters.images.colour.to_srgb", explode)
    refused(FILES["PNG"], TooLarge)


@pytest.mark.parametrize("error", [struct.error("x"), IndexError(), SyntaxError(), zlib.error(), EOFError(), OSError()])
def test_whatever_a_decoder_raises_is_unreadable(error, monkeypatch):
    def explode(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("provenance.adapters.images.colour.to_srgb", explode)
    assert type(error).__name__ in refused(FILES["PNG"], UnreadableImage)


def test_avif_without_its_library_is_unsupported(monkeypatch):
    monkeypatch.setattr("provenance.adapters.images.avif.features.check", lambda _: False)
    assert "no AVIF" in refused(FILES["AVIF"], UnsupportedFormat)
