"""What the service signs with its own authority, before a strict verifier that shares no code with us."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import encypher_c2pa
import pytest

from provenance.core.manifests import ManifestStatement, Software
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from provenance.settings import Settings
from provenance.wiring import Service
from tests.service import picture


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(Settings(home=tmp_path, base_url="https://art.example", key_passphrase="a passphrase")) as made:
        yield made


def test_a_file_signed_by_our_own_authority_conforms_strictly(service: Service) -> None:
    assert service.content_credentials is not None
    statement = ManifestStatement(
        title="pv-1",
        when=datetime.now(UTC),
        generator=Software("Provenance", "1"),
        digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
    )
    signed = service.content_credentials.signer.sign(picture("flat-camp.png"), "image/png", statement)
    assert (signed.time_stamped, signed.stapled) == (True, True)
    found = encypher_c2pa.verify(
        signed.data,
        "image/png",
        trust_pem=service.trust_anchors.decode(),
        tsa_trust_pem=service.tsa_anchors.decode(),
        no_default_trust=True,
        strict_conformance=True,
        telemetry=False,
        online=False,
    )
    assert [status["code"] for status in found["validation_results"]["failure"]] == []
    assert found["validation_state"] == "Trusted"
    assert found["trust"]["revocation"]["status"] == "not_revoked"
