"""The context is frozen: its name is its hash, and it defines every term that a certificate uses."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from provenance.credentials.vc.context import CONTEXT_1_0, CONTEXT_1_1, PUBLISHED, VC_CONTEXT, WELL_KNOWN
from scripts.golden import certificates as golden

# Terms that https://www.w3.org/ns/credentials/v2 defines, those of BitstringStatusListEntry among them.
DATA_MODEL = {"id", "type", "@context", "issuer", "validFrom", "validUntil", "credentialSubject", "proof"}
DATA_MODEL |= {"credentialStatus", "statusPurpose", "statusListIndex", "statusListCredential"}
DATA_MODEL |= {"relatedResource", "digestSRI", "mediaType"}


def test_the_names_of_the_versions_never_change():
    assert CONTEXT_1_0.id == "ni:///sha-256;aFBIGh9kKV0zh0gCSWgNRQJsavQKRpbkx0DhEJLaRXI"
    assert CONTEXT_1_1.id == "ni:///sha-256;ZeN9FMFapKwdPwRuaceXpHpkWJaWans2-Z-HmxU8_rM"
    assert VC_CONTEXT == "https://www.w3.org/ns/credentials/v2"


@pytest.mark.parametrize("context", [CONTEXT_1_0, CONTEXT_1_1])
def test_the_name_is_the_hash_of_the_bytes_that_are_served(context):
    digest = base64.urlsafe_b64decode(context.id.partition(";")[2] + "=")
    assert digest == hashlib.sha256(context.data).digest()
    assert context.path == WELL_KNOWN + context.id.partition(";")[2]
    assert PUBLISHED[context.digest] == context.data
    assert json.loads(context.data) == context.document


def test_a_later_version_means_the_same_by_the_terms_of_the_earlier_one():
    old, new = CONTEXT_1_0.document["@context"], CONTEXT_1_1.document["@context"]
    assert {name: new[name] for name in old} == old
    assert set(new) - set(old) == {"iscc", "softBindings"}


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


def test_every_member_and_type_of_a_certificate_is_a_defined_term():
    certificate = golden.certificate()
    assert {"credentialStatus", "relatedResource"} < set(certificate)
    terms = CONTEXT_1_1.document["@context"]
    assert undefined(certificate, terms) == []
    assert all(name == "VerifiableCredential" or name in terms for name in certificate["type"])


def test_every_term_of_our_own_is_where_its_name_points_to():
    document = (Path(__file__).parents[4] / "docs" / "certificate.md").read_text()
    ours = re.findall(r'docs/certificate\.md#(\w+)"', CONTEXT_1_1.data.decode())
    assert len(ours) > 15
    assert [name for name in ours if f'<a id="{name}"></a>' not in document] == []
