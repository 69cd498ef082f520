"""Each format is read, and written as itself."""

import struct
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from provenance.adapters.images import ImageLimits, PillowImages, avif, vp8, webp
from provenance.core.errors import InvalidRequest, UnsupportedFormat
from provenance.core.types import Picture
from tests.unit.adapters.image_samples import opened, photo, png_chunk, psnr, raw_png, saved

IMAGES = PillowImages()
LOSSLESS = [
    ("PNG", {}, "image/png"),
    ("TIFF", {}, "image/tiff"),
    ("TIFF", {"compression": "tiff_lzw"}, "image/tiff"),
    ("TIFF", {"compression": "packbits"}, "image/tiff"),
    ("WEBP", {"lossless": True}, "image/webp"),
]
LOSSY = [
    ("JPEG", {"quality": 90}, "image/jpeg", 42.0),
    ("JPEG", {"quality": 90, "progressive": True}, "image/jpeg", 42.0),
    ("WEBP", {"quality": 90}, "image/webp", 36.0),
    ("AVIF", {"quality": 90}, "image/avif", 38.0),
    ("TIFF", {"compression": "jpeg"}, "image/tiff", float("inf")),
]


@pytest.mark.parametrize(("name", "options", "media_type"), LOSSLESS)
def test_lossless_formats_keep_every_pixel(name, options, media_type):
    pixels = photo()
    picture = IMAGES.read(saved(pixels, name, **options))
    assert (picture.format, picture.media_type, picture.alpha, picture.notes) == (name, media_type, None, ())
    np.testing.assert_array_equal(picture.pixels, pixels)
    changed = 255 - pixels
    data, written_type = IMAGES.write(picture, changed)
    assert written_type == media_type
    assert opened(data).format == name
    np.testing.assert_array_equal(np.asarray(opened(data).convert("RGB")), changed)


@pytest.mark.parametrize(("name", "options", "media_type", "least"), LOSSY)
def test_lossy_formats_stay_close(name, options, media_type, least):
    picture = IMAGES.read(saved(photo(256, 192), name, **options))
    changed = picture.pixels[:, ::-1]
    data, written_type = IMAGES.write(picture, changed)
    assert written_type == media_type
    assert opened(data).format == name
    assert psnr(changed, np.asarray(opened(data).convert("RGB"))) >= least


def coding(data: bytes) -> tuple[object, ...]:
    """Tables, sampling of the three components, and whether it is progressive."""
    with Image.open(BytesIO(data)) as image:
        return image.quantization, [part[1:3] for part in image.layer], bool(image.info.get("progressive"))


@pytest.mark.parametrize("quality", [75, 92, 100])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_written_as_it_was_made(quality, subsampling, progressive):
    source = saved(photo(), "JPEG", quality=quality, subsampling=subsampling, progressive=progressive)
    data, _ = IMAGES.write(IMAGES.read(source), photo(seed=1))
    assert coding(data) == coding(source)


def test_a_jpegs_own_tables_are_kept():
    tables = [[2 + number % 9 for number in range(64)], [1 + number % 12 for number in range(64)]]
    source = saved(photo(), "JPEG", qtables=tables)
    assert coding(IMAGES.write(IMAGES.read(source), photo(seed=1))[0]) == coding(source)


@pytest.mark.parametrize("quality", [10, 50, 74])
def test_a_coarse_jpeg_is_written_finer(quality):
    source = saved(photo(), "JPEG", quality=quality, subsampling="4:2:0")
    data, _ = IMAGES.write(IMAGES.read(source), photo(seed=1))
    assert coding(data) == coding(saved(photo(), "JPEG", quality=75, subsampling="4:2:0"))


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("quality", [20, 50, 75, 85, 90, 95, 100])
def test_the_quality_of_a_webp_is_read_from_its_header(quality, alpha):
    layers = np.dstack((photo(), photo()[..., 0])) if alpha else photo()
    found = webp.read(saved(layers, "WEBP", quality=quality), ImageLimits()).quality
    assert found is not None
    assert abs(found - quality) <= (3 if quality >= 85 else 20)


@pytest.mark.parametrize(("quality", "expected"), [(30, 90), (85, 90), (95, 95), (100, 100)])
def test_a_webp_is_written_as_finely_as_it_was_made(quality, expected):
    picture = IMAGES.read(saved(photo(), "WEBP", quality=quality))
    data, _ = IMAGES.write(picture, photo(seed=1))
    found = webp.read(data, ImageLimits()).quality
    assert found is not None
    assert abs(found - expected) <= 3


