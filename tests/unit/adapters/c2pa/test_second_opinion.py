"""The same files before a verifier that shares no code with c2pa-rs, under C2PA's conformance rules."""

import datetime as dt
from dataclasses import replace

import encypher_c2pa
import pytest

from provenance.adapters.c2pa import C2paSigner
from provenance.credentials.c2pa import cose
from provenance.credentials.c2pa.reseal import signature_imprint
from provenance.credentials.c2pa.store import ManifestStore
from tests.unit.adapters.c2pa.authority import NOW
from tests.unit.adapters.c2pa.conftest import ISCC, MARK, picture


@pytest.fixture(scope="module")
def verdict(authority):
    def ask(data, media_type="image/png", **more):
        return encypher_c2pa.verify(
            data,
            media_type,
            trust_pem=authority.root.pem,
            tsa_trust_pem=authority.stamp_root.pem,
            no_default_trust=True,
            strict_conformance=True,
            telemetry=False,
            online=False,
            **more,
        )

    return ask


def codes(found, kind):
    return [status["code"] for status in found["validation_results"][kind]]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "AVIF"])
def test_strictly_conforming_and_trusted(signer, statement, verdict, form):
    signed = signer.sign(picture(form), f"image/{form.lower()}", statement)

    found = verdict(signed.data, f"image/{form.lower()}")

    assert codes(found, "failure") == []
    assert found["validation_state"] == "Trusted"
    assert found["trust"]["revocation"]["status"] == "not_revoked"


def test_without_staple_and_stamp_it_is_not_strictly_conforming(authority, statement, verdict):
    signed = C2paSigner(authority.claims).sign(picture("PNG"), "image/png", statement)

    assert codes(verdict(signed.data), "failure")


def test_a_changed_picture_is_refused(signed_png, verdict):
    changed = bytearray(signed_png.data)
    changed[changed.rfind(b"IDAT") + 200] ^= 1

    found = verdict(bytes(changed))

    assert found["validation_state"] == "Invalid"
    assert "assertion.dataHash.mismatch" in codes(found, "failure")


def test_an_update_is_trusted(signer, signed_png, change, verdict):
    found = verdict(signer.update(signed_png.data, "image/png", change).data)

    assert (found["validation_state"], codes(found, "failure")) == ("Trusted", [])


def test_beside_the_file(signer, statement, verdict):
    signed = signer.sign(picture("PNG"), "image/png", replace(statement, embed=False))

    assert verdict(signed.data, manifest_store=signed.manifest)["validation_state"] == "Trusted"


def test_a_stamp_outlives_the_certificate(authority, signer, statement, change, verdict):
    """A year later the leaf has expired: a manifest with a time-stamp holds, late or not; one without does not."""
    later = (NOW + dt.timedelta(days=302)).isoformat().replace("+00:00", "Z")
    unstamped = C2paSigner(authority.claims, revocation=authority.responder).sign(
        picture("PNG"), "image/png", statement
    )
    stamped = signer.sign(picture("PNG"), "image/png", statement)
    late = signer.update(unstamped.data, "image/png", replace(change, published=False, time_stamp=True))

    found = [verdict(signed.data, validation_time=later) for signed in (unstamped, stamped, late)]

    assert "claimSignature.outsideValidity" in codes(found[0], "failure")
    assert [verdict["validation_state"] for verdict in found] == ["Invalid", "Trusted", "Trusted"]


def test_the_bytes_are_bytes(signed_png):
    """C2PA's CDDL asks for byte strings; the builder alone writes text."""
    store = ManifestStore.parse(signed_png.manifest)
    found = []
    for label in ("c2pa.soft-binding", "c2pa.soft-binding__1"):
        box = store.assertion(label).only(b"cbor")
        data = cose.decode(store.bytes_of(box), "soft binding")
        assert data["pad"] == b""
        found.append((data["alg"], data["blocks"][0]["value"]))

    assert found == [(MARK.alg, MARK.value), (ISCC.alg, ISCC.value)]


def test_the_late_stamp_is_over_the_first_manifests_signature(authority, statement, change):
    stamps = authority.stamps
    signer = C2paSigner(authority.claims, timestamper=stamps)
    signed = C2paSigner(authority.claims).sign(picture("PNG"), "image/png", statement)

    signer.update(signed.data, "image/png", replace(change, published=False, time_stamp=True))

    assert stamps.asked[0] == signature_imprint(signed.manifest)[1]
