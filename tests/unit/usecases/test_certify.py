"""What is signed about a registered work: manifest, certificate and log entry, each leading to the others."""

import base64
import hashlib
import struct
import zlib
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from provenance.adapters.c2pa import C2paReader, C2paSigner
from provenance.core.errors import InvalidRequest, Unavailable
from provenance.core.manifests import ManifestState, ManifestStatement, Software
from provenance.core.records import ContentKind
from provenance.credentials import certificate_hash, verify
from provenance.credentials.c2pa import iscc
from provenance.credentials.tlog.entries import registration_entry
from provenance.credentials.vocabulary import IPTC, TRAINED_ALGORITHMIC_MEDIA
from provenance.usecases.certify import LEFT_OUT, ContentCredentials
from provenance.usecases.register import Submission
from provenance.usecases.stamp import UNSTAMPED, StampLater
from provenance.watermark import LatticeWatermarker
from tests.unit.adapters.animations import by_pillow, seen_by_pillow, timing
from tests.unit.adapters.c2pa.authority import Authority
from tests.unit.usecases.conftest import NOTHING, Studio, decoded, encoded, painting, png

ALGORITHMIC_MEDIA = IPTC + "algorithmicMedia"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def reader(authority: Authority) -> C2paReader:
    return C2paReader([authority.root.pem], [authority.stamp_root.pem])


@pytest.fixture
def studio(studio: Studio, authority: Authority, reader: C2paReader) -> Studio:
    """With a public address and a certificate authority."""
    signer = C2paSigner(
        authority.claims, timestamper=authority.stamps, revocation=authority.responder, anchors=[authority.root.pem]
    )
    studio.credentials = ContentCredentials(
        signer=signer, reader=reader, content_code=iscc.units, generator=Software("Provenance", "1")
    )
    studio.base_url = "https://art.example"
    return studio


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP"])
def test_an_animation_holds_a_trusted_manifest_and_all_its_frames(
    studio: Studio, reader: C2paReader, format_: str
) -> None:
    studio.watermarker = LatticeWatermarker(bytes(range(32)))
    rng = np.random.default_rng(0)
    grain = rng.integers(-12, 13, (256, 256, 1))
    frames = [np.clip(painting(seed, side=256) + grain, 0, 255).astype(np.uint8) for seed in (1, 2, 3)]
    work = studio.registered(1, data=by_pillow(frames, format_, duration=[40, 80, 120]))
    data = studio.file(work)
    report = reader.read(data, work.media_type)
    assert report is not None
    assert (report.state, report.failure) == (ManifestState.TRUSTED, ())
    assert timing(data) == ([40, 80, 120], 0)
    assert b"Iptc4xmpExt:DigitalSourceType" in data
    for frame in seen_by_pillow(data):
        found = studio.watermarker.detect(np.ascontiguousarray(frame[..., :3]))
        assert found is not None
        assert found.payload == work.id.payload
    verify(work.certificate, keyring=studio.keyring, now=studio.clock(), content=data)


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF"])  # the double's mark is lost in a JPEG
def test_the_file_that_is_handed_out_holds_a_trusted_manifest(studio: Studio, reader: C2paReader, format_: str) -> None:
    data = encoded(painting(1), format_, **({"lossless": True} if format_ == "WEBP" else {}))
    work = studio.registered(1, data=data)
    report = reader.read(studio.file(work), work.media_type)
    assert report is not None
    assert report.state is ManifestState.TRUSTED
    with studio.store.read() as unit:
        (record,) = unit.manifests.of_work(work.id)
        assert unit.manifests.by_binding(
            "pixel-1", base64.b64encode(work.id.payload.to_bytes(8, "big")).decode(), 5
        ) == [record]
    assert record.id == report.manifest_id
    assert record.embedded
    assert studio.blobs.get(record.blob) == report.store


