"""The item tables of AVIF: what they say, what is written, and what hostile ones would cost."""

import struct

import numpy as np
import pytest

from provenance.adapters.images import PillowImages
from provenance.adapters.images.labels import items
from provenance.adapters.images.labels.items import Location, box
from provenance.core.errors import Rejected, TooLarge, UnreadableImage
from tests.unit.adapters.image_samples import opened
from tests.unit.adapters.test_images_labels import OWNERS, PROPERTIES, WRITTEN, packet_of, sample

IMAGES = PillowImages()


def iloc(version: int, sizes: int, more: int, rows: bytes, count: int) -> bytes:
    return bytes([version, 0, 0, 0, sizes, more]) + count.to_bytes(4 if version == 2 else 2, "big") + rows


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (iloc(0, 0x44, 0x00, struct.pack(">HHHII", 1, 0, 1, 300, 20), 1), [Location(1, 0, 0, ((300, 20),))]),
        (iloc(0, 0x44, 0x40, struct.pack(">HHIHII", 1, 0, 1000, 1, 300, 20), 1), [Location(1, 0, 0, ((1300, 20),))]),
        (iloc(1, 0x48, 0x84, struct.pack(">HHHQHIIQ", 7, 1, 0, 5, 1, 9, 3, 20), 1), [Location(7, 1, 0, ((8, 20),))]),
        (iloc(2, 0x88, 0x00, struct.pack(">IHHHQQQQ", 70_000, 0, 0, 2, 1, 2, 3, 4), 1),
         [Location(70_000, 0, 0, ((1, 2), (3, 4)))]),
        (iloc(1, 0x44, 0x00, b"", 0), []),
    ],
)  # fmt: skip
def test_every_version_of_the_table_is_read_and_written_in_the_plainest_that_holds_it(table, rows):
    assert items.locations(table) == rows
    written = items.location_table(rows)
    assert items.locations(written) == rows
    assert written[0] == (2 if rows and rows[0].item > 0xFFFF else 1)
    assert written[4:6] == b"\x44\x00"


@pytest.mark.parametrize(
    "table",
    [
        b"",
        bytes(5),
        iloc(0, 0x44, 0x00, b"", 1),
        iloc(1, 0x44, 0x00, struct.pack(">HHHH", 1, 2, 0, 0), 1),  # an item inside an item
        iloc(0, 0x00, 0x00, struct.pack(">HHH", 1, 0, 0xFFFF) * 3, 3),  # 200,000 extents in 18 bytes
        iloc(2, 0x00, 0x00, struct.pack(">IHHH", 1, 0, 0, 0xFFFF) * 1000, 1 << 31),
    ],
)
def test_tables_that_are_cut_off_or_cost_too_much_are_refused(table):
    with pytest.raises(UnreadableImage):
        items.locations(table)


@pytest.mark.parametrize(("version", "item"), [(0, 3), (0, 70_000), (1, 3), (2, 70_000)])
def test_an_item_more_is_found_again(version, item):
    counted = bytes(2) if version < 2 else bytes(4)
    iinf = items.with_item(bytes([version, 0, 0, 0]) + counted, item)
    assert items.items(iinf) == {item: True}
    assert items.items(items.with_item(iinf, item + 1)) == {item: True, item + 1: True}


def test_other_items_are_not_packets():
    other = box(b"infe", b"\x02\x00\x00\x00\x00\x05\x00\x00" + b"mime" + b"XMP\x00text/plain\x00")
    exif = box(b"infe", b"\x02\x00\x00\x00\x00\x06\x00\x00" + b"Exif" + b"\x00")
    old = box(b"infe", b"\x00\x00\x00\x00\x00\x07\x00\x00")
    assert items.items(b"\x00\x00\x00\x00\x00\x03" + other + exif + old) == {5: False, 6: False, 7: False}


@pytest.mark.parametrize(("iref", "expected"), [
    (None, b"\x00\x00\x00\x00" + box(b"cdsc", b"\x00\x02\x00\x01\x00\x01")),
    (b"\x00\x00\x00\x00" + box(b"dimg", b"x"),
     b"\x00\x00\x00\x00" + box(b"dimg", b"x") + box(b"cdsc", b"\x00\x02\x00\x01\x00\x01")),
    (b"\x01\x00\x00\x00", b"\x01\x00\x00\x00" + box(b"cdsc", b"\x00\x00\x00\x02\x00\x01\x00\x00\x00\x01")),
])  # fmt: skip
def test_the_packet_describes_the_primary_image(iref, expected):
    assert items.with_description(iref, 2, of=1) == expected


def test_boxes_that_are_longer_than_what_is_around_them_are_refused():
    assert [found.name for found in items.boxes(box(b"aaaa", b"x") + box(b"bbbb", b""), 0, 17)] == [b"aaaa", b"bbbb"]
    with pytest.raises(UnreadableImage, match="longer"):
        list(items.boxes(struct.pack(">I4s", 20, b"aaaa") + bytes(20), 0, 16))
    with pytest.raises(UnreadableImage, match="too many"):
        list(items.boxes(box(b"free", b"") * 10_001, 0, 8 * 10_001))


def last_box(data: bytes, name: bytes) -> int:
    return data.rindex(name) - 4


def test_media_that_run_to_the_end_of_the_file_do_not_take_in_the_packet():
    data = sample("AVIF")
    at = last_box(data, b"mdat")
    open_ended = data[:at] + bytes(4) + data[at + 4 :]
    labelled = IMAGES.label(open_ended, PROPERTIES)
    assert packet_of(labelled).properties() == WRITTEN
    assert labelled[labelled.index(b"mdat") - 4 : labelled.index(b"mdat")] == data[at : at + 4]
    np.testing.assert_array_equal(np.asarray(opened(labelled)), np.asarray(opened(data)))


def test_a_packet_of_overlapping_extents_is_not_unfolded():
    data = sample("AVIF", OWNERS)
    at = data.index(b"iloc")
    size = int.from_bytes(data[at - 4 : at], "big")
    rows = items.locations(data[at + 4 : at - 4 + size])
    packet = max(rows, key=lambda row: row.item)
    many = Location(packet.item, 0, 0, ((0, len(data)),) * 60_000)
    table = box(b"iloc", items.location_table([*[row for row in rows if row is not packet], many]))
    start = data.index(b"meta") - 4
    meta_size = int.from_bytes(data[start : start + 4], "big") + len(table) - size
    grown = data[:start] + meta_size.to_bytes(4, "big") + data[start + 4 : at - 4] + table + data[at - 4 + size :]
    with pytest.raises(TooLarge):
        IMAGES.label(grown, PROPERTIES)


@pytest.mark.parametrize("name", [b"iloc", b"iinf", b"pitm", b"meta"])
def test_a_file_without_one_of_its_tables_is_refused(name):
    data = sample("AVIF")
    with pytest.raises(Rejected):
        IMAGES.label(data.replace(name, b"free", 1), PROPERTIES)
