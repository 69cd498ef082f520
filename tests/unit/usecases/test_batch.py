"""Batches: what is stored, checked once, told of each picture, stopped and ended."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from provenance.core.bulk import Batch, BatchItem, ItemState
from provenance.core.digests import file_digest
from provenance.core.errors import Busy, InvalidRequest, NotFound, SourceFailed, SourceRefused, Unavailable
from provenance.usecases.batch import Handed, Upload
from provenance.usecases.kept import KEPT, KeptChecks
from provenance.usecases.work import MAX_ATTEMPTS
from tests.unit.usecases.conftest import NOTHING, Studio, encoded, painting, png


def upload(data: bytes, name: str = "a.png") -> Upload:
    return Upload(name=name, size=len(data), read=lambda: data)


def hand_in(studio: Studio, *files: bytes, **options: Any) -> Batch:
    return studio.hand_in(Handed(owner="studio", uploads=[upload(data) for data in files], **options))


def items(studio: Studio, batch: Batch) -> list[BatchItem]:
    return studio.batches.items(batch.id, owner="studio", after=-1, limit=100)


def outcomes(studio: Studio, batch: Batch) -> list[str | None]:
    """The grade, or the error's code, of every picture."""
    return [item.error["error"] if item.error else item.grade for item in items(studio, batch)]


def check_of(studio: Studio, item: BatchItem) -> Any:
    return KeptChecks(store=studio.store, blobs=studio.blobs).get(item.check_id, owner="studio")


def blob_is_there(studio: Studio, digest: str | None) -> bool:
    try:
        studio.blobs.get(digest)
    except NotFound:
        return False
    return True


def brighter(seed: int, by: int) -> bytes:
    return png(np.clip(painting(seed).astype(int) + by, 0, 255).astype(np.uint8))


# ---- handing in


def test_nothing_is_checked_before_the_answer(studio: Studio) -> None:
    batch = hand_in(studio, png(painting(1)), png(painting(2)), licensee="did:example:shop")
    now = studio.batches.get(batch.id, owner="studio")
    assert (now.state, now.states["waiting"], now.grades) == ("running", 2, {})
    assert all(blob_is_there(studio, item.blob) for item in items(studio, batch))
    assert studio.counts()["jobs"] == 2


def test_pictures_get_their_checks_one_by_one(studio: Studio) -> None:
    work = studio.registered(1)
    studio.work_off()
    batch = hand_in(studio, studio.file(work), png(painting(2)))
    blobs = [item.blob for item in items(studio, batch)]
    assert studio.bulk() == 1
    assert studio.batches.get(batch.id, owner="studio").states["checked"] == 1
    studio.work_off()
    now = studio.batches.get(batch.id, owner="studio")
    assert (now.state, now.grades, now.duplicates) == ("finished", {"identical": 1, "none": 1}, ())
    assert now.batch.finished_at == studio.clock()
    found = check_of(studio, items(studio, batch)[0])
    assert [match["work_id"] for match in found.report["matches"]] == [str(work.id)]
    assert found.report["id"] == found.id
    assert not any(blob_is_there(studio, blob) for blob in blobs)


def test_a_kept_picture_is_the_checks(studio: Studio) -> None:
    batch = hand_in(studio, png(painting(2)), keep=True)
    studio.work_off()
    check = check_of(studio, items(studio, batch)[0])
    assert KeptChecks(store=studio.store, blobs=studio.blobs).picture(check) == png(painting(2))


def test_the_licensee_is_asked_about(studio: Studio) -> None:
    work = studio.registered(1)
    batch = hand_in(studio, studio.file(work), licensee="did:example:shop")
    studio.work_off()
    (match,) = check_of(studio, items(studio, batch)[0]).report["matches"]
    assert match["licence"] == {"status": "not-licensed"}


