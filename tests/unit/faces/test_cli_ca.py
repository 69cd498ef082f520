"""`provenance ca …`: each command, its JSON, its exit codes, and what it must not do by the way."""

from pathlib import Path

import pytest
from cryptography import x509

from provenance.credentials.pki import chains
from provenance.faces.cli.exits import Exit
from tests.cli import cli
from tests.pki import CPL, make_pki, openssl

OWNER = ("--organization", "Blue Hour", "--country", "DE")


@pytest.fixture
def ca(surroundings: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROVENANCE_BASE_URL", "https://art.example")
    assert cli("ca", "init", *OWNER).code == Exit.OK
    return surroundings / "home" / "ca"


def listed() -> list[dict]:
    done = cli("ca", "status", "--json")
    assert done.code == Exit.OK
    return done.lines


def current(role: str) -> dict:
    return [line for line in listed() if (line["role"], line["state"]) == (role, "current")][-1]


def test_init_says_which_file_is_the_anchor_and_which_key_to_put_away(surroundings: Path):
    done = cli("ca", "init", *OWNER)
    assert done.code == Exit.OK
    anchor = next(line for line in done.out.splitlines() if line.startswith("trust anchor")).split()[-1]
    (root,) = chains.read_pem(Path(anchor).read_bytes())
    assert chains.is_self_signed(root)
    assert "root key, to be kept elsewhere" in done.out
    assert "name no OCSP responder" in done.out  # no address is set
    assert not (surroundings / "home" / "keys").exists()


def test_init_twice_is_a_conflict_and_changes_nothing(ca: Path):
    before = (ca / "ca.json").read_bytes()
    done = cli("ca", "init", *OWNER, "--json")
    assert (done.code, done.answer["error"]) == (Exit.ERROR, "conflict")
    assert (ca / "ca.json").read_bytes() == before


def test_init_as_json(surroundings: Path):
    answer = cli("ca", "init", *OWNER, "--json").answer
    assert set(answer) == {"folder", "trust_anchor", "root_key"}
    assert Path(answer["trust_anchor"]).is_file()


@pytest.mark.parametrize("country", ["de", "Germany"])
def test_a_country_that_is_none(surroundings: Path, country: str):
    done = cli("ca", "init", "-O", "x", "-C", country)
    assert done.code == Exit.USAGE
    assert "country" in done.err


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("issue",),
        ("renew",),
        ("revoke", "1", "--reason", "superseded"),
        ("export",),
        ("csr", "-N", "x", *OWNER),
    ],
    ids=lambda command: command[0],
)
def test_without_a_ca_nothing_is_made_by_the_way(surroundings: Path, command: tuple[str, ...]):
    done = cli("ca", *command)
    assert done.code == Exit.USAGE
    assert "provenance ca init" in done.err
    assert not (surroundings / "home" / "ca" / "ca.json").exists()


def test_status_shows_every_certificate_and_what_the_signer_lacks(ca: Path):
    assert [line["role"] for line in listed()].count("ocsp") == 3
    assert {line["state"] for line in listed()} == {"current"}
    done = cli("ca", "status")
    assert "claim signer: it names no record of the Conforming Products List" in done.out
    assert "OCSP responder at an http address" not in done.out


def test_issue_makes_a_new_current_leaf(ca: Path):
    before = current("leaf")
    made = cli("ca", "issue", "leaf", "--alg", "ES384", "--days", "30", "--cpl-record", CPL, "--json").answer
    assert current("leaf")["serial"] == made["serial"] != before["serial"]
    assert [line["state"] for line in listed() if line["serial"] == before["serial"]] == ["replaced"]
    assert "claim signer" not in cli("ca", "status").out.lower().replace("blue hour claim signer", "")
    assert cli("ca", "issue", "tsa").code == Exit.OK


@pytest.mark.parametrize("arguments", [("root",), ("bogus",), ("leaf", "--days", "400"), ("leaf", "--alg", "RS256")])
def test_what_is_not_issued(ca: Path, arguments: tuple[str, ...]):
    before = (ca / "ca.json").read_bytes()
    assert cli("ca", "issue", *arguments).code == Exit.USAGE
    assert (ca / "ca.json").read_bytes() == before


def test_renew_without_need(ca: Path):
    done = cli("ca", "renew")
    assert (done.code, done.out) == (Exit.OK, "nothing ends soon\n")
    assert cli("ca", "renew", "--json").out == ""


def test_revoke_and_then_renew(ca: Path):
    leaf = current("leaf")
    done = cli("ca", "revoke", leaf["serial"], "--reason", "keyCompromise", "--json")
    assert (done.answer["state"], done.answer["reason"]) == ("revoked", "keyCompromise")
    assert "there is none" in cli("ca", "status").out
    assert cli("ca", "renew", "--json").answer["role"] == "leaf"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("zz", "--reason", "superseded"), Exit.USAGE),
        (("1", "--reason", "superseded"), Exit.NOT_FOUND),
        (("1", "--reason", "because"), Exit.USAGE),
    ],
)
def test_what_can_not_be_revoked(ca: Path, arguments: tuple[str, ...], code: Exit):
    assert cli("ca", "revoke", *arguments).code == code


def test_export_is_pem_for_tools(ca: Path, tmp_path: Path):
    out = tmp_path / "root.pem"
    assert cli("ca", "export", "--out", out).code == Exit.OK
    shown = openssl("x509", "-in", out, "-noout", "-subject").stdout
    assert "CN = Blue Hour Root CA" in shown
    assert cli("ca", "export").raw == out.read_bytes()
    for what in ("chain", "tsa"):
        pem = tmp_path / what
        pem.write_text(cli("ca", "export", what, "--json").answer["pem"])
        done = openssl("verify", "-CAfile", out, "-untrusted", pem, pem)
        assert done.returncode == 0, done.stderr
    assert cli("ca", "export", "everything").code == Exit.USAGE
    assert cli("ca", "export", "chain", "--out", out).code == Exit.ERROR  # another file is there
    assert cli("ca", "export", "chain", "--out", out, "--force").code == Exit.OK


def test_csr_and_install(ca: Path, tmp_path: Path):
    from datetime import UTC, datetime

    from tests.unit.adapters.test_ca import sold

    request = cli("ca", "csr", "-N", "Registrar", *OWNER, "--cpl-record", CPL)
    assert x509.load_pem_x509_csr(request.raw).is_signature_valid
    seller = make_pki(datetime.now(UTC))
    chain = tmp_path / "chain.pem"
    chain.write_bytes(chains.pem(sold(seller, request.raw, now=seller.now)))
    done = cli("ca", "install", chain, "--json")
    assert (done.code, done.answer["bought"]) == (Exit.OK, True)
    assert current("leaf")["serial"] == done.answer["serial"]
    assert cli("ca", "install", chain).code == Exit.ERROR
    chain.write_bytes(b"not PEM")
    assert cli("ca", "install", chain).code == Exit.USAGE
    assert cli("ca", "install", tmp_path / "nothing").code == Exit.NOT_FOUND


def test_the_wrong_passphrase_is_said(ca: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PROVENANCE_KEY_PASSPHRASE", "not this one")
    done = cli("ca", "issue")
    assert done.code == Exit.USAGE
    assert "passphrase does not open" in done.err
    assert "not this one" not in done.err
