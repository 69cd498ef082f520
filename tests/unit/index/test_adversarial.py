"""Queries made to fool: what holds no work raises no alarm above similar, what hides one does not hide it."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from index import Matcher
from index.embedders.lite0 import Lite0Embedder
from index.grading import CONTENT
from provenance.watermark.watermarker import LatticeWatermarker
from scripts.attacks.drawn import DrawnPictures
from tests import service
from tests.unit.index.scenes import jpeg, scene, turn, warp

EXAMPLES = Path(__file__).parents[3] / "examples"
WORKS = sorted((EXAMPLES / "artworks").glob("*.jpg"))[:12]
INK = (20, 20, 20)


def read(path: Path) -> np.ndarray:
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    scale = min(1.0, 700 / max(picture.shape))
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def solid(level: int, height: int = 480, width: int = 640) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def gradient() -> np.ndarray:
    ramp = np.linspace(0, 255, 640).astype(np.uint8)
    return np.repeat(np.tile(ramp, (480, 1))[..., None], 3, axis=2)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (480, 640, 3)).astype(np.uint8)


def qr_code(words: str) -> np.ndarray:
    code = cv2.QRCodeEncoder.create().encode(words)
    large = cv2.resize(code, (480, 480), interpolation=cv2.INTER_NEAREST)
    return np.repeat(cv2.copyMakeBorder(large, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=255)[..., None], 3, axis=2)


def text_page(seed: int) -> np.ndarray:
    rng, page = np.random.default_rng(seed), solid(250, 800, 600)
    for line in range(24):
        words = "".join(rng.choice(list("abcdefghiklmnoprstuvw      "), 34))
        cv2.putText(page, words, (30, 40 + 31 * line), cv2.FONT_HERSHEY_COMPLEX, 0.7, INK, 1, cv2.LINE_AA)
    return page


def app_window(inside: np.ndarray | None) -> np.ndarray:
    """An application's window: bars, buttons, words; and what it shows, if anything."""
    page = solid(236, 820, 620)
    cv2.rectangle(page, (0, 0), (620, 70), (30, 60, 110), -1)
    for place, word in enumerate(("Gallery", "Search", "Upload", "Profile")):
        cv2.putText(page, word, (20 + 150 * place, 45), 0, 0.8, (255, 255, 255), 2, cv2.LINE_AA)
        cv2.rectangle(page, (20 + 150 * place, 740), (120 + 150 * place, 790), (90, 90, 200), -1)
        cv2.circle(page, (70 + 150 * place, 765), 16, (250, 250, 250), 3, cv2.LINE_AA)
    if inside is not None:
        page[90:720, 20:600] = cv2.resize(inside, (580, 630), interpolation=cv2.INTER_AREA)
    return page


NEGATIVES: dict[str, Callable[[], np.ndarray]] = {
    "black": lambda: solid(0),
    "white": lambda: solid(255),
    "grey": lambda: solid(127),
    "gradient": gradient,
    "noise": lambda: noise(1),
    "fine noise, scaled up": lambda: cv2.resize(noise(2)[:60, :80], (640, 480), interpolation=cv2.INTER_CUBIC),
    "one px": lambda: solid(90, 1, 1),
    "tiny": lambda: np.ascontiguousarray(scene(3)[:9, :9]),
    "a line of px": lambda: np.ascontiguousarray(scene(3)[:1]),
    "QR code": lambda: qr_code("https://example.org/other"),
    "text": lambda: text_page(4),
    "window without the work": lambda: app_window(scene(77)),
    "empty window": lambda: app_window(None),
    "chessboard": lambda: (
        np.repeat(np.kron(np.indices((8, 8)).sum(0) % 2, np.ones((60, 60)))[..., None], 3, 2).astype(np.uint8) * 255
    ),
}


TEXTURES = ("blobs", "stripes", "rings", "plaid", "dots", "clouds", "reaction-diffusion", "stained-glass")


@pytest.fixture(scope="module")
def embedder() -> Lite0Embedder:
    return Lite0Embedder()


@pytest.fixture(scope="module")
def crowded(embedder: Lite0Embedder) -> Matcher:
    """Works, and what the negatives may be taken for: other codes, pages, windows, plain colours. Only asked."""
    matcher = Matcher(embedder=embedder)
    matcher.add([path.stem for path in WORKS], [read(path) for path in WORKS])
    odd = {
        "grey": solid(128),
        "ramp": np.ascontiguousarray(gradient()[:, ::-1]),
        "noise": noise(9),
        "code": qr_code("https://example.com/registered"),
        "page": text_page(5),
        "window": app_window(scene(78)),
    }
    matcher.add(list(odd), list(odd.values()))
    return matcher


def content(matcher: Matcher, picture: np.ndarray) -> set[str]:
    return {match.id for match in matcher.match(picture) if match.grade in CONTENT}


@pytest.mark.parametrize("kind", NEGATIVES)
def test_what_holds_no_work_raises_no_alarm(crowded: Matcher, kind: str):
    assert content(crowded, NEGATIVES[kind]()) == set()


@pytest.mark.parametrize("kind", TEXTURES)
def test_two_pictures_of_one_texture_are_strangers(embedder: Lite0Embedder, kind: str):
    """Stripes lie on any other stripes, and soft shapes agree wherever they overlap."""
    drawn, matcher = DrawnPictures(24, first=1000), Matcher(embedder=embedder)
    names = [name for name in drawn.names(test=True) if name.startswith(f"drawn/{kind}/")]
    matcher.add(names[:14], [drawn.read(name) for name in names[:14]])
    assert [name for name in names[14:] if content(matcher, drawn.read(name))] == []


