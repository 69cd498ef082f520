"""The certificate authority as the settings describe it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from provenance.adapters.ca import CaFolder
from provenance.adapters.timestamps import HttpTimestamper
from provenance.core.errors import Misconfigured
from provenance.credentials.pki import chains
from provenance.credentials.pki.profiles import Owner, Role
from provenance.settings import Settings
from provenance.wiring import Service
from tests.pki import pki_now
from tests.service import service_settings

Open = Callable[..., Service]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Open]:
    services: list[Service] = []

    def opened(**changes: object) -> Service:
        services.append(Service(service_settings(tmp_path / "home", **changes)))
        return services[-1]

    yield opened
    for service in services:
        service.close()


def settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("base_url", "ca_url", "expected"),
    [
        (None, None, None),
        ("https://art.example", None, "http://art.example"),
        ("https://art.example:8443/register", None, "http://art.example/register"),
        ("http://localhost:8000", None, "http://localhost:8000"),
        ("https://[2001:db8::1]", None, "http://[2001:db8::1]"),
        ("https://art.example", "http://pki.example/", "http://pki.example"),
        (None, "http://pki.example", "http://pki.example"),
    ],
)
def test_where_certificates_say_that_ocsp_is(base_url: str | None, ca_url: str | None, expected: str | None):
    assert settings(base_url=base_url, ca_url=ca_url).effective_ca_url == expected


@pytest.mark.parametrize("ca_url", ["https://art.example", "art.example", "http://", "http://a@b", "http://a/?q"])
def test_ocsp_over_anything_but_plain_http_is_refused(ca_url: str):
    with pytest.raises(ValidationError, match="ca_url"):
        settings(ca_url=ca_url)


def test_a_development_service_makes_its_own(make: Open, tmp_path: Path):
    service = make(base_url="https://art.example")
    assert not service.ca_folder.exists
    assert service.readiness()["certificates"]["ok"]
    assert not service.ca_folder.exists  # asking makes none
    assert service.claim_signer is not None
    assert service.ca is not None
    assert service.ca.register().owner == Owner("art.example", "XX")
    again = make(base_url="https://art.example")
    assert again.claim_signer is not None
    assert again.claim_signer.chain == service.claim_signer.chain
    assert "until 20" in again.readiness()["certificates"]["detail"]


def test_a_production_service_is_given_one(make: Open):
    service = make(environment="production")
    with pytest.raises(Misconfigured, match="no certificate authority") as caught:
        _ = service.claim_signer
    assert "PROVENANCE_CA=none" in (caught.value.hint or "")
    assert not service.readiness()["certificates"]["ok"]
    service.create_keys()
    with pytest.raises(Misconfigured, match="no certificate authority"):
        service.start()
    service.ca_folder.create(Owner("Blue Hour", "DE"))
    assert make(environment="production").claim_signer is not None


def test_running_without_one_is_said(make: Open):
    service = make(ca="none", environment="production")
    assert (service.ca, service.claim_signer, service.revocation, service.timestamper) == (None, None, None, None)
    assert (service.trust_anchors, service.tsa_anchors) == (b"", b"")
    assert service.readiness()["certificates"] == {
        "ok": True,
        "detail": "no certificate authority, as PROVENANCE_CA says",
    }


def test_our_own_time_stamps_and_staples(make: Open):
    service = make()
    assert isinstance(service.timestamper, CaFolder)
    assert service.revocation is not None
    assert service.revocation.staple()
    assert service.tsa_anchors == service.trust_anchors
    assert chains.is_self_signed(chains.read_pem(service.trust_anchors)[0])


def test_somebody_elses_time_stamps_and_their_roots(make: Open, tmp_path: Path):
    roots = chains.pem([pki_now().root.certificate])
    (tmp_path / "roots.pem").write_bytes(roots)
    service = make(tsa_url="http://tsa.example", tsa_anchors=tmp_path / "roots.pem")
    assert isinstance(service.timestamper, HttpTimestamper)
    assert service.tsa_anchors == service.trust_anchors + roots


def test_roots_that_are_none(make: Open, tmp_path: Path):
    service = make(tsa_url="http://tsa.example", tsa_anchors=tmp_path / "nothing.pem")
    with pytest.raises(Misconfigured, match="PROVENANCE_TSA_ANCHORS"):
        _ = service.timestamper


def test_a_claim_key_that_no_plug_in_opens(make: Open):
    with pytest.raises(Misconfigured, match="PROVENANCE_CLAIM_KEY: no plug-in 'awskms'"):
        make(claim_key="awskms:alias/claim").ca_folder.create(Owner("Blue Hour", "DE"))


@pytest.mark.parametrize("claim_key", ["key.pem", ":x", "pkcs11:", "/etc/key:pem"])
def test_a_claim_key_is_a_uri(claim_key: str):
    with pytest.raises(ValidationError, match="claim_key"):
        settings(claim_key=claim_key)


def test_what_ends_soon_is_renewed_when_the_service_opens_it(make: Open):
    from datetime import timedelta

    service = make()
    assert service.ca is not None
    before = service.ca.current(Role.LEAF)
    later = make()
    now = later.clock() + timedelta(days=340)
    later.clock = lambda: now
    assert later.ca is not None
    assert later.ca.current(Role.LEAF).serial != before.serial
