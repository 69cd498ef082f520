"""Watched uploads: hits of new works, once, whatever dies in between; and their end."""

from typing import Any

import numpy as np
import pytest

from provenance.core.bulk import Watch
from provenance.core.errors import InvalidRequest, NotFound, Rejected, Unavailable
from provenance.core.records import Check
from provenance.usecases.kept import KeptChecks
from provenance.usecases.look_alikes import GroupIndex, GroupIndexes
from provenance.usecases.watch import GROUP, NEW_WATCH, ToWatch
from provenance.usecases.work import LEASE_SECONDS, WorkOff
from tests.doubles import ThumbnailMatcher
from tests.unit.usecases.conftest import Studio, painting, png


def brighter(seed: int, by: int) -> bytes:
    return png(np.clip(painting(seed).astype(int) + by, 0, 255).astype(np.uint8))


def watch(studio: Studio, data: bytes, owner: str = "studio", **fields: Any) -> Watch:
    """Put on the list, and compared with the register."""
    made = studio.start_watching(ToWatch(data=data, owner=owner, **fields))
    studio.work_off()
    return made


def hits(studio: Studio, **filters: Any) -> list[tuple[str, str, str]]:
    found = studio.watches.hits(**({"owner": "studio", "limit": 100} | filters))
    return [(hit.watch_id, str(hit.work_id), hit.grade) for hit in found]


def checks_of(studio: Studio) -> KeptChecks:
    return KeptChecks(store=studio.store, blobs=studio.blobs)


def check_of(studio: Studio, number: int = 0) -> Check:
    return checks_of(studio).get(studio.watches.hits(owner=None, limit=100)[number].check_id, owner=None)


def is_there(studio: Studio, blob: str) -> bool:
    try:
        studio.blobs.get(blob)
    except NotFound:
        return False
    return True


