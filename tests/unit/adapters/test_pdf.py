"""The certificate as a PDF: what it says, what is inside, and that it is the same on any day."""

import io
import json
import logging
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pypdf
import pytest

from provenance.adapters.pdf import LANGUAGES, CertificatePdf, LogPlace, Sheet
from provenance.adapters.pdf.certificate import FONT, attachment_name
from provenance.adapters.pdf.rows import rows, shown
from provenance.adapters.pdf.texts import TEXTS, text
from provenance.credentials import certificate_hash, pinned_did_document, verify
from provenance.licensing import TEMPLATES
from scripts.fonts.certificate import characters
from scripts.golden import certificates as golden
from tests.service import scene

ADDRESS = "https://art.example/v1/works/pv-028t5cy4tqkff/certificate"


def sheet(**changes: Any) -> Sheet:
    bundle = golden.bundled()
    usual = {
        "bundle": bundle,
        "certificate_hash": certificate_hash(bundle["certificate"]),
        "standing": "valid",
        "reason": None,
        "as_of": golden.NOW,
        "log": (LogPlace("work.registered", 7),),
        "address": ADDRESS,
        "pixels": scene(1),
    }
    return Sheet(**(usual | changes))


def opened(data: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(data), strict=True)


def words(data: bytes) -> str:
    """Without white space: long values are broken into lines."""
    return "".join("".join(page.extract_text().split()) for page in opened(data).pages)


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(language: str) -> bytes:
    return CertificatePdf()(sheet(), language)


def squeezed(value: str) -> str:
    return "".join(value.split())


def test_every_claim_is_on_it_as_text(made: bytes, language: str) -> None:
    said = words(made)
    for label, value in rows(sheet(), language):
        assert squeezed(label) + squeezed(value) in said
    assert golden.MANIFEST_ID in said
    assert squeezed(text("log-value", language, index="7", kind="work.registered")) in said


def test_it_says_what_it_does_not_prove_and_how_to_check_it(made: bytes, language: str) -> None:
    said = words(made)
    for key in ("not", "not-1", "not-2", "not-3", "not-4", "check-3", "check-4"):
        assert squeezed(text(key, language)) in said
    assert "https://art.example/.well-known/did.json" in said
    assert squeezed("provenance verify pv-028t5cy4tqkff.cert.json FILE --did-doc did.json") in said


def test_the_signed_certificate_is_inside_and_verifies(made: bytes) -> None:
    (name,) = opened(made).attachments
    assert name == attachment_name(sheet()) == "pv-028t5cy4tqkff.cert.json"
    (data,) = opened(made).attachments[name]
    result = verify(data, keyring=pinned_did_document(golden.did_json()), now=golden.NOW)
    assert result.certificate_hash == sheet().certificate_hash
    assert json.loads(data) == golden.bundled()


def test_the_same_sheet_is_the_same_bytes(made: bytes, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2031, 5, 6, 7, 8, 9, tzinfo=tz)

    monkeypatch.setattr("fpdf.fpdf.datetime", Later)
    as_of = Later.fromisoformat(golden.NOW.isoformat())
    assert CertificatePdf()(sheet(as_of=as_of), language) == made
    assert CertificatePdf()(sheet(as_of=as_of + timedelta(days=1)), language) != made


def test_its_properties_name_it(made: bytes, language: str) -> None:
    reader = opened(made)
    assert reader.metadata is not None
    assert str(reader.metadata.title).endswith("pv-028t5cy4tqkff")
    assert (reader.metadata.author, reader.metadata.creation_date) == ("did:web:art.example", golden.NOW)
    assert str(reader.trailer["/Root"]["/Lang"]) == {"en": "en", "zh": "zh-CN"}[language]


@pytest.mark.parametrize("standing", ["revoked", "suspended"])
def test_what_was_taken_back_says_so_at_the_top(standing: str, language: str) -> None:
    said = words(CertificatePdf()(sheet(standing=standing, reason="rights-dispute"), language))
    headline = squeezed(text(standing, language, at="2026-11-21T20:00:00Z", reason="rights-dispute"))
    assert said.index(headline) < said.index("pv-028t5cy4tqkff")


