"""Write tests/golden/certificates. Run it after a change of the certificate's form, read the diff, and commit both:

python -m scripts.golden.folder
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts.golden import certificates as golden
from scripts.golden import standing, tokens
from scripts.golden.certificates import Defect

FOLDER: Final = Path(__file__).parents[2] / "tests" / "golden" / "certificates"


def defects() -> dict[str, Defect]:
    """Every file that has to be refused, by name."""
    return {**golden.defects(), **standing.defects(), **tokens.defects()}


def golden_files() -> dict[str, bytes]:
    """Every file of the folder by name."""
    broken = defects()
    expected = {name: dict(defect.said) for name, defect in broken.items()}
    return {
        "did.json": golden.text(golden.did_json()),
        "expected.json": golden.text({"now": golden.NOW.isoformat(), "defects": expected}),
        "valid.json": golden.text(golden.certificate()),
        "valid-retired-key.json": golden.text(golden.certificate(golden.RETIRED, start=golden.NOW - 2 * golden.YEAR)),
        "valid-licence.json": golden.text(golden.licence()),
        "valid-bundle.json": golden.text(golden.bundled()),
        "valid-1.0.json": golden.text(golden.certificate_1_0()),
        "valid.jwt": tokens.token(),
        **{f"list-{purpose}.json": golden.text(document) for purpose, document in standing.valid_lists().items()},
        "manifest-store.c2pa": golden.MANIFEST,
        **{f"{name}.{defect.suffix}": defect.data for name, defect in broken.items()},
    }


def fill(folder: Path, wanted: Mapping[str, bytes]) -> None:
    """Write these files, and remove what else lies there."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.iterdir()) - {folder / name for name in wanted}:
        stale.unlink()
    for name, data in wanted.items():
        (folder / name).write_bytes(data)
    print(f"{len(wanted)} files in {folder.parent.name}/{folder.name}")


if __name__ == "__main__":
    fill(FOLDER, golden_files())
