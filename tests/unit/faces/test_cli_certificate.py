"""`provenance certificate …`"""

import pypdf
import pytest

from tests.cli import Stock, cli


def certificate(*arguments: object):
    return cli("certificate", *arguments)


def test_revoked_on_the_command_line(stock: Stock) -> None:
    work = stock.ids["harbour"]
    assert certificate("show", work).out == f"{work} is valid\n"
    done = certificate("revoke", work, "--reason", "rights-dispute", "--json")
    assert (done.code, done.answer["status"], done.answer["reason"]) == (0, "revoked", "rights-dispute")
    assert certificate("show", work, "--json").answer == done.answer
    refused = certificate("reinstate", work)
    assert (refused.code, "final" in refused.err) == (1, True)


def test_suspended_and_reinstated(stock: Stock) -> None:
    work = stock.ids["meadow"]
    assert certificate("suspend", work, "--reason", "court-order").out == f"{work} is suspended (court-order)\n"
    assert certificate("reinstate", work).out == f"{work} is valid\n"
    assert certificate("show", stock.ids["harbour"], "--json").answer == {
        "target": stock.ids["harbour"],
        "status": "valid",
        "reason": None,
        "suspended_at": None,
        "revoked_at": None,
        "index": None,
    }


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("revoke", "pv-0000000000000", "--reason", "superseded"), 5),
        (("revoke", "lic_nobody", "--reason", "superseded"), 5),
        (("show", "pv-short"), 2),
        (("jwt", "pv-0000000000000"), 5),
    ],
)
def test_what_is_not_here(stock: Stock, arguments: tuple[str, ...], code: int) -> None:
    assert certificate(*arguments).code == code


def test_a_reason_is_one_of_the_list(stock: Stock) -> None:
    done = certificate("revoke", stock.ids["harbour"], "--reason", "because")
    assert (done.code, "rights-dispute" in done.err) == (2, True)


def test_the_token_that_is_written_verifies(stock: Stock, keys_file, tmp_path) -> None:
    assert certificate("jwt", stock.ids["harbour"], "--out", tmp_path / "c.jwt").code == 0
    done = cli("verify", tmp_path / "c.jwt", stock.marked["harbour"], "--jwks", keys_file, "--json")
    assert (done.code, done.answer["content"]) == (0, "marked-file")
    shown = certificate("jwt", stock.ids["harbour"])
    assert shown.out.count(".") == 2


def test_the_sheet_has_the_certificate_inside(stock: Stock, keys_file, tmp_path) -> None:
    work = stock.ids["meadow"]
    assert certificate("pdf", work, "--lang", "zh").out == f"{work} -> {work}.pdf\n"
    reader = pypdf.PdfReader(f"{work}.pdf")
    (inside,) = reader.attachments[f"{work}.cert.json"]
    (tmp_path / "c.json").write_bytes(inside)
    assert cli("verify", tmp_path / "c.json", stock.marked["meadow"], "--jwks", keys_file).code == 0
    assert certificate("pdf", work, "--out", "-").raw.startswith(b"%PDF-")
    assert certificate("pdf", work, "--lang", "fr").code == 2
