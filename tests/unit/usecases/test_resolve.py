"""Soft bindings lead to manifests: which, how strongly, and when not."""

import base64
from dataclasses import dataclass, field

import numpy as np
import pytest

from provenance.core.errors import (
    InvalidRequest,
    Rejected,
    SourceFailed,
    SourceRefused,
    TooLarge,
    Unavailable,
    UnsupportedFormat,
)
from provenance.core.records import Binding, ManifestRecord, Work
from provenance.credentials.c2pa import iscc
from provenance.credentials.c2pa.iscc import ALG as FINGERPRINT_ALG
from provenance.usecases.bindings import ANY_ALG, mark_value
from provenance.usecases.manifests import ManifestRepository
from provenance.usecases.resolve import MAX_RESULTS, Found, Question, Rectangle, Reference, Resolve
from tests.doubles import PixelWatermarker, copy_mark
from tests.repository import RealProofs, ToyReader, a_store, an_iscc, image_bits, manifest_id, mark_binding
from tests.unit.usecases.conftest import Studio, decoded, encoded, painting, png

TRUSTMARK = "com.adobe.trustmark.P"
MARK_ALG = PixelWatermarker.alg
ONE, TWO = manifest_id(1), manifest_id(2)
URL = "https://pictures.example/a.png"


@dataclass
class Shelf:
    """Answers URLs from memory (the `Fetcher` port)."""

    files: dict[str, bytes | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        found = self.files[url]
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class Resolver:
    """A studio with manifests. Works get the manifests 100, 101, …; those of strangers are numbered by the test."""

    studio: Studio
    shelf: Shelf = field(default_factory=Shelf)
    works: int = 100

    @property
    def resolve(self) -> Resolve:
        studio = self.studio
        return Resolve(
            store=studio.store,
            images=studio.images,
            watermarker=studio.watermarker,
            matcher=studio.matcher,
            fetcher=self.shelf,
            max_bytes=1 << 20,
        )

    @property
    def kept(self) -> ManifestRepository:
        proofs = RealProofs(self.studio.store, self.studio.signer)
        studio = self.studio
        return ManifestRepository(
            store=studio.store,
            blobs=studio.blobs,
            reader=ToyReader(),
            proofs=proofs,
            clock=studio.clock,
            mark_alg=MARK_ALG,
        )

    def registered(self, seed: int) -> tuple[Work, str]:
        """A work with its manifest, as a registration leaves them."""
        work = self.studio.registered(seed)
        id_, self.works = manifest_id(self.works), self.works + 1
        code = base64.b64encode(an_iscc(image_bits(decoded(self.studio.file(work))))).decode()
        with self.studio.store.unit() as unit:
            record = ManifestRecord(id_, "0" * 64, work.owner, self.studio.clock(), work.id)
            unit.manifests.add(record, [mark_binding(MARK_ALG, work.id, id_), Binding(FINGERPRINT_ALG, code, id_)])
        return work, id_

    def stored(self, number: int, *bindings: tuple[str, bytes], owner: str = "stranger") -> str:
        return self.kept.add(a_store(number, *bindings), owner=owner).id

    def by_mark(self, work: Work) -> list[Found]:
        return self.resolve.by_binding(MARK_ALG, work.id.payload.to_bytes(8, "big"))

    def look(self, data: bytes, **question: object) -> list[Found]:
        return self.resolve.by_content(data, Question(**question))  # type: ignore[arg-type]

    def follow(self, data: bytes | Exception, **question: object) -> list[Found]:
        self.shelf.files[URL] = data
        reference = Reference(url=URL, length=1 << 20)
        return self.resolve.by_reference(reference, Question(**question))  # type: ignore[arg-type]


@pytest.fixture
def resolver(studio: Studio) -> Resolver:
    return Resolver(studio)


def lossy(pixels: np.ndarray) -> bytes:
    """Loses the mark of `PixelWatermarker`, keeps the content."""
    return encoded(pixels, "JPEG", quality=80)


def ids(found: list[Found]) -> list[str]:
    return [one.manifest_id for one in found]


# ---- by value


def test_our_watermark_leads_to_the_active_manifest_of_its_work(resolver: Resolver) -> None:
    work, first = resolver.registered(1)
    assert resolver.by_mark(work) == [Found(first, 100)]
    resolver.studio.clock.advance(hours=1)
    newer = ManifestRecord(ONE, "0" * 64, work.owner, resolver.studio.clock(), work.id)
    with resolver.studio.store.unit() as unit:
        unit.manifests.add(newer, [])
    assert resolver.by_mark(work) == [Found(ONE, 100)]


def test_nobody_elses_manifest_stands_behind_our_watermark(resolver: Resolver) -> None:
    """Not even one that was bound before there were rules, under our name or under none."""
    work, ours = resolver.registered(1)
    thief = resolver.stored(1)
    with resolver.studio.store.unit() as unit:
        for alg in (MARK_ALG, ANY_ALG):
            unit.manifests.bind(Binding(alg, mark_binding(MARK_ALG, work.id, thief).value, thief))
    assert resolver.by_mark(work) == [Found(ours, 100)]


def test_a_work_keeps_the_name_that_its_watermark_had_when_it_was_made(resolver: Resolver) -> None:
    """After the watermark's next version, too, nobody else gets between the old one and its works."""
    work, ours = resolver.registered(1)
    value = mark_value(work.id)

    class Newer(PixelWatermarker):
        alg = "pixel-2"

    resolver.studio.watermarker = Newer()
    thief = resolver.stored(1)
    with resolver.studio.store.unit() as unit:
        unit.manifests.bind(Binding(MARK_ALG, mark_binding(MARK_ALG, work.id, thief).value, thief))
    assert resolver.resolve.by_binding(MARK_ALG, value) == [Found(ours, 100)]
    hint = {"hint_alg": MARK_ALG, "hint_value": base64.b64encode(value).decode()}
    assert ids(resolver.look(lossy(decoded(resolver.studio.file(work))), **hint)) == [ours]
    assert resolver.look(png(painting(9)), **hint) == []


def test_a_withdrawn_work_is_never_answered(resolver: Resolver) -> None:
    work, id_ = resolver.registered(1)
    data = resolver.studio.file(work)
    with resolver.studio.store.read() as unit:
        code = next(b.value for b in unit.manifests.bindings(id_) if b.alg == FINGERPRINT_ALG)
    resolver.studio.withdraw(work.id, owner=work.owner)
    assert resolver.by_mark(work) == []
    assert resolver.resolve.by_binding(FINGERPRINT_ALG, base64.b64decode(code)) == []
    assert resolver.look(data) == resolver.look(lossy(decoded(data))) == []
    hint = mark_binding(MARK_ALG, work.id, id_)
    assert resolver.look(data, hint_alg=hint.alg, hint_value=hint.value) == []


def test_an_unknown_mark_leads_nowhere_and_one_of_another_length_is_none(resolver: Resolver) -> None:
    assert resolver.resolve.by_binding(MARK_ALG, bytes(8)) == []
    with pytest.raises(InvalidRequest, match="8 bytes"):
        resolver.resolve.by_binding(MARK_ALG, bytes(7))


def test_other_algorithms_lead_to_what_was_bound_newest_first(resolver: Resolver) -> None:
    for number in (1, 2):
        resolver.stored(number, (TRUSTMARK, b"same"))
        resolver.studio.clock.advance(hours=1)
    resolver.stored(3, (TRUSTMARK, b"other"))
    assert resolver.resolve.by_binding(TRUSTMARK, b"same") == [Found(TWO, 100), Found(ONE, 100)]
    assert ids(resolver.resolve.by_binding(TRUSTMARK, b"same", limit=1)) == [TWO]
    assert resolver.resolve.by_binding("com.adobe.trustmark.Q", b"same") == []
    with pytest.raises(InvalidRequest, match="algorithm"):
        resolver.resolve.by_binding("no name", b"same")


def test_a_binding_without_an_algorithm_is_found_under_any(resolver: Resolver) -> None:
    resolver.stored(1)
    resolver.kept.bind(ONE, "AQID", alg=None, owner="stranger")
    assert ids(resolver.resolve.by_binding(TRUSTMARK, b"\x01\x02\x03")) == [ONE]


def test_no_answer_is_longer_than_the_cap(resolver: Resolver) -> None:
    for number in range(MAX_RESULTS + 5):
        resolver.stored(number, (TRUSTMARK, b"same"))
    assert len(resolver.resolve.by_binding(TRUSTMARK, b"same", limit=10**9)) == MAX_RESULTS


# ---- by ISCC


def flipped(code: int, bits: int) -> int:
    return code ^ (1 << bits) - 1


@pytest.mark.parametrize(("bits", "score"), [(0, 99), (1, 99), (8, 94), (iscc.NEAR_BITS, 75)])
def test_a_near_iscc_is_answered_with_its_distance(resolver: Resolver, bits: int, score: int) -> None:
    code = image_bits(painting(1))
    resolver.stored(1, (FINGERPRINT_ALG, an_iscc(code, instance=bytes(32))))
    query = an_iscc(flipped(code, bits), instance=b"\x01" * 32)
    assert resolver.resolve.by_binding(FINGERPRINT_ALG, query) == [Found(ONE, score)]


def test_an_equal_iscc_is_certain_and_a_far_one_is_none(resolver: Resolver) -> None:
    code = image_bits(painting(1))
    resolver.stored(1, (FINGERPRINT_ALG, an_iscc(code)))
    resolver.stored(2, (FINGERPRINT_ALG, an_iscc(flipped(code, iscc.NEAR_BITS + 1))))
    assert resolver.resolve.by_binding(FINGERPRINT_ALG, an_iscc(code)) == [Found(ONE, 100)]


def test_an_iscc_without_an_image_code_is_compared_as_a_whole(resolver: Resolver) -> None:
    resolver.stored(1, (FINGERPRINT_ALG, an_iscc(None)))
    assert ids(resolver.resolve.by_binding(FINGERPRINT_ALG, an_iscc(None))) == [ONE]
    assert resolver.resolve.by_binding(FINGERPRINT_ALG, an_iscc(None, instance=b"\x01" * 32)) == []


def test_a_search_reads_more_than_a_page(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.usecases.resolve.PAGE", 3)
    code = image_bits(painting(1))
    for number in range(10):
        resolver.stored(number, (FINGERPRINT_ALG, an_iscc(flipped(code, number + 1), bytes([number]) * 32)))
    found = resolver.resolve.by_binding(FINGERPRINT_ALG, an_iscc(code), limit=4)
    assert ids(found) == [manifest_id(number) for number in range(4)]


# ---- by picture


def test_the_file_itself_is_certain_and_a_copy_is_as_sure_as_the_matcher(resolver: Resolver) -> None:
    work, id_ = resolver.registered(1)
    resolver.registered(2)
    marked = resolver.studio.file(work)
    assert resolver.look(marked) == [Found(id_, 100)]
    assert resolver.look(encoded(decoded(marked), "TIFF")) == [Found(id_, 100)]
    ((copied, score),) = [(one.manifest_id, one.score) for one in resolver.look(lossy(decoded(marked)))]
    assert copied == id_
    assert score in (90, 99)


def test_a_mark_on_another_picture_is_not_answered(resolver: Resolver) -> None:
    """C2PA 2.4, 1.2.2.3: the watermark of one picture, copied onto another."""
    work, _ = resolver.registered(1)
    forged = png(copy_mark(decoded(resolver.studio.file(work)), painting(2)))
    assert resolver.studio.watermarker.detect(decoded(forged)).payload == work.id.payload
    assert resolver.look(forged) == []
    assert resolver.look(forged, alg=MARK_ALG) == []
    hint = mark_binding(MARK_ALG, work.id, "")
    assert resolver.look(forged, hint_alg=hint.alg, hint_value=hint.value) == []


def test_a_mark_copied_onto_a_registered_work_leads_to_what_the_picture_shows(resolver: Resolver) -> None:
    work, _ = resolver.registered(1)
    victim, shown = resolver.registered(2)
    forged = copy_mark(decoded(resolver.studio.file(work)), decoded(resolver.studio.file(victim)))
    assert ids(resolver.look(png(forged))) == [shown]
    assert resolver.look(png(forged), alg=MARK_ALG) == []


def test_one_algorithm_answers_for_itself_alone(resolver: Resolver) -> None:
    work, id_ = resolver.registered(1)
    marked = decoded(resolver.studio.file(work))
    assert ids(resolver.look(png(marked), alg=MARK_ALG)) == [id_]
    assert resolver.look(lossy(marked), alg=MARK_ALG) == []  # the mark is gone
    assert ids(resolver.look(lossy(marked), alg=FINGERPRINT_ALG)) == [id_]
    with pytest.raises(InvalidRequest, match=f"does not read {TRUSTMARK}"):
        resolver.look(png(marked), alg=TRUSTMARK)


def test_a_strangers_manifest_is_found_by_its_fingerprint(resolver: Resolver) -> None:
    resolver.stored(1, (FINGERPRINT_ALG, an_iscc(image_bits(painting(5)))))
    assert ids(resolver.look(lossy(painting(5)))) == [ONE]
    assert resolver.look(lossy(painting(6))) == []


def test_a_picture_of_two_kinds_of_manifests_leads_to_both_best_first(resolver: Resolver) -> None:
    work, ours = resolver.registered(1)
    marked = resolver.studio.file(work)
    resolver.stored(1, (FINGERPRINT_ALG, an_iscc(flipped(image_bits(decoded(marked)), 8))))
    assert resolver.look(marked) == [Found(ours, 100), Found(ONE, 94)]
    assert resolver.look(marked, limit=1) == [Found(ours, 100)]


# ---- hints


def hint(alg: str, value: bytes) -> dict[str, str]:
    return {"hint_alg": alg, "hint_value": base64.b64encode(value).decode()}


def test_a_hint_leads_to_what_the_picture_does_not_deny(resolver: Resolver) -> None:
    pixels = painting(5)
    near, far = an_iscc(flipped(image_bits(pixels), 8)), an_iscc(flipped(image_bits(pixels), 200))
    resolver.stored(1, (TRUSTMARK, b"h"), (FINGERPRINT_ALG, near))
    resolver.stored(2, (TRUSTMARK, b"h"), (FINGERPRINT_ALG, far))
    resolver.stored(3, (TRUSTMARK, b"h"))
    found = resolver.look(png(pixels), **hint(TRUSTMARK, b"h"), alg=MARK_ALG)
    assert found == [Found(ONE, 94), Found(manifest_id(3), None)]


def test_a_hint_to_a_work_counts_where_the_picture_shows_it(resolver: Resolver) -> None:
    work, id_ = resolver.registered(1)
    with resolver.studio.store.unit() as unit:
        unit.manifests.bind(Binding(TRUSTMARK, base64.b64encode(b"h").decode(), id_))
    shown = lossy(decoded(resolver.studio.file(work)))
    for given in (hint(TRUSTMARK, b"h"), hint(MARK_ALG, work.id.payload.to_bytes(8, "big"))):
        assert ids(resolver.look(shown, **given, alg=MARK_ALG)) == [id_]
        assert resolver.look(png(painting(7)), **given) == []


@pytest.mark.parametrize(
    "question",
    [
        {"hint_alg": TRUSTMARK},
        {"hint_value": "AQID"},
        {"hint_alg": "no name", "hint_value": "AQID"},
        {"hint_alg": TRUSTMARK, "hint_value": "%"},
        {"hint_alg": MARK_ALG, "hint_value": "AQID"},
    ],
)
def test_half_a_hint_or_a_wrong_one_is_said_to_be_wrong(resolver: Resolver, question: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        resolver.look(png(painting(1)), **question)


# ---- by address


def test_a_picture_at_an_address_is_a_picture(resolver: Resolver) -> None:
    work, id_ = resolver.registered(1)
    assert resolver.follow(resolver.studio.file(work)) == [Found(id_, 100)]
    assert resolver.shelf.asked == [URL]


def test_only_the_region_is_looked_at(resolver: Resolver) -> None:
    work, id_ = resolver.registered(1)
    pixels = np.zeros((64, 192, 3), np.uint8)
    pixels[:, 64:128] = decoded(resolver.studio.file(work))
    assert resolver.follow(png(pixels)) == []
    for region in (Rectangle(64, 0, 64, 64), Rectangle(100 / 3, 0, 100 / 3, 100, percent=True)):
        assert ids(resolver.follow(png(pixels), region=region)) == [id_]
    assert resolver.follow(png(pixels), region=Rectangle(0, 0, 64, 64)) == []
    with pytest.raises(InvalidRequest, match="outside the picture"):
        resolver.follow(png(pixels), region=Rectangle(500, 0, 64, 64))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (SourceRefused("the URL answers with status 404"), SourceFailed),
        (Unavailable("the host does not answer"), SourceFailed),
        (InvalidRequest("the host is not on the public internet"), InvalidRequest),
        (TooLarge("the answer is larger than that"), TooLarge),
        (b"<html>", InvalidRequest),
        (b"\x89PNG\r\n\x1a\n", InvalidRequest),
    ],
    ids=["refused", "down", "private", "large", "web page", "truncated"],
)
def test_an_address_that_gives_no_picture(
    resolver: Resolver, answer: bytes | Exception, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        resolver.follow(answer)
    assert type(caught.value) is error


def test_what_the_caller_says_about_the_file_has_to_be_so(resolver: Resolver) -> None:
    data = png(painting(1))
    resolver.shelf.files[URL] = data
    for reference, error in (
        (Reference(url=URL, length=len(data) - 1), TooLarge),
        (Reference(url=URL, length=len(data), media_type="image/jpeg"), InvalidRequest),
        (Reference(url=URL.replace("https", "http"), length=len(data)), InvalidRequest),
    ):
        with pytest.raises(error):
            resolver.resolve.by_reference(reference, Question())
    assert resolver.resolve.by_reference(Reference(url=URL, length=len(data), media_type="IMAGE/PNG"), Question()) == []
    asked = len(resolver.shelf.asked)
    with pytest.raises(TooLarge, match="not fetched"):
        resolver.resolve.by_reference(Reference(url=URL, length=(1 << 20) + 1), Question())
    assert len(resolver.shelf.asked) == asked


def test_what_is_no_picture_is_refused_as_everywhere(resolver: Resolver) -> None:
    for data, error in ((b"text", UnsupportedFormat), (b"\x89PNG\r\n\x1a\n", Rejected)):
        with pytest.raises(error):
            resolver.look(data)