def test_certificate_manifest_and_file_name_each_other(studio: Studio, reader: C2paReader) -> None:
    work = studio.registered(1)
    file = studio.file(work)
    verified = verify(work.certificate, keyring=studio.keyring, now=studio.clock(), content=file)
    report = reader.read(file, work.media_type)
    assert report is not None
    (link,) = work.certificate["relatedResource"]
    assert link["id"] == report.manifest_id
    assert link["digestSRI"] == "sha256-" + base64.b64encode(hashlib.sha256(report.store or b"").digest()).decode()
    bound = {(b["alg"], base64.b64decode(b["value"])) for b in verified.subject["softBindings"]}
    assert bound == {(binding.alg, binding.value) for binding in report.soft_bindings}
    assert verified.subject["iscc"] == iscc.image_code(decoded(file))


def test_the_digest_of_the_signed_file_leads_to_the_work(studio: Studio) -> None:
    work = studio.registered(1)
    digest = hashlib.sha256(studio.file(work)).hexdigest()
    with studio.store.read() as unit:
        key = unit.works.by_digest(digest)
    assert key is not None
    assert (key.kind, key.work_id) == (ContentKind.MARKED_FILE, work.id)


def test_the_log_entry_follows_from_the_certificate_alone(studio: Studio) -> None:
    work = studio.registered(1)
    with studio.store.read() as unit:
        (entry,) = unit.log.of_work(work.id)
    assert entry.data == registration_entry(work.certificate)
    assert work.certificate_hash == certificate_hash(work.certificate)
    assert entry.created_at == work.created_at


def test_each_certificate_has_a_place_of_its_own_in_the_status_lists(studio: Studio) -> None:
    first, second = studio.registered(1), studio.registered(2)
    places = [work.certificate["credentialStatus"][0]["statusListIndex"] for work in (first, second)]
    assert len(set(places)) == 2
    assert first.certificate["credentialStatus"][0]["statusListCredential"].startswith("https://art.example/")
    with studio.store.read() as unit:
        status = unit.statuses.by_credential(first.certificate["id"])
    assert status is not None
    assert str(status.index) == places[0]
    assert status.work_id == first.id


def test_without_a_public_address_there_is_no_status_list(studio: Studio) -> None:
    studio.base_url = None
    assert "credentialStatus" not in studio.registered(1).certificate


@pytest.mark.parametrize("published", [False, True])
def test_a_file_that_arrives_signed_keeps_its_manifest_as_an_ingredient(
    studio: Studio, reader: C2paReader, published: bool
) -> None:
    assert studio.credentials is not None
    elsewhere = studio.credentials.signer.sign(
        png(painting(1)),
        "image/png",
        ManifestStatement(
            title="from elsewhere",
            when=datetime(2026, 11, 1, tzinfo=UTC),
            generator=Software("Elsewhere"),
            digital_source_type=TRAINED_ALGORITHMIC_MEDIA,
        ),
    )
    given = {"made_with": Software("Atelier", "3.5"), "prompt": "a harbour"} if published else {}
    work = studio.registered(1, data=elsewhere.data, **given)
    report = reader.read(studio.file(work), work.media_type)
    assert report is not None
    assert report.state is ManifestState.TRUSTED
    (parent,) = [one for one in report.ingredients if one.relationship == "parentOf"]
    assert parent.manifest_id == elsewhere.manifest_id
    assert len(report.ingredients) == (3 if published else 1)
    assert not any(LEFT_OUT in note for note in work.notes)
    assert report.actions[0].action == "c2pa.opened"


def test_a_manifest_that_is_too_damaged_is_left_out_with_a_note(studio: Studio, reader: C2paReader) -> None:
    plain, body = png(painting(1)), b"caBX" + b"no manifest store"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    work = studio.registered(1, data=plain[:33] + chunk + plain[33:])  # right behind the header
    assert any(note.startswith(LEFT_OUT) for note in work.notes)
    report = reader.read(studio.file(work), work.media_type)
    assert report is not None
    assert report.state is ManifestState.TRUSTED
    assert report.ingredients == ()


