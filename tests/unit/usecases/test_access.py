"""API keys: shown once, stored as a digest, and refused without a word about what was given."""

import hashlib

import pytest

from provenance.core.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from provenance.usecases.access import SCOPES, require
from tests.unit.usecases.conftest import Studio


def test_a_key_opens_what_its_record_says(studio: Studio) -> None:
    record, secret = studio.access.create("studio", ["works:write", "works:read"])
    assert studio.access.authenticate(secret) == record
    assert (record.owner, record.scopes) == ("studio", {"works:write", "works:read"})
    assert record.created_at == studio.clock()
    assert studio.access.all() == [record]


def test_only_a_digest_is_stored(studio: Studio) -> None:
    record, secret = studio.access.create("studio", ["admin"])
    assert secret.startswith(f"pvk_{record.id}_")
    assert len(secret.removeprefix(f"pvk_{record.id}_")) >= 43  # 256 bits in base64
    assert record.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in repr(studio.access.all())


def test_no_two_keys_are_alike(studio: Studio) -> None:
    secrets = {studio.access.create("studio", ["admin"])[1] for _ in range(20)}
    assert len(secrets) == 20


@pytest.mark.parametrize(("scopes", "reason"), [([], "at least one"), (["works:read", "root"], "unknown scopes: root")])
def test_scopes_are_from_the_list(studio: Studio, scopes: list[str], reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason) as caught:
        studio.access.create("studio", scopes)
    assert "admin" in (caught.value.hint or "")
    assert studio.access.all() == []


@pytest.mark.parametrize("owner", ["", "   ", "x" * 101, "a\nb"])
def test_an_owner_is_a_printable_name(studio: Studio, owner: str) -> None:
    with pytest.raises(InvalidRequest, match="owner"):
        studio.access.create(owner, ["admin"])


@pytest.mark.parametrize("secret", [None, "", "pvk_000000000000_guess", "é" * 50])
def test_a_wrong_key_is_refused_and_never_repeated(studio: Studio, secret: str | None) -> None:
    studio.access.create("studio", ["admin"])
    with pytest.raises(Unauthenticated) as caught:
        studio.access.authenticate(secret)
    assert not secret or secret not in str(caught.value)


def test_every_character_of_the_key_counts(studio: Studio) -> None:
    _, secret = studio.access.create("studio", ["admin"])
    for altered in (secret[:-1], secret + "x", secret.swapcase(), " " + secret):
        with pytest.raises(Unauthenticated):
            studio.access.authenticate(altered)


def test_a_revoked_key_opens_nothing(studio: Studio) -> None:
    record, secret = studio.access.create("studio", ["admin"])
    studio.access.revoke(record.id)
    with pytest.raises(Unauthenticated, match="revoked"):
        studio.access.authenticate(secret)
    (kept,) = studio.access.all()
    assert kept.revoked_at == studio.clock()
    with pytest.raises(NotFound):
        studio.access.revoke("never-was")


def test_scopes_are_required_one_by_one(studio: Studio) -> None:
    reader, _ = studio.access.create("studio", ["works:read"])
    admin, _ = studio.access.create("root", ["admin"])
    require(reader, "works:read")
    for scope in SCOPES:
        require(admin, scope)
    for scope in SCOPES - {"works:read"}:
        with pytest.raises(Forbidden, match=scope):
            require(reader, scope)
