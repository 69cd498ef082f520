"""Golden certificates: each bad one has one defect, and is refused at its own step with its own error."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from provenance.core import errors
from provenance.credentials import Outcome, pinned_did_document, verify
from scripts.golden import certificates as generator

FOLDER = Path(__file__).parents[3] / "golden" / "certificates"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
DEFECTS = EXPECTED["defects"]
NOW = datetime.fromisoformat(EXPECTED["now"])
TRUSTED = pinned_did_document((FOLDER / "did.json").read_bytes())


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("valid*.json")))
def test_the_valid_ones_verify(name):
    result = verify((FOLDER / f"{name}.json").read_bytes(), keyring=TRUSTED, now=NOW)
    assert [step.number for step in result.steps] == list(range(1, 9))
    assert all(step.outcome is not Outcome.FAILED for step in result.steps)


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_each_defect_is_refused_at_its_own_step(name):
    with pytest.raises(errors.VerificationError) as caught:
        verify((FOLDER / f"{name}.json").read_bytes(), keyring=TRUSTED, now=NOW)
    error = caught.value
    assert type(error).__name__ == DEFECTS[name]["error"]
    assert error.step == DEFECTS[name]["step"]
    assert [step.number for step in error.trail] == list(range(1, error.step + 1))
    assert [step.outcome is Outcome.FAILED for step in error.trail] == [False] * (error.step - 1) + [True]


def test_every_file_is_expected_and_every_step_has_a_defect():
    names = {path.stem for path in FOLDER.iterdir()} - {"did", "expected"}
    assert {name for name in names if not name.startswith("valid")} == set(DEFECTS)
    assert {entry["step"] for entry in DEFECTS.values()} == {1, 2, 3, 4, 5, 6, 8}


def test_the_files_are_what_the_script_writes():
    for name, data in generator.golden_files().items():
        assert (FOLDER / name).read_bytes() == data, f"{name}: run scripts/golden/certificates.py and read the diff"
