"""Golden certificates: each bad one has one defect, and is refused at its own step with its own error."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from provenance.core import errors
from provenance.credentials import Outcome, Supplied, Verification, pinned_did_document, verify
from scripts.golden import folder

FOLDER = Path(__file__).parents[3] / "golden" / "certificates"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
DEFECTS = EXPECTED["defects"]
NOW = datetime.fromisoformat(EXPECTED["now"])
TRUSTED = pinned_did_document((FOLDER / "did.json").read_bytes())


LISTS = [(FOLDER / f"list-{purpose}.json").read_bytes() for purpose in ("revocation", "suspension")]


def file(name: str) -> bytes:
    defect = DEFECTS.get(name, {})
    return (FOLDER / f"{name}.{defect.get('suffix', 'json')}").read_bytes()


def judged(name: str) -> Verification:
    """Give the verifier what is wrong in the place where it belongs."""
    match DEFECTS[name].get("part", "certificate"):
        case "status-list":
            document, supplied = file("valid"), Supplied(status_lists=[file(name)])
        case "manifest":
            document, supplied = file("valid"), Supplied(manifest=file(name))
        case _:
            document, supplied = file(name), Supplied()
    return verify(document, keyring=TRUSTED, now=NOW, supplied=supplied)


VALID = sorted(path.name for path in FOLDER.glob("valid*"))


@pytest.mark.parametrize("name", VALID)
def test_the_valid_ones_verify(name):
    result = verify((FOLDER / name).read_bytes(), keyring=TRUSTED, now=NOW)
    assert [step.number for step in result.steps] == list(range(1, 12))
    assert all(step.outcome is not Outcome.FAILED for step in result.steps)


def test_with_everything_at_hand_every_step_that_can_is_taken():
    supplied = Supplied(manifest=(FOLDER / "manifest-store.c2pa").read_bytes(), status_lists=LISTS)
    taken = verify(file("valid-bundle"), keyring=TRUSTED, now=NOW, supplied=supplied).steps
    assert [step.code for step in taken if step.outcome is Outcome.SKIPPED] == ["content", "log"]


def test_version_1_0_verifies_and_says_that_nobody_publishes_its_status():
    result = verify(file("valid-1.0"), keyring=TRUSTED, now=NOW, supplied=Supplied(status_lists=LISTS))
    assert result.certificate["certificateVersion"] == "1.0"
    assert [step.finding for step in result.steps[-3:]] == ["no-manifest-link", "no-log-proof", "no-status-entry"]


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_each_defect_is_refused_at_its_own_step(name):
    with pytest.raises(errors.VerificationError) as caught:
        judged(name)
    error = caught.value
    assert type(error).__name__ == DEFECTS[name]["error"]
    assert error.step == DEFECTS[name]["step"]
    assert [step.number for step in error.trail] == list(range(1, error.step + 1))
    assert error.trail[-1].outcome is Outcome.FAILED
    assert all(step.outcome is not Outcome.FAILED for step in error.trail[:-1])


def test_every_file_is_expected_and_every_step_has_a_defect():
    beside = {"did", "expected", "manifest-store", "list-revocation", "list-suspension"}
    names = {path.name.rpartition(".")[0] for path in FOLDER.iterdir()} - beside
    assert {name for name in names if not name.startswith("valid")} == set(DEFECTS)
    assert {entry["step"] for entry in DEFECTS.values()} == {1, 2, 3, 4, 5, 6, 8, 9, 11}


def test_the_files_are_what_the_script_writes():
    """But for compressed lists: two builds of zlib may write the same bits differently."""
    compressed = {f"{name}.json" for name, told in DEFECTS.items() if told.get("part") == "status-list"}
    compressed |= {"list-revocation.json", "list-suspension.json"}
    for name, data in folder.golden_files().items():
        if name not in compressed:
            assert (FOLDER / name).read_bytes() == data, f"{name}: run python -m scripts.golden.folder, read the diff"
