"""Files signed here, read by c2pa-rs: the states of the specification, in every format."""

import io
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from PIL import Image

from provenance.adapters.c2pa import C2paReader, C2paSigner
from provenance.core.errors import InvalidRequest, Misconfigured, Unavailable, UnreadableImage
from provenance.core.manifests import ManifestState, Model, Prompt
from provenance.credentials.c2pa import carriers
from provenance.credentials.c2pa.store import ManifestStore
from provenance.credentials.vocabulary import TRAINED_ALGORITHMIC_MEDIA
from tests.unit.adapters.c2pa.authority import Claims
from tests.unit.adapters.c2pa.conftest import ISCC, MARK, picture

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF")
SEALED = {
    "signingCredential.trusted",
    "signingCredential.ocsp.notRevoked",
    "claimSignature.validated",
    "timeStamp.validated",
    "timeStamp.trusted",
}


def media_type(form: str) -> str:
    return f"image/{form.lower()}"


@pytest.mark.parametrize("form", FORMATS)
def test_a_signed_file_is_trusted_where_its_root_is(signer, reader, statement, form):
    signed = signer.sign(picture(form), media_type(form), statement)

    report = reader.read(signed.data, media_type(form))

    assert (report.state, report.failure) == (ManifestState.TRUSTED, ())
    assert set(report.success) >= SEALED
    assert (signed.embedded, report.is_embedded) == (True, True)
    assert report.manifest_id == signed.manifest_id
    assert report.store == signed.manifest
    assert report.soft_bindings == (MARK, ISCC)


@pytest.mark.parametrize("form", FORMATS)
def test_pixels_are_untouched(signer, statement, form):
    source = picture(form)

    signed = signer.sign(source, media_type(form), statement)

    assert (np.asarray(Image.open(io.BytesIO(signed.data))) == np.asarray(Image.open(io.BytesIO(source)))).all()


def test_without_the_root_it_is_valid_and_untrusted(signed_png, stranger):
    report = stranger.read(signed_png.data, "image/png")

    assert report.state is ManifestState.VALID
    assert report.failure == ("signingCredential.untrusted",)


@pytest.mark.parametrize("form", FORMATS)
def test_a_changed_byte_of_the_picture_shows(signer, reader, statement, form):
    signed = signer.sign(picture(form), media_type(form), statement)
    changed = bytearray(signed.data)
    at = changed.rfind(b"IDAT") + 200 if form == "PNG" else _image_data(changed, signed.manifest)
    changed[at] ^= 1

    report = reader.read(bytes(changed), media_type(form))

    assert report.state is ManifestState.INVALID
    assert report.content_differs
    assert "claimSignature.validated" in report.success


def _image_data(data: bytearray, store: bytes) -> int:
    """A place in the longer of the two parts before and behind the store, far from both ends."""
    before = data.find(store[:64])
    return before // 2 if before > len(data) - before - len(store) else len(data) - 500


def test_what_is_said_is_read_again(signed_png, reader):
    report = reader.read(signed_png.data, "image/png")

    assert report.title == "Sunset no. 7"
    assert report.claim_generator == "Provenance 1.0"
    assert [action.action for action in report.actions] == ["c2pa.created", "c2pa.watermarked.bound"]
    created = report.actions[0]
    assert created.digital_source_type == TRAINED_ALGORITHMIC_MEDIA
    assert (created.software, created.when) == ("StableDiffusion 3.5", "2026-11-21T20:00:00Z")
    assert (report.signature.name, report.signature.issuer) == ("Claim signer", "Issuing CA")
    assert report.signature.alg == "es256"
    assert report.signature.time is not None


def test_the_manifest_names_the_specification(signed_png, reader):
    claim = reader.read(signed_png.data, "image/png").crjson["manifests"][0]["claim.v2"]

    assert claim["claim_generator_info"]["specVersion"] == "2.4.0"


def test_two_signings_of_one_statement_have_the_same_structure(signer, statement):
    one, other = (ManifestStore.parse(signer.sign(picture("PNG"), "image/png", statement).manifest) for _ in "ab")

    assert one.active_id != other.active_id
    assert _labels(one.active) == _labels(other.active)
    assert len(one.data) == len(other.data)