def test_soft_shapes_over_waves_and_noise_are_strangers(embedder: Lite0Embedder):
    """Pictures of a kind that nothing was fitted on."""
    matcher = Matcher(embedder=embedder)
    matcher.add([str(number) for number in range(40)], [service.scene(number) for number in range(40)])
    matches = [match for number in range(1010, 1050) for match in matcher.match(service.scene(number))]
    assert [match for match in matches if match.grade in CONTENT] == []


def test_one_key_in_two_striped_pictures_is_no_alarm(embedder: Lite0Embedder):
    """Their stripes lie on each other, half a wave from where they would disagree; and both hold the same pattern."""
    matcher, mark = Matcher(embedder=embedder), LatticeWatermarker(bytes([3]) * 32).embed
    matcher.add(["other"], [mark(service.scene(502), 505)])
    (found,) = matcher.match(mark(service.scene(501), 504), candidates=["other"])
    assert found.grade not in CONTENT
    assert found.probability < 0.5


def hidden(picture: np.ndarray) -> np.ndarray:
    """Mirrored, turned, cropped and filtered."""
    height, width = picture.shape[:2]
    turned = warp(np.ascontiguousarray(picture[:, ::-1]), turn(14, 1.0, (width / 2, height / 2)))
    part = turned[height // 6 : height * 5 // 6, width // 6 : width * 5 // 6].astype(float)
    return jpeg(np.clip((part - 110) * 1.3 + 120 + [18, 0, -22], 0, 255).astype(np.uint8), 60)


@pytest.mark.parametrize("path", WORKS[:6], ids=lambda path: path.stem)
def test_a_mirrored_turned_cropped_and_filtered_work_is_found(crowded: Matcher, path: Path):
    assert content(crowded, hidden(read(path))) == {path.stem}


def test_each_work_of_a_collage_is_found_in_its_own_place(crowded: Matcher):
    page = solid(245, 840, 840)
    places = {1: (10, 10), 4: (430, 10), 6: (10, 430), 8: (430, 430)}
    for number, (x, y) in places.items():
        page[y : y + 400, x : x + 400] = cv2.resize(read(WORKS[number]), (400, 400), interpolation=cv2.INTER_AREA)
    found = {match.id: match for match in crowded.match(jpeg(page, 80)) if match.grade in CONTENT}

    assert set(found) == {WORKS[number].stem for number in places}
    for number, (x, y) in places.items():
        region = np.array(found[WORKS[number].stem].region_query) * 840
        np.testing.assert_allclose([*region.min(axis=0), *region.max(axis=0)], [x, y, x + 400, y + 400], atol=30)


def test_a_shuffled_work_is_found_and_its_region_is_all_of_it(crowded: Matcher):
    picture = cv2.resize(read(WORKS[2]), (600, 600), interpolation=cv2.INTER_AREA)
    tiles = [tile for row in np.vsplit(picture, 2) for tile in np.hsplit(row, 2)]
    shuffled = np.vstack([np.hstack([tiles[3], tiles[2]]), np.hstack([tiles[1], tiles[0]])])
    (found,) = (match for match in crowded.match(jpeg(shuffled, 85)) if match.grade in CONTENT)

    assert found.id == WORKS[2].stem
    region = np.array(found.region_query)
    assert np.ptp(region[:, 0]) * np.ptp(region[:, 1]) > 0.8


def framed(picture: np.ndarray, band: int = 60) -> np.ndarray:
    """One ornamented frame with lettering around different pictures."""
    frame = scene(1234, 500, 640)
    frame[band : 500 - band, band : 640 - band] = cv2.resize(picture, (640 - 2 * band, 500 - 2 * band))
    cv2.putText(frame, "THE GALLERY COLLECTION", (90, 488), 0, 1.0, (255, 255, 255), 2, cv2.LINE_AA)
    return frame


def frames_are_no_alarm_and_hide_nothing(embedder: Lite0Embedder, count: int) -> None:
    matcher = Matcher(embedder=embedder)
    matcher.add([f"frame-{n}" for n in range(count)], [framed(scene(n)) for n in range(count)])

    for seed in range(5000, 5006):
        found = matcher.match(framed(scene(seed)))
        assert not [match for match in found if match.grade in CONTENT], seed
        assert "shared-element" in {match.grade for match in found}
    for number in range(0, count, count // 6):
        assert content(matcher, jpeg(framed(scene(number))[:, ::-1], 60)) == {f"frame-{number}"}
        assert content(matcher, jpeg(scene(number), 60)) == {f"frame-{number}"}


def test_pictures_that_share_one_frame(embedder: Lite0Embedder):
    frames_are_no_alarm_and_hide_nothing(embedder, 60)


@pytest.mark.slow
def test_a_thousand_pictures_that_share_one_frame(embedder: Lite0Embedder):
    frames_are_no_alarm_and_hide_nothing(embedder, 1000)


@pytest.mark.slow
def test_nothing_depends_on_what_else_is_registered(embedder: Lite0Embedder):
    """The numbers of a pair are its own, before and after a thousand registrations, and removal counts at once."""
    matcher = Matcher(embedder=embedder)
    matcher.add(["work"], [read(WORKS[0])])
    queries = [hidden(read(WORKS[0])), app_window(read(WORKS[0])), read(WORKS[1])]
    before = [matcher.match(query, candidates=["work"])[0] for query in queries]
    matcher.add([f"other-{n}" for n in range(1000)], [scene(n, 200, 280) for n in range(1000)])

    for query, alone in zip(queries, before, strict=True):
        among = {match.id: match for match in matcher.match(query, candidates=["work"])}["work"]
        assert (among.grade, among.probability) == (alone.grade, alone.probability)
    matcher.remove(["work"])
    assert all("work" not in {match.id for match in matcher.match(query)} for query in queries)
