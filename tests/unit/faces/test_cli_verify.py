"""`provenance verify`: what a court, a journalist or a buyer runs, with nothing but the certificate and a key."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provenance.credentials.vc import verification
from provenance.faces.cli.commands import verify
from provenance.faces.cli.verifying import certificates
from tests.cli import Stock, cli
from tests.service import decoded, encoded

GOLDEN = Path(__file__).parents[2] / "golden" / "certificates"
DID = GOLDEN / "did.json"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
DEFECTS = {name: told for name, told in EXPECTED["defects"].items() if told.get("part") != "manifest"}
CODES = {"UntrustedSigner": 4}


@pytest.fixture
def golden_clock(monkeypatch):
    """The golden certificates have a time of their own."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromisoformat(EXPECTED["now"])

    monkeypatch.setattr(verify, "datetime", Clock)


@pytest.mark.usefixtures("golden_clock")
class TestGolden:
    @pytest.mark.parametrize(
        "name",
        [
            "valid.json",
            "valid-bundle.json",
            "valid-licence.json",
            "valid-retired-key.json",
            "valid-1.0.json",
            "valid.jwt",
        ],
    )
    def test_a_valid_one_passes_every_step(self, name):
        done = cli("verify", GOLDEN / name, "--did-doc", DID)
        assert done.code == 0, done
        assert done.out.splitlines()[-1] == "The certificate is valid."
        assert [line.split()[0] for line in done.out.splitlines()[:8]] == list("12345678")

    @pytest.mark.parametrize(("name", "defect"), DEFECTS.items())
    def test_each_defect_has_its_step_and_code(self, name, defect):
        file = GOLDEN / f"{name}.{defect.get('suffix', 'json')}"
        given = (GOLDEN / "valid.json", "--status-list", file) if defect.get("part") == "status-list" else (file,)
        done = cli("verify", *given, "--did-doc", DID, "--json")
        assert done.code == CODES.get(defect["error"], 3)
        answer = done.answer
        assert (answer["result"], answer["step"]) == ("refused", defect["step"])
        assert [step["outcome"] for step in answer["steps"]][-1] == "failed"
        assert answer["reason"]

    def test_people_read_where_it_stopped_and_what_to_do(self):
        done = cli("verify", GOLDEN / "unknown-signer.json", "--did-doc", DID)
        assert "4  NO" in done.out
        assert "The certificate is refused." in done.out
        assert "--key, --did-doc or --jwks" in done.out
        assert "5  " not in done.out

    def test_status_lists_are_brought_like_keys(self):
        lists = [
            part for name in ("revocation", "suspension") for part in ("--status-list", GOLDEN / f"list-{name}.json")
        ]
        done = cli("verify", GOLDEN / "valid.json", "--did-doc", DID, *lists)
        assert done.code == 0
        assert "do not mark it for revocation, suspension" in done.out
        assert cli("verify", GOLDEN / "valid.json", "--status-list", "missing.json").code == 5

    def test_chinese(self):
        good = cli("verify", GOLDEN / "valid.json", "--did-doc", DID, "--lang", "zh")
        bad = cli("verify", GOLDEN / "altered-field.json", "--did-doc", DID, "--lang", "zh")
        assert (good.code, bad.code) == (0, 3)
        assert "签名有效。" in good.out
        assert good.out.endswith("证书有效。\n")
        assert "证书被拒绝。" in bad.out

    def test_another_language_is_wrong_usage(self):
        assert cli("verify", GOLDEN / "valid.json", "--lang", "fr").code == 2

    def test_without_a_key_nobody_is_trusted(self):
        assert cli("verify", GOLDEN / "valid.json").code == 4

    def test_the_keys_of_the_json_answer_are_stable(self):
        good = cli("verify", GOLDEN / "valid.json", "--did-doc", DID, "--json").answer
        bad = cli("verify", GOLDEN / "expired.json", "--did-doc", DID, "--json").answer
        assert sorted(good) == ["anchored_since", "content", "issuer", "kind", "result", "steps", "work_id"]
        assert sorted(bad) == ["error", "hint", "reason", "result", "step", "steps"]
        assert sorted(good["steps"][0]) == ["code", "number", "outcome", "text"]
        assert bad["error"] == "expired"

    def test_the_certificate_may_come_from_standard_input(self):
        assert cli("verify", "-", "--did-doc", DID, stdin=(GOLDEN / "valid.json").read_bytes()).code == 0

    def test_but_not_the_file_as_well(self):
        done = cli("verify", "-", "-", "--did-doc", DID)
        assert done.code == 2
        assert "standard input" in done.err


