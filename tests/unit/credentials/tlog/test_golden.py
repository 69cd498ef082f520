"""Golden log proofs: each bad one has one defect, and is refused with its own error."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from provenance.core.errors import VerificationError
from provenance.credentials.tlog import Policy, Proven, verify_certificate_proof, verify_proof
from scripts.golden import log as generator

FOLDER = Path(__file__).parents[3] / "golden" / "log"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
POLICY = Policy.parse((FOLDER / "policy").read_text())


def check(name: str) -> Proven:
    text = (FOLDER / f"{name}.tlog-proof").read_bytes()
    verify_certificate_proof(text, EXPECTED["certificate"], POLICY)
    return verify_proof(
        text,
        (FOLDER / "entry.json").read_bytes(),
        POLICY,
        smallest=EXPECTED["smallest"],
        not_before=datetime.fromisoformat(EXPECTED["notBefore"]),
    )


def test_the_valid_one_verifies() -> None:
    proven = check("valid")
    assert (proven.index, proven.checkpoint.size) == (EXPECTED["index"], EXPECTED["size"])
    assert len(proven.witnessed) == 2


@pytest.mark.parametrize("name", sorted(EXPECTED["defects"]))
def test_each_defect_has_its_error(name: str) -> None:
    with pytest.raises(VerificationError) as caught:
        check(name)
    assert type(caught.value).__name__ == EXPECTED["defects"][name]


def test_every_file_is_expected() -> None:
    assert {path.stem for path in FOLDER.glob("*.tlog-proof")} == {"valid", *EXPECTED["defects"]}


def test_the_files_are_what_the_script_writes() -> None:
    for name, data in generator.golden_files().items():
        assert (FOLDER / name).read_bytes() == data, f"{name}: run scripts/golden/log.py and read the diff"
