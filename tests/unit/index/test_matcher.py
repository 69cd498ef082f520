import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import index
from index import Matcher, Operation
from index.embedders.lite0 import Lite0Embedder
from index.fingerprint import DamagedFingerprint, ForeignFingerprint, unpack
from index.matcher import is_content
from index.vectors.generations import FolderInUse
from tests.unit.index.scenes import jpeg, scene, turn, warp

EXAMPLES = Path(__file__).parents[3] / "examples"
WORKS = sorted((EXAMPLES / "artworks").glob("*.jpg"))
INNOCENT = sorted((EXAMPLES / "innocent").glob("*.jpg"))


def read(path: Path) -> np.ndarray:
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    scale = min(1.0, 700 / max(picture.shape))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="module")
def embedder() -> Lite0Embedder:
    return Lite0Embedder()


@pytest.fixture(scope="module")
def gallery(embedder: Lite0Embedder) -> Matcher:
    """Every example work, registered. Tests only ask it."""
    matcher = Matcher(embedder=embedder)
    matcher.add([path.stem for path in WORKS], [read(path) for path in WORKS])
    return matcher


@pytest.fixture(scope="module")
def prints(embedder: Lite0Embedder) -> list[bytes]:
    return Matcher(embedder=embedder).describe([scene(seed) for seed in range(4)])


@pytest.fixture
def matcher(embedder: Lite0Embedder) -> Matcher:
    return Matcher(embedder=embedder)


def best(matcher: Matcher, picture: np.ndarray) -> tuple[str, str]:
    found = matcher.match(picture)
    return (found[0].id, found[0].grade) if found else ("", "none")


def content(matcher: Matcher, picture: np.ndarray) -> set[str]:
    return {match.id for match in matcher.match(picture) if is_content(match)}