def _labels(box):
    return [(child.label, _labels(child)) for child in box.children]


def test_prompt_and_model_are_inputs_and_the_prompt_stays_secret(signer, reader, statement):
    said = replace(statement, prompt=Prompt(), model=Model("StableDiffusion", "3.5", "c2pa.types.model.pytorch"))

    signed = signer.sign(picture("PNG"), "image/png", said)

    report = reader.read(signed.data, "image/png")
    assert report.state is ManifestState.TRUSTED
    assert [(item.title, item.relationship) for item in report.ingredients] == [
        ("prompt", "inputTo"),
        ("StableDiffusion 3.5", "inputTo"),
    ]
    assert not any(label.startswith("c2pa.embedded-data") for label in report.crjson["manifests"][0]["assertions"])
    assert (
        len(report.crjson["manifests"][0]["assertions"]["c2pa.actions.v2"]["actions"][0]["parameters"]["ingredients"])
        == 2
    )


def test_a_prompt_that_may_be_shown_is_embedded(signer, reader, statement):
    signed = signer.sign(picture("PNG"), "image/png", replace(statement, prompt=Prompt("a pirate with a bird")))

    assert b"a pirate with a bird" in signed.manifest
    assert reader.read(signed.data, "image/png").state is ManifestState.TRUSTED


def test_a_store_of_many_segments_goes_back_into_a_jpeg(signer, reader, statement):
    signed = signer.sign(picture("JPEG"), "image/jpeg", replace(statement, prompt=Prompt("0123456789" * 20_000)))

    assert len(signed.manifest) > 3 * 65_536
    assert reader.read(signed.data, "image/jpeg").state is ManifestState.TRUSTED


def test_a_thumbnail_is_written_on_request_only(signer, reader, statement, signed_png):
    signed = signer.sign(picture("PNG"), "image/png", replace(statement, thumbnail_edge=64))

    labels = [
        set(reader.read(item.data, "image/png").crjson["manifests"][0]["assertions"]) for item in (signed, signed_png)
    ]
    assert [any(label.startswith("c2pa.thumbnail.claim") for label in found) for found in labels] == [True, False]


def test_rights_and_metadata_are_assertions_of_cawg(signer, reader, statement):
    said = replace(
        statement,
        usage={"cawg.data_mining": {"use": "constrained", "constraint_info": "https://art.example/terms"}},
        metadata={"@context": {"dc": "http://purl.org/dc/elements/1.1/"}, "dc:rights": "© Ada"},
    )

    assertions = reader.read(signer.sign(picture("PNG"), "image/png", said).data, "image/png").crjson["manifests"][0][
        "assertions"
    ]

    assert assertions["cawg.training-mining"] == {"entries": said.usage}
    assert assertions["cawg.metadata"]["dc:rights"] == "© Ada"


def test_beside_the_file_on_request(signer, reader, statement):
    source = picture("PNG")

    signed = signer.sign(source, "image/png", replace(statement, embed=False))

    assert (signed.embedded, signed.data) == (False, source)
    assert reader.read(source, "image/png") is None
    report = reader.read(source, "image/png", manifest=signed.manifest)
    assert (report.state, report.is_embedded) == (ManifestState.TRUSTED, False)


def test_beside_a_file_whose_format_we_cannot_seal(signer, reader, statement):
    source = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'

    signed = signer.sign(source, "image/svg+xml", statement)

    assert (signed.embedded, signed.data) == (False, source)
    assert reader.read(source, "image/svg+xml", manifest=signed.manifest).state is ManifestState.TRUSTED


def test_a_store_found_again_for_other_pixels_says_so(signer, reader, statement):
    signed = signer.sign(picture("PNG"), "image/png", replace(statement, embed=False))

    report = reader.read(picture("PNG", seed=8), "image/png", manifest=signed.manifest)

    assert (report.state, report.failure) == (ManifestState.INVALID, ("assertion.dataHash.mismatch",))
    assert report.content_differs


