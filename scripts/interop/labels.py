"""Labels before exiftool."""

import json
import shutil
import subprocess
from typing import Any, Final

from scripts.interop.outcomes import NotRun, Verifier, expect
from scripts.interop.registered import Registered

_EXPECTED: Final = {
    "XMP-iptcExt:DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    "XMP-iptcExt:AISystemUsed": "Procedural",
    "XMP-plus:DataMining": "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
}


def exiftool(registered: Registered) -> str:
    program = shutil.which("exiftool")
    if program is None:
        raise NotRun("needs the Debian package libimage-exiftool-perl")
    for artwork in registered.artworks:
        path = registered.put(f"labelled.{artwork.suffix}", artwork.file)
        run = subprocess.run([program, "-j", "-G1", "-n", "-struct", "-XMP:all", path], capture_output=True, check=True)
        found: dict[str, Any] = json.loads(run.stdout)[0]
        wrong = {name: found.get(name) for name, value in _EXPECTED.items() if found.get(name) != value}
        expect(not wrong, f"{artwork.name}: {wrong}")
        raw = subprocess.run([program, "-b", "-XMP-TC260:Aigc", path], capture_output=True, check=True).stdout
        label = json.loads(raw)
        expect((label["Label"], label["ProduceID"]) == ("1", artwork.work_id), f"{artwork.name}: {label}")
    return f"{len(registered.artworks)} files: IPTC source type and AI system, plus:DataMining, TC260:AIGC as written"


VERIFIERS: Final = (Verifier("exiftool", "XMP labels", exiftool),)
