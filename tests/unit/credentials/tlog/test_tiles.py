"""Tiles and bundles: paths, the specification's own example, growth, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.core.errors import InvalidRequest, MalformedLogProof
from provenance.credentials.tlog.tiles import (
    ENTRIES,
    Tile,
    TileNodes,
    bundle,
    bundles,
    grow,
    split_bundle,
    split_hashes,
    tiles_of,
)
from provenance.credentials.tlog.tree import (
    consistency_path,
    inclusion_path,
    root,
    verify_consistency,
    verify_inclusion,
)
from tests.unit.credentials.tlog.trees import by_definition, leaves, tiled

SIZE = 1000
HASHES = leaves(SIZE)
TILES = tiled(HASHES)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(1, 1_234_067), "tile/1/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(ENTRIES, 1000, 1), "tile/entries/x001/000.p/1"),
        (Tile(63, 999_999), "tile/63/x999/999"),
    ],
)
def test_paths(tile, path):
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/1",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/x001/x234",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/007",
        "tile/0/000.p/",
        "tile/data/000",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/000",
        "tile/0/٠٠٠",
        "tile/0/000\n",
    ],
)
def test_other_paths_are_none(path):
    with pytest.raises(InvalidRequest, match="no path of a tile"):
        Tile.parse(path)


@given(st.text(alphabet="tile/entries0123x.p", max_size=40))
def test_a_path_that_parses_is_the_path_of_its_tile(text):
    with contextlib.suppress(InvalidRequest):
        assert Tile.parse(text).path == text


def test_the_example_of_the_specification():
    """A tree of 70,000: 273 full tiles and one of 112; one full tile and one of 17; one of 1."""
    tiles = list(tiles_of(70_000))
    assert [tile for tile in tiles if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [sum(tile.level == level and tile.width == 256 for tile in tiles) for level in range(3)] == [273, 1, 0]
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


def test_the_example_of_the_specification_is_provable_from_its_tiles():
    size = 70_000
    hashes = leaves(size)
    tiles = dict(grow(0, hashes, {}.__getitem__))
    assert set(tiles) == set(tiles_of(size))
    head = size, root(size, TileNodes(size, tiles.__getitem__))
    assert head[1] == by_definition(hashes)
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        path = inclusion_path(index, size, TileNodes(size, tiles.__getitem__))
        verify_inclusion(hashes[index], path, index=index, head=head)
    old = 65_537
    path = consistency_path(old, size, TileNodes(size, tiles.__getitem__))
    verify_consistency(path, old=(old, by_definition(hashes[:old])), new=head)


@pytest.mark.parametrize("steps", [[1000], [1] * 10 + [246, 44, 700], [255, 1, 256, 488], [300, 300, 400]])
def test_growing_in_steps_gives_the_same_tiles(steps):
    stored, size = {}, 0

    def read(tile):
        return stored[tile.full][: 32 * tile.width]

    for step in steps:
        for tile, data in grow(size, HASHES[size : size + step], read):
            assert stored.get(tile.full, b"") == data[: len(stored.get(tile.full, b""))]
            stored[tile.full] = data
        size += step
    assert stored == {tile.full: data for tile, data in TILES.items()}


def test_a_proof_reads_two_tiles_a_level():
    read = []

    def recorded(tile):
        read.append(tile)
        return bytes(32 * tile.width)

    inclusion_path(7_654_321, 10_000_019, TileNodes(10_000_019, recorded))
    assert len(read) == len(set(read)) <= 2 * 3
    assert all(tile.exists(10_000_019) for tile in read)


def test_nodes_come_from_tiles():
    nodes = TileNodes(SIZE, TILES.__getitem__)
    assert root(SIZE, nodes) == by_definition(HASHES)
    assert nodes(5, 7) == by_definition(HASHES[7 * 32 : 8 * 32])
    assert nodes(9, 0) == by_definition(HASHES[:512])


@pytest.mark.parametrize("width", [0, 1, 3])
def test_a_tile_of_another_length_is_refused(width):
    with pytest.raises(MalformedLogProof, match="64 are needed"):
        split_hashes(bytes(32 * width), 2)
    with pytest.raises(MalformedLogProof):
        TileNodes(2, lambda tile: bytes(32 * width))(0, 0)


def test_which_tiles_exist():
    assert Tile(0, 3, 232).exists(SIZE)
    assert not Tile(0, 3, 233).exists(SIZE)
    assert not Tile(0, 3).exists(SIZE)
    assert Tile(1, 0, 3).exists(SIZE)
    assert not Tile(1, 0, 4).exists(SIZE)
    assert Tile(ENTRIES, 3, 232).exists(SIZE)
    assert not Tile(63, 0, 1).exists(SIZE)
    assert not Tile(8, 0, 1).exists((1 << 63) - 1)


def test_bundles_of_a_range():
    assert list(bundles(0, 600)) == [Tile(ENTRIES, 0), Tile(ENTRIES, 1), Tile(ENTRIES, 2, 88)]
    assert list(bundles(300, 600)) == [Tile(ENTRIES, 1), Tile(ENTRIES, 2, 88)]
    assert list(bundles(512, 512)) == []
    assert list(bundles(0, 0)) == []


def test_bundles_hold_entries_of_any_length():
    held = [b"", b"a", b"x" * 0xFFFF]
    assert bundle(held)[:3] == b"\0\0\0"
    assert split_bundle(bundle(held), 3) == held
    with pytest.raises(ValueError, match="65,535"):
        bundle([b"x" * 0x10000])


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\5abc", b"\0\1ab", b"\0\1a\0", b"\0\1a\0\1b\0\1c"])
def test_a_bundle_of_something_else_is_refused(data):
    with pytest.raises(MalformedLogProof, match="not 2 entries"):
        split_bundle(data, 2)


@given(st.binary(max_size=200), st.integers(1, 256))
def test_a_bundle_that_splits_is_the_bundle_of_its_entries(data, width):
    try:
        entries = split_bundle(data, width)
    except MalformedLogProof:
        return
    assert bundle(entries) == data
    assert len(entries) == width
