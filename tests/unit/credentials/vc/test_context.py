"""The context is frozen: its name is its hash, and it defines every term that a certificate uses."""

import base64
import hashlib
import json
import re
from pathlib import Path

from provenance.credentials.vc.context import CONTEXT, CONTEXT_BYTES, CONTEXT_ID, CONTEXT_PATH, VC_CONTEXT

# Terms that https://www.w3.org/ns/credentials/v2 defines.
DATA_MODEL = {"id", "type", "@context", "issuer", "validFrom", "validUntil", "credentialSubject", "proof"}


def test_the_name_of_version_1_never_changes():
    assert CONTEXT_ID == "ni:///sha-256;aFBIGh9kKV0zh0gCSWgNRQJsavQKRpbkx0DhEJLaRXI"
    assert VC_CONTEXT == "https://www.w3.org/ns/credentials/v2"


def test_the_name_is_the_hash_of_the_bytes_that_are_served():
    digest = base64.urlsafe_b64decode(CONTEXT_ID.partition(";")[2] + "=")
    assert digest == hashlib.sha256(CONTEXT_BYTES).digest()
    assert CONTEXT_PATH.endswith(CONTEXT_ID.partition(";")[2])
    assert json.loads(CONTEXT_BYTES) == CONTEXT


def undefined(value, terms, scope=()):
    if isinstance(value, list):
        return [name for item in value for name in undefined(item, terms, scope)]
    if not isinstance(value, dict):
        return []
    missing = [name for name in value if name not in DATA_MODEL and name not in scope and name not in terms]
    for name, member in value.items():
        if name != "proof":
            inner = terms.get(name, {})
            missing += undefined(member, terms, inner.get("@context", {}) if isinstance(inner, dict) else ())
    return missing


def test_every_member_and_type_of_a_certificate_is_a_defined_term(certificate):
    terms = CONTEXT["@context"]
    assert undefined(certificate, terms) == []
    assert all(name == "VerifiableCredential" or name in terms for name in certificate["type"])


def test_every_term_of_our_own_is_where_its_name_points_to():
    document = (Path(__file__).parents[4] / "docs" / "certificate.md").read_text()
    ours = re.findall(r'docs/certificate\.md#(\w+)"', CONTEXT_BYTES.decode())
    assert len(ours) > 15
    assert [name for name in ours if f'<a id="{name}"></a>' not in document] == []
