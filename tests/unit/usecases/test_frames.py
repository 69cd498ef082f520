"""Animations, end to end: every frame is marked, and a check looks at more than the first one."""

from typing import Any

import numpy as np
import pytest

from provenance.adapters.images import ImageLimits, PillowImages
from provenance.core.errors import CannotHoldMark, Conflict, Rejected, TooLarge
from provenance.core.records import Work
from provenance.usecases.frames import LOOKED_AT, find_mark, looked_at
from provenance.usecases.mark import MarkFrames
from provenance.watermark import LatticeWatermarker
from tests.doubles import copy_mark
from tests.unit.adapters.animations import by_pillow, seen_by_pillow
from tests.unit.adapters.image_samples import photo
from tests.unit.usecases.conftest import NOTHING, Studio, painting, png

KEY = bytes(range(32))


def film(*seeds: int, name: str = "PNG") -> bytes:
    return by_pillow([painting(seed) for seed in seeds], name)


def frames_of(studio: Studio, work: Work) -> list[np.ndarray]:
    return [np.ascontiguousarray(frame[..., :3]) for frame in seen_by_pillow(studio.file(work))]


def grainy(seed: int) -> np.ndarray:
    """A picture that holds the real mark."""
    rng = np.random.default_rng(seed)
    return np.clip(painting(seed, side=256).astype(int) + rng.integers(-12, 13, (256, 256, 1)), 0, 255).astype(np.uint8)


HARSH = np.random.default_rng(0).integers(0, 2, (256, 256, 1), np.uint8).repeat(3, axis=2) * 255  # no room for a mark


# ---- registration


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_every_frame_of_a_registered_animation_carries_its_mark(studio: Studio, name: str) -> None:
    work = studio.registered(1, data=film(1, 2, 3, name=name))
    frames = frames_of(studio, work)
    assert [studio.watermarker.detect(frame).payload for frame in frames] == [work.id.payload] * 3
    for frame, seed in zip(frames, (1, 2, 3), strict=True):
        assert np.abs(frame.astype(int) - painting(seed)).max() <= 1
    assert work.media_type == f"image/{name.lower()}"
    assert work.notes == ("3 of 3 frames carry the mark",)


def test_a_gif_stays_a_gif_and_holds_the_real_mark(studio: Studio) -> None:
    studio.watermarker = LatticeWatermarker(KEY)
    work = studio.registered(1, data=by_pillow([grainy(1), grainy(2), grainy(3)], "GIF", duration=[50, 80, 110]))
    assert work.media_type == "image/gif"
    assert studio.file(work).startswith(b"GIF89a")
    found = [studio.watermarker.detect(frame) for frame in frames_of(studio, work)]
    assert [mark and mark.payload for mark in found] == [work.id.payload] * 3


def test_a_frame_that_holds_no_mark_is_named_and_does_not_stop_the_others(studio: Studio) -> None:
    studio.watermarker = LatticeWatermarker(KEY)
    work = studio.registered(1, data=by_pillow([grainy(1), HARSH, grainy(2)], "PNG"))
    assert work.notes == (
        "2 of 3 frames carry the mark",
        "frames that are too flat or too small for the mark: 2",
    )
    np.testing.assert_array_equal(frames_of(studio, work)[1], HARSH)


def test_an_animation_of_mostly_black_and_white_frames_is_refused(studio: Studio) -> None:
    studio.watermarker = LatticeWatermarker(KEY)
    with pytest.raises(CannotHoldMark, match="black"):
        studio.registered(1, data=by_pillow([grainy(1), HARSH, 255 - HARSH], "PNG"))
    assert studio.counts() == NOTHING


def test_frames_that_can_not_be_read_back_are_counted(studio: Studio) -> None:
    """A watermarker that says that it marked, and did not: what is read from the file decides."""

    class Forgetful(type(studio.watermarker)):  # type: ignore[misc]
        calls = 0

        def embed(self, pixels: Any, payload: int, **like: Any) -> Any:
            self.calls += 1
            return pixels if self.calls in self.forgets else super().embed(pixels, payload, **like)

    studio.watermarker = Forgetful()
    studio.watermarker.forgets = (2,)
    assert studio.registered(1, data=film(1, 2, 3, 4)).notes[0] == "3 of 4 frames carry the mark"
    studio.watermarker = Forgetful()
    studio.watermarker.forgets = (1, 2, 4)
    with pytest.raises(CannotHoldMark, match="could not be read back"):
        studio.registered(5, data=film(5, 6, 7, 8))


@pytest.mark.parametrize("limits", [ImageLimits(animation_frames=2), ImageLimits(animation_pixels=3 * 64 * 64 - 1)])
def test_a_longer_animation_than_the_limit_is_refused_and_nothing_is_written(
    studio: Studio, limits: ImageLimits
) -> None:
    studio.images = PillowImages(limits)
    with pytest.raises(TooLarge, match="the limit is"):
        studio.registered(1, data=film(1, 2, 3))
    assert studio.counts() == NOTHING
    assert studio.ask(film(1, 2, 3)).report["grade"] == "none"  # it may be asked about all the same


def test_one_frame_is_held_at_a_time(studio: Studio) -> None:
    """The next frame is asked for when the one before is marked and written."""
    events: list[str] = []

    class Told(type(studio.watermarker)):  # type: ignore[misc]
        def embed(self, pixels: Any, payload: int, **like: Any) -> Any:
            events.append("marked")
            return super().embed(pixels, payload, **like)

    class Slow(PillowImages):
        def frames(self, picture: Any, *, most: int | None = None) -> Any:
            for frame in super().frames(picture, most=most):
                events.append("read")
                yield frame

    images = Slow()
    MarkFrames(images=images, watermarker=Told())(images.read(film(1, 2, 3)), 7)
    assert events == ["read", "marked"] * 3