def test_without_picture_log_receipts_and_address_it_is_a_sheet_too(language: str) -> None:
    bundle = {**golden.bundled(), "receipts": [], "certificate": golden.certificate_1_0()}
    data = CertificatePdf()(sheet(bundle=bundle, log=(), address=None, pixels=None), language)
    said = words(data)
    for key in ("no-log", "no-receipts", "scan-offline"):
        assert squeezed(text(key, language)) in said
    assert "urn:c2pa" not in said
    assert not list(opened(data).pages[0].images)


def test_a_did_key_is_pinned_by_itself() -> None:
    did = golden.CURRENT.key_id.partition("#")[2]
    certificate = {**golden.certificate(), "issuer": f"did:key:{did}"}
    said = words(CertificatePdf()(sheet(bundle={**golden.bundled(), "certificate": certificate}), "en"))
    assert f"--keydid:key:{did}" in said


@pytest.mark.parametrize("shape", [(1, 1, 3), (4000, 3, 3), (3, 4000, 3)])
def test_any_picture_has_a_thumbnail(shape: tuple[int, int, int]) -> None:
    data = CertificatePdf()(sheet(pixels=np.zeros(shape, np.uint8)), "en")
    assert len(opened(data).pages[0].images) == 1
    assert len(data) < 200_000


def test_many_receipts_go_on_on_the_next_page() -> None:
    bundle = golden.bundled()
    bundle["receipts"] *= 16
    data = CertificatePdf()(sheet(bundle=bundle), "en")
    assert len(opened(data).pages) == 2
    assert words(data).count("0x" + "77" * 32) == 16


def test_values_are_printable_ascii() -> None:
    assert shown("a\x1b[2J\u202ené\n7") == "a?[2J?n??7"


def test_the_font_has_every_character_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    from fontTools.ttLib import TTFont

    with TTFont(FONT) as font:
        assert {chr(code) for code in font.getBestCmap()} == characters()
    with caplog.at_level(logging.WARNING):
        for language in LANGUAGES:
            for slug, terms in TEMPLATES.items():
                bundle = golden.bundled()
                bundle["certificate"]["credentialSubject"]["terms"] = {"slug": slug, "hash": terms.hash}
                assert squeezed(terms.document["title"][language]) in words(
                    CertificatePdf()(sheet(bundle=bundle), language)
                )
    assert "missing" not in caplog.text.lower()
    assert FONT.stat().st_size < 100_000
    assert "SIL OPEN FONT LICENSE" in FONT.with_name("OFL.txt").read_text().upper()


def test_both_languages_say_the_same_things() -> None:
    for key, (english, chinese) in TEXTS.items():
        for name in ("at", "reason", "index", "place", "name", "start", "end"):
            assert (f"{{{name}}}" in english) == (f"{{{name}}}" in chinese), key


def test_terms_that_were_changed_since_are_shown_by_name_and_hash_only() -> None:
    bundle = golden.bundled()
    bundle["certificate"]["credentialSubject"]["terms"] = {"slug": "personal", "hash": "00" * 32}
    shown_terms = dict(rows(replace(sheet(), bundle=bundle), "en"))["Licence terms"]
    assert shown_terms == f"(personal), sha256 {'00' * 32}"
    bundle["certificate"]["credentialSubject"]["terms"]["slug"] = "long-gone"
    assert "long-gone" in dict(rows(replace(sheet(), bundle=bundle), "en"))["Licence terms"]


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler is not installed")
def test_another_program_draws_it(made: bytes, tmp_path: Any) -> None:
    from PIL import Image

    (tmp_path / "c.pdf").write_bytes(made)
    subprocess.run(["pdftoppm", "-r", "40", "-png", "c.pdf", "page"], cwd=tmp_path, check=True, timeout=60)
    (drawn,) = tmp_path.glob("page*.png")
    with Image.open(drawn) as page:
        ink = np.asarray(page.convert("L")) < 128
    assert 0.02 < ink.mean() < 0.3
    code = ink[25:72, -72:-25]  # where the QR code stands
    assert 0.25 < code.mean() < 0.75