@pytest.mark.usefixtures("golden_clock")
class TestKeys:
    @pytest.mark.parametrize("form", ["multikey", "did:key", "file"])
    def test_a_key_in_any_form(self, tmp_path, form):
        certificate = json.loads((GOLDEN / "valid.json").read_text())
        multikey = certificate["proof"]["verificationMethod"].partition("#")[2]
        (tmp_path / "key.txt").write_text(multikey)
        key = {"multikey": multikey, "did:key": f"did:key:{multikey}", "file": tmp_path / "key.txt"}[form]
        assert cli("verify", GOLDEN / "valid.json", "--key", key).code == 0

    @pytest.mark.parametrize("key", ["nonsense", "missing.pem", "z6Mk" + "1" * 400])
    def test_what_is_no_key_is_named_with_the_forms_that_are(self, key):
        done = cli("verify", GOLDEN / "valid.json", "--key", key)
        assert done.code == 2
        assert "neither a key nor a file" in done.err
        assert "PEM" in done.err

    @pytest.mark.parametrize("option", ["--did-doc", "--jwks"])
    def test_a_missing_list_of_keys_is_not_found(self, option):
        done = cli("verify", GOLDEN / "valid.json", option, "missing.json")
        assert (done.code, done.err) == (5, "there is no file missing.json\n")

    @pytest.mark.parametrize("option", ["--did-doc", "--jwks"])
    def test_a_broken_list_of_keys_is_wrong_usage(self, tmp_path, option):
        (tmp_path / "keys.json").write_text("{")
        assert cli("verify", GOLDEN / "valid.json", option, tmp_path / "keys.json").code == 2

    @pytest.mark.parametrize(
        "options", [("--rpc", "http://127.0.0.1:1"), ("--contract", "0x1"), ("--publisher", "0x1")]
    )
    def test_a_node_is_asked_only_with_the_addresses_that_the_verifier_trusts(self, options):
        done = cli("verify", GOLDEN / "valid-bundle.json", "--did-doc", DID, *options)
        assert done.code == 2
        assert "--rpc" in done.err


class TestDocument:
    @pytest.mark.parametrize(
        ("data", "step"), [(b"", 1), (b"{", 1), (b"[]", 1), (b"\xff\xfe", 1), (b"{}", 2), (b'{"a": 1, "a": 2}', 1)]
    )
    def test_broken_json_is_refused_with_a_reason(self, tmp_path, data, step):
        (tmp_path / "c.json").write_bytes(data)
        done = cli("verify", tmp_path / "c.json", "--json")
        assert (done.code, done.answer["step"]) == (3, step)

    @pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "AVIF"])
    def test_a_picture_without_credentials_says_so_and_who_could_know(self, tmp_path, format_):
        import numpy as np

        (tmp_path / "picture").write_bytes(encoded(np.zeros((8, 8, 3), np.uint8), format_))
        done = cli("verify", tmp_path / "picture", "--json")
        assert (done.code, done.answer["error"]) == (5, "not-found")
        assert "--service" in done.answer["hint"]

    def test_the_certificate_comes_first(self, stock):
        done = cli("verify", stock.marked["harbour"], stock.certificates["harbour"])
        assert done.code == 2
        assert "verify CERT FILE" in done.err

    def test_a_missing_certificate(self):
        done = cli("verify", "missing.json")
        assert (done.code, done.err) == (5, "there is no file missing.json\n")

    def test_a_folder_is_no_certificate(self, tmp_path):
        done = cli("verify", tmp_path)
        assert done.code == 6
        assert "can't be read" in done.err

    def test_a_hostile_certificate_can_not_steer_the_terminal(self, tmp_path):
        document = json.loads((GOLDEN / "valid.json").read_text()) | {"issuer": "did:web:\x1b[2Jevil"}
        (tmp_path / "c.json").write_text(json.dumps(document))
        assert "\x1b" not in cli("verify", tmp_path / "c.json", "--did-doc", DID).out


