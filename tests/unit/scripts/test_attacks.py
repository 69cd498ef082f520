"""The attack generator: every kind that is named, the same from the same seed, and the true place of the work."""

import csv

import cv2
import numpy as np
import pytest

from scripts.attacks import scene as at
from scripts.attacks.attack import KINDS, PARTIAL, attack, draw_chain
from scripts.attacks.drawn import KINDS as DRAWN
from scripts.attacks.drawn import DrawnPictures
from scripts.attacks.filters import FILTERS
from scripts.attacks.mixtures import MIXTURES, paste
from scripts.attacks.moves import MOVES, crop_part
from scripts.attacks.pictures import Pictures
from scripts.attacks.trial import GROUPS, Sizes, Trial
from scripts.models.copies import is_test

NAMED = 29  # kinds in AugLy's and DISC21's lists
HEIGHT, WIDTH = 180, 240


def picture(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (9, 12, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def chart() -> np.ndarray:
    """A picture whose red and green say where each pixel was."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.dstack([x / WIDTH * 255, y / HEIGHT * 255, np.full_like(x, 20.0, np.float64)]).astype(np.uint8)


def stranger() -> np.ndarray:
    """Nothing that the chart could be mistaken for."""
    return np.full((200, 200, 3), (0, 0, 255), np.uint8)


def test_all_named_kinds_are_there() -> None:
    assert len(KINDS) == len(set(KINDS)) == NAMED
    assert PARTIAL == ("part-crop", "part-paste")


@pytest.mark.parametrize("kind", [*KINDS, *PARTIAL])
def test_same_seed_gives_the_same_upload_and_another_seed_another(kind: str) -> None:
    def made(seed: int) -> np.ndarray:
        upload = attack(picture(1), (kind,), np.random.default_rng(seed), lambda: picture(2))
        assert upload is not None
        return upload.pixels

    assert np.array_equal(made(5), made(5))
    assert any(made(5).shape != made(seed).shape or not np.array_equal(made(5), made(seed)) for seed in range(6, 9))
    assert made(5).dtype == np.uint8
    assert made(5).shape[2] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_the_picture_more_than_encoding_it(kind: str) -> None:
    def made(kinds: tuple[str, ...]) -> np.ndarray:
        upload = attack(picture(1), kinds, np.random.default_rng(11), lambda: picture(2))
        assert upload is not None
        return cv2.resize(upload.pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(float)

    smallest = 0.8 if kind in ("resize", "aspect", "pixelate", "blur") else 3.0  # coarse on purpose: little to lose
    assert np.abs(made((kind,)) - picture(1)).mean() > max(smallest, np.abs(made(()) - picture(1)).mean() * 0.9)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", [*MOVES, "collage", "paste", "overlay"])
def test_origin_says_where_each_pixel_was(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = at.whole(chart())
    scene = MOVES[kind](whole, rng) if kind in MOVES else MIXTURES[kind](whole, rng, stranger)
    assert scene.origin.shape[:2] == scene.pixels.shape[:2]
    inside = cv2.erode(scene.mask.astype(np.uint8), np.ones((5, 5))) > 0
    shown = scene.pixels[inside][:, :2] / 255
    if kind in ("print-scan", "screen-photo"):  # these change colours too: a straight line leads from one to the other
        for axis in range(2):
            assert np.corrcoef(shown[:, axis], scene.origin[inside][:, axis])[0, 1] > 0.9
    else:
        assert np.quantile(np.abs(shown - scene.origin[inside]).max(axis=1), 0.8) < 0.03  # letters may lie on it


@pytest.mark.parametrize("kind", FILTERS)
def test_filters_move_nothing(kind: str) -> None:
    made = FILTERS[kind](picture(3), np.random.default_rng(2))
    assert made.shape == (HEIGHT, WIDTH, 3)
    assert made.dtype == np.uint8


@pytest.mark.parametrize("seed", range(5))
def test_the_box_holds_the_pasted_work_and_nothing_else(seed: int) -> None:
    green = np.full((HEIGHT, WIDTH, 3), (0, 255, 0), np.uint8)
    scene = paste(at.whole(green), np.random.default_rng(seed), stranger)
    found = at.truth(scene)
    assert found is not None
    rows, columns = np.nonzero((scene.pixels == (0, 255, 0)).all(axis=2))
    expected = (columns.min() / scene.width, rows.min() / scene.height)
    expected += ((columns.max() + 1) / scene.width, (rows.max() + 1) / scene.height)
    assert found.box == pytest.approx(expected)
    assert 0.19 < found.query_share < 0.61
    assert found.seen_share == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("seed", range(8))
def test_a_part_is_10_to_40_percent_and_seen_names_it(seed: int) -> None:
    scene = crop_part(at.whole(chart()), np.random.default_rng(seed))
    found = at.truth(scene)
    assert found is not None
    assert 0.09 < scene.width * scene.height / (WIDTH * HEIGHT) < 0.41
    assert 0.09 < found.seen_share < 0.48  # cells of a grid that are touched
    assert found.box == (0.0, 0.0, 1.0, 1.0)
    left, top = (scene.pixels[..., axis].min() / 255 for axis in range(2))
    assert min(x for x, _ in found.seen) == pytest.approx(left, abs=0.02)
    assert min(y for _, y in found.seen) == pytest.approx(top, abs=0.02)


def test_what_leaves_too_little_of_the_work_is_no_query() -> None:
    tiny = [
        attack(picture(1), ("part-crop", "crop"), np.random.default_rng(seed), lambda: picture(2)) for seed in range(12)
    ]
    assert any(upload is None for upload in tiny)
    assert all(upload.truth.seen_share >= 0.08 for upload in tiny if upload)


def test_a_chain_has_different_kinds_and_one_mixture_at_most() -> None:
    chains = [draw_chain(np.random.default_rng(seed), 4) for seed in range(60)]
    assert all(len(set(chain)) == 4 and sum(kind in MIXTURES for kind in chain) <= 1 for chain in chains)
    assert len({kind for chain in chains for kind in chain}) == NAMED


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "art").mkdir()
    rows = []
    for number in range(160):
        path = f"art/{number:03}.jpg"
        cv2.imwrite(str(folder / path), picture(number))
        style, prompt = number // 3, ("person", "place", "thing")[number % 3]
        rows.append((path, "ai-art" if number < 120 else "photo", "", f"images__style{style}_{prompt}_00ff.webp"))
    with (folder / "index.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([("path", "kind", "credit", "original_name"), *rows])
    return Pictures(folder)


SIZES = Sizes(references=20, positives=100, negatives=20, shared=10)


def test_a_trial_has_every_group_and_asks_about_nothing_twice_registered(corpus) -> None:
    trial = Trial(corpus, SIZES, edition="art", test=False, seed=1)
    asks = trial.asks()
    registered = {id_ for id_, _ in trial.references()}
    assert {ask.group for ask in asks if ask.owner} == set(GROUPS)
    assert {ask.kinds[0] for ask in asks if ask.group == "single"} == set(KINDS)
    assert {len(ask.kinds) for ask in asks if ask.group == "composed"} == {2, 3, 4}
    assert {ask.owner for ask in asks if ask.owner} <= registered
    negatives = [ask for ask in asks if not ask.owner]
    assert not {ask.source for ask in negatives} & registered
    assert {ask.group for ask in negatives} >= {"same-prompt", "shared-frame", "shared-logo", "shared-window"}
    assert 0.4 < np.mean([bool(ask.kinds) for ask in negatives if ask.stage == "negative"]) < 0.6
    assert all(trial.pictures.family(name).photo is False for name in trial.registered)


def test_a_folder_without_pictures_is_no_corpus(tmp_path) -> None:
    with pytest.raises(ValueError, match="too few pictures of the edition 'art' in the corpus: 0"):
        Trial(Pictures(tmp_path), SIZES, edition="art", test=True, seed=1)


def test_the_two_sides_of_the_split_share_no_picture(corpus) -> None:
    for test in (True, False):
        trial = Trial(corpus, SIZES, edition="all", test=test, seed=1)
        sources = {ask.source for ask in trial.asks()} | {id_.partition("/")[2] for id_, _ in trial.references()}
        assert {is_test(name) for name in sources if name.startswith("art/")} == {test}


def test_any_query_can_be_made_alone(corpus) -> None:
    first, second = (Trial(corpus, SIZES, edition="art", test=False, seed=4) for _ in range(2))
    asks = first.asks()
    assert asks == second.asks()
    for number in (0, 55, len(asks) - 15, len(asks) - 1):
        whole = first.make(asks[number])
        alone = second.make(asks[number])
        assert np.array_equal(whole.pixels, alone.pixels)
        assert (whole.truth is not None) == bool(asks[number].owner)
        assert whole.truth == alone.truth


def test_a_shared_element_is_the_same_on_all_that_carry_it(corpus) -> None:
    trial = Trial(corpus, SIZES, edition="art", test=False, seed=1)
    asked = next(ask for ask in trial.asks() if ask.group == "shared-frame")
    query = trial.make(asked).pixels.astype(float)
    carriers = [pixels.astype(float) for id_, pixels in trial.references() if id_.startswith("frame-0/")]
    assert len(carriers) > 1
    band = int(0.05 * HEIGHT)
    for carrier in carriers:
        assert np.abs(carrier - carriers[0])[:band].mean() < 1
        assert np.abs(query - carrier)[:band].mean() < 30  # a JPEG of it
        assert np.abs(query - carrier)[HEIGHT // 3 : -HEIGHT // 3, WIDTH // 3 : -WIDTH // 3].mean() > 30


def test_drawn_pictures_have_two_sides_and_stay_the_same() -> None:
    drawn = DrawnPictures(2)
    tuning, test = (drawn.names(test=side) for side in (False, True))
    assert len(set(tuning) | set(test)) == 4 * len(DRAWN)
    assert not set(tuning) & set(DrawnPictures(2, first=2).names(test=False))
    for name in test[::2]:
        pixels = drawn.read(name)
        assert (pixels.dtype, pixels.shape[2]) == (np.uint8, 3)
        assert min(pixels.shape[:2]) >= 256
        assert max(pixels.shape[:2]) <= 768
        assert pixels.std() > 5
        assert np.array_equal(pixels, DrawnPictures(2).read(name))
    sibling, stranger = (drawn.family(f"drawn/{kind}/1") for kind in ("stripes", "plaid"))
    assert drawn.family("drawn/stripes/3").relation([stranger, sibling]) == "same-style"
    assert drawn.family("drawn/stripes/3").relation([stranger]) == "unrelated"


def test_a_trial_is_drawn_without_a_corpus() -> None:
    trial = Trial(DrawnPictures(2), Sizes(12, 3, 3, 0), edition="drawn", test=True, seed=1)
    assert len(list(trial.references())) == len(trial.registered) == 12
    queries = [trial.make(ask) for ask in trial.asks()]
    assert [query.truth is None for query in queries] == [False] * 3 + [True] * 3