@pytest.mark.parametrize("cut", [0, 5, 11, 14])
def test_a_vp8_header_that_ends_early_gives_some_quality(cut):
    data = saved(photo(), "WEBP", quality=80)
    frame = data[data.index(b"VP8 ") + 8 :][:cut]
    assert 0 <= vp8.quality(frame) <= 100


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0", "4:0:0"])
def test_an_avif_keeps_its_chroma_as_it_was(subsampling, alpha):
    grey = np.asarray(Image.fromarray(photo()).convert("L"))
    layers = np.dstack((grey, grey, grey)) if subsampling == "4:0:0" else photo()
    data = saved(np.dstack((layers, grey)) if alpha else layers, "AVIF", quality=90, subsampling=subsampling)
    picture = IMAGES.read(data)
    written, _ = IMAGES.write(picture, picture.pixels)
    assert avif.read(data, ImageLimits()).subsampling == subsampling
    assert avif.read(written, ImageLimits()).subsampling == subsampling


def test_a_colour_on_a_grey_avif_is_not_lost():
    grey = np.full((64, 96, 3), 128, np.uint8)
    picture = IMAGES.read(saved(grey, "AVIF", subsampling="4:0:0"))
    stamped = picture.pixels.copy()
    stamped[16:48, 16:48] = (200, 30, 30)
    written, _ = IMAGES.write(picture, stamped)
    assert np.abs(opened(written).getpixel((32, 32)) - np.array([200, 30, 30])).max() < 12


def test_a_jpeg_that_was_cmyk_is_written_finely():
    source = saved(Image.new("CMYK", (96, 64), (10, 20, 30, 40)), "JPEG")
    data, _ = IMAGES.write(IMAGES.read(source), photo(seed=1))
    assert coding(data) == coding(saved(photo(), "JPEG", quality=95, subsampling="4:4:4"))


@pytest.mark.parametrize(("name", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})])
def test_alpha_survives(name, options):
    alpha = np.arange(96 * 64, dtype=np.uint8).reshape(64, 96)
    pixels = photo()
    picture = IMAGES.read(saved(np.dstack((pixels, alpha)), name, **options, **({"exact": True} if options else {})))
    np.testing.assert_array_equal(picture.alpha, alpha)
    np.testing.assert_array_equal(picture.pixels, pixels)
    again = IMAGES.read(IMAGES.write(picture, 255 - pixels)[0])
    np.testing.assert_array_equal(again.alpha, alpha)
    np.testing.assert_array_equal(again.pixels, 255 - pixels)


@pytest.mark.parametrize(("name", "options"), [("WEBP", {"quality": 80}), ("AVIF", {"quality": 80})])
def test_alpha_survives_lossy_formats(name, options):
    alpha = np.zeros((64, 96), np.uint8)
    alpha[16:48, 16:80] = 255
    picture = IMAGES.read(saved(np.dstack((photo(), alpha)), name, **options))
    again = IMAGES.read(IMAGES.write(picture, picture.pixels)[0])
    assert picture.alpha is not None
    assert again.alpha is not None
    assert np.abs(again.alpha.astype(int) - alpha).mean() < 2


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "RGBA"])
@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_other_modes_are_read_as_pillow_shows_them(name, mode):
    image = Image.fromarray(photo()).convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    picture = IMAGES.read(saved(image, name))
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    expected = np.asarray(image.getchannel("A")) if "A" in mode else None
    np.testing.assert_array_equal(picture.alpha, expected)


def test_palette_transparency_becomes_alpha():
    image = Image.fromarray(photo()).quantize(16)
    data = saved(image, "PNG", transparency=bytes(range(0, 160, 10)))
    expected = np.asarray(opened(data).convert("RGBA"))
    picture = IMAGES.read(data)
    np.testing.assert_array_equal(np.dstack((picture.pixels, picture.alpha)), expected)
    assert len(np.unique(picture.alpha)) > 3


