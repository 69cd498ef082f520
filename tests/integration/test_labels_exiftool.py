"""exiftool reads our labels from every format: a reader that we did not write.

Version 12.57 does not know the IPTC 2025.1 properties or TC260 by name; it prints what stands in the packet.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provenance.adapters.images import PillowImages
from provenance.credentials.labels import AigcLabel, Origin, Rights, UsagePolicy, read_aigc, xmp_properties
from tests.unit.adapters.test_images_labels import FORMATS, OWNERS, sample, with_large_packet

pytestmark = pytest.mark.integration

POLICY = UsagePolicy(
    origin=Origin(system="Brush & Co", system_version="3.5", prompt="a <sunset>", prompt_writer="Ada"),
    rights=Rights(
        creators=("Ada", "艺术家"),
        notice="(c) 2026 Ada",
        credit="Ada / Studio",
        usage_terms="private use",
        statement_url="https://art.example/terms",
        licensor_name="Studio",
        licensor_url="https://art.example/buy",
    ),
    aigc=AigcLabel(producer="001191330000MA0000000X00000", produce_id="pv-3f9k2m8xq0abc"),
)
EXPECTED = {
    "XMP-iptcExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    "XMP-iptcExt:AISystemUsed": "Brush & Co",
    "XMP-iptcExt:AISystemVersionUsed": 3.5,  # what looks like a number is printed as one
    "XMP-iptcExt:AIPromptInformation": "a <sunset>",
    "XMP-iptcExt:AIPromptWriterName": "Ada",
    "XMP-plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    "XMP-plus:Licensor": [{"LicensorName": "Studio", "LicensorURL": "https://art.example/buy"}],
    "XMP-xmpRights:WebStatement": "https://art.example/terms",
    "XMP-xmpRights:UsageTerms": "private use",
    "XMP-dc:Creator": ["Ada", "艺术家"],
    "XMP-dc:Rights": "(c) 2026 Ada",
    "XMP-photoshop:Credit": "Ada / Studio",
}


@pytest.fixture(scope="module")
def exiftool() -> str:
    found = shutil.which("exiftool")
    if found is None and os.environ.get("PROVENANCE_TEST_REQUIRE_ALL") != "1":
        pytest.skip("exiftool is not installed (Debian: libimage-exiftool-perl)")
    assert found, "exiftool is not installed (Debian: libimage-exiftool-perl)"
    return found


def read(exiftool: str, path: Path) -> dict:
    options = ["-j", "-struct", "-G1", "-a", "-n", "-XMP:all", "-validate", "-warning", "-error"]
    run = subprocess.run([exiftool, *options, str(path)], capture_output=True, check=True)
    return json.loads(run.stdout)[0]


@pytest.mark.parametrize("packet", [None, OWNERS], ids=["without", "with an owner's packet"])
@pytest.mark.parametrize("name", FORMATS)
def test_exiftool_reads_every_label(exiftool, tmp_path, name, packet):
    path = tmp_path / f"labelled.{name.lower()}"
    path.write_bytes(PillowImages().label(sample(name, packet), xmp_properties(POLICY)))
    found = read(exiftool, path)
    assert {key: found.get(key) for key in EXPECTED} == EXPECTED
    # exiftool turns what looks like JSON into its own structure notation; the packet's text is the label's.
    raw = subprocess.run([exiftool, "-b", "-XMP-TC260:Aigc", str(path)], capture_output=True, check=True).stdout
    assert read_aigc(raw.decode()) == POLICY.aigc
    assert not found.get("ExifTool:Error")
    if name != "TIFF":  # Pillow's own files lack a resolution, which exiftool remarks
        assert found["ExifTool:Validate"] == "0 0 0"


def test_exiftool_joins_the_halves_of_an_extended_packet(exiftool, tmp_path):
    path = tmp_path / "large.jpg"
    path.write_bytes(PillowImages().label(with_large_packet(150_000), xmp_properties(POLICY)))
    found = read(exiftool, path)
    assert found["XMP-plus:DataMining"] == EXPECTED["XMP-plus:DataMining"]
    assert found["XMP-my:History"] == "(Binary data 150000 bytes, use -b option to extract)"
    assert found["ExifTool:Validate"] == "0 0 0"
