import base64
import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from provenance.core.errors import InvalidRequest, Misconfigured
from provenance.core.types import StatusPlace, WorkId
from provenance.credentials import ManifestLink, SoftBinding, issue, issue_licence, verify
from provenance.credentials.vc.claims import work_urn
from provenance.licensing import LicenceClaims
from tests.unit.credentials.conftest import ISSUER, NOW

YEAR = timedelta(days=365)


def issued(claims, signer, **changes):
    arguments = {"signer": signer, "issuer": ISSUER, "valid_from": NOW, "valid_until": NOW + YEAR} | changes
    return issue(claims, **arguments)


def test_a_certificate_says_what_it_is_about(certificate, claims):
    subject = certificate["credentialSubject"]
    assert certificate["type"] == ["VerifiableCredential", "ArtworkCertificate"]
    assert certificate["certificateVersion"] == "1.1"
    assert certificate["id"] == f"urn:uuid:{claims.id}"
    assert (certificate["validFrom"], certificate["validUntil"]) == ("2026-11-21T20:00:00Z", "2027-11-21T20:00:00Z")
    assert subject["work"] == "pv-000000000001a"
    assert subject["contentHash"] == {"alg": "sha256", "source": claims.source_sha256, "marked": claims.marked_sha256}
    assert subject["mark"] == {"alg": "lattice-1", "keyId": "wm-1"}
    assert subject["terms"] == {"slug": "personal", "hash": "c0" * 32}


def test_only_generated_works_have_a_recipe(claims, signer):
    assert "recipeHash" not in issued(claims, signer)["credentialSubject"]
    made = issued(replace(claims, recipe_hash="ee" * 32), signer)
    assert made["credentialSubject"]["recipeHash"] == "ee" * 32


def test_subject_ids_differ_between_issuers():
    assert work_urn(ISSUER, WorkId(1)) == work_urn(ISSUER, WorkId(1))
    assert work_urn(ISSUER, WorkId(1)) != work_urn("did:web:other.example", WorkId(1))


def test_every_certificate_has_its_own_serial(claims):
    assert replace(claims, id=UUID(int=1)).id != claims.id
    assert type(claims)(**{name: getattr(claims, name) for name in claims.__slots__ if name != "id"}).id != claims.id


def test_the_signature_is_deterministic(claims, signer):
    assert issued(claims, signer) == issued(claims, signer)


def test_a_key_of_another_issuer_is_refused(claims, signer):
    with pytest.raises(Misconfigured, match="issuer"):
        issued(claims, signer, issuer="did:web:art.example.evil")


@pytest.mark.parametrize(
    "change",
    [
        {"marked_sha256": "B1" * 32},
        {"source_pixels_sha256": ""},
        {"media_type": "text/html"},
        {"width": 0},
        {"height": 1.5},
        {"mark_alg": "a b"},
        {"fingerprint_models": ("x" * 200,)},
        {"digital_source_type": "http://example.org/painted"},
        {"terms_slug": "Personal Use"},
        {"recipe_hash": "a cat, oil on canvas"},
        {"iscc": "KEC43HJLPUSHVAZT66YLPUWNVACWYPIV"},
        {"soft_bindings": (SoftBinding("io.iscc.v0", "no base64"),)},
        {"soft_bindings": (SoftBinding("io.iscc.v0", "QQ=="),) * 9},
        {"manifest": ManifestLink("urn:uuid:5f0c1b6e-2f3a-4d59-9b0e-6d1f6a7b8c9d", "00" * 32)},
        {"manifest": ManifestLink("urn:c2pa:5f0c1b6e-2f3a-4d59-9b0e-6d1f6a7b8c9d", "00" * 20)},
        {"status": StatusPlace("ftp://art.example", 1)},
    ],
)
def test_nothing_is_issued_that_would_not_verify(claims, signer, change):
    with pytest.raises(InvalidRequest, match="can't be certified"):
        issued(replace(claims, **change), signer)