@pytest.mark.parametrize(
    ("header", "rows", "key", "alpha"),
    [
        ((2, 1, 8, 0), b"\x00\x07\x08", struct.pack(">H", 7), [0, 255]),
        ((4, 1, 2, 0), b"\x00\x1b", struct.pack(">H", 2), [255, 255, 0, 255]),
        ((2, 1, 16, 0), b"\x00\x01\x02\x01\x03", struct.pack(">H", 0x0102), [0, 255]),
        ((8, 1, 1, 0), b"\x00\xa0", struct.pack(">H", 1), [0, 255, 0, 255, 255, 255, 255, 255]),
        ((2, 1, 8, 2), b"\x00\x01\x02\x03\x01\x02\x04", struct.pack(">HHH", 1, 2, 3), [0, 255]),
        ((2, 1, 16, 2), b"\x00" + bytes(6) + b"\x05\x05" * 3, struct.pack(">HHH", 0, 0, 0), [0, 255]),
    ],
)
def test_colour_keys_hide_their_colour_at_every_depth(header, rows, key, alpha):
    picture = IMAGES.read(raw_png(header, rows, (b"tRNS", key)))
    assert picture.alpha is not None
    assert picture.alpha[0].tolist() == alpha


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_grey_is_rounded_not_cut(order):
    wide = np.array([[0, 128, 129, 257 * 100 + 200, 0xFFFF]], np.uint16)
    png = raw_png((5, 1, 16, 0), b"\x00" + wide.astype(">u2").tobytes())
    tiff = saved(Image.frombytes("I;16", (5, 1), wide.astype("<u2").tobytes()), "TIFF")
    if order == ">":
        tiff = _turned_tiff(wide.astype(">u2").tobytes(), 5)
    for data in (png, tiff):
        picture = IMAGES.read(data)
        assert picture.pixels[0, :, 0].tolist() == [0, 0, 1, 101, 255]
        assert picture.notes == ("its 16 bits are looked at as 8",)


def _turned_tiff(samples: bytes, width: int) -> bytes:
    """A big-endian 16-bit grey TIFF of one strip."""
    entries = [(256, 3, width), (257, 3, 1), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    entries += [(278, 3, 1), (279, 4, len(samples))]
    body = b"".join(
        struct.pack(">HHI", code, kind, 1) + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for code, kind, value in entries
    )
    start = 8 + len(samples)
    return b"MM\x00*" + struct.pack(">I", start) + samples + struct.pack(">H", len(entries)) + body + bytes(4)


def test_sixteen_bit_colour_with_alpha_is_reduced():
    wide = np.array([[[0x1234, 0x5678, 0x9ABC, 0xDEF0]]], np.uint16)
    picture = IMAGES.read(raw_png((1, 1, 16, 6), b"\x00" + wide.astype(">u2").tobytes()))
    assert picture.pixels[0, 0].tolist() == [0x12, 0x56, 0x9A]
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0xDE]]
    assert picture.notes == ("its 16 bits are looked at as 8",)


def frames(count: int) -> list[Image.Image]:
    return [Image.fromarray(photo(seed=number)) for number in range(count)]


@pytest.mark.parametrize(
    ("name", "options", "count", "notes"),
    [("PNG", {}, 3, ()), ("TIFF", {}, 1, ("first of 3 pages",)), ("WEBP", {"lossless": True}, 3, ())],
)
def test_an_animation_or_pages_written_as_a_still_are_their_first_frame(name, options, count, notes):
    first, *rest = frames(3)
    picture = IMAGES.read(saved(first, name, save_all=True, append_images=rest, **options))
    assert (picture.frames, picture.media_type, picture.notes) == (count, f"image/{name.lower()}", notes)
    np.testing.assert_array_equal(picture.pixels, np.asarray(first))
    written = opened(IMAGES.write(picture, picture.pixels)[0])
    assert getattr(written, "n_frames", 1) == 1
    assert written.format == name


def test_a_gif_of_one_frame_is_written_as_png():
    data = saved(frames(1)[0].quantize(32), "GIF", comment=b"by Ada")
    picture = IMAGES.read(data)
    assert (picture.format, picture.media_type, picture.frames) == ("GIF", "image/gif", 1)
    assert picture.notes == ("a GIF of one frame is written as PNG",)
    np.testing.assert_array_equal(picture.pixels, np.asarray(opened(data).convert("RGB")))
    written, media_type = IMAGES.write(picture, picture.pixels)
    assert media_type == "image/png"
    assert opened(written).text["Comment"] == "by Ada"


def test_transparent_gif_keeps_its_alpha():
    image = Image.fromarray(photo()).quantize(8)
    data = saved(image, "GIF", transparency=3)
    picture = IMAGES.read(data)
    np.testing.assert_array_equal(picture.alpha, np.asarray(opened(data).convert("RGBA"))[..., 3])
    assert picture.alpha is not None
    assert set(np.unique(picture.alpha)) == {0, 255}


def test_animated_avif_gives_its_first_frame():
    first, *rest = frames(2)
    picture = IMAGES.read(saved(first, "AVIF", save_all=True, append_images=rest, quality=90))
    assert picture.frames == 1
    assert picture.notes[0] == "first of 2 frames"
    assert psnr(picture.pixels, np.asarray(first)) > 30


def test_the_phones_second_picture_is_left_out():
    first, *rest = frames(2)
    picture = IMAGES.read(saved(first, "MPO", save_all=True, append_images=rest))
    assert picture.format == "JPEG"
    assert picture.frames == 1
    assert any("after the end of the image were left out" in note for note in picture.notes)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_writing_is_deterministic(name):
    picture = IMAGES.read(saved(photo(), name))
    assert IMAGES.write(picture, picture.pixels) == PillowImages().write(picture, picture.pixels)