class TestFile:
    def verify(self, stock: Stock, keys: Path, file: Path, *options):
        return cli("verify", stock.certificates["harbour"], file, "--jwks", keys, "--json", *options)

    def test_the_registered_file_and_its_source_are_known_by_their_bytes(self, stock, keys_file, monkeypatch):
        monkeypatch.setattr(
            certificates, "pixel_digest", lambda _: pytest.fail("the bytes decide: nothing has to be decoded")
        )
        for file, content in ((stock.marked["harbour"], "marked-file"), (stock.pictures["harbour"], "source-file")):
            done = self.verify(stock, keys_file, file)
            assert (done.code, done.answer["content"]) == (0, content)

    def test_other_bytes_around_the_same_pixels_are_compared_by_pixels(self, stock, keys_file, tmp_path):
        again = tmp_path / "again.png"
        again.write_bytes(encoded(decoded(stock.marked["harbour"].read_bytes()), compress_level=1))
        done = self.verify(stock, keys_file, again)
        assert (done.code, done.answer["content"]) == (0, "marked-pixels")

    @pytest.mark.parametrize("how", ["one pixel", "another work", "cut off", "no picture"])
    def test_another_file_is_refused(self, stock, keys_file, tmp_path, how):
        pixels = decoded(stock.marked["harbour"].read_bytes()).copy()
        pixels[0, 0] ^= 1
        data = {
            "one pixel": encoded(pixels),
            "another work": stock.marked["meadow"].read_bytes(),
            "cut off": stock.marked["harbour"].read_bytes()[:-20],
            "no picture": b"text",
        }[how]
        (tmp_path / "other").write_bytes(data)
        done = self.verify(stock, keys_file, tmp_path / "other")
        assert (done.code, done.answer["error"], done.answer["step"]) == (3, "content-mismatch", 7)
        assert "check" in done.answer["hint"]

    def test_a_missing_file(self, stock, keys_file):
        assert self.verify(stock, keys_file, Path("missing.png")).code == 5

    def test_the_file_may_come_from_standard_input(self, stock, keys_file):
        data = stock.marked["harbour"].read_bytes()
        done = cli("verify", stock.certificates["harbour"], "-", "--jwks", keys_file, stdin=data)
        assert done.code == 0

    def test_an_expired_certificate(self, stock, keys_file, monkeypatch):
        monkeypatch.setattr(verification, "CLOCK_SKEW", timedelta(0))

        class Later(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(UTC) + timedelta(days=3651)

        monkeypatch.setattr(verify, "datetime", Later)
        done = self.verify(stock, keys_file, stock.marked["harbour"])
        assert (done.code, done.answer["error"]) == (3, "expired")

    def test_a_tampered_certificate(self, stock, keys_file):
        path = stock.certificates["harbour"]
        document = json.loads(path.read_text())
        document["credentialSubject"]["contentHash"]["marked"] = "0" * 64
        path.write_text(json.dumps(document))
        done = self.verify(stock, keys_file, stock.marked["harbour"])
        assert (done.code, done.answer["error"], done.answer["step"]) == (3, "invalid-signature", 5)

    def test_somebody_elses_key(self, stock, tmp_path):
        done = cli("verify", stock.certificates["harbour"], "--did-doc", DID)
        assert done.code == 4
