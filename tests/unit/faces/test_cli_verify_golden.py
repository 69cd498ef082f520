"""One file a defect over the whole of `provenance verify`: each is refused with its own error, at its own step."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from provenance.faces.cli.commands import verify
from scripts.golden import credentials as generator
from tests.cli import cli

FOLDER = Path(__file__).parents[2] / "golden" / "credentials"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
CASES = EXPECTED["cases"]
ASKED_FOR = {
    "wrong key", "expired", "revoked", "altered field", "wrong root", "stale", "truncated", "swapped manifest",
    "removed action", "wrong stamp", "unknown suite", "duplicate key", "tampered pixels", "expired leaf",
}  # fmt: skip
EXITS = {None: 0, "untrusted-signer": 4}


@pytest.fixture(autouse=True)
def golden_clock(monkeypatch, tmp_path):
    """Certificates have a time of their own; c2pa-rs looks at the system's, for which the pictures are made to last."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromisoformat(EXPECTED["now"])

    monkeypatch.setattr(verify, "datetime", Clock)
    monkeypatch.chdir(FOLDER)


def asked(name: str, *more: str):
    return cli("verify", name, *CASES[name]["arguments"], *more)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["error"] is None])
def test_the_valid_ones_hold(name):
    done = asked(name, "--json")
    assert (done.code, done.answer["result"]) == (0, "trusted" if name.endswith(".png") else "verified"), done
    assert "failed" not in {step["outcome"] for step in done.answer["steps"]}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["error"]])
def test_each_defect_is_refused_with_its_own_error(name):
    done, case = asked(name, "--json"), CASES[name]
    assert (done.answer["error"], done.answer["step"]) == (case["error"], case["step"]), done.answer
    assert done.code == EXITS.get(case["error"], 3)
    failed = [step["number"] for step in done.answer["steps"] if step["outcome"] == "failed"]
    assert case["step"] in failed
    assert done.answer["reason"]


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_people_are_told_in_both_languages(name, lang):
    done = asked(name, "--lang", lang)
    assert ("NO" in done.out) == (CASES[name]["error"] is not None)
    assert ("伪造" in done.out) == (lang == "zh" and CASES[name]["error"] == "content-mismatch")
    assert "infringe" not in done.out.lower()


def test_every_file_is_expected_and_every_defect_that_was_asked_for_is_there():
    beside = {"did.json", "expected.json", "root.pem", "other.c2pa", "revoked-list.json"}
    assert {path.name for path in FOLDER.iterdir()} == beside | set(CASES)
    names = " ".join([*CASES, "revoked"]).replace("-", " ")
    assert all(defect in names for defect in ASKED_FOR)


def test_the_documents_are_what_the_script_writes():
    """But for the compressed list: two builds of zlib may write the same bits differently."""
    for name, data in generator.documents().items():
        if name != "revoked-list.json":
            assert (FOLDER / name).read_bytes() == data, f"{name}: run python -m scripts.golden.credentials"


def test_an_empty_proof_file_does_not_count_as_none(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    done = asked("valid-bundle.json", "--log-proof", str(tmp_path / "empty"), "--json")
    assert (done.code, done.answer["error"], done.answer["step"]) == (3, "malformed-log-proof", 10)


def test_a_proof_beside_a_bare_certificate(tmp_path):
    bundle = json.loads((FOLDER / "valid-bundle.json").read_text())
    (tmp_path / "c.json").write_text(json.dumps(bundle["certificate"]))
    (tmp_path / "c.tlog-proof").write_text(bundle["logProof"])
    log = CASES["valid-bundle.json"]["arguments"]
    done = cli("verify", tmp_path / "c.json", "--log-proof", tmp_path / "c.tlog-proof", *log, "--json")
    assert (done.code, done.answer["steps"][9]["outcome"]) == (0, "passed")


@pytest.mark.parametrize("size", [(64 << 10) + 1, 0])
def test_roots_that_are_none_are_wrong_usage(tmp_path, size):
    (tmp_path / "root.pem").write_bytes(b"\xff" * size)
    assert cli("verify", "valid.png", "--trust-anchors", tmp_path / "root.pem").code == 2


@pytest.mark.parametrize(
    "options",
    [("--witness", "w+1+AA"), ("--quorum", "1"), ("--log-vkey", "nonsense"), ("--service", "art.example"),
     ("--service", "http://art.example"), ("--service", "https://art.example/?q"), ("--log-max-age", "1e9")],
)  # fmt: skip
def test_options_that_make_no_sense(options):
    assert cli("verify", "certificate.json", "--did-doc", "did.json", *options).code == 2