def test_a_picture_that_never_was_a_file_is_written():
    pixels = photo()
    made = Picture(pixels=pixels, alpha=None, format="PNG", media_type="image/png", source=b"")
    data, media_type = IMAGES.write(made, pixels)
    assert media_type == "image/png"
    np.testing.assert_array_equal(np.asarray(opened(data)), pixels)


def test_the_readers_pixels_can_be_changed():
    picture = IMAGES.read(saved(photo(), "PNG"))
    picture.pixels[0, 0] = 7
    assert picture.pixels.flags.c_contiguous


@pytest.mark.parametrize("wrong", [photo(96, 63), photo().astype(np.float32), photo()[..., 0]])
def test_pixels_of_another_shape_or_type_are_refused(wrong):
    picture = IMAGES.read(saved(photo(), "PNG"))
    with pytest.raises(InvalidRequest, match="not uint8"):
        IMAGES.write(picture, wrong)


def webp_canvas(data: bytes, width: int) -> bytes:
    """The animation on a wider canvas."""
    at = data.index(b"VP8X") + 12
    return data[:at] + (width - 1).to_bytes(3, "little") + data[at + 3 :]


def test_a_canvas_that_the_format_cant_write_is_unsupported():
    """A WebP animation may be wider than a WebP still."""
    first, *rest = frames(2)
    data = webp_canvas(saved(first, "WEBP", save_all=True, append_images=rest), 16_400)
    picture = IMAGES.read(data)
    assert picture.width == 16_400
    with pytest.raises(UnsupportedFormat, match="16400 x 64 pixels can't be written as WEBP"):
        IMAGES.write(picture, picture.pixels)


def test_a_gif_frame_may_be_larger_than_its_screen():
    data = bytearray(saved(Image.fromarray(photo()).quantize(8), "GIF"))
    struct.pack_into("<HH", data, 6, 10, 10)
    assert IMAGES.read(bytes(data)).pixels.shape == (64, 96, 3)


def test_an_avif_in_another_colour_space_says_so():
    data = saved(photo(), "AVIF")
    at = data.index(b"nclx") + 4
    (note,) = IMAGES.read(data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]).notes
    assert note == "its colour space (H.273 12/13) is not converted: treated as sRGB"


def test_many_threads_read_and_write_the_same():
    files = [saved(photo(seed=number), name) for number in range(3) for name in ("PNG", "JPEG", "WEBP", "TIFF")]

    def through(data: bytes) -> tuple[bytes, str]:
        picture = IMAGES.read(data)
        return IMAGES.write(picture, picture.pixels)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(through, files * 3))
    assert together == [through(data) for data in files] * 3


@pytest.mark.parametrize("mode", ["F", "I"])
def test_samples_that_are_no_picture_are_unsupported(mode):
    with pytest.raises(UnsupportedFormat, match="32 bits"):
        IMAGES.read(saved(Image.new(mode, (8, 8)), "TIFF"))


def test_lab_is_unsupported():
    with pytest.raises(UnsupportedFormat, match="'LAB'"):
        IMAGES.read(saved(Image.new("LAB", (8, 8)), "TIFF"))


def test_a_raw_files_preview_is_not_taken_for_the_picture():
    with pytest.raises(UnsupportedFormat, match="raw file"):
        IMAGES.read(saved(photo(), "TIFF", tiffinfo={254: 1}))


MANIFEST = b"\x00\x00\x00\x14jumbmy manifest"


def signed(name: str) -> bytes:
    """A file with something where its format keeps a C2PA manifest (C2PA 2.1, appendix A)."""
    data = saved(photo(), name)
    if name == "PNG":
        return data[:33] + png_chunk(b"caBX", MANIFEST) + data[33:]
    if name == "JPEG":
        body = b"JP\x00\x01\x00\x00\x00\x01" + MANIFEST
        return data[:2] + b"\xff\xeb" + struct.pack(">H", len(body) + 2) + body + data[2:]
    if name == "WEBP":
        body = data[8:] + b"C2PA" + struct.pack("<I", len(MANIFEST)) + MANIFEST + bytes(len(MANIFEST) % 2)
        return b"RIFF" + struct.pack("<I", len(body)) + body
    body = b"uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + MANIFEST
    return data + struct.pack(">I", len(body) + 4) + body


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_content_credentials_are_named_and_not_carried_over(name):
    data = signed(name)
    picture = IMAGES.read(data)
    assert any("C2PA" in note for note in picture.notes)
    assert picture.source == data
    assert b"my manifest" not in IMAGES.write(picture, picture.pixels)[0]