def blobs_put(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    put: list[str] = []
    store_blob = studio.blobs.put
    monkeypatch.setattr(studio.blobs, "put", lambda data: put.append(store_blob(data)) or put[-1])
    return put


# ---- hits


def test_a_new_work_that_is_in_a_watched_upload_is_a_hit_with_a_check(studio: Studio) -> None:
    upload = watch(studio, brighter(1, 3), title="a mug", licensee="did:example:shop")
    watch(studio, png(painting(2)))
    assert hits(studio) == []
    work = studio.registered(1)
    studio.work_off()
    assert hits(studio) == [(upload.id, str(work.id), "copy")]
    check = check_of(studio)
    assert check.owner == "studio"
    assert [match["work_id"] for match in check.report["matches"]] == [str(work.id)]
    assert check.report["matches"][0]["licence"] == {"status": "not-licensed"}
    assert checks_of(studio).picture(check) == brighter(1, 3)
    studio.registered(3)
    studio.work_off()
    assert len(hits(studio)) == 1


def test_works_that_were_there_before_are_hits_too(studio: Studio) -> None:
    work = studio.registered(1)
    studio.work_off()
    upload = watch(studio, brighter(1, 3))
    assert hits(studio) == [(upload.id, str(work.id), "copy")]
    assert studio.watches.get(upload.id, owner="studio").checked_at == studio.clock()


def test_what_is_only_similar_is_no_hit(studio: Studio) -> None:
    watch(studio, brighter(1, 20))
    studio.registered(1)
    studio.work_off()
    assert hits(studio) == []


def test_every_owner_of_an_upload_gets_a_hit_however_alike_they_are(studio: Studio) -> None:
    """A search ends at the first beyond doubt; a watch list must not."""
    owners = [f"owner {number}" for number in range(6)]
    for number, owner in enumerate(owners):
        watch(studio, brighter(1, number // 2), owner=owner)
    studio.registered(1)
    studio.work_off()
    assert sorted(hit.owner for hit in studio.watches.hits(owner=None, limit=100)) == owners


def test_all_alike_looks_on_behind_what_is_beyond_doubt() -> None:
    class Decided(ThumbnailMatcher):
        """Ends at the first copy, as `index.Matcher` does."""

        def match(self, picture: Any, *, candidates: Any = ()) -> Any:
            return super().match(picture, candidates=candidates)[:1]

    index = GroupIndex(Decided())
    for member in "abc":
        index._change([(member, index.describe(painting(1)))])
    assert sorted(match.id for match in index.all_alike(painting(1))) == ["a", "b", "c"]


def test_hits_are_read_on_from_the_last_one_seen(studio: Studio) -> None:
    first, second = watch(studio, brighter(1, 3)), watch(studio, brighter(2, 3))
    studio.registered(1)
    studio.registered(2)
    studio.work_off()
    everything = studio.watches.hits(owner="studio", limit=100)
    assert [hit.watch_id for hit in everything] == [first.id, second.id]
    assert studio.watches.hits(owner="studio", after=everything[0].id, limit=1) == everything[1:]
    assert studio.watches.hits(owner="studio", watch_id=second.id, limit=9) == everything[1:]
    assert studio.watches.hits(owner="another", limit=9) == []


# ---- withdrawal


def test_a_work_that_was_withdrawn_before_the_worker_came_gives_no_hit(studio: Studio) -> None:
    watch(studio, brighter(1, 3))
    studio.withdraw(studio.registered(1).id)
    studio.work_off()
    assert hits(studio) == []


def test_a_withdrawn_work_leaves_the_hits(studio: Studio) -> None:
    watch(studio, brighter(1, 3))
    work = studio.registered(1)
    studio.work_off()
    studio.withdraw(work.id)
    assert hits(studio) == []


# ---- crashes


class Killed(BaseException):
    """What stands for SIGKILL."""


@pytest.mark.parametrize("where", ["examine", "keep", "_write"])
def test_a_worker_that_died_is_replaced_and_the_hit_is_there_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    from provenance.usecases.check import CheckPicture
    from provenance.usecases.watch import Look

    watch(studio, brighter(1, 3))
    put = blobs_put(studio, monkeypatch)
    work = studio.registered(1)
    before = len(put)

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if where == "keep":
            patch.setattr("provenance.usecases.watch.keep", die)
        else:
            patch.setattr(CheckPicture if where == "examine" else Look, where, die)
        with pytest.raises(Killed):
            studio.work_off()
    studio.groups._open.clear()
    studio.clock.advance(seconds=LEASE_SECONDS)
    studio.work_off()
    assert [hit[1] for hit in hits(studio)] == [str(work.id)]
    assert len(set(put[before:])) == 1  # the attempt that died left no picture of its own


def test_the_same_job_again_is_no_second_hit_and_no_second_check(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(studio, brighter(1, 3))
    work = studio.registered(1)
    studio.work_off()
    before, put = check_of(studio), blobs_put(studio, monkeypatch)
    studio.look.at_work({"work_id": str(work.id)})
    assert len(hits(studio)) == 1
    assert (check_of(studio), put) == (before, [])


def test_a_work_that_is_registered_while_an_upload_is_put_on_the_list_is_found(studio: Studio) -> None:
    """Its job ran before the watch was there; the watch's own comparison finds it."""
    work = studio.registered(1)
    studio.work_off()
    made = studio.start_watching(ToWatch(data=brighter(1, 3), owner="studio"))
    assert hits(studio) == []
    studio.work_off()
    assert hits(studio) == [(made.id, str(work.id), "copy")]


def test_an_outage_is_waited_out(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    watch(studio, brighter(1, 3))
    studio.registered(1)

    def refuse(_: str) -> bytes:
        raise Unavailable("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(studio.blobs, "get", refuse)
        studio.work_off()
    assert hits(studio) == []
    studio.clock.advance(seconds=2)
    studio.work_off()
    assert len(hits(studio)) == 1


def test_uploads_that_older_models_described_are_described_again(studio: Studio) -> None:
    watch(studio, brighter(1, 3))

    class Newer(ThumbnailMatcher):
        models = ("thumbnail-17",)

    studio.groups = GroupIndexes(Newer, lambda: Newer.models)
    studio.registered(1)
    studio.work_off()
    assert len(hits(studio)) == 1
    with studio.store.read() as unit:
        assert unit.upload_prints.others(GROUP, "thumbnail-17") == []


def test_new_models_get_an_index_of_their_own() -> None:
    class Newer(ThumbnailMatcher):
        models = ("thumbnail-17",)

    in_use: list[type[ThumbnailMatcher]] = [ThumbnailMatcher]
    indexes = GroupIndexes(lambda: in_use[0](), lambda: in_use[0].models)
    first = indexes.of(GROUP)
    assert indexes.of(GROUP) is first
    in_use[0] = Newer
    assert indexes.of(GROUP).models == "thumbnail-17"


def test_an_upload_that_is_lost_hides_no_other(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    lost, found = watch(studio, brighter(1, 3)), watch(studio, brighter(1, 4))
    studio.blobs.delete(lost.blob)
    studio.registered(1)
    studio.work_off()
    assert [hit[0] for hit in hits(studio)] == [found.id]
    assert lost.id in caplog.text


def test_a_damaged_fingerprint_hides_no_other(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    from provenance.core.bulk import UploadPrint

    lost, found = watch(studio, brighter(1, 3)), watch(studio, brighter(1, 4))
    with studio.store.unit() as unit:
        unit.upload_prints.add(UploadPrint(GROUP, lost.id, "thumbnail-16", b"nonsense"))
    studio.groups._open.clear()
    studio.registered(1)
    studio.work_off()
    assert [hit[0] for hit in hits(studio)] == [found.id]
    assert lost.id in caplog.text


# ---- the list


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"data": b"no picture"}, Rejected),
        ({"title": "x" * 201}, InvalidRequest),
        ({"title": "\x1b"}, InvalidRequest),
        ({"licensee": "jo@example.org"}, InvalidRequest),
    ],
)
def test_what_can_not_be_watched_is_refused_and_leaves_nothing(
    studio: Studio, fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        studio.start_watching(ToWatch(**({"data": png(painting(1)), "owner": "studio"} | fields)))
    assert studio.watches.page(owner=None, after=None, limit=9) == ([], None)
    assert studio.counts()["jobs"] == 0


def test_an_owner_watches_only_so_many_and_a_refused_one_leaves_no_picture(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        watch(studio, png(painting(seed)))
    put = blobs_put(studio, monkeypatch)
    with pytest.raises(InvalidRequest, match="watch 3 uploads"):
        watch(studio, png(painting(4)))
    assert len(put) == 1
    assert not is_there(studio, put[0])


def test_the_end_of_a_watch_is_that_of_its_pictures_hits_and_checks(studio: Studio) -> None:
    upload = watch(studio, brighter(1, 3))
    studio.registered(1)
    studio.work_off()
    check = check_of(studio)
    studio.watches.delete(upload.id, owner="studio")
    studio.work_off()
    assert hits(studio) == []
    assert not is_there(studio, upload.blob)
    assert not is_there(studio, check.report["kept"])
    for gone in (
        lambda: studio.watches.get(upload.id, owner=None),
        lambda: checks_of(studio).get(check.id, owner=None),
        lambda: studio.watches.delete(upload.id, owner=None),
    ):
        with pytest.raises(NotFound):
            gone()
    studio.registered(3)
    assert studio.work_off() > 0  # and later works find nothing of it


def test_a_watch_whose_check_was_deleted_before_ends_too(studio: Studio) -> None:
    upload = watch(studio, brighter(1, 3))
    studio.registered(1)
    studio.work_off()
    checks_of(studio).delete(check_of(studio).id, owner="studio")
    studio.watches.delete(upload.id, owner="studio")
    assert hits(studio) == []


def test_a_watch_that_ends_while_it_is_checked_gets_no_hit(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = watch(studio, brighter(1, 3))
    studio.registered(1)
    put = blobs_put(studio, monkeypatch)
    from provenance.usecases.watch import Look

    new = Look._new

    def and_delete(self: Look, *arguments: Any) -> bool:
        studio.watches.delete(upload.id, owner="studio")
        return new(self, *arguments)

    monkeypatch.setattr(Look, "_new", and_delete)
    studio.work_off()
    assert hits(studio, owner=None) == []
    assert not any(is_there(studio, blob) for blob in put)


def test_others_see_and_end_nothing(studio: Studio) -> None:
    upload = watch(studio, png(painting(1)))
    mine = studio.watches
    for call in (
        lambda: mine.get(upload.id, owner="another"),
        lambda: mine.hits(owner="another", watch_id=upload.id, limit=5),
        lambda: mine.delete(upload.id, owner="another"),
    ):
        with pytest.raises(NotFound, match="of yours"):
            call()
    assert mine.page(owner="another", after=None, limit=5) == ([], None)


def test_a_watch_that_was_deleted_before_the_worker_came_is_done(studio: Studio) -> None:
    made = studio.start_watching(ToWatch(data=png(painting(1)), owner="studio"))
    studio.watches.delete(made.id, owner="studio")
    worker = WorkOff(
        store=studio.store, clock=studio.clock, handlers={NEW_WATCH: studio.look.at_watch}, only=[NEW_WATCH]
    )
    assert worker() == 1
    studio.work_off()
    assert studio.counts()["jobs"] == 0
