"""Whatever is handed to `provenance verify`, it answers with an error of the tree and one of its exit codes, never with
a defect. What is valid and then changed is refused, or says what it said before."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.core import errors
from provenance.core.errors import ProvenanceError
from provenance.credentials import Supplied, pinned_did_document
from provenance.credentials.c2pa import carriers
from provenance.credentials.c2pa.store import ManifestStore
from provenance.faces.cli.verifying import certificates, pictures, subjects
from provenance.faces.cli.verifying.pins import Brought, LogCheck, log_policy
from scripts.golden import credentials as generator
from scripts.golden import log
from tests.cli import cli

FOLDER = Path(__file__).parents[2] / "golden" / "credentials"
PICTURE = (FOLDER / "valid.png").read_bytes()
STORE = carriers.extract(PICTURE, "image/png")
BUNDLE = (FOLDER / "valid-bundle.json").read_bytes()
PAIR = (FOLDER / "pair.json").read_bytes()
PROOF = json.loads(BUNDLE)["logProof"]
ROOT = (FOLDER / "root.pem").read_text()
POLICY = log_policy([log.LOG.public.text], [witness.public.text for witness in log.WITNESSES], 2)
CODES = {
    error.code for error in vars(errors).values() if isinstance(error, type) and issubclass(error, ProvenanceError)
}
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
BROUGHT = Brought(
    keyring=pinned_did_document((FOLDER / "did.json").read_bytes()),
    now=datetime.fromisoformat(generator.expected()["now"]),
    anchors=(ROOT,),
    stamp_anchors=(ROOT,),
    supplied=Supplied(check_log=LogCheck(POLICY)),
)


def judged(data: bytes, content: bytes | None = None, supplied: Supplied | None = None) -> str:
    """As the command judges it; the error's code, or how it ended well. Anything else is a defect, and fails."""
    brought = BROUGHT if supplied is None else Brought(
        keyring=BROUGHT.keyring, now=BROUGHT.now, anchors=BROUGHT.anchors, supplied=supplied
    )  # fmt: skip
    media_type = subjects.media_type(data)
    try:
        if media_type is None:
            certificates.verify_certificate(data, content, brought)
            return "verified"
        answer = pictures.verify_picture(data, media_type, brought)
    except ProvenanceError as error:
        return error.code
    return "trusted" if answer.error is None else answer.error.code


@dataclass(frozen=True)
class Change:
    """One byte changed, a run cut out, a run doubled, or the rest cut off."""

    how: str
    place: int
    length: int
    byte: int

    def of(self, data: bytes) -> bytes:
        place = self.place % len(data)
        end = min(len(data), place + self.length)
        return {
            "flip": data[:place] + bytes([self.byte]) + data[place + 1 :],
            "cut": data[:place] + data[end:],
            "double": data[:end] + data[place:],
            "end": data[:place],
        }[self.how]


changes = st.builds(
    Change,
    st.sampled_from(("flip", "flip", "cut", "double", "end")),
    st.integers(0, 1 << 16),
    st.integers(1, 40),
    st.integers(0, 255),
)


def signed_part(store: bytes) -> tuple[bytes, bytes]:
    """What the signature covers of a store: the claim, and the assertions that it names by their hashes. Padding, names
    of boxes and the signature's own unprotected header are nobody's."""
    parsed = ManifestStore.parse(store)
    inside = {child.type: child for child in parsed.active.children}
    assertions = [parsed.bytes_of(one.content[0]) for one in inside[b"c2as"].children]
    return parsed.bytes_of(inside[b"c2cl"].content[0]), b"".join(assertions)


def test_what_is_not_changed_holds():
    assert (judged(PICTURE), judged(BUNDLE), judged(PAIR, PICTURE)) == ("trusted", "verified", "verified")


@FUZZ
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_anything(data):
    assert judged(data) not in ("trusted", "verified")


@pytest.mark.parametrize(
    "magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"II*\0", b"MM\0*"]
)
@settings(max_examples=15, deadline=None)
@given(tail=st.binary(max_size=200))
def test_anything_that_begins_like_a_picture(magic, tail):
    assert judged(magic + tail) not in ("trusted", "verified")


@FUZZ
@given(changes)
def test_changed_pictures(change):
    data = change.of(PICTURE)
    if judged(data) == "trusted":
        assert signed_part(carriers.extract(data, "image/png")) == signed_part(STORE)
        assert data.partition(b"caBX")[0] == PICTURE.partition(b"caBX")[0]
        assert data[data.find(b"IDAT") :] == PICTURE[PICTURE.find(b"IDAT") :]


@FUZZ
@given(changes)
def test_changed_manifest_stores_beside_the_picture(change):
    bare = PICTURE.replace(b"caBX", b"caBY")
    ended = judged(bare, supplied=Supplied(manifest=change.of(STORE)))
    assert ended in CODES


@FUZZ
@given(st.integers(0, len(STORE) - 1), st.integers(0, 255))
def test_changed_bytes_of_the_manifest_store_inside_the_picture(place, byte):
    store = STORE[:place] + bytes([byte]) + STORE[place + 1 :]
    if judged(carriers.replace(PICTURE, "image/png", store)) == "trusted":
        assert signed_part(store) == signed_part(STORE)


@FUZZ
@given(changes)
def test_changed_bundles(change):
    data = change.of(BUNDLE)
    if judged(data) == "verified":
        assert json.loads(data)["certificate"] == json.loads(BUNDLE)["certificate"]


@FUZZ
@given(changes)
def test_changed_log_proofs(change):
    proof = change.of(PROOF.encode()).decode("utf-8", "replace")
    ended = judged(BUNDLE, supplied=Supplied(check_log=LogCheck(POLICY), log_proof=proof))
    assert ended in CODES | {"verified"}
    if ended == "verified":  # a cosignature more or less, as long as there are enough
        assert proof.partition("\n\n")[0] == PROOF.partition("\n\n")[0]


@settings(max_examples=25, deadline=None)
@given(changes, changes)
def test_changed_pairs(first, second):
    certificate, picture = first.of(PAIR), second.of(PICTURE)
    assert judged(certificate, picture) in CODES | {"verified"}
    assert picture == PICTURE or judged(PAIR, picture) == "content-mismatch"


@settings(max_examples=12, deadline=None)
@given(change=changes)
def test_the_command_itself_ends_with_one_of_its_codes(tmp_path_factory, change):
    path = tmp_path_factory.mktemp("fuzz") / "picture"
    path.write_bytes(change.of(PICTURE))
    done = cli("verify", path, "--trust-anchors", FOLDER / "root.pem", "--json")
    assert done.code in (0, 2, 3, 4, 5)
    assert "Traceback" not in done.err
    assert done.answer["result" if "result" in done.answer else "error"]