@pytest.mark.parametrize("count", [0, 9])
def test_a_batch_has_a_size(studio: Studio, count: int) -> None:
    with pytest.raises(InvalidRequest, match=f"1 to 8 pictures, this one has {count}"):
        hand_in(studio, *[b"x"] * count)
    assert studio.counts() == NOTHING


def test_an_owner_has_so_many_open_ones_and_a_refused_one_leaves_no_picture(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (1, 2):
        hand_in(studio, png(painting(seed)))
    put: list[str] = []
    store_blob = studio.blobs.put
    monkeypatch.setattr(studio.blobs, "put", lambda data: put.append(store_blob(data)) or put[-1])
    with pytest.raises(Busy):
        hand_in(studio, png(painting(3)), png(painting(4)))
    assert len(put) == 2
    assert not any(blob_is_there(studio, digest) for digest in put)


def test_names_are_harmless_and_never_empty(studio: Studio) -> None:
    names = ["\x1b[2Jb.png", "", "图" * 300]
    batch = studio.hand_in(Handed(owner="studio", uploads=[upload(b"x", name) for name in names]))
    shown = [item.name for item in items(studio, batch)]
    assert shown == ["[2Jb.png", "picture 2", "图" * 255]


# ---- hostile pictures


def test_what_can_not_be_read_fails_alone(studio: Studio) -> None:
    good = png(painting(1))
    batch = hand_in(studio, good[: len(good) // 2], b"", b"%PDF-1.7", b"x" * 100_001, good)
    studio.work_off()
    assert outcomes(studio, batch) == [
        "unreadable-image",
        "unreadable-image",
        "unsupported-format",
        "too-large",
        "none",
    ]
    now = studio.batches.get(batch.id, owner="studio")
    assert (now.state, now.states["failed"], now.states["checked"]) == ("finished", 4, 1)
    assert all(item.error["reason"] for item in items(studio, batch)[:4] if item.error)
    assert not any(blob_is_there(studio, item.blob) for item in items(studio, batch) if item.blob)


def test_a_batch_of_nothing_but_too_large_files_is_finished_at_once(studio: Studio) -> None:
    batch = hand_in(studio, b"x" * 100_001)
    assert studio.batches.get(batch.id, owner="studio").state == "finished"
    assert studio.counts()["jobs"] == 0


def test_addresses_are_fetched_by_the_worker(studio: Studio) -> None:
    studio.pages.answers = {
        "https://a.example/1": png(painting(1)),
        "https://a.example/2": InvalidRequest("the address is private"),
        "https://a.example/3": SourceRefused("it answers 404"),
        "https://a.example/4": SourceFailed("it does not answer"),
    }
    batch = hand_in(studio, urls=list(studio.pages.answers), keep=True)
    studio.work_off()
    assert outcomes(studio, batch) == ["none", "invalid-request", "source-refused", "source-failed"]
    first = items(studio, batch)[0]
    assert first.name == first.url == "https://a.example/1"
    assert KeptChecks(store=studio.store, blobs=studio.blobs).picture(check_of(studio, first)) == png(painting(1))


# ---- crashes and outages


class Killed(BaseException):
    """What stands for SIGKILL."""


@pytest.mark.parametrize("method", ["examine", "_settle", "_write"])
def test_a_worker_that_died_at_an_item_leaves_it_to_the_next(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    from provenance.usecases.batch_item import CheckItem
    from provenance.usecases.check import CheckPicture

    batch = hand_in(studio, png(painting(1)), png(painting(2)))

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(CheckPicture if method == "examine" else CheckItem, method, die)
        with pytest.raises(Killed):
            studio.bulk()
    studio.groups._open.clear()  # a new process
    studio.work_off()
    assert outcomes(studio, batch) == [None, "none"]  # the first is still leased
    studio.clock.advance(minutes=3)
    studio.work_off()
    assert outcomes(studio, batch) == ["none", "none"]
    assert studio.batches.get(batch.id, owner="studio").state == "finished"


def test_a_worker_that_died_after_the_commit_checks_nothing_twice(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = hand_in(studio, png(painting(1)))
    handler = studio.check_item

    def dies_after(body: Any) -> None:
        handler(body)
        raise Killed

    with pytest.raises(Killed):
        studio.bulk.__class__(
            store=studio.store, clock=studio.clock, handlers={"batch.item": dies_after}, only=["batch.item"]
        )()
    before = check_of(studio, items(studio, batch)[0])
    studio.clock.advance(minutes=3)
    studio.work_off()
    assert check_of(studio, items(studio, batch)[0]) == before
    assert studio.counts()["jobs"] == 0


def test_an_outage_is_waited_out(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = hand_in(studio, png(painting(1)))
    with monkeypatch.context() as patch:
        patch.setattr(studio.blobs, "get", _raise(Unavailable("the disk is gone")))
        studio.work_off()
    assert outcomes(studio, batch) == [None]
    studio.clock.advance(seconds=2)
    studio.work_off()
    assert outcomes(studio, batch) == ["none"]


def test_what_is_given_up_says_so(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = hand_in(studio, png(painting(1)))
    blob = items(studio, batch)[0].blob
    with monkeypatch.context() as patch:
        patch.setattr(studio.blobs, "get", _raise(Unavailable("the disk is gone")))
        for _ in range(MAX_ATTEMPTS):
            studio.work_off()
            studio.clock.advance(hours=1)
    (item,) = items(studio, batch)
    assert item.error is not None
    assert item.error["error"] == "unavailable"
    assert "the disk is gone" in item.error["reason"]
    assert studio.batches.get(batch.id, owner="studio").state == "finished"
    assert not blob_is_there(studio, blob)


def test_a_picture_that_kills_every_worker_is_given_up(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from provenance.usecases.check import CheckPicture

    batch = hand_in(studio, png(painting(1)))

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(CheckPicture, "examine", die)
        for _ in range(MAX_ATTEMPTS):
            with pytest.raises(Killed):
                studio.bulk()
            studio.clock.advance(minutes=3)
        studio.work_off()
    assert outcomes(studio, batch) == ["unavailable"]
    assert "died" in items(studio, batch)[0].error["reason"]  # type: ignore[index]


def _raise(error: Exception) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise error

    return refuse


# ---- duplicates


def groups(studio: Studio, batch: Batch) -> list[tuple[str, tuple[str, ...]]]:
    now = studio.batches.get(batch.id, owner="studio")
    return [(group.kind, group.members) for group in now.duplicates]


def test_duplicates_are_told_by_what_is_the_same(studio: Studio) -> None:
    batch = hand_in(
        studio,
        png(painting(1)),
        png(painting(2)),
        png(painting(3)),
        png(painting(1)),
        encoded(painting(2), "PNG", compress_level=1),
        brighter(3, 4),
        brighter(3, 8),
        png(painting(4)),
    )
    studio.work_off()
    assert groups(studio, batch) == [
        ("same-file", ("0", "3")),
        ("same-pixels", ("1", "4")),
        ("near", ("2", "5", "6")),
    ]


def test_duplicates_are_found_across_a_restart(studio: Studio) -> None:
    batch = hand_in(studio, png(painting(3)), brighter(3, 4))
    studio.bulk()
    studio.groups._open.clear()
    studio.work_off()
    assert groups(studio, batch) == [("near", ("0", "1"))]


def test_batches_know_nothing_of_each_other(studio: Studio) -> None:
    one, two = hand_in(studio, png(painting(3))), hand_in(studio, brighter(3, 4))
    studio.work_off()
    assert groups(studio, one) == groups(studio, two) == []


def test_a_picture_that_another_worker_settled_meanwhile_is_compared_too(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either wrote: the second looks again."""
    from provenance.usecases.look_alikes import GroupIndex, GroupIndexes
    from tests.doubles import ThumbnailMatcher

    batch = hand_in(studio, png(painting(3)), brighter(3, 4))
    other = studio.check_item.__class__(
        **{name: getattr(studio.check_item, name) for name in studio.check_item.__slots__ if name != "groups"},
        groups=GroupIndexes(ThumbnailMatcher, lambda: ThumbnailMatcher.models),
    )
    alike, first = GroupIndex.alike, [True]

    def while_the_other_works(self: GroupIndex, pixels: Any) -> Any:
        found = alike(self, pixels)
        if first.pop() if first else False:
            other({"batch_id": batch.id, "position": 1})
        return found

    monkeypatch.setattr(GroupIndex, "alike", while_the_other_works)
    studio.check_item({"batch_id": batch.id, "position": 0})
    assert groups(studio, batch) == [("near", ("0", "1"))]


# ---- ends


def test_a_cancelled_batch_keeps_its_checks_and_ends_the_pictures_that_wait(studio: Studio) -> None:
    batch = hand_in(studio, png(painting(1)), png(painting(2)), keep=True)
    studio.bulk()
    checked, waiting = items(studio, batch)
    for _ in range(2):
        assert studio.batches.cancel(batch.id, owner="studio").state == "cancelled"
    studio.work_off()
    assert outcomes(studio, batch) == ["none", None]
    assert items(studio, batch)[1].state is ItemState.CANCELLED
    assert blob_is_there(studio, checked.blob)
    assert not blob_is_there(studio, waiting.blob)


def test_a_deleted_batch_takes_its_checks_and_pictures_along(studio: Studio) -> None:
    batch = hand_in(studio, png(painting(1)), png(painting(2)), png(painting(3)), keep=True)
    studio.bulk()
    studio.bulk()
    before = items(studio, batch)
    KeptChecks(store=studio.store, blobs=studio.blobs).delete(before[1].check_id, owner="studio")  # on its own
    studio.batches.delete(batch.id, owner="studio")
    studio.work_off()
    assert not any(blob_is_there(studio, item.blob) for item in before)
    with pytest.raises(NotFound):
        check_of(studio, before[0])
    with pytest.raises(NotFound):
        studio.batches.get(batch.id, owner=None)


def test_a_batch_that_is_deleted_while_an_item_is_checked_gets_no_check(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = hand_in(studio, png(painting(1)))
    (item,) = items(studio, batch)
    read = studio.images.read

    def read_and_delete(data: bytes) -> Any:
        studio.batches.delete(batch.id, owner="studio")
        return read(data)

    monkeypatch.setattr(studio.images, "read", read_and_delete)
    studio.work_off()
    with pytest.raises(NotFound):
        check_of(studio, item)
    assert not blob_is_there(studio, item.blob)
    assert studio.counts()["jobs"] == 0


def test_others_see_and_end_nothing(studio: Studio) -> None:
    batch = hand_in(studio, png(painting(1)))
    mine = studio.batches
    for call in (
        lambda: mine.get(batch.id, owner="another"),
        lambda: mine.items(batch.id, owner="another", after=-1, limit=5),
        lambda: mine.cancel(batch.id, owner="another"),
        lambda: mine.delete(batch.id, owner="another"),
    ):
        with pytest.raises(NotFound, match="of yours"):
            call()
    assert mine.page(owner="another", after=None, limit=5) == ([], None)
    assert mine.page(owner=None, after=None, limit=5) == ([batch], None)


def test_a_registered_file_survives_the_end_of_a_batch_with_it(studio: Studio) -> None:
    work = studio.registered(1)
    batch = hand_in(studio, studio.file(work), keep=True)
    studio.work_off()
    assert check_of(studio, items(studio, batch)[0]).report[KEPT] is not None
    studio.batches.delete(batch.id, owner="studio")
    studio.work_off()
    assert file_digest(studio.file(work)) == work.marked_sha256
