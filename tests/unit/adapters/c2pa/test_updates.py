"""Files that were signed before: parents, update manifests, late time-stamps."""

from dataclasses import replace

import pytest

from provenance.adapters.c2pa import C2paReader, C2paSigner
from provenance.core.errors import InvalidRequest, MalformedManifest, NotFound, Unavailable, UnsupportedFormat
from provenance.core.manifests import ManifestState, SourceFile
from provenance.credentials.c2pa.carriers import extract
from tests.unit.adapters.c2pa.conftest import MARK, picture


def media_type(form: str) -> str:
    return f"image/{form.lower()}"


def derived(statement, signed, **more):
    """A statement that the picture was made from a file."""
    return replace(statement, parent=SourceFile(signed, "image/png", "first.png", **more), digital_source_type=None)


def test_a_signed_parent_is_carried_over(signer, reader, statement, signed_png):
    signed = signer.sign(picture("PNG", seed=9), "image/png", derived(statement, signed_png.data))

    report = reader.read(signed.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert report.actions[0].action == "c2pa.opened"
    assert report.actions[0].digital_source_type is None
    (parent,) = report.ingredients
    assert (parent.relationship, parent.manifest_id) == ("parentOf", signed_png.manifest_id)
    assert parent.state is ManifestState.TRUSTED
    assert signed_png.manifest_id in [manifest["label"] for manifest in report.crjson["manifests"]]


def test_a_parent_without_a_manifest_is_named_only(signer, reader, statement):
    signed = signer.sign(picture("PNG", seed=9), "image/png", derived(statement, picture("PNG")))

    report = reader.read(signed.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert [(item.title, item.manifest_id) for item in report.ingredients] == [("first.png", None)]


def test_a_tampered_parent_is_recorded_as_invalid(signer, reader, statement, signed_png):
    tampered = bytearray(signed_png.data)
    tampered[tampered.rfind(b"IDAT") + 200] ^= 1

    signed = signer.sign(picture("PNG", seed=9), "image/png", derived(statement, bytes(tampered)))

    report = reader.read(signed.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert report.ingredients[0].state is ManifestState.INVALID


def test_a_strangers_parent_is_recorded_as_valid(authority, reader, statement, signed_png):
    knows_nobody = C2paSigner(authority.claims)

    signed = knows_nobody.sign(picture("PNG", seed=9), "image/png", derived(statement, signed_png.data))

    assert reader.read(signed.data, "image/png").ingredients[0].state is ManifestState.VALID


def test_a_parent_whose_store_is_damaged_is_refused(signer, statement, signed_png):
    at = signed_png.data.index(b"fblocks")
    damaged = signed_png.data[: at + 7] + b"\x9a\x7f\xff\xff\xff" + signed_png.data[at + 12 :]

    with pytest.raises(MalformedManifest):
        signer.sign(picture("PNG", seed=9), "image/png", derived(statement, damaged))


def test_a_parent_of_another_kind_is_named_only(signer, reader, statement):
    video = SourceFile(b"not looked into", "video/mp4", "clip.mp4")

    signed = signer.sign(picture("PNG"), "image/png", replace(statement, parent=video, digital_source_type=None))

    report = reader.read(signed.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert [(item.title, item.media_type) for item in report.ingredients] == [("clip.mp4", "video/mp4")]


def test_a_signed_file_is_not_signed_over(signer, reader, statement, signed_png):
    with pytest.raises(InvalidRequest, match="would be lost"):
        signer.sign(signed_png.data, "image/png", statement)

    again = signer.sign(signed_png.data, "image/png", derived(statement, signed_png.data))

    report = reader.read(again.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert report.ingredients[0].manifest_id == signed_png.manifest_id


def test_a_parents_store_may_lie_beside_it(signer, reader, statement):
    first = signer.sign(picture("PNG"), "image/png", replace(statement, embed=False))
    said = derived(statement, first.data, manifest=first.manifest)

    signed = signer.sign(picture("PNG", seed=9), "image/png", said)

    report = reader.read(signed.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert report.ingredients[0].manifest_id == first.manifest_id
    assert report.ingredients[0].state is ManifestState.TRUSTED


def test_components_are_placed(signer, reader, statement, signed_png):
    parts = (SourceFile(signed_png.data, "image/png", "tree.png"), SourceFile(picture("JPEG"), "image/jpeg", "sky.jpg"))

    signed = signer.sign(picture("PNG", seed=9), "image/png", replace(statement, components=parts))

    report = reader.read(signed.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert [item.action for item in report.actions].count("c2pa.placed") == 2
    assert {(item.title, item.relationship) for item in report.ingredients} == {
        ("tree.png", "componentOf"),
        ("sky.jpg", "componentOf"),
    }


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
def test_an_update_grows_the_store_in_the_file(signer, reader, statement, change, form):
    signed = signer.sign(picture(form), media_type(form), statement)

    updated = signer.update(signed.data, media_type(form), change)

    report = reader.read(updated.data, media_type(form))
    assert (report.state, report.failure, report.is_update) == (ManifestState.TRUSTED, (), True)
    assert updated.embedded
    assert report.manifest_id == updated.manifest_id != signed.manifest_id
    assert [item.action for item in report.actions] == ["c2pa.opened", "c2pa.published"]
    assert report.ingredients[0].manifest_id == signed.manifest_id


@pytest.mark.parametrize("form", ["WEBP", "TIFF", "AVIF"])
def test_an_update_lies_beside_where_the_store_cannot_grow(signer, reader, statement, change, form):
    signed = signer.sign(picture(form), media_type(form), statement)

    updated = signer.update(signed.data, media_type(form), change)

    assert (updated.embedded, updated.data) == (False, signed.data)
    report = reader.read(updated.data, media_type(form), manifest=updated.manifest)
    assert (report.state, report.is_update) == (ManifestState.TRUSTED, True)
    assert reader.read(updated.data, media_type(form)).manifest_id == signed.manifest_id


def test_a_store_beside_is_updated_beside(signer, reader, statement, change):
    signed = signer.sign(picture("PNG"), "image/png", replace(statement, embed=False))

    once = signer.update(signed.data, "image/png", change, manifest=signed.manifest)
    twice = signer.update(once.data, "image/png", change, manifest=once.manifest)

    report = reader.read(twice.data, "image/png", manifest=twice.manifest)
    assert (twice.data, report.state) == (signed.data, ManifestState.TRUSTED)
    assert len(report.crjson["manifests"]) == 3


def test_an_update_changes_what_is_allowed(signer, reader, signed_png, change):
    usage = {"cawg.ai_generative_training": {"use": "notAllowed"}}

    updated = signer.update(signed_png.data, "image/png", replace(change, published=False, usage=usage))

    report = reader.read(updated.data, "image/png")
    assert [item.action for item in report.actions] == ["c2pa.opened", "c2pa.edited.metadata"]
    assert report.crjson["manifests"][0]["assertions"]["cawg.training-mining"]["entries"] == usage


def test_a_file_signed_while_the_authority_was_down_is_stamped_later(authority, reader, statement, change):
    stamps = authority.stamps
    signer = C2paSigner(authority.claims, timestamper=stamps)
    stamps.fails = True
    signed = signer.sign(picture("PNG"), "image/png", statement)
    stamps.fails = False

    updated = signer.update(signed.data, "image/png", replace(change, published=False, time_stamp=True))

    report = reader.read(updated.data, "image/png")
    assert (signed.time_stamped, updated.time_stamped) == (False, True)
    assert (report.state, report.failure) == (ManifestState.TRUSTED, ())
    stamped = report.crjson["manifests"][0]["assertions"]["c2pa.time-stamp"]
    assert list(stamped) == [signed.manifest_id]


def test_a_late_stamp_needs_an_authority(authority, signed_png, change):
    wanted = replace(change, time_stamp=True)
    down = replace(authority.stamps, fails=True)

    with pytest.raises(Unavailable, match="no time-stamping authority"):
        C2paSigner(authority.claims).update(signed_png.data, "image/png", wanted)
    with pytest.raises(Unavailable, match="does not answer"):
        C2paSigner(authority.claims, timestamper=down).update(signed_png.data, "image/png", wanted)


def test_there_must_be_something_to_update(signer, change, signed_png):
    with pytest.raises(NotFound):
        signer.update(picture("PNG"), "image/png", change)
    with pytest.raises(InvalidRequest, match="changes nothing"):
        signer.update(signed_png.data, "image/png", replace(change, published=False))
    with pytest.raises(UnsupportedFormat):
        signer.update(b"a text", "text/plain", change)
    with pytest.raises(MalformedManifest):
        signer.update(picture("PNG"), "image/png", change, manifest=b"no store")


def test_the_soft_bindings_stay_in_the_first_manifest(signer, signed_png, change):
    """Who looks a binding up finds the store; the update binds no content itself."""
    updated = signer.update(signed_png.data, "image/png", change)

    assert MARK.value in updated.manifest
    assert extract(updated.data, "image/png") == updated.manifest


def test_an_untouched_reader_still_reads_the_updated_file(signer, signed_png, change):
    updated = signer.update(signed_png.data, "image/png", change)

    assert C2paReader().read(updated.data, "image/png").state is ManifestState.VALID