def test_what_is_not_known_is_left_out(certificate):
    assert not {"credentialStatus", "relatedResource"} & set(certificate)
    assert not {"iscc", "softBindings"} & set(certificate["credentialSubject"])


def test_a_place_in_the_status_lists_is_one_entry_a_purpose(claims, signer):
    document = issued(replace(claims, status=StatusPlace("https://art.example", 131_073)), signer)
    entries = document["credentialStatus"]
    assert [entry["statusPurpose"] for entry in entries] == ["revocation", "suspension"]
    assert {entry["statusListIndex"] for entry in entries} == {"1"}
    assert entries[0]["statusListCredential"] == "https://art.example/status/revocation/1"
    assert entries[1]["statusListCredential"] == "https://art.example/status/suspension/1"


def test_the_manifest_store_is_linked_by_its_digest(claims, signer):
    link = ManifestLink.of("urn:c2pa:5f0c1b6e-2f3a-4d59-9b0e-6d1f6a7b8c9d", b"store")
    (resource,) = issued(replace(claims, manifest=link), signer)["relatedResource"]
    assert resource == {
        "id": "urn:c2pa:5f0c1b6e-2f3a-4d59-9b0e-6d1f6a7b8c9d",
        "digestSRI": "sha256-" + base64.b64encode(hashlib.sha256(b"store").digest()).decode(),
        "mediaType": "application/c2pa",
    }


def test_soft_bindings_and_iscc_are_about_the_subject(claims, signer):
    made = replace(claims, iscc="ISCC:KECYCMZIOY36XXGZ", soft_bindings=(SoftBinding("io.iscc.v0", "QUI="),))
    subject = issued(made, signer)["credentialSubject"]
    assert subject["iscc"] == "ISCC:KECYCMZIOY36XXGZ"
    assert subject["softBindings"] == [{"alg": "io.iscc.v0", "value": "QUI="}]


def test_periods(claims, signer):
    assert "validUntil" not in issued(claims, signer, valid_until=None)
    with pytest.raises(InvalidRequest, match="some time"):
        issued(claims, signer, valid_until=NOW)
    with pytest.raises(ValueError, match="time zone"):
        issued(claims, signer, valid_from=datetime(2026, 1, 1), valid_until=None)


def licence_claims(**changes):
    facts = {
        "grant_id": "grt_1",
        "work_id": WorkId(42),
        "work_certificate_hash": "ab" * 32,
        "licensee": "did:web:buyer.example",
        "terms_slug": "commercial",
        "terms_hash": "cd" * 32,
    }
    return LicenceClaims(**(facts | changes))


def test_a_licence_names_grant_licensee_work_and_terms(signer, trusted):
    licence = issue_licence(licence_claims(), signer=signer, issuer=ISSUER, valid_from=NOW, valid_until=None)
    subject = licence["credentialSubject"]
    assert licence["type"] == ["VerifiableCredential", "LicenceCertificate"]
    assert subject == {
        "licensee": "did:web:buyer.example",
        "grant": "grt_1",
        "work": "pv-000000000001a",
        "certificateHash": "ab" * 32,
        "terms": {"slug": "commercial", "hash": "cd" * 32},
    }
    assert verify(json.dumps(licence).encode(), keyring=trusted, now=NOW).kind == "LicenceCertificate"


def test_a_licence_has_a_place_of_its_own(signer):
    claims = licence_claims(status=StatusPlace("http://127.0.0.1:8000/art", 5))
    licence = issue_licence(claims, signer=signer, issuer=ISSUER, valid_from=NOW, valid_until=None)
    assert licence["credentialStatus"][0]["statusListCredential"] == "http://127.0.0.1:8000/art/status/revocation/0"


def test_a_licence_with_wrong_hashes_is_not_issued(signer):
    claims = licence_claims(work_certificate_hash="ab")
    with pytest.raises(InvalidRequest, match="certificateHash"):
        issue_licence(claims, signer=signer, issuer=ISSUER, valid_from=NOW, valid_until=None)