@pytest.mark.parametrize("down", ["timestamper", "revocation"])
def test_an_authority_that_does_not_answer_stops_nobody(authority, reader, statement, caplog, down):
    parts = {"timestamper": authority.stamps, "revocation": authority.responder}
    parts[down].fails = True

    signed = C2paSigner(authority.claims, **parts).sign(picture("PNG"), "image/png", statement)

    assert (signed.time_stamped, signed.stapled) == (down != "timestamper", down != "revocation")
    assert reader.read(signed.data, "image/png").state is ManifestState.TRUSTED
    assert "does not answer" in caplog.text


def test_a_token_too_large_for_its_room_is_left_out(authority, reader, statement, caplog):
    stamps = replace(authority.stamps, ballast=30)

    signed = C2paSigner(authority.claims, timestamper=stamps, revocation=authority.responder).sign(
        picture("PNG"), "image/png", statement
    )

    assert (signed.time_stamped, signed.stapled) == (False, True)
    assert reader.read(signed.data, "image/png").state is ManifestState.TRUSTED
    assert "signature box" in caplog.text


def test_a_renewed_certificate_signs_the_next_file(authority, reader, statement):
    claims = authority.claims
    signer = C2paSigner(claims)
    leaf = authority.claim_leaf()

    claims.holder, claims.chain = leaf, [leaf.der, authority.issuing.der]

    assert (
        reader.read(signer.sign(picture("PNG"), "image/png", statement).data, "image/png").state
        is ManifestState.TRUSTED
    )


def test_ed25519_signs_too(authority, statement):
    leaf = authority.claim_leaf(ed25519.Ed25519PrivateKey.generate())
    claims = Claims(leaf, [leaf.der, authority.issuing.der], alg="Ed25519")

    signed = C2paSigner(claims).sign(picture("PNG"), "image/png", statement)

    assert C2paReader([authority.root.pem]).read(signed.data, "image/png").state is ManifestState.TRUSTED


def test_a_key_that_does_not_answer_is_named(authority, statement):
    claims = replace(authority.claims, fails=True)

    with pytest.raises(Unavailable, match="locked away"):
        C2paSigner(claims).sign(picture("PNG"), "image/png", statement)


def test_an_expired_certificate_never_leaves(authority, statement):
    leaf = authority.claim_leaf(days=(-30, -1))

    with pytest.raises(Misconfigured):
        C2paSigner(Claims(leaf, [leaf.der, authority.issuing.der])).sign(picture("PNG"), "image/png", statement)


def test_a_key_that_is_not_the_certificates_never_leaves(authority, statement):
    other = authority.claim_leaf()

    with pytest.raises(Misconfigured):
        C2paSigner(Claims(other, authority.claims.chain)).sign(picture("PNG"), "image/png", statement)


def test_a_self_signed_certificate_is_refused(authority, statement):
    claims = Claims(authority.root, [authority.root.der])

    with pytest.raises(Misconfigured):
        C2paSigner(claims).sign(picture("PNG"), "image/png", statement)


def test_an_unknown_algorithm_or_certificate_is_refused(authority):
    with pytest.raises(Misconfigured, match="ES257"):
        C2paSigner(replace(authority.claims, alg="ES257"))
    with pytest.raises(Misconfigured, match="certificate"):
        C2paSigner(replace(authority.claims, chain=[b"not DER"]))


def test_what_is_no_picture_is_refused(signer, statement):
    with pytest.raises(UnreadableImage):
        signer.sign(b"not a picture", "image/png", statement)


def test_a_bad_statement_is_refused_before_the_key_is_asked(authority, statement):
    claims = authority.claims

    with pytest.raises(InvalidRequest, match="soft binding"):
        C2paSigner(claims).sign(picture("PNG"), "image/png", replace(statement, soft_bindings=()))

    assert claims.signed == 0


def test_every_format_that_we_carry_was_tried():
    assert {media_type(form) for form in FORMATS} == carriers.CARRIERS


def test_the_revocation_answer_is_older_than_the_time_stamp(authority, statement):
    """A verifier asks what was known of the certificate at the stamped time."""
    order = []

    class Responder:
        def staple(self):
            order.append("staple")

    class Stamps:
        def timestamp(self, imprint):
            order.append("stamp")
            return authority.stamps.timestamp(imprint)

    signer = C2paSigner(authority.claims, timestamper=Stamps(), revocation=Responder())
    signer.sign(picture("PNG"), "image/png", statement)

    assert order == ["staple", "stamp"]
