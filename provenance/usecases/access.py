"""API keys: created once, shown once, stored as digests."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from provenance.core.errors import Forbidden, InvalidRequest, Unauthenticated
from provenance.core.ports import Clock, Store
from provenance.core.records import ApiKey

SCOPES: Final = frozenset(
    {
        "works:read",
        "works:write",
        "checks:write",
        "licences:write",
        "manifests:read",
        "manifests:write",
        "bindings:write",
        "admin",
    }
)
_PREFIX: Final = "pvk_"
_MAX_OWNER: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`pvk_<id>_<secret>`: the id is public, the secret has 256 bits, and only the sha256 of the whole is stored. A
    plain hash is enough for a secret of full entropy; it needs no slow password hash."""

    store: Store
    clock: Clock

    def create(self, owner: str, scopes: Iterable[str]) -> tuple[ApiKey, str]:
        """The record and the key itself, which can't be shown again. Raises InvalidRequest."""
        wanted = frozenset(scopes)
        unknown = sorted(wanted - SCOPES)
        if unknown or not wanted:
            raise InvalidRequest(
                f"unknown scopes: {', '.join(unknown)}" if unknown else "a key needs at least one scope",
                hint=f"scopes are {', '.join(sorted(SCOPES))}",
            )
        if not owner.strip() or len(owner) > _MAX_OWNER or not owner.isprintable():
            raise InvalidRequest(f"an owner is a name of 1 to {_MAX_OWNER} printable characters")
        key_id = secrets.token_hex(6)
        secret = f"{_PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
        record = ApiKey(key_id, _digest(secret), owner, wanted, self.clock())
        with self.store.unit() as unit:
            unit.api_keys.add(record)
        return record, secret

    def authenticate(self, secret: str | None) -> ApiKey:
        """Raises Unauthenticated, which never repeats the key."""
        if not secret:
            raise Unauthenticated("no API key was given", hint="send `Authorization: Bearer pvk_…`")
        with self.store.read() as unit:
            record = unit.api_keys.by_digest(_digest(secret))
        if record is None or record.revoked_at is not None:
            raise Unauthenticated(
                "the API key is unknown or revoked", hint="create one with `provenance apikey create`"
            )
        return record

    def all(self) -> list[ApiKey]:
        with self.store.read() as unit:
            return unit.api_keys.all()

    def revoke(self, key_id: str) -> None:
        """Raises NotFound."""
        with self.store.unit() as unit:
            unit.api_keys.revoke(key_id, self.clock())


def require(key: ApiKey, scope: str) -> None:
    """Raises Forbidden. `admin` includes every scope."""
    if scope not in key.scopes and "admin" not in key.scopes:
        raise Forbidden(f"this API key lacks the scope {scope}")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