def test_what_the_owner_publishes_is_in_the_labels_and_nothing_else(studio: Studio) -> None:
    silent = studio.file(studio.registered(1, owner="Mallory Smith", title="a secret title"))
    assert b"Mallory" not in silent
    assert b"secret title" not in silent
    spoken = studio.file(
        studio.registered(2, creators=("Ada",), made_with=Software("Atelier", "3.5"), prompt="a harbour in the evening")
    )
    for words in (b"Ada", b"Atelier", b"3.5", b"a harbour in the evening"):
        assert words in spoken


def test_what_no_label_can_carry_is_refused_before_anything_is_read(studio: Studio) -> None:
    with pytest.raises(InvalidRequest, match="prompt"):
        studio.register(Submission(data=b"not even an image", owner="studio", prompt="a\x00b"))
    assert studio.counts() == NOTHING


class Silent:
    def timestamp(self, imprint: bytes) -> bytes:
        raise Unavailable("the authority does not answer")


def credentials_of(authority: Authority, reader: C2paReader, stamps: Any) -> ContentCredentials:
    return ContentCredentials(
        signer=C2paSigner(authority.claims, timestamper=stamps, anchors=[authority.root.pem]),
        reader=reader,
        content_code=iscc.units,
        generator=Software("Provenance", "1"),
    )


def stamp_later(studio: Studio) -> StampLater:
    assert studio.credentials is not None
    return StampLater(
        store=studio.store,
        blobs=studio.blobs,
        signer=studio.credentials.signer,
        generator=Software("Provenance", "1"),
        clock=studio.clock,
    )


def test_a_time_stamp_is_added_when_the_authority_answers_again(
    studio: Studio, authority: Authority, reader: C2paReader
) -> None:
    studio.credentials = credentials_of(authority, reader, Silent())
    work = studio.registered(1)
    report = reader.read(studio.file(work), work.media_type)
    assert report is not None
    assert (report.state, report.signature.time) == (ManifestState.TRUSTED, None)
    with studio.store.unit() as unit:
        jobs = unit.outbox.claim(studio.clock(), limit=10, lease_seconds=60)
    (job,) = [job for job in jobs if job.kind == UNSTAMPED]
    with pytest.raises(Unavailable):
        stamp_later(studio)(job.body)

    studio.credentials = credentials_of(authority, reader, authority.stamps)
    studio.clock.advance(minutes=5)
    for _ in range(2):  # the second time there is nothing left to do
        stamp_later(studio)(job.body)
    with studio.store.read() as unit:
        newest, first = unit.manifests.of_work(work.id)
        assert {b.value for b in unit.manifests.bindings(newest.id)} == {
            b.value for b in unit.manifests.bindings(first.id)
        }
    stamped = reader.read(studio.file(work), work.media_type, manifest=studio.blobs.get(newest.blob))
    assert stamped is not None
    assert (stamped.manifest_id, stamped.is_update) == (newest.id, True)
    assert stamped.state is not ManifestState.INVALID
    assert "timeStamp.validated" in stamped.success


def test_a_withdrawn_work_is_not_stamped(studio: Studio, authority: Authority, reader: C2paReader) -> None:
    studio.credentials = credentials_of(authority, reader, Silent())
    work = studio.registered(1)
    studio.withdraw(work.id)
    stamp_later(studio)({"work_id": str(work.id)})
    with studio.store.read() as unit:
        assert len(unit.manifests.of_work(work.id)) == 1


def test_prompt_and_model_are_ingredients_where_the_owner_gave_them(studio: Studio, reader: C2paReader) -> None:
    made = studio.registered(1, made_with=Software("Atelier", "3.5"), prompt="a harbour in the evening")
    report = reader.read(studio.file(made), made.media_type)
    assert report is not None
    assert report.state is ManifestState.TRUSTED
    assert sorted((one.relationship, one.title) for one in report.ingredients) == [
        ("inputTo", "Atelier 3.5"),
        ("inputTo", "prompt"),
    ]
    assert b"c2pa.ai-disclosure" in studio.file(made)
    drawn = studio.registered(2, made_with=Software("procedural"), digital_source_type=ALGORITHMIC_MEDIA)
    assert b"c2pa.ai-disclosure" not in studio.file(drawn)
