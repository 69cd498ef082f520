"""Complete records for tests. Numbers stand for ids and digests: work 7 has the digests of content 7."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from provenance.core.records import (
    AnchorBatch,
    AnchorState,
    ApiKey,
    ContentKey,
    ContentKind,
    Grant,
    IdempotentResponse,
    ManifestRecord,
    Offer,
    Work,
    WorkStatus,
)
from provenance.core.types import WorkId

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def digest(content: object) -> str:
    return sha256(str(content).encode()).hexdigest()


def a_work(number: int, **changes: Any) -> Work:
    """Active, made `number` seconds after noon (within an hour)."""
    work = Work(
        id=WorkId(number),
        owner="studio",
        status=WorkStatus.ACTIVE,
        title="落日 over the harbour",
        media_type="image/png",
        width=640,
        height=480,
        source_sha256=digest(f"source {number}"),
        marked_sha256=digest(f"marked {number}"),
        marked_blob=digest(f"marked {number}"),
        mark_alg="lattice-1",
        mark_key_id="k1",
        digital_source_type="trainedAlgorithmicMedia",
        terms_slug="personal",
        terms_hash=digest("personal"),
        certificate={"id": f"urn:work:{number}", "proof": {"n": 0.1, "big": 2**60}, "list": [1, None, "é"]},
        certificate_hash=digest(f"certificate {number}"),
        created_at=NOON + timedelta(seconds=number % 3600),
    )
    return replace(work, **changes)


def keys_of(work: Work) -> list[ContentKey]:
    return [
        ContentKey(work.source_sha256, ContentKind.SOURCE_FILE, work.id),
        ContentKey(work.marked_sha256, ContentKind.MARKED_FILE, work.id),
    ]


def an_api_key(name: str, **changes: Any) -> ApiKey:
    scopes = frozenset({"works:write", "checks:write", "works:read"})
    return replace(ApiKey(id=name, digest=digest(name), owner="studio", scopes=scopes, created_at=NOON), **changes)


def a_request(key: str = "k", **changes: Any) -> IdempotentResponse:
    return replace(IdempotentResponse("studio", key, digest("request"), NOON), **changes)


def a_batch(nonce: int, works: list[Work], **changes: Any) -> AnchorBatch:
    batch = AnchorBatch(
        id=0,
        root=digest(f"root {nonce}"),
        leaves=tuple((str(work.id), work.certificate_hash) for work in works),
        state=AnchorState.SIGNED,
        created_at=NOON,
        chain_id=31337,
        contract="0x" + "c0" * 20,
        sender="0x" + "5e" * 20,
        nonce=nonce,
        tx_hash="0x" + digest(f"tx {nonce}"),
        raw_tx=b"\x02\xf8\x00\xff" + bytes([nonce]),
    )
    return replace(batch, **changes)


def an_offer(name: str, work: Work, **changes: Any) -> Offer:
    offer = Offer(
        id=name,
        work_id=work.id,
        terms_slug="commercial",
        terms_hash=digest("commercial"),
        price_minor=1001,
        currency="EUR",
        created_at=NOON,
    )
    return replace(offer, **changes)


def a_grant(name: str, offer: Offer, **changes: Any) -> Grant:
    grant = Grant(
        id=name,
        offer_id=offer.id,
        work_id=offer.work_id,
        licensee="did:example:buyer",
        terms_slug=offer.terms_slug,
        terms_hash=offer.terms_hash,
        price_minor=offer.price_minor,
        currency=offer.currency,
        certificate={"id": f"urn:grant:{name}"},
        created_at=NOON,
    )
    return replace(grant, **changes)


def a_manifest(name: str, **changes: Any) -> ManifestRecord:
    manifest = ManifestRecord(id=f"urn:c2pa:{name}", blob=digest(f"manifest {name}"), owner="studio", created_at=NOON)
    return replace(manifest, **changes)
