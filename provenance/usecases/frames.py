"""Look at an animation: at several frames, because the first one may be somebody's title."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from provenance.core.errors import Rejected
from provenance.core.policy import Verdict, seen_in_another_frame
from provenance.core.ports import Blobs, Images, Match, Store, Watermarker
from provenance.core.records import WorkStatus
from provenance.core.types import Detection, Evidence, Frame, Grade, Picture, WorkId
from provenance.credentials.c2pa import iscc

if TYPE_CHECKING:
    from provenance.core.types import Pixels

LOOKED_AT: Final = 5
"""Frames of an animation that a check looks at: the first one, the last one, and three between."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read from a picture. `frame` carries the mark; the first one where there is none."""

    mark: Detection | None
    frame: Frame


def looked_at(images: Images, picture: Picture) -> Iterator[Frame]:
    """The frames to look at, one at a time. They end early where one can't be decoded: the rest is not shown either."""
    yield Frame(0, picture.pixels)
    if picture.frames == 1:
        return
    try:
        yield from (frame for frame in images.frames(picture, most=LOOKED_AT) if frame.index)
    except Rejected:
        return


def find_mark(images: Images, watermarker: Watermarker, picture: Picture) -> Seen:
    """The first mark in the frames that are looked at."""
    for frame in looked_at(images, picture):
        mark = watermarker.detect(frame.pixels)
        if mark is not None:
            return Seen(mark, frame)
    return Seen(None, Frame(0, picture.pixels))


def matched(images: Images, picture: Picture, ask: "Callable[[Pixels], Sequence[Match]]") -> Sequence[Match]:
    """What `ask` answers for the frames that are looked at: of each work the strongest match, best first."""
    found: dict[str, Match] = {}
    for frame in looked_at(images, picture):
        for match in ask(frame.pixels):
            known = found.get(match.id)
            if known is None or _strength(match) < _strength(known):
                found[match.id] = match
    return list(found.values()) if picture.frames == 1 else sorted(found.values(), key=_strength)


def _strength(match: Match) -> tuple[int, float]:
    return (Grade(match.grade).rank, -match.probability)


def of_frames(picture: Picture, verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts, but that a frame which is a work pixel for pixel makes its animation no more than a copy: whether
    all of it is the work was settled by its digests."""
    if picture.frames == 1:
        return verdicts
    return [replace(v, grade=Grade.COPY) if v.grade is Grade.IDENTICAL else v for v in verdicts]


def reconsidered(verdicts: list[Verdict], seen: Seen, *, store: Store, blobs: Blobs, images: Images) -> list[Verdict]:
    """The verdicts, once it was made sure that a mark was copied. The index knows the first frame of an animation; a
    part that was cut out of its middle shows another, and carries the mark by right."""
    if seen.mark is None or not any(verdict.copied_mark for verdict in verdicts):
        return verdicts
    evidence = _another_frame(WorkId(seen.mark.payload), seen.frame.pixels, store=store, blobs=blobs, images=images)
    if evidence is None:
        return verdicts
    told = [seen_in_another_frame(v, seen.mark, evidence) if v.copied_mark else v for v in verdicts]
    return sorted(told, key=lambda verdict: verdict.sort_key)


def _another_frame(work_id: WorkId, pixels: "Pixels", *, store: Store, blobs: Blobs, images: Images) -> Evidence | None:
    """The frame of an animated work that comes nearest to these pixels, by its ISCC Image-Code, if that is near."""
    with store.read() as unit:
        work = unit.works.find([work_id]).get(work_id)
    if work is None or work.status is not WorkStatus.ACTIVE:
        return None
    picture = images.read(blobs.get(work.marked_blob))
    if picture.frames == 1:
        return None
    code = iscc.image_code(pixels)
    nearest = min(iscc.distance(code, iscc.image_code(frame.pixels)) for frame in images.frames(picture))
    found = Evidence("frame", nearest, iscc.NEAR_BITS, lower_is_closer=True)
    return found if found.speaks else None
