"""`provenance log`: proofs are checked offline, our own log is shown, and wrong arguments are named."""

import json
from pathlib import Path

import pytest

from provenance.credentials.tlog import EntryKind, LogProof, Policy, grant_entry, log_entry, registration_entry
from provenance.credentials.tlog.tree import inclusion_path, leaf_hash
from scripts.golden import certificates as golden
from tests.cli import Outcome, cli
from tests.unit.credentials.tlog.trees import (
    LOG,
    NOON,
    WITNESSES,
    Key,
    by_definition,
    checkpoint_note,
    leaves,
    nodes_of,
)

VKEY = LOG.public.text


@pytest.fixture
def proved(tmp_path: Path) -> Path:
    """A folder with a certificate, its entry, and its proof, cosigned by two witnesses."""
    certificate = golden.certificate()
    entry = registration_entry(certificate)
    hashes = [*leaves(9), leaf_hash(entry)]
    note = checkpoint_note(10, by_definition(hashes), witnesses=2)
    proof = LogProof(9, inclusion_path(9, 10, nodes_of(hashes)), note, entry)
    (tmp_path / "cert.json").write_text(json.dumps(certificate))
    (tmp_path / "bundle.json").write_text(json.dumps({"certificate": certificate, "receipts": []}))
    (tmp_path / "entry").write_bytes(entry)
    (tmp_path / "a.tlog-proof").write_text(proof.text, encoding="utf-8")
    return tmp_path


def check(folder: Path, *arguments: object) -> Outcome:
    return cli("log", "verify-proof", folder / "a.tlog-proof", *arguments)


class TestVerifyProof:
    @pytest.mark.parametrize("document", ["cert.json", "bundle.json"])
    def test_of_a_certificate(self, proved: Path, document: str) -> None:
        done = check(proved, "--certificate", proved / document, "--vkey", VKEY)
        assert done.code == 0, done
        assert "entry 9 of art.example/log, under a tree head of 10 entries" in done.out
        assert "work.registered" in done.out
        assert "no witness vouches" in done.err

    def test_of_an_entry_with_witnesses(self, proved: Path) -> None:
        options = [part for key in WITNESSES for part in ("--witness", key.public.text)]
        done = check(proved, "--entry", proved / "entry", "--vkey", VKEY, *options, "--quorum", 2, "--json")
        assert done.code == 0, done
        assert done.answer["result"] == "proven"
        assert done.answer["witnessed"] == {key.public.name: "2026-03-01T12:00:00+00:00" for key in WITNESSES[:2]}
        assert check(proved, "--entry", proved / "entry", "--vkey", VKEY, *options, "--quorum", 3).code == 3

    def test_under_a_policy_file(self, proved: Path) -> None:
        (proved / "policy").write_text(Policy.of([LOG.public], [WITNESSES[0].public], quorum=1).text)
        done = check(proved, "--entry", proved / "entry", "--policy", proved / "policy")
        assert done.code == 0
        assert f"seen by {WITNESSES[0].public.name} at 2026-03-01 12:00 UTC" in done.out

    def test_one_that_is_too_old(self, proved: Path) -> None:
        done = check(
            proved, "--entry", proved / "entry", "--vkey", VKEY, "--witness", WITNESSES[0].public.text,
            "--max-age", 1, "--json",
        )  # fmt: skip
        assert (done.code, done.answer["error"]) == (3, "stale-checkpoint")

    @pytest.mark.parametrize(
        ("change", "code", "error"),
        [
            (lambda text: text.replace("index 9", "index 8"), 3, "log-root-mismatch"),
            (lambda text: text[:200], 3, "malformed-log-proof"),
            (lambda text: text.replace("\n10\n", "\n11\n"), 3, "invalid-signature"),
        ],
    )
    def test_one_that_was_changed(self, proved: Path, change, code: int, error: str) -> None:
        path = proved / "a.tlog-proof"
        path.write_text(change(path.read_text("utf-8")), encoding="utf-8")
        done = check(proved, "--entry", proved / "entry", "--vkey", VKEY, "--json")
        assert (done.code, done.answer["error"]) == (code, error)

    def test_one_of_something_else(self, proved: Path) -> None:
        (proved / "other").write_bytes(grant_entry(golden.licence()))
        done = check(proved, "--entry", proved / "other", "--vkey", VKEY, "--json")
        assert (done.code, done.answer["error"]) == (3, "log-root-mismatch")
        (proved / "licence.json").write_text(json.dumps(golden.licence()))
        done = check(proved, "--certificate", proved / "licence.json", "--vkey", VKEY, "--json")
        assert (done.code, done.answer["error"]) == (3, "log-root-mismatch")

    def test_of_a_log_that_was_not_named(self, proved: Path) -> None:
        done = check(proved, "--entry", proved / "entry", "--vkey", Key(9, LOG.public.name, 1).public.text)
        assert done.code == 4

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--vkey", VKEY),
            ("--entry", "entry", "--certificate", "cert.json", "--vkey", VKEY),
            ("--entry", "entry"),
            ("--entry", "entry", "--vkey", VKEY, "--policy", "policy"),
            ("--entry", "entry", "--vkey", "nonsense"),
            ("--entry", "entry", "--vkey", WITNESSES[0].public.text),
            ("--entry", "entry", "--vkey", VKEY, "--quorum", "1"),
        ],
    )
    def test_wrong_arguments(self, proved: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(proved)
        assert check(proved, *arguments).code == 2

    def test_a_policy_that_is_no_text(self, proved: Path) -> None:
        (proved / "policy").write_bytes(b"\xff")
        assert check(proved, "--entry", proved / "entry", "--policy", proved / "policy").code == 2


class TestShow:
    def test_our_own_log(self, surroundings: Path) -> None:
        from provenance.faces.cli import opened

        assert cli("init").code == 0
        assert "no checkpoint yet" in cli("log", "show").out
        with opened.service(start=False) as service:
            with service.store.unit() as unit:
                entry = log_entry(EntryKind.WORK_WITHDRAWN, at=NOON, certificate="0" * 64)
                unit.log.append(EntryKind.WORK_WITHDRAWN, entry, at=NOON)
            service.log.keep()
            origin = service.log.origin
        shown = cli("log", "show", "--entries", 5)
        assert f"{origin}: 2 entries, 2 of them published" in shown.out
        assert "work.withdrawn" in shown.out
        first, *rest = cli("log", "show", "--entries", 1, "--json").lines
        assert (first["origin"], first["checkpoint"]["size"], len(first["vkeys"])) == (origin, 2, 1)
        assert [line["kind"] for line in rest] == ["key.added"]


class TestArguments:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("--name", "two words", "--log", VKEY),
            ("--name", "w.example", "--log", VKEY, "--listen", "8200"),
            ("--name", "w.example", "--log", VKEY, "--listen", "host:99999"),
            ("--name", "w.example", "--log", "nonsense"),
            ("--name", "w.example", "--log", WITNESSES[0].public.text),
        ],
    )
    def test_of_a_witness(self, surroundings: Path, arguments: tuple[str, ...]) -> None:
        assert cli("log", "witness", "--state", surroundings / "state.json", *arguments).code == 2

    def test_of_an_audit(self, surroundings: Path) -> None:
        assert cli("log", "audit", "https://art.example/log").code == 2
        assert cli("log", "audit", "http://[::1/log", "--vkey", VKEY).code == 2
        (surroundings / "state").write_text("{}")
        assert cli("log", "audit", "https://art.example/log", "--vkey", VKEY, "--state", "state").code == 2