# ---- the same again


def test_any_frame_that_comes_back_is_the_existing_work(studio: Studio) -> None:
    work = studio.registered(1, data=film(1, 2, 3, 4))
    middle = frames_of(studio, work)[2]
    middle[40:, 40:] ^= 2  # not byte for byte
    for data in (png(middle), by_pillow([painting(8), middle], "PNG")):
        with pytest.raises(Conflict) as caught:
            studio.registered(2, data=data)
        assert caught.value.existing == str(work.id)


def test_a_mark_from_an_animation_on_another_picture_is_foreign(studio: Studio) -> None:
    work = studio.registered(1, data=film(1, 2, 3))
    forged = copy_mark(frames_of(studio, work)[0], painting(9))
    with pytest.raises(Rejected, match="shows something else"):
        studio.registered(9, data=png(forged))


# ---- checks


def test_a_clip_from_the_middle_is_found_by_its_mark_and_by_that_frame(studio: Studio) -> None:
    work = studio.registered(1, data=by_pillow([photo(128, 128, seed=seed) for seed in (1, 2, 3, 4)], "PNG"))
    clip = frames_of(studio, work)[2:]
    for frame in clip:
        frame[90:120, 90:120] ^= 8
    report = studio.ask(by_pillow(clip, "PNG")).report
    (match,) = [match for match in report["matches"] if match["work_id"] == str(work.id)]
    assert (match["grade"], match["copied_mark"]) == ("edited", False)
    kinds = [witness["kind"] for witness in match["evidence"] if witness["speaks"]]
    assert kinds[0] == "mark"
    assert kinds[-1] == "frame"
    assert report["query"]["notes"][0] == "at most 2 of its 2 frames were looked at"


def test_a_copied_mark_stays_one_for_an_animation_too(studio: Studio) -> None:
    work = studio.registered(1, data=film(1, 2, 3, 4))
    forged = copy_mark(frames_of(studio, work)[2], painting(9))
    (match,) = studio.ask(png(forged)).report["matches"]
    assert match["copied_mark"]


def test_a_work_behind_a_title_is_found(studio: Studio) -> None:
    """Neither mark nor fingerprint stands in the first frame."""
    work = studio.registered(1)
    shown = painting(1) // 2 * 2  # the lowest bits are gone, and the mark with them
    report = studio.ask(by_pillow([painting(7), painting(8), shown, painting(9)], "PNG")).report
    assert report["mark"] is None
    assert [match["work_id"] for match in report["matches"]] == [str(work.id)]


def test_a_mark_behind_a_title_is_found(studio: Studio) -> None:
    work = studio.registered(1)
    marked = seen_by_pillow(studio.file(work))[0][..., :3]
    report = studio.ask(by_pillow([painting(7), painting(8), marked ^ 2], "PNG")).report
    assert report["mark"]["work_id"] == str(work.id)
    assert report["grade"] == "copy"


def test_what_is_damaged_later_does_not_hide_what_comes_before(studio: Studio) -> None:
    work = studio.registered(1, data=film(1, 2, 3, name="WEBP"))
    data = bytearray(studio.file(work))
    at = data.rindex(b"ANMF")
    data[at + 8 + 16 + 8 + 5 : at + 8 + 16 + 8 + 20] = bytes(15)
    picture = studio.images.read(bytes(data))
    assert [frame.index for frame in looked_at(studio.images, picture)] == [0, 1]
    report = studio.ask(bytes(data)).report
    assert report["mark"]["work_id"] == str(work.id)
    assert report["grade"] == "copy"  # not identical: another frame than the work's is in the file


def test_animations_that_share_their_first_frame_are_two_works(studio: Studio) -> None:
    """Many begin with an empty one."""
    first, second = (studio.registered(1, data=film(1, *rest)) for rest in ((2, 3), (4, 5)))
    still = studio.registered(1)
    assert len({first.id, second.id, still.id}) == 3
    assert studio.ask(film(1, 2, 3)).report["matches"][0]["work_id"] == str(first.id)
    assert studio.ask(film(1, 2, 3)).report["grade"] == "identical"
    for other in (film(1, 2, 6), film(1, 2)):
        assert studio.ask(other).report["grade"] == "copy"


def test_a_certificate_does_not_hold_for_an_animation_with_other_frames(studio: Studio) -> None:
    work = studio.registered(1, data=film(1, 2, 3))
    data = studio.file(work)
    relabelled = studio.images.label(data, {"dc:rights": "(c) Bob"})
    answer = studio.verify(work.certificate, content=relabelled)
    assert answer["result"] == "verified"
    assert [step["outcome"] for step in answer["steps"] if step["code"] == "content"] == ["passed"]
    frames = frames_of(studio, work)
    swapped = by_pillow([frames[0], frames[2], frames[1]], "PNG")
    assert studio.verify(work.certificate, content=swapped)["error"]["code"] == "content-mismatch"


def test_a_check_looks_at_so_many_frames_and_no_more(studio: Studio) -> None:
    looks: list[Any] = []

    class Counting(type(studio.watermarker)):  # type: ignore[misc]
        def detect(self, pixels: Any) -> Any:
            looks.append(pixels)
            return super().detect(pixels)

    picture = studio.images.read(film(*range(1, 31)))
    seen = find_mark(studio.images, Counting(), picture)
    assert (seen.mark, seen.frame.index, len(looks)) == (None, 0, LOOKED_AT)
