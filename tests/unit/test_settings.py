"""Settings come from the environment, refuse what is wrong, and never show a secret."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from provenance.settings import Settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in [name for name in os.environ if name.upper().startswith("PROVENANCE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # no .env of the developer's


def test_nothing_has_to_be_set() -> None:
    settings = Settings()
    assert settings.environment == "development"
    assert settings.effective_database_url == "sqlite:///provenance-data/provenance.sqlite3"
    assert settings.effective_blobs_url == "provenance-data/blobs"
    assert settings.chain_rpc_url is None


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_HOME", "/srv/art")
    monkeypatch.setenv("PROVENANCE_MODEL_QUEUE", "7")
    monkeypatch.setenv("PROVENANCE_DATABASE_URL", "postgresql://art@db/art")
    monkeypatch.setenv("PROVENANCE_BLOBS_URL", "s3://art/files")
    settings = Settings()
    assert (settings.home, settings.model_queue) == (Path("/srv/art"), 7)
    assert settings.effective_database_url == "postgresql://art@db/art"
    assert settings.effective_blobs_url == "s3://art/files"


def test_a_file_may_hold_them(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PROVENANCE_SEAL_AFTER=5\nSOMETHING_ELSE=1\n")
    assert Settings().seal_after == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "staging"),
        ("certificate_days", "0"),
        ("max_in_flight", "0"),
        ("model_queue", "-1"),
        ("max_upload_bytes", "1"),
        ("chain_confirmations", "0"),
        ("log_level", "LOUD"),
        ("base_url", "art.example"),
        ("base_url", "ftp://art.example"),
        ("base_url", "https://art.example?x=1"),
        ("base_url", "https://art.example#top"),
        ("base_url", "https://user:password@art.example"),
        ("base_url", "https://"),
    ],
)
def test_a_wrong_value_stops_the_start_and_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PROVENANCE_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_the_address_has_no_slash_at_its_end() -> None:
    assert Settings(base_url="https://art.example/registry/").base_url == "https://art.example/registry"


def test_production_refuses_an_identity_over_plain_http() -> None:
    """Its keys would be fetched over a line that anybody on the way can rewrite."""
    with pytest.raises(ValidationError, match="https"):
        Settings(environment="production", base_url="http://art.example")
    assert Settings(environment="production", base_url="https://art.example").base_url
    assert Settings(environment="production").base_url is None
    assert Settings(base_url="http://127.0.0.1:8000").base_url


def test_secrets_do_not_show() -> None:
    settings = Settings(key_passphrase="hunter2 and more", chain_private_key="0xc0ffee")
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert "c0ffee" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.key_passphrase is not None
    assert settings.key_passphrase.get_secret_value() == "hunter2 and more"


def test_a_refusal_does_not_repeat_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_BASE_URL", "https://user:hunter2@art.example")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "hunter2" not in str(caught.value)