def captioned(picture: np.ndarray) -> np.ndarray:
    """A screenshot: bars above and below, a logo, words over the picture."""
    height, width = picture.shape[:2]
    page = cv2.copyMakeBorder(picture, height // 8, height // 5, 30, 30, cv2.BORDER_CONSTANT, value=(24, 24, 24))
    cv2.putText(page, "Gallery    Share    Follow", (40, height // 10), 0, 1, (200, 200, 200), 2)
    cv2.putText(page, "NEW PRINTS ON SALE", (60, height // 2), 0, 1.4, (255, 255, 255), 3)
    cv2.circle(page, (width - 40, height // 4), width // 14, (220, 40, 90), -1)
    return page


def laundered(picture: np.ndarray) -> np.ndarray:
    """A heavy crop, a filter, and text."""
    height, width = picture.shape[:2]
    part = picture[height // 5 : height * 3 // 4, width // 4 : width * 4 // 5].astype(float)
    part = np.clip((part - 128) * 1.25 + 128 + [25, 0, -30], 0, 255).astype(np.uint8)
    cv2.putText(part, "FREE WALLPAPER", (10, 40), 0, 1.1, (255, 255, 255), 3)
    return jpeg(part, 70)


def collage(picture: np.ndarray) -> np.ndarray:
    others = [read(path) for path in INNOCENT[4:6]]
    tiles = [cv2.resize(p, (420, 420), interpolation=cv2.INTER_AREA) for p in (others[0], picture, others[1])]
    return np.hstack(tiles)


MISUSES = {
    "recompressed": (lambda p: jpeg(p, 12), {"copy", "edited"}),
    "shrunk": (lambda p: cv2.resize(p, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA), {"copy", "edited"}),
    "crop": (lambda p: p[p.shape[0] // 3 : p.shape[0] * 5 // 6, p.shape[1] // 4 : p.shape[1] * 3 // 4], {"partial"}),
    "rotated 10": (lambda p: warp(p, turn(10, 0.85, (p.shape[1] / 2, p.shape[0] / 2))), {"edited", "partial"}),
    "rotated 90": (lambda p: np.rot90(p), {"edited"}),
    "mirrored": (lambda p: p[:, ::-1], {"edited"}),
    "screenshot": (captioned, {"edited", "partial"}),
    "collage": (collage, {"partial"}),
    "filter": (lambda p: np.clip(p * [1.15, 0.95, 0.7] + 12, 0, 255).astype(np.uint8), {"copy", "edited"}),
    "laundered": (laundered, {"partial"}),
}


class TestFinding:
    @pytest.mark.parametrize("kind", MISUSES)
    @pytest.mark.parametrize("work", ["aivazovsky-ninth-wave", "vermeer-milkmaid"])
    def test_a_misuse_of_a_work(self, gallery: Matcher, kind: str, work: str):
        make, grades = MISUSES[kind]
        picture = np.ascontiguousarray(make(read(EXAMPLES / "artworks" / f"{work}.jpg")))

        found = gallery.match(picture)
        assert [m.id for m in found if is_content(m)] == [work]
        assert found[0].grade in grades
        assert found[0].region_query
        assert found[0].region_reference

    @pytest.mark.parametrize("path", INNOCENT, ids=lambda path: path.stem)
    def test_an_innocent_relative_is_no_match(self, gallery: Matcher, path: Path):
        assert content(gallery, read(path)) == set()

    def test_the_same_pixels_are_identical_and_nothing_else_is_looked_for(self, gallery: Matcher):
        found = gallery.match(read(WORKS[3]))

        assert [(m.id, m.grade, m.probability) for m in found] == [(WORKS[3].stem, "identical", 1.0)]

    def test_two_works_in_one_picture_are_both_found(self, gallery: Matcher):
        tiles = [cv2.resize(read(WORKS[i]), (500, 500), interpolation=cv2.INTER_AREA) for i in (5, 9)]
        found = {m.id: m for m in gallery.match(np.hstack(tiles)) if is_content(m)}

        assert set(found) == {WORKS[5].stem, WORKS[9].stem}
        left, right = (np.mean([x for x, _ in found[WORKS[i].stem].region_query]) for i in (5, 9))
        assert left < 0.4 < 0.6 < right

    def test_the_region_of_a_crop_is_where_it_was_cut(self, gallery: Matcher):
        picture = read(EXAMPLES / "artworks" / "bruegel-hunters-in-the-snow.jpg")
        height, width = picture.shape[:2]
        crop = np.ascontiguousarray(picture[height // 4 : height * 3 // 4, width // 2 :])

        region = np.array(gallery.match(crop)[0].region_reference)
        np.testing.assert_allclose([*region.min(axis=0), *region.max(axis=0)], [0.5, 0.25, 1, 0.75], atol=0.04)

    def test_answers_come_best_first_and_are_deterministic(self, gallery: Matcher):
        picture = captioned(read(WORKS[0]))

        one, two = gallery.match(picture), gallery.match(picture)
        assert one == two
        assert [m.grade for m in one] == sorted((m.grade for m in one), key=index.matcher.GRADES.index)

    def test_a_candidate_is_answered_whatever_it_is(self, gallery: Matcher):
        found = gallery.match(read(WORKS[0]), candidates=[WORKS[1].stem, "not-registered", WORKS[1].stem])

        assert [(m.id, m.grade) for m in found] == [(WORKS[0].stem, "identical"), (WORKS[1].stem, "none")]

    def test_explaining_tells_what_was_looked_at_and_dismissed(self, gallery: Matcher):
        picture = laundered(read(WORKS[2]))

        considered = gallery.explain(picture)
        answered = gallery.match(picture)
        assert len(considered) > len(answered)
        assert considered[: len(answered)] == answered
        assert all(match.grade == "none" and match.evidence for match in considered[len(answered) :])

    def test_explaining_tells_what_proposed_each_and_what_ended_the_search(self, gallery: Matcher):
        exact = {match.id: match for match in gallery.explain(read(WORKS[2]), candidates=[WORKS[4].stem])}
        assert (exact[WORKS[2].stem].proposed_by, exact[WORKS[2].stem].decisive) == (("pixels",), True)
        assert (exact[WORKS[4].stem].proposed_by, exact[WORKS[4].stem].decisive) == (("named",), False)
        assert len(exact) == 2

        near = gallery.explain(jpeg(read(WORKS[2]), 60), candidates=[WORKS[2].stem])[0]
        assert (near.id, near.proposed_by, near.decisive) == (WORKS[2].stem, ("named", "pdq"), True)

        searched = gallery.explain(laundered(read(WORKS[2])))
        assert not any(match.decisive for match in searched)
        assert all(match.proposed_by for match in searched)
        assert {"votes", "descriptor"} <= set(searched[0].proposed_by)

    def test_a_candidate_has_the_scores_of_every_stage_that_proposed_it(self, gallery: Matcher):
        picture = laundered(read(WORKS[2]))
        searched, named = gallery.explain(picture)[0], gallery.explain(picture, candidates=[WORKS[2].stem])[0]
        assert named.proposed_by == ("named", *searched.proposed_by)
        assert (named.evidence, named.grade, named.probability) == (
            searched.evidence,
            searched.grade,
            searched.probability,
        )

    def test_the_answer_does_not_depend_on_what_else_is_registered(self, gallery: Matcher, matcher: Matcher):
        matcher.add([WORKS[0].stem], [read(WORKS[0])])
        query = laundered(read(WORKS[0]))

        alone, among = matcher.match(query)[0], gallery.match(query)[0]
        assert (alone.id, alone.grade, alone.probability) == (among.id, among.grade, among.probability)


def qr_code() -> np.ndarray:
    modules = np.random.default_rng(3).integers(0, 2, (33, 33)) * 255
    return np.repeat(np.kron(modules, np.ones((12, 12)))[..., None], 3, axis=2).astype(np.uint8)


def text_page(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    page = np.full((900, 700, 3), 255, np.uint8)
    for row in range(24):
        words = " ".join(rng.choice(["the", "art", "of", "light", "and", "wood", "a", "river", "stood", "was"], 8))
        cv2.putText(page, words, (40, 60 + 34 * row), cv2.FONT_HERSHEY_COMPLEX, 0.7, (20, 20, 20), 1)
    return page


def gradient(axis: int) -> np.ndarray:
    ramp = np.linspace(0, 255, 400).astype(np.uint8)
    return np.repeat(np.broadcast_to(ramp[:, None] if axis else ramp, (400, 400))[..., None], 3, axis=2).copy()


ODD = {
    "black": np.zeros((300, 300, 3), np.uint8),
    "white": np.full((500, 200, 3), 255, np.uint8),
    "gradient": gradient(0),
    "other gradient": gradient(1),
    "noise": np.random.default_rng(1).integers(0, 256, (400, 400, 3)).astype(np.uint8),
    "other noise": np.random.default_rng(2).integers(0, 256, (400, 400, 3)).astype(np.uint8),
    "one pixel": np.full((1, 1, 3), 77, np.uint8),
    "two pixels": np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8),
    "icon": np.random.default_rng(4).integers(0, 256, (32, 32, 3)).astype(np.uint8),
    "thin": np.random.default_rng(5).integers(0, 256, (3, 900, 3)).astype(np.uint8),
    "qr": qr_code(),
    "page": text_page(1),
    "other page": text_page(2),
    "stripes": np.tile(np.repeat(np.array([0, 255], np.uint8), 8), (400, 25))[..., None].repeat(3, axis=2),
}


@pytest.fixture(scope="module")
def odd(embedder: Lite0Embedder) -> Matcher:
    matcher = Matcher(embedder=embedder)
    matcher.add(list(ODD), list(ODD.values()))
    matcher.add([f"work-{i}" for i in range(3)], [scene(i) for i in range(3)])
    return matcher


class TestOddPictures:
    @pytest.mark.parametrize("name", ODD)
    def test_it_is_itself_and_nothing_else(self, odd: Matcher, name: str):
        assert best(odd, ODD[name]) == (name, "identical")

    @pytest.mark.parametrize("name", ODD)
    def test_something_like_it_is_nobody_elses_copy(self, odd: Matcher, name: str):
        changed = ODD[name].copy()
        changed[0, 0] ^= 3

        assert content(odd, changed) <= {name}

    @pytest.mark.parametrize("seed", range(2))
    def test_new_noise_and_new_pages_match_nothing(self, odd: Matcher, seed: int):
        noise = np.random.default_rng(50 + seed).integers(0, 256, (350, 450, 3)).astype(np.uint8)

        assert content(odd, noise) == set()
        assert content(odd, text_page(60 + seed)) == set()


class TestSharedElements:
    @pytest.mark.slow
    def test_fifty_pictures_in_one_frame_are_not_each_other(self, matcher: Matcher):
        border = scene(500, 360, 360)

        def framed(seed: int) -> np.ndarray:
            picture = border.copy()
            picture[36:-36, 36:-36] = scene(seed, 288, 288)
            return picture

        matcher.add([str(seed) for seed in range(50)], [framed(seed) for seed in range(50)])

        assert all(content(matcher, framed(seed)) == set() for seed in range(100, 106))
        assert content(matcher, jpeg(framed(7), 50)) == {"7"}
        assert content(matcher, np.ascontiguousarray(framed(11)[60:300, 60:300])) == {"11"}

    def test_a_shared_logo_is_no_match(self, matcher: Matcher):
        def branded(seed: int) -> np.ndarray:
            picture = scene(seed)
            picture[300:380, 440:540] = scene(900, 80, 100)
            return picture

        matcher.add([str(seed) for seed in range(5)], [branded(seed) for seed in range(5)])

        assert all(content(matcher, branded(seed)) == set() for seed in range(20, 25))

    def test_a_work_registered_many_times_is_still_found(self, matcher: Matcher):
        copies = [jpeg(scene(1), 95 - 3 * i) for i in range(9)]
        matcher.add([f"copy-{i}" for i in range(9)], copies)
        matcher.add(["other"], [scene(2)])

        found = content(matcher, np.ascontiguousarray(scene(1)[100:330, 150:430]))
        assert len(found) >= 4
        assert "other" not in found


class TestTheRecord:
    def test_operations_are_followed_in_order(self, matcher: Matcher, prints: list[bytes]):
        matcher.apply([Operation(1, "a", prints[0]), Operation(2, "b", prints[1]), Operation(5, "a", None)])

        assert matcher.checkpoint() == 5
        assert len(matcher) == 1
        assert "a" not in matcher
        assert content(matcher, scene(0)) == set()
        assert best(matcher, scene(1)) == ("b", "identical")

    def test_what_was_seen_is_skipped(self, matcher: Matcher, prints: list[bytes]):
        operations = [Operation(1, "a", prints[0]), Operation(2, "a", None), Operation(3, "b", prints[1])]
        matcher.apply(operations)
        matcher.apply(operations)
        matcher.apply(operations[:1])

        assert matcher.checkpoint() == 3
        assert len(matcher) == 1

    def test_an_id_may_be_replaced_within_and_across_calls(self, matcher: Matcher, prints: list[bytes]):
        matcher.apply([Operation(1, "a", prints[0]), Operation(2, "a", prints[1])])
        assert best(matcher, scene(1)) == ("a", "identical")
        matcher.apply([Operation(3, "a", prints[2])])

        assert best(matcher, scene(2)) == ("a", "identical")
        assert content(matcher, scene(1)) == set()
        assert len(matcher) == 1

    def test_removing_the_unknown_moves_the_checkpoint_alone(self, matcher: Matcher):
        matcher.apply([Operation(9, "never", None)])

        assert matcher.checkpoint() == 9
        assert len(matcher) == 0

    def test_sequences_that_do_not_grow_are_refused_after_what_is_right(self, matcher: Matcher, prints: list[bytes]):
        with pytest.raises(ValueError, match="operation 2 came after 3"):
            matcher.apply([Operation(3, "a", prints[0]), Operation(2, "b", prints[1])])

        assert matcher.checkpoint() == 3
        assert len(matcher) == 1

    def test_a_fingerprint_of_another_model_is_refused_by_name(self, matcher: Matcher, prints: list[bytes]):
        foreign = unpack(prints[1])
        foreign = type(foreign)(**{**foreign.__dict__, "models": ("clip/other", *foreign.models[1:])})

        with pytest.raises(ForeignFingerprint, match=r"operation 2 \(b\).*clip/other"):
            matcher.apply(
                [Operation(1, "a", prints[0]), Operation(2, "b", foreign.pack()), Operation(3, "c", prints[2])]
            )

        assert matcher.checkpoint() == 1
        assert best(matcher, scene(0)) == ("a", "identical")
        assert "c" not in matcher

    def test_a_broken_fingerprint_is_refused_by_name(self, matcher: Matcher, prints: list[bytes]):
        with pytest.raises(DamagedFingerprint, match="operation 1"):
            matcher.apply([Operation(1, "a", prints[0][:-1])])
        assert matcher.checkpoint() == 0

    def test_describe_and_apply_are_add(self, matcher: Matcher, prints: list[bytes]):
        matcher.add(["a", "b"], [scene(0), scene(1)])

        assert unpack(matcher.describe([scene(0)])[0]).pixels_sha256 == unpack(prints[0]).pixels_sha256
        assert matcher.checkpoint() == 2
        matcher.remove(["a"])
        assert matcher.checkpoint() == 3
        assert content(matcher, scene(0)) == set()

    def test_ids_and_pictures_must_be_as_many(self, matcher: Matcher):
        with pytest.raises(ValueError, match="1 ids for 2 pictures"):
            matcher.add(["a"], [scene(0), scene(1)])

    @pytest.mark.parametrize("array", [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3)), np.zeros((0, 0, 3), np.uint8)])
    def test_what_is_no_picture_is_refused(self, matcher: Matcher, array: np.ndarray):
        with pytest.raises(ValueError, match="uint8"):
            matcher.match(array)

    def test_an_empty_matcher_matches_nothing(self, matcher: Matcher):
        assert matcher.match(scene(0)) == []


class TestOnDisk:
    @pytest.fixture
    def folder(self, tmp_path: Path, embedder: Lite0Embedder, prints: list[bytes]) -> Path:
        with Matcher.open(tmp_path / "index", embedder=embedder) as matcher:
            matcher.apply(Operation(i + 1, f"w{i}", data) for i, data in enumerate(prints))
            matcher.apply([Operation(7, "w3", None)])
        return tmp_path / "index"

    @pytest.fixture
    def opened(self, folder: Path, embedder: Lite0Embedder) -> Iterator[Matcher]:
        with Matcher.open(folder, embedder=embedder) as matcher:
            yield matcher

    def test_it_rests_there(self, opened: Matcher):
        assert (len(opened), opened.checkpoint()) == (3, 7)
        assert best(opened, scene(2)) == ("w2", "identical")
        assert best(opened, jpeg(scene(1), 60)) == ("w1", "copy")
        assert content(opened, scene(3)) == set()

    def test_what_lived_in_memory_can_rest_there_later(
        self, tmp_path: Path, embedder: Lite0Embedder, prints: list[bytes]
    ):
        matcher = Matcher(embedder=embedder)
        matcher.apply([Operation(4, "w0", prints[0])])
        matcher.rest_in(tmp_path / "later")
        with pytest.raises(FolderInUse):
            Matcher(embedder=embedder).rest_in(tmp_path / "later")
        matcher.apply([Operation(5, "w1", prints[1])])
        matcher.close()
        with Matcher.open(tmp_path / "later", embedder=embedder) as again:
            assert (len(again), again.checkpoint()) == (2, 5)
            assert best(again, scene(1)) == ("w1", "identical")

    def test_it_goes_on_from_there(self, opened: Matcher, prints: list[bytes]):
        opened.apply([Operation(7, "x", prints[3]), Operation(8, "y", prints[3])])
        opened.remove(["w0"])
        opened.seal()  # the file's memory map takes the place of memory
        opened.remove(["w1"])

        assert best(opened, scene(3)) == ("y", "identical")
        assert content(opened, scene(0)) == content(opened, scene(1)) == set()

    def test_clearing_goes_back_to_the_beginning(self, folder: Path, embedder: Lite0Embedder, prints: list[bytes]):
        with Matcher.open(folder, embedder=embedder) as matcher:
            matcher.clear()
            assert (len(matcher), matcher.checkpoint(), matcher.match(scene(0))) == (0, 0, [])
            matcher.apply([Operation(1, "again", prints[0])])
        with Matcher.open(folder, embedder=embedder, read_only=True) as reader:
            assert (len(reader), reader.checkpoint()) == (1, 1)
            with pytest.raises(PermissionError):
                reader.clear()

    def test_clearing_is_sealed_even_when_nothing_follows(self, folder: Path, embedder: Lite0Embedder):
        with Matcher.open(folder, embedder=embedder) as matcher:
            matcher.clear()
        with Matcher.open(folder, embedder=embedder) as matcher:
            assert (len(matcher), matcher.checkpoint()) == (0, 0)

    def test_closing_without_changes_writes_nothing(self, folder: Path, embedder: Lite0Embedder):
        before = sorted(folder.iterdir())
        matcher = Matcher.open(folder, embedder=embedder)
        matcher.close()
        matcher.close()

        assert sorted(folder.iterdir()) == before

    def test_it_has_one_owner_and_many_readers(self, opened: Matcher, folder: Path, embedder: Lite0Embedder):
        with pytest.raises(FolderInUse):
            Matcher.open(folder, embedder=embedder)
        with Matcher.open(folder, embedder=embedder, read_only=True) as reader:
            assert best(reader, scene(0)) == ("w0", "identical")
            reader.remove(["w0"])  # in memory alone
            reader.seal()  # the folder is not its own
        assert "w0" in opened

    def test_a_damaged_folder_starts_from_nothing(self, folder: Path, embedder: Lite0Embedder, prints: list[bytes]):
        for file in folder.glob("generation-*/data*"):
            raw = bytearray(file.read_bytes())
            raw[len(raw) // 2] ^= 255
            file.write_bytes(bytes(raw))

        with Matcher.open(folder, embedder=embedder) as matcher:
            assert (len(matcher), matcher.checkpoint()) == (0, 0)
            matcher.apply([Operation(1, "w0", prints[0])])
            assert best(matcher, scene(0)) == ("w0", "identical")

    def test_a_generation_of_other_models_is_not_used(
        self, folder: Path, embedder: Lite0Embedder, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("index.describe.REFERENCE_KEYPOINTS", 300)

        with Matcher.open(folder, embedder=embedder) as matcher:
            assert (len(matcher), matcher.checkpoint()) == (0, 0)

    def test_sealing_in_memory_is_nothing(self, matcher: Matcher):
        matcher.add(["a"], [scene(0)])
        matcher.seal()
        matcher.close()

        assert len(matcher) == 1

    def test_an_empty_folder_may_be_sealed_and_opened(self, tmp_path: Path, embedder: Lite0Embedder):
        with Matcher.open(tmp_path, embedder=embedder) as matcher:
            matcher.seal()
        with Matcher.open(tmp_path, embedder=embedder) as matcher:
            assert (len(matcher), matcher.checkpoint()) == (0, 0)


def test_matching_goes_on_while_works_come_and_go(matcher: Matcher, prints: list[bytes]):
    matcher.apply([Operation(1, "stays", prints[0])])
    errors: list[Exception] = []
    done = threading.Event()

    def change() -> None:
        try:
            for sequence in range(2, 80):
                data = prints[1 + sequence % 3] if sequence % 4 else None
                matcher.apply([Operation(sequence, f"w{sequence % 5}", data)])
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=change)
    thread.start()
    query, asked = jpeg(scene(0), 70), 0
    while not done.is_set() or asked < 3:
        assert content(matcher, query) == {"stays"}
        asked += 1
    thread.join()

    assert not errors
    assert matcher.checkpoint() == 79


def test_the_public_names_are_these_and_all_have_a_docstring():
    values = {"Aligned", "Alignment", "Evidence", "LocalVerifier", "Match", "Matcher", "Operation", "Region"}
    errors = {"DamagedFingerprint", "FolderInUse", "ForeignFingerprint", "NotSealed", "WrongModel"}

    assert set(index.__all__) == values | errors
    assert all(getattr(index, name).__doc__ for name in index.__all__)
    assert all(issubclass(getattr(index, name), ValueError | OSError | RuntimeError) for name in errors)
    with pytest.raises(AttributeError, match="Finder"):
        _ = index.Finder


def test_a_fresh_one_is_empty_and_has_the_same_models(gallery: Matcher) -> None:
    fresh = gallery.fresh()
    assert (len(fresh), fresh.checkpoint(), fresh.models) == (0, 0, gallery.models)
    assert fresh.calibration is gallery.calibration
    fresh.apply([Operation(1, "a", gallery.describe([read(WORKS[0])])[0])])
    assert best(fresh, read(WORKS[0])) == ("a", "identical")
    assert "a" not in gallery
