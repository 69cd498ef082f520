"""Our `vc+jwt` in a verifier of another ecosystem: jose, under node. `npm install` in tests/interop brings it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from provenance.credentials import VerificationKey, jwks
from scripts.golden import certificates as golden
from scripts.golden import tokens

INTEROP = Path(__file__).parents[1] / "interop"
GOLDEN = Path(__file__).parents[1] / "golden" / "certificates"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(not (INTEROP / "node_modules" / "jose").is_dir(), reason="run `npm install` in tests/interop"),
]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    published = [VerificationKey(signer.public_key, signer.key_id) for signer in (golden.RETIRED, golden.CURRENT)]
    path.write_text(json.dumps(jwks(published)))
    return path


def judged(token: Path, keys: Path) -> dict[str, Any]:
    run = subprocess.run(
        ["node", INTEROP / "verify_jwt.mjs", token, keys], capture_output=True, text=True, check=False, timeout=60
    )
    answer: dict[str, Any] = json.loads(run.stdout)
    assert run.returncode == (0 if answer["verified"] else 1), run.stderr
    return answer


def test_jose_verifies_our_token(keys: Path) -> None:
    answer = judged(GOLDEN / "valid.jwt", keys)
    assert answer["verified"]
    assert answer["protectedHeader"] == tokens.parts()[0]
    certificate = golden.certificate()
    del certificate["proof"]
    assert answer["payload"] == certificate | {"iat": int(golden.NOW.timestamp())}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("jwt-altered-claim", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"),
        ("jwt-no-signature", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"),
        ("jwt-no-algorithm", "ERR_JOSE_ALG_NOT_ALLOWED"),
        ("jwt-other-type", "ERR_JWT_CLAIM_VALIDATION_FAILED"),
        ("jwt-critical", "ERR_JWT_INVALID"),
        ("jwt-stranger", "ERR_JWKS_NO_MATCHING_KEY"),
    ],
)
def test_jose_refuses_what_we_refuse(keys: Path, name: str, code: str) -> None:
    answer = judged(GOLDEN / f"{name}.jwt", keys)
    assert (answer["verified"], answer["code"]) == (False, code)
