"""`provenance keys revoke` and `provenance keys passphrase`"""

import pytest

from tests.cli import PASSPHRASE, Stock, cli

ANOTHER = "another passphrase for tests"


def states() -> dict[str, str]:
    return {line.split()[3]: line.split()[2] for line in cli("keys", "list").out.splitlines()[1:]}


def test_a_retired_key_is_revoked(stock: Stock, tmp_path) -> None:
    (first,) = [key for key, _ in states().items() if key.startswith("did:")]
    assert cli("keys", "revoke", first).code == 1  # the current one
    assert cli("keys", "rotate").code == 0
    done = cli("keys", "revoke", first, "--json")
    assert (done.code, done.answer) == (0, {"revoked": first})
    assert states()[first] == "revoked"
    (tmp_path / "keys.json").write_bytes(cli("keys", "export").raw)
    refused = cli("verify", stock.certificates["harbour"], "--jwks", tmp_path / "keys.json", "--json")
    assert (refused.code, refused.answer["error"]) == (4, "untrusted-signer")
    assert "was revoked" in refused.answer["reason"]
    assert cli("keys", "revoke", "did:key:zNobody#zNobody").code == 5


def test_another_passphrase(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    before = states()
    done = cli("keys", "passphrase", "--new", "-", stdin=f"{ANOTHER}\r\nrest".encode())
    assert (done.code, "PROVENANCE_KEY_PASSPHRASE" in done.out) == (0, True)
    assert ANOTHER not in done.out + done.err
    work = stock.ids["harbour"]
    assert cli("certificate", "jwt", work).code == 2
    monkeypatch.setenv("PROVENANCE_KEY_PASSPHRASE", ANOTHER)
    assert cli("certificate", "jwt", work).code == 0
    assert states() == before


@pytest.mark.parametrize(("given", "said"), [(b"short", "at least"), (b"\xff" * 20, "UTF-8")])
def test_a_passphrase_of_no_use(stock: Stock, given: bytes, said: str) -> None:
    done = cli("keys", "passphrase", "--new", "-", stdin=given)
    assert (done.code, said in done.err) == (2, True)
    assert cli("certificate", "jwt", stock.ids["harbour"]).code == 0


def test_the_old_passphrase_is_needed(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_KEY_PASSPHRASE", "a guess of somebody's")
    done = cli("keys", "passphrase", "--new", "-", stdin=ANOTHER.encode())
    assert (done.code, "does not open" in done.err) == (2, True)
    assert PASSPHRASE not in done.err


def test_the_authority_s_keys_are_sealed_again(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if not list((stock.home / "ca").glob("*.key.pem")):
        assert cli("ca", "init", "--json").code == 0
    assert cli("keys", "passphrase", "--new", "-", stdin=ANOTHER.encode()).code == 0
    sealed = list((stock.home / "ca").glob("*.key.pem"))
    assert sealed
    for path in sealed:
        load_pem_private_key(path.read_bytes(), ANOTHER.encode())
