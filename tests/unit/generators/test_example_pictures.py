"""examples/: every picture is credited under a free licence, within its size, and stands on one side only."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[3] / "examples"
ROW = re.compile(
    r"^\| `(?P<file>[^`]+)` \| (?P<title>[^|]+) \| (?P<author>[^|]+) \| (?P<licence>[^|]+) \|$", re.MULTILINE
)
CREDITS = {row["file"]: row for row in ROW.finditer((EXAMPLES / "CREDITS.md").read_text(encoding="utf-8"))}


def files(folder):
    return sorted(path.relative_to(EXAMPLES).as_posix() for path in (EXAMPLES / folder).glob("*.jpg"))


def test_every_picture_is_credited_and_every_credit_has_its_picture():
    assert sorted(CREDITS) == sorted(files("artworks") + files("innocent"))
    assert {row["licence"] for row in CREDITS.values()} <= {"CC0 1.0", "public domain", "public domain by age"}
    assert all(row["title"].strip() and row["author"].strip() for row in CREDITS.values())


@pytest.mark.parametrize(
    ("folder", "count", "side", "megabytes"), [("artworks", 16, 1024, 4), ("innocent", 24, 768, 3)]
)
def test_number_and_size(folder, count, side, megabytes):
    paths = [EXAMPLES / name for name in files(folder)]
    assert len(paths) == count
    assert sum(path.stat().st_size for path in paths) <= megabytes * 1_000_000
    for path in paths:
        with Image.open(path) as picture:
            assert picture.format == "JPEG"
            assert picture.mode == "RGB"
            assert max(picture.size) <= side


def test_no_innocent_picture_is_one_of_the_artworks():
    def thumbnail(name):
        with Image.open(EXAMPLES / name) as picture:
            grey = np.asarray(picture.convert("L").resize((16, 16), Image.Resampling.BOX), float)
        return (grey - grey.mean()) / grey.std()

    artworks = [thumbnail(name) for name in files("artworks")]
    for name in files("innocent"):
        assert max(float((thumbnail(name) * artwork).mean()) for artwork in artworks) < 0.9, name
